import type { MeetingPerson } from './meeting-file.ts';
import type { FileClock } from './meeting-file-clock.ts';
import { actionOf, saysNo, saysYes } from './meeting-file-headings.ts';
import { type WrittenName, writtenAddress, writtenName } from './meeting-file-names.ts';
import type { Row } from './meeting-file-rows.ts';
import type { FileParts, Table } from './meeting-file-tables.ts';
import { cellText, secondsIn } from './meeting-file-times.ts';

/** Once in the meeting: from when, until when, how long, as far as the file says. Milliseconds and seconds. */
type Stay = { line: number; from: number | undefined; to: number | undefined; seconds: number | undefined };

/** A person while the rows are read: their stays by the list of people, and by the list of every coming and going. */
type Gathered = Pick<MeetingPerson, 'line' | 'email' | 'upn' | 'role' | keyof WrittenName> & {
  listed: Stay[];
  single: Stay[];
};

type Warning = { line: number; sentence: string };

const dayMs = 24 * 3_600_000;
const mostMinutes = 24 * 60;

/**
 * Everybody in the tables, once: rows with one address, or without one and with one name, are one person. Minutes are what
 * the tool counted, to the nearest whole one; where two stays overlap (two devices) no minute counts twice. The list of
 * every coming and going is used where the list of people does not say how long. Who never left stayed until the meeting
 * ended by the file, else until `plannedEnd`.
 */
export function peopleOf(
  parts: FileParts,
  clock: FileClock,
  plannedEnd: Date,
): { people: MeetingPerson[]; warnings: string[] } {
  const warnings: Warning[] = [];
  const gathered: Gathered[] = [];
  const byKey = new Map<string, Gathered>();
  const add = (table: Table, listedByName?: ReadonlyMap<string, Gathered | undefined>) => {
    const found =
      table.columns.action === undefined ? rowsOf(table, clock, warnings) : eventsOf(table, clock, warnings);
    for (const { person, stays } of found) {
      const known = knownAs(byKey, person) ?? listedByName?.get(keyOfName(person.name));
      const whole = known ?? { ...person, listed: [], single: [] };
      if (!known) gathered.push(whole);
      else takeOver(whole, person);
      for (const key of keysOf(whole)) if (!byKey.has(key)) byKey.set(key, whole);
      (table.of === 'stays' ? whole.single : whole.listed).push(...stays);
    }
  };
  for (const table of parts.tables) if (table.of === 'people') add(table);
  const listedByName = onlyOnes(gathered);
  for (const table of parts.tables) if (table.of === 'stays') add(table, listedByName);
  const end = endOf(parts, clock, plannedEnd, gathered);
  const people = gathered.map((person) => counted(person, end, warnings));
  return {
    people: people.toSorted((one, other) => one.line - other.line),
    warnings: warnings.toSorted((one, other) => one.line - other.line).map(({ sentence }) => sentence),
  };
}

/** People by names that only one of them has: the list of comings and goings may leave addresses out. */
function onlyOnes(people: readonly Gathered[]): Map<string, Gathered | undefined> {
  const found = new Map<string, Gathered | undefined>();
  for (const person of people) {
    const key = keyOfName(person.name);
    found.set(key, found.has(key) ? undefined : person);
  }
  return found;
}

type Found = { person: Omit<Gathered, 'listed' | 'single'>; stays: Stay[] };

const keyOfName = (name: string) => `name ${name.toLowerCase()}`;
const keysOf = ({ email, upn, name }: Pick<Gathered, 'email' | 'upn' | 'name'>) => {
  const addresses = [email, upn].filter(Boolean);
  return addresses.length > 0 ? addresses : [keyOfName(name)];
};

/** Who it is by address; a row without one is by its name somebody who has none either. */
const knownAs = (byKey: ReadonlyMap<string, Gathered>, person: Pick<Gathered, 'email' | 'upn' | 'name'>) =>
  keysOf(person)
    .map((key) => byKey.get(key))
    .find((known) => known !== undefined);

function takeOver(whole: Gathered, more: Omit<Gathered, 'listed' | 'single'>) {
  if (more.name && (!whole.name || (whole.isDevice && !more.isDevice))) whole.name = more.name;
  whole.email ||= more.email;
  whole.upn ||= more.upn;
  whole.role ||= more.role;
  whole.otherName ||= more.otherName;
  whole.isGuest ||= more.isGuest;
  whole.isDevice &&= more.isDevice;
}

