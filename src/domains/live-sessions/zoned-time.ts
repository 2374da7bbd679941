import { Temporal } from 'temporal-polyfill';

/** Clocks and instants. A plan says what the clocks show somewhere; everything else is counted from the instant it means. */

export type WallStart =
  /** `happensTwice`: the clocks go back over this hour, and the earlier of the two is meant. */
  | { startsAt: Date; happensTwice: boolean }
  /** The clocks jump over this hour. `earlier` and `later` are the nearest that exist: the length of the jump away. */
  | { skipped: { earlier: string; later: string } };

/**
 * The instant at which the clocks of `timeZone` show `wallTime` (`2026-11-24T16:00`); undefined for a day, an hour or a zone
 * that there is not.
 */
export function startOf(wallTime: string, timeZone: string): WallStart | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(wallTime)) return undefined;
  try {
    const wall = Temporal.PlainDateTime.from(wallTime, { overflow: 'reject' });
    const earlier = wall.toZonedDateTime(timeZone, { disambiguation: 'earlier' });
    const later = wall.toZonedDateTime(timeZone, { disambiguation: 'later' });
    if (!earlier.toPlainDateTime().equals(wall))
      return { skipped: { earlier: wallText(earlier), later: wallText(later) } };
    return {
      startsAt: new Date(earlier.epochMilliseconds),
      happensTwice: earlier.epochMilliseconds !== later.epochMilliseconds,
    };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The same hour of the clock `days` days later, whatever the clocks do in between: `2026-11-24T16:00`. */
export function daysLater(wallTime: string, days: number): string {
  return Temporal.PlainDateTime.from(wallTime).add({ days }).toString({ smallestUnit: 'minute' });
}

/** What the clocks show there at an instant: `2026-11-24T16:00`. */
export function wallTimeAt(at: Date, timeZone: string): string {
  return wallText(Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timeZone));
}

const wallText = (at: Temporal.ZonedDateTime) => at.toPlainDateTime().toString({ smallestUnit: 'minute' });
