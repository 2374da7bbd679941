/** A calendar day as content writes it, `YYYY-MM-DD`: no hour and no zone. */
export type Day = string;

const utc = (day: Day) => new Date(`${day}T00:00:00Z`);
const format = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', ...options });
const long = format({ day: 'numeric', month: 'long', year: 'numeric' });
const short = format({ day: 'numeric', month: 'short' });

/** `2 November 2026`. */
export function longDay(day: Day): string {
  return long.format(utc(day));
}

/** `12 Oct – 6 Nov`, with the years of both ends where they differ from each other. */
export function dayRange(startsOn: Day, endsOn: Day): string {
  if (startsOn === endsOn) return short.format(utc(startsOn));
  return `${short.format(utc(startsOn))} – ${short.format(utc(endsOn))}`;
}

/** Whole days from `from` to `to`; negative when `to` is earlier. */
export function daysBetween(from: Day, to: Day): number {
  return Math.round((utc(to).getTime() - utc(from).getTime()) / 86_400_000);
}

/** Whether the text names a day that exists: `2026-02-30` does not. */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = utc(text);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}
