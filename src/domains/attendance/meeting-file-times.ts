/** Times and durations as meeting tools write them, in the languages people have them in. Browser-safe. */

/** A moment as it is written; which number is the day is only known with the others of the file. */
export type WrittenTime = {
  /** Undefined where only a time of day stands there. */
  date:
    | { year: number; month: number; day: number }
    | { first: number; second: number; third: number }
    | undefined;
  /** Milliseconds since midnight. */
  clock: number;
  /** Milliseconds by which the written clock is ahead of UTC, where it says so. */
  offset: number | undefined;
};

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** A cell without what cannot be seen, and with plain spaces. Empty where tools write a dash for nothing. */
export function cellText(cell: string | undefined): string {
  if (!cell) return '';
  const text = cell.slice(0, 1000).replace(unseen, '').replace(/\s+/g, ' ').trim();
  return /^(?:-{1,3}|[—–]|n\/a)$/i.test(text) ? '' : text;
}

const unseen =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff]/g;

/** Months by the first letters of their names, in the languages of the reports; no two months share one. */
const months = [
  'jan ene gen',
  'feb fev',
  'mar mrt',
  'apr abr avr',
  'may mai mag mei',
  'jun juin giu',
  'jul juil lug',
  'aug ago aou',
  'sep set',
  'oct okt ott out',
  'nov',
  'dec dez dic',
].map((names) => names.split(' '));

function monthOf(name: string): number | undefined {
  const plain = name
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase();
  const at = months.findIndex((names) => names.some((start) => plain.startsWith(start)));
  return at < 0 ? undefined : at + 1;
}

/** A time as it is written in a cell; undefined for what is none. A day without a time of day is none. */
export function writtenTime(cell: string): WrittenTime | undefined {
  if (cell.length < 3 || cell.length > 60 || !/\d/.test(cell)) return undefined;
  const half = halfOfDay(cell);
  const text = half.rest;
  const found =
    /(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d{1,9})?/.exec(text) ??
    /(?<=\d[ ,T]{1,2})(\d{1,2})\.(\d{2})\.(\d{2})$/.exec(text) ??
    /(\d{1,2})[時时시] ?(\d{1,2})[分분](?: ?(\d{1,2})[秒초])?/.exec(text);
  if (!found) return undefined;
  const [hours, minutes, seconds] = [Number(found[1]), Number(found[2]), Number(found[3] ?? 0)];
  const hourOfDay = half.half === undefined ? hours : (hours % 12) + half.half;
  if (hourOfDay > 23 || minutes > 59 || seconds > 60) return undefined;
  const offset = offsetIn(text.slice(found.index + found[0].length).trim());
  const date = dateIn(
    text
      .slice(0, found.index)
      .replace(/[\s,T]+$/, '')
      .trim(),
  );
  if (offset === null || date === null) return undefined;
  return { date, clock: hourOfDay * hour + minutes * minute + seconds * second, offset };
}

/** Takes the mark of the half of the day out of the text: 0 for the morning, 12 for the afternoon. */
function halfOfDay(text: string): { rest: string; half: 0 | 12 | undefined } {
  const latin = /(?<![\p{L}])([ap])\. ?m\.|(?<![\p{L}])([ap])m\b/iu.exec(text);
  const found = latin ?? /上午|午前|오전|下午|午後|오후/.exec(text);
  if (!found) return { rest: text, half: undefined };
  const isAfternoon = latin ? /p/i.test(found[0]) : /下午|午後|오후/.test(found[0]);
  const rest = `${text.slice(0, found.index)} ${text.slice(found.index + found[0].length)}`;
  return { rest: rest.replace(/\s+/g, ' ').trim(), half: isAfternoon ? 12 : 0 };
}

/** Milliseconds ahead of UTC; undefined where nothing stands, null for what is no offset. */
function offsetIn(text: string): number | undefined | null {
  if (text === '') return undefined;
  if (/^(?:z|utc|gmt|\(utc\)|\(gmt\))$/i.test(text)) return 0;
  const found = /^\(?(?:utc|gmt)? ?([+-])(\d{1,2}):?(\d{2})?\)?$/i.exec(text);
  if (!found) return null;
  const ahead = Number(found[2]) * hour + Number(found[3] ?? 0) * minute;
  return ahead > 14 * hour ? null : found[1] === '-' ? -ahead : ahead;
}

