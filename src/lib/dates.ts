/** A calendar day as content writes it, `YYYY-MM-DD`: no hour and no zone. */
export type Day = string;

const utc = (day: Day) => new Date(`${day}T00:00:00Z`);
const format = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options });
const long = format({ day: 'numeric', month: 'long', year: 'numeric' });
const short = format({ day: 'numeric', month: 'short' });
const shortWithYear = format({ day: 'numeric', month: 'short', year: 'numeric' });

/** `2 November 2026`. */
export function longDay(day: Day): string {
  return long.format(utc(day));
}

/** `2 Nov 2026`. */
export function shortDay(day: Day): string {
  return shortWithYear.format(utc(day));
}

/**
 * The ends of a range as they are shown, `12 Oct` and `6 Nov`: with their years where these differ, and without an end
 * for a single day.
 */
export function dayRangeParts(startsOn: Day, endsOn: Day): { start: string; end?: string } {
  if (startsOn === endsOn) return { start: short.format(utc(startsOn)) };
  const shown = startsOn.slice(0, 4) === endsOn.slice(0, 4) ? short : shortWithYear;
  return { start: shown.format(utc(startsOn)), end: shown.format(utc(endsOn)) };
}

/** Whether the text names a day that exists: `2026-02-30` does not. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = utc(text);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