/** Who stands in a row: nobody, where there is neither a name nor an address, or where the row says that they did not come. */
function personIn({ columns, headings }: Table, { line, cells }: Row): Found['person'] | undefined {
  const cell = (at: number | undefined) => (at === undefined ? '' : (cells[at] ?? ''));
  const typed = cell(columns.name).trim() || `${cell(columns.first)} ${cell(columns.last)}`;
  const hasOriginal = /original/i.test(headings[columns.name ?? -1] ?? '');
  const written = writtenName(typed, hasOriginal);
  const email = writtenAddress(cell(columns.email));
  const upn = writtenAddress(cell(columns.upn));
  if (!written.name && !email && !upn) return undefined;
  const isGuest = written.isGuest || saysYes(cell(columns.guest));
  return { line, ...written, isGuest, email, upn, role: cellText(cell(columns.role)).slice(0, 100) };
}

function rowsOf(table: Table, clock: FileClock, warnings: Warning[]): Found[] {
  const { columns } = table;
  const isStaying = [columns.joined, columns.left, columns.duration].some((at) => at !== undefined);
  return table.rows.flatMap((row) => {
    const { line, cells } = row;
    if (columns.attended !== undefined && saysNo(cells[columns.attended] ?? '')) return [];
    // A heading of Zoom’s webinars (“Attendee Details”) or half a row.
    const isAlone = cells.filter((cell) => cell.trim()).length < 2 && isStaying;
    const person = isAlone ? undefined : personIn(table, row);
    if (!person) {
      if (!isAlone || !/details|attended/i.test(cells.join('')))
        warnings.push({
          line,
          sentence: `Line ${line} ${isAlone ? 'holds one thing only' : 'has neither a name nor an address'}: not counted.`,
        });
      return [];
    }
    return [{ person, stays: isStaying ? [stayIn(table, row, clock, warnings)] : [] }];
  });
}

function stayIn(
  { columns, headings }: Table,
  { line, cells }: Row,
  clock: FileClock,
  warnings: Warning[],
): Stay {
  const cell = (at: number | undefined) => (at === undefined ? '' : cellText(cells[at]));
  const [joined, left, length] = [cell(columns.joined), cell(columns.left), cell(columns.duration)];
  const from = clock.instantOf(joined);
  const to = clock.instantOf(left, from);
  const unread = [joined && from === undefined ? joined : '', left && to === undefined ? left : ''].find(
    Boolean,
  );
  if (unread)
    warnings.push({ line, sentence: `Line ${line}: the time “${unread.slice(0, 40)}” cannot be read.` });
  const isBackwards = from !== undefined && to !== undefined && to < from;
  if (isBackwards)
    warnings.push({
      line,
      sentence: `Line ${line} has a leave time before the join time: check the minutes there.`,
    });
  const seconds = secondsIn(length, headings[columns.duration ?? -1] ?? '');
  return { line, from, to: isBackwards ? undefined : to, seconds: seconds ?? (isBackwards ? 0 : undefined) };
}

/** Stays from a list of comings and goings, by name. */
function eventsOf(table: Table, clock: FileClock, warnings: Warning[]): Found[] {
  const found = new Map<
    string,
    { person: Found['person']; events: { line: number; isJoin: boolean; at: number }[] }
  >();
  for (const row of table.rows) {
    const { line, cells } = row;
    const person = personIn(table, row);
    const action = actionOf(cellText(cells[table.columns.action ?? -1]));
    const at = clock.instantOf(cells[table.columns.at ?? -1]);
    if (!person || !action || at === undefined) {
      const missing = !person ? 'no name' : !action ? 'no joining or leaving' : 'no time that can be read';
      warnings.push({ line, sentence: `Line ${line} has ${missing}: not counted.` });
      continue;
    }
    const [key = ''] = keysOf(person);
    const known = found.get(key) ?? { person, events: [] };
    known.events.push({ line, isJoin: action === 'joined', at });
    found.set(key, known);
  }
  return [...found.values()].map(({ person, events }) => ({ person, stays: staysOf(events, warnings) }));
}

/**
 * A stay lasts from a join until as many have left as joined since: two devices, two of each. One device that never left
 * ends with the last that did.
 */