/** Undefined where nothing stands, null for what is no date. */
function dateIn(text: string): WrittenTime['date'] | null {
  if (text === '') return undefined;
  const yearFirst =
    /^(\d{4}) ?[-./年년] ?(\d{1,2}) ?[-./月월] ?(\d{1,2}) ?[.日일]?(?: ?[（(]?\p{L}+[)）]?)?$/u.exec(text);
  if (yearFirst)
    return { year: Number(yearFirst[1]), month: Number(yearFirst[2]), day: Number(yearFirst[3]) };
  const numbers = /^(?:\p{L}+\.?,? )?(\d{1,2}) ?[-./] ?(\d{1,2}) ?[-./] ?(\d{4}|\d{1,2})\.?$/u.exec(text);
  if (numbers) return { first: Number(numbers[1]), second: Number(numbers[2]), third: Number(numbers[3]) };
  const dayFirst = /^(?:\p{L}+\.?,? )?(\d{1,2})\.?[ -](?:de )?(\p{L}{3,12})\.?,?[ -](?:de )?(\d{4})$/u.exec(
    text,
  );
  const monthFirst = /^(?:\p{L}+\.?, )?(\p{L}{3,12})\.? (\d{1,2}),? (\d{4})$/u.exec(text);
  const month = monthOf(dayFirst?.[2] ?? monthFirst?.[1] ?? '');
  if (month === undefined) return null;
  return {
    year: Number(dayFirst?.[3] ?? monthFirst?.[3]),
    month,
    day: Number(dayFirst?.[1] ?? monthFirst?.[2]),
  };
}

/** In which order the numbers of a date stand. */
export const dateOrders = ['day-first', 'month-first', 'year-first'] as const;
export type DateOrder = (typeof dateOrders)[number];

/**
 * The day of `time` at its time of day, in milliseconds as if it were UTC; a time without a day takes that of `dayFrom`,
 * also in such milliseconds. Undefined where there is no such day.
 */
export function clockTime(
  time: WrittenTime,
  order: DateOrder,
  dayFrom: number | undefined,
): number | undefined {
  if (!time.date) return dayFrom === undefined ? undefined : Math.floor(dayFrom / day) * day + time.clock;
  const { year, month, day: dayOfMonth } = 'year' in time.date ? time.date : ordered(time.date, order);
  const midnight = Date.UTC(year, month - 1, dayOfMonth);
  const made = new Date(midnight);
  if (made.getUTCMonth() !== month - 1 || made.getUTCDate() !== dayOfMonth || year < 1990) return undefined;
  return midnight + time.clock;
}

function ordered(
  { first, second: middle, third }: { first: number; second: number; third: number },
  order: DateOrder,
): { year: number; month: number; day: number } {
  const [year, month, dayOfMonth] =
    order === 'year-first'
      ? [third > 99 ? 0 : first, middle, third]
      : order === 'day-first'
        ? [third, middle, first]
        : [third, first, middle];
  return { year: year! < 100 && year! > 0 ? 2000 + year! : year!, month: month!, day: dayOfMonth! };
}

/** `+05:45`: milliseconds ahead of UTC in words. */
export function offsetText(offset: number): string {
  const minutes = Math.abs(offset) / minute;
  const two = (value: number) => String(value).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

/** Milliseconds by which the clocks of a zone are ahead of UTC at an instant. */
export function offsetAt(timeZone: string, at: Date): number {
  const parts = new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' }).formatToParts(at);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours = '0', minutes = '0'] = /([+-])(\d{2}):?(\d{2})?/.exec(name) ?? [];
  const ahead = Number(hours) * hour + Number(minutes) * minute;
  return sign === '-' ? -ahead : ahead;
}

/**
 * The length of a stay in seconds: `1h 12m 5s`, `59 Min. 0 Sek.`, `1 hr 2 min`, `1時間 5分`, `01:12:05`, or a bare number
 * of what the heading says, minutes where it says nothing. Undefined for what is none.
 */
export function secondsIn(cell: string, heading: string): number | undefined {
  if (cell === '' || cell.length > 60) return undefined;
  const bare = /^(\d{1,6})(?:[.,](\d{1,3}))?$/.exec(cell);
  if (bare) return Math.round(Number(`${bare[1]}.${bare[2] ?? 0}`) * bareUnit(heading));
  const clock = /^(\d{1,3}):(\d{2})(?::(\d{2}))?$/.exec(cell);
  if (clock) return clockSeconds(Number(clock[1]), Number(clock[2]), clock[3]);
  let seconds = 0;
  let found = false;
  for (const [, number = '', unit = ''] of cell.matchAll(/(\d{1,6}(?:[.,]\d{1,3})?) ?([^\d\s.,]{1,20})/g)) {
    const length = unitSeconds(unit);
    if (length === undefined) return undefined;
    seconds += Number(number.replace(',', '.')) * length;
    found = true;
  }
  return found ? Math.round(seconds) : undefined;
}

const bareUnit = (heading: string) =>
  /\((?:seconds?|sek\w*|seg\w*|秒)\)/i.test(heading)
    ? 1
    : /\((?:hours?|stunden|horas|heures)\)/i.test(heading)
      ? 3600
      : 60;

/** Two numbers are hours and minutes, unless no meeting has so many hours. */
const clockSeconds = (first: number, middle: number, last: string | undefined) =>
  last === undefined && first > 12 ? first * 60 + middle : first * 3600 + middle * 60 + Number(last ?? 0);

function unitSeconds(unit: string): number | undefined {
  const plain = unit
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .normalize('NFC')
    .toLowerCase();
  if (/^(?:h|st|uur|u$|or[ae]|o$|god|時|时|小|시)/.test(plain)) return 3600;
  if (/^(?:m|分|분)/.test(plain)) return 60;
  return /^(?:s|秒|초)/.test(plain) ? 1 : undefined;
}
