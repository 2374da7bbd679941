/** Instants as people read them, always in a zone that is named. Zones are IANA names. */

const formats = new Map<string, Intl.DateTimeFormat>();

function format(timeZone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${timeZone} ${JSON.stringify(options)}`;
  const known = formats.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-GB', { timeZone, ...options });
  formats.set(key, made);
  return made;
}

/** `21 Nov 2026, 17:30`. */
export function momentText(at: Date, timeZone: string): string {
  return format(timeZone, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(at);
}

/** `21 Nov 2026`: the day it is there at this instant. */
export function momentDayText(at: Date, timeZone: string): string {
  return format(timeZone, { day: 'numeric', month: 'short', year: 'numeric' }).format(at);
}

/** `Tue 24 Nov 2026, 16:00 to 17:30`: the clock there, with the second day where it ends on another. */
export function spanText(startsAt: Date, endsAt: Date, timeZone: string): string {
  const day = (at: Date) =>
    format(timeZone, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' })
      .format(at)
      .replaceAll(',', '');
  const end = clockText(endsAt, timeZone);
  const endDay = dayIn(timeZone, startsAt) === dayIn(timeZone, endsAt) ? '' : `${day(endsAt)}, `;
  return `${day(startsAt)}, ${clockText(startsAt, timeZone)} to ${endDay}${end}`;
}

/** `2026-11-21`: the calendar day it is there at this instant. */
export function dayIn(timeZone: string, at: Date): string {
  const parts = format(timeZone, { year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(at);
  const part = (wanted: string) => parts.find(({ type }) => type === wanted)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')}`;
}

/** `17:30`: what the clocks show there. */
export function clockText(at: Date, timeZone: string): string {
  return format(timeZone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at);
}

/** `China Standard Time (GMT+8)`: what the zone is called at this instant, summer time included. */
export function zoneText(timeZone: string, at: Date): string {
  const named = (timeZoneName: 'long' | 'shortOffset') =>
    format(timeZone, { timeZoneName })
      .formatToParts(at)
      .find(({ type }) => type === 'timeZoneName')?.value ?? timeZone;
  const [name, offset] = [named('long'), named('shortOffset')];
  return name === offset ? offset : `${name} (${offset})`;
}

const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** A length of time in its largest whole unit: `3 days`, `1 hour`; `less than a minute` below one. */
export function durationText(ms: number): string {
  const unit = units.find(([, length]) => ms >= length);
  if (!unit) return 'less than a minute';
  const count = Math.floor(ms / unit[1]);
  return `${count.toLocaleString('en-GB')} ${unit[0]}${count === 1 ? '' : 's'}`;
}