function staysOf(
  events: readonly { line: number; isJoin: boolean; at: number }[],
  warnings: Warning[],
): Stay[] {
  const stays: Stay[] = [];
  let open: Stay | undefined;
  let devices = 0;
  for (const { line, isJoin, at } of events.toSorted((one, other) => one.at - other.at)) {
    if (isJoin) {
      devices += 1;
      if (devices > 1) continue;
      open = { line, from: at, to: undefined, seconds: undefined };
      stays.push(open);
    } else if (open && devices > 0) {
      open.to = at;
      devices -= 1;
    } else
      warnings.push({ line, sentence: `Line ${line} has a leave time without a join time: not counted.` });
  }
  return stays;
}

/** When who never left stayed until: as the file says, else as planned, unless the file goes by another day. */
function endOf(parts: FileParts, clock: FileClock, plannedEnd: Date, people: readonly Gathered[]): number {
  const said = clock.instantOf(parts.summary.end);
  if (said !== undefined) return said;
  const latest = people
    .flatMap(({ listed, single }) => [...listed, ...single])
    .reduce((most, { from = 0, to = 0 }) => Math.max(most, from, to), 0);
  return clock.isOtherDay ? latest : plannedEnd.getTime();
}

function counted(gathered: Gathered, end: number, warnings: Warning[]): MeetingPerson {
  const { listed, single, ...person } = gathered;
  const hasLengths = listed.length > 0 && listed.every(({ seconds }) => seconds !== undefined);
  const isSingleBetter = single.length > 0 && (!hasLengths || overlaps(listed));
  const used = (isSingleBetter ? single : listed).map((stay) => closed(stay, end, warnings));
  const minutes = Math.round(secondsTogether(used) / 60);
  if (minutes > mostMinutes)
    warnings.push({
      line: person.line,
      sentence: `Line ${person.line} says more than 24 hours: counted as 24 hours.`,
    });
  const all = [...listed, ...single];
  return {
    ...person,
    minutes: Math.min(minutes, mostMinutes),
    joinedAt: dateOf(
      all.map(({ from }) => from),
      Math.min,
    ),
    leftAt: dateOf(
      all.map(({ to }) => to),
      Math.max,
    ),
    stays: Math.max(1, single.length, listed.length),
  };
}

function dateOf(values: (number | undefined)[], pick: (...values: number[]) => number): Date | null {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? null : new Date(known.reduce((one, other) => pick(one, other)));
}

/** With an end and a length, where one of them is missing. */
function closed(stay: Stay, end: number, warnings: Warning[]): Required<Stay> {
  const { line, from } = stay;
  if (stay.seconds !== undefined) {
    const to = stay.to ?? (from === undefined ? undefined : from + stay.seconds * 1000);
    return { line, from, to, seconds: stay.seconds };
  }
  if (from === undefined) {
    warnings.push({ line, sentence: `Line ${line} does not say how long: counted as 0 minutes.` });
    return { ...stay, seconds: 0 };
  }
  if (stay.to !== undefined) return { ...stay, seconds: (stay.to - from) / 1000 };
  warnings.push({ line, sentence: `Line ${line} has no leave time: counted until the end of the meeting.` });
  const to = Math.min(Math.max(end, from), from + dayMs);
  return { line, from, to, seconds: (to - from) / 1000 };
}

type Span = readonly [from: number, to: number];

const spansOf = (stays: readonly Stay[]): Span[] =>
  stays.flatMap(({ from, to }): Span[] => (from === undefined || to === undefined ? [] : [[from, to]]));

const overlaps = (stays: readonly Stay[]) => {
  const spans = spansOf(stays).toSorted(([one], [other]) => one - other);
  return spans.some(([from], at) => from < (spans[at - 1]?.[1] ?? from));
};

/** Seconds of all stays; where they overlap, no more than there are between joining and leaving. */
function secondsTogether(stays: readonly Required<Stay>[]): number {
  const sum = stays.reduce((total, { seconds }) => total + (seconds ?? 0), 0);
  const spans = spansOf(stays);
  return spans.length === stays.length && overlaps(stays) ? Math.min(sum, lengthOf(spans) / 1000) : sum;
}

/** How much time the spans cover together, in the unit of their ends. */
function lengthOf(spans: readonly Span[]): number {
  let covered = 0;
  let until = Number.NEGATIVE_INFINITY;
  for (const [from, to] of spans.toSorted(([one], [other]) => one - other)) {
    covered += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return covered;
}
