import { and, asc, count, desc, eq, exists, inArray, lte, notExists, or, type SQL, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { jsonRow, packedList } from '#db/json-row.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import {
  attendance,
  attendanceChanges,
  attendanceImports,
  attendanceRows,
  attendanceSheets,
} from '#db/schema/attendance.ts';
import { liveSessionCommunities, liveSessionPeople, liveSessions, rsvps } from '#db/schema/live-sessions.ts';
import type { ListView } from '../../lib/paging.ts';
import { foldForSearch } from '../../lib/text.ts';
import { contains } from '../../platform/contains.ts';
import type { Id } from '../../platform/ids.ts';
import { hasRole, isShownTo, normaliseAddress, scopesOf } from '../accounts/model.ts';
import type { RsvpAnswer } from '../live-sessions/model.ts';
import { asRow, type LiveSessionRow, type LiveSessionView, rowFacts } from '../live-sessions/queries.ts';
import { type ExpectedPerson, expectedAt } from './expected.ts';
import { type AttendanceRefusal, liveSessionToTake, type Taker } from './marks.ts';
import { normaliseName } from './match.ts';
import { minutesOnDevices, type Stay } from './minutes.ts';
import {
  type AttendanceMark,
  type AttendanceSource,
  type ImportSummary,
  isByHand,
  type RowDecision,
  type RowMatch,
} from './model.ts';

/** A live session in the list of whoever takes its attendance. */
export type DeskRow = LiveSessionRow & {
  confirmedAt: Date | null;
  live: number;
  recording: number;
  absent: number;
  /** Files that wait for somebody to confirm them. */
  waiting: number;
};

/**
 * Live sessions that have begun and whose attendance the viewer takes: those that are due, the oldest and so the latest first
 * (at most 200), and a page of those that are complete, the newest first. 3 queries.
 */
export async function attendanceDesk(
  read: Reads,
  taker: Taker,
  now: Date,
  list: ListView,
): Promise<{ due: DeskRow[]; done: DeskRow[]; total: number }> {
  const theirs = and(
    inArray(liveSessions.state, ['scheduled', 'confirmed', 'held', 'recorded']),
    lte(liveSessions.startsAt, now),
    takenBy(read, taker),
    list.q ? or(contains(list.q, liveSessions.title), ofCommunity(list.q)) : undefined,
  );
  const sheet = read
    .select({ one: sql`1` })
    .from(attendanceSheets)
    .where(eq(attendanceSheets.liveSessionId, liveSessions.id));
  const rows = (where: SQL | undefined) =>
    read
      .select(deskFacts)
      .from(liveSessions)
      .leftJoin(attendanceSheets, eq(attendanceSheets.liveSessionId, liveSessions.id))
      .where(where);
  const [due, done, [counted]] = await Promise.all([
    rows(and(theirs, notExists(sheet)))
      .orderBy(asc(liveSessions.endsAt))
      .limit(200),
    rows(and(theirs, exists(sheet)))
      .orderBy(desc(liveSessions.startsAt))
      .limit(list.limit)
      .offset(list.offset),
    read
      .select({ total: count() })
      .from(liveSessions)
      .where(and(theirs, exists(sheet))),
  ]);
  return { due: due.map(asRow), done: done.map(asRow), total: counted?.total ?? 0 };
}

/** How far the attendance of each of these live sessions is, by their ids; those that have begun, and no others. 1 query. */
export async function attendanceProgress(
  read: Reads,
  ids: readonly Id<'ses'>[],
  now: Date,
): Promise<Map<Id<'ses'>, Date | null>> {
  if (ids.length === 0) return new Map();
  const rows = await read
    .select({ id: liveSessions.id, confirmedAt: attendanceSheets.confirmedAt })
    .from(liveSessions)
    .leftJoin(attendanceSheets, eq(attendanceSheets.liveSessionId, liveSessions.id))
    .where(
      and(
        inArray(liveSessions.id, [...ids]),
        inArray(liveSessions.state, ['scheduled', 'confirmed', 'held', 'recorded']),
        lte(liveSessions.startsAt, now),
      ),
    );
  return new Map(rows.map(({ id, confirmedAt }) => [id, confirmedAt]));
}

/** The same as `takesAttendanceAs`, for the database. */
function takenBy(read: Reads, taker: Taker): SQL | undefined {
  if (hasRole(taker, 'staff')) return undefined;
  const slugs = scopesOf(taker, 'host');
  const hosted = read
    .select({ id: liveSessionCommunities.liveSessionId })
    .from(liveSessionCommunities)
    .where(inArray(liveSessionCommunities.communitySlug, slugs));
  const tas = (who: SQL | undefined) =>
    read
      .select({ one: sql`1` })
      .from(liveSessionPeople)
      .where(
        and(eq(liveSessionPeople.liveSessionId, liveSessions.id), eq(liveSessionPeople.part, 'ta'), who),
      );
  return or(
    slugs.length > 0 ? inArray(liveSessions.id, hosted) : sql`0`,
    hasRole(taker, 'ta')
      ? or(exists(tas(eq(liveSessionPeople.userId, taker.id))), notExists(tas(undefined)))
      : sql`0`,
  );
}

const ofCommunity = (words: string) =>
  contains(
    words,
    sql`(SELECT group_concat(c.name) FROM live_session_communities lc JOIN communities c ON c.slug = lc.community_slug WHERE lc.live_session_id = live_sessions.id)`,
  );

const marksAs = (mark: AttendanceMark) =>
  sql<number>`(SELECT count(*) FROM attendance a WHERE a.live_session_id = live_sessions.id AND a.mark = ${mark})`;

const deskFacts = {
  ...rowFacts,
  confirmedAt: attendanceSheets.confirmedAt,
  live: marksAs('live'),
  recording: marksAs('recording'),
  absent: marksAs('absent'),
  waiting: sql<number>`(SELECT count(*) FROM attendance_imports i WHERE i.live_session_id = live_sessions.id
    AND i.confirmed_at IS NULL AND i.undone_at IS NULL)`,
};

/**
 * Somebody as the desk names them: the school as far as they show it to people of their communities, with the address where
 * two of one name and school could not be told apart without it.
 */
export type DeskPerson = { userId: Id<'usr'>; name: string; school: string };

/** A person of the sheet, with their mark as it is. */
export type SheetPerson = DeskPerson & {
  isExpected: boolean;
  rsvp: RsvpAnswer | null;
  mark: AttendanceMark | null;
  minutes: number | null;
  source: AttendanceSource | null;
  byHand: boolean;
  confirmedAt: Date | null;
  confirmedBy: string | null;
  /** Every mark they ever had here, the first first; where it is more than the one they have. */
  history: SheetChange[];
};

type SheetChange = {
  mark: AttendanceMark | null;
  minutes: number | null;
  source: AttendanceSource;
  at: Date;
  by: string | null;
};

export const sheetStates = ['open', 'live', 'recording', 'absent', 'excused'] as const;
type SheetState = (typeof sheetStates)[number];

/** What of the sheet is asked for: `state` and `q` (first letters of names) narrow it; `add` looks for others to put on it. */
export type SheetQuery = { list: ListView; state: string; add: string };

export type SheetView = {
  liveSession: LiveSessionView;
  sheet: { confirmedAt: Date; confirmedBy: string | null; updatedAt: Date } | null;
  people: SheetPerson[];
  /** Of people that `list` and `state` leave, on all pages. */
  total: number;
  counts: Record<SheetState, number> & { all: number };
  imports: SheetImport[];
  /** People who are not on the sheet and whom `add` finds; undefined where nothing is asked. */
  found: SheetPerson[] | undefined;
};

export type SheetImport = {
  id: Id<'imp'>;
  fileName: string;
  createdAt: Date;
  uploadedBy: string | null;
  confirmedAt: Date | null;
  undoneAt: Date | null;
  /** Rows that count, and rows that nobody has decided. */
  counting: number;
  open: number;
};

/** The sheet of a live session, for whoever takes its attendance. At most 14 queries. */
export async function attendanceSheet(
  read: Reads,
  now: Date,
  taker: Taker,
  liveSessionId: string,
  { list, state, add }: SheetQuery,
): Promise<SheetView | { refused: AttendanceRefusal; liveSession?: LiveSessionView }> {
  const found = await liveSessionToTake(read, now, taker, liveSessionId);
  if ('refused' in found) return found;
  const { liveSession } = found;
  const [expected, marked, answers, sheet, imports] = await Promise.all([
    expectedAt(read, liveSession),
    marksOn(read, liveSession.id),
    read
      .select({ userId: rsvps.userId, answer: rsvps.answer })
      .from(rsvps)
      .where(eq(rsvps.liveSessionId, liveSession.id)),
    findSheet(read, liveSession.id),
    importsOf(read, liveSession.id),
  ]);
  const answerOf = new Map(answers.map(({ userId, answer }) => [userId, answer]));
  const markOf = new Map(marked.map((row) => [row.userId, row]));
  const expectedIds = new Set(expected.map(({ userId }) => userId));
  const onSheet = [...expected, ...marked.filter(({ userId }) => !expectedIds.has(userId))].sort((a, b) =>
    a.name.localeCompare(b.name, 'en'),
  );
  const stateOf = (userId: Id<'usr'>): SheetState => markOf.get(userId)?.mark ?? 'open';
  const counts = { all: onSheet.length, open: 0, live: 0, recording: 0, absent: 0, excused: 0 };
  for (const { userId } of onSheet) counts[stateOf(userId)] += 1;
  const shown = onSheet.filter(
    ({ userId, name }) => (!isSheetState(state) || stateOf(userId) === state) && startsLike(name, list.q),
  );
  const others = add
    ? await findPeople(
        read,
        add,
        onSheet.map(({ userId }) => userId),
      )
    : undefined;
  const page = shown.slice(list.offset, list.offset + list.limit);
  const ids = [...page, ...(others ?? [])].map(({ userId }) => userId);
  const schoolOf = toldApart([...onSheet, ...(others ?? [])], await schoolsOf(read, ids));
  const history = await historyOf(read, liveSession.id, ids);
  const asPerson = ({ userId, name }: { userId: Id<'usr'>; name: string }): SheetPerson => {
    const mark = markOf.get(userId);
    const changes = history.get(userId) ?? [];
    return {
      ...{ userId, name, school: schoolOf.get(userId) ?? '' },
      isExpected: expectedIds.has(userId),
      rsvp: answerOf.get(userId) ?? null,
      mark: mark?.mark ?? null,
      minutes: mark?.minutes ?? null,
      source: mark?.source ?? null,
      byHand: mark ? isByHand(mark.source) : false,
      confirmedAt: mark?.confirmedAt ?? null,
      confirmedBy: mark?.confirmedBy ?? null,
      history: changes.length > (mark ? 1 : 0) ? changes : [],
    };
  };
  return {
    ...{ liveSession, sheet, counts, imports, total: shown.length },
    people: page.map(asPerson),
    found: others?.map(asPerson),
  };
}

const isSheetState = (state: string): state is SheetState =>
  (sheetStates as readonly string[]).includes(state);

/** Whether every word of `typed` begins a word of the name. */
function startsLike(name: string, typed: string): boolean {
  const words = foldForSearch(name).split(/[^\p{L}\p{N}]+/u);
  const asked = foldForSearch(typed).split(/\s+/).filter(Boolean);
  return asked.every((start) => words.some((word) => word.startsWith(start)) || name.includes(start));
}

/** The sheet as it was confirmed; null while nobody has. */
async function findSheet(read: Reads, liveSessionId: Id<'ses'>): Promise<SheetView['sheet']> {
  const [row] = await read
    .select({
      confirmedAt: attendanceSheets.confirmedAt,
      confirmedBy: users.name,
      updatedAt: attendanceSheets.updatedAt,
    })
    .from(attendanceSheets)
    .leftJoin(users, eq(users.id, attendanceSheets.confirmedById))
    .where(eq(attendanceSheets.liveSessionId, liveSessionId));
  return row ?? null;
}

const nameOf = (column: SQL) => sql<string | null>`(SELECT u.name FROM users u WHERE u.id = ${column})`;

function marksOn(read: Reads, liveSessionId: Id<'ses'>) {
  return read
    .select({
      userId: users.id,
      name: users.name,
      email: users.email,
      mark: attendance.mark,
      minutes: attendance.minutes,
      source: attendance.source,
      confirmedAt: attendance.confirmedAt,
      confirmedBy: nameOf(sql`attendance.confirmed_by_id`),
    })
    .from(attendance)
    .innerJoin(users, eq(users.id, attendance.userId))
    .where(eq(attendance.liveSessionId, liveSessionId));
}

function importsOf(read: Reads, liveSessionId: Id<'ses'>): Promise<SheetImport[]> {
  const rowsWhere = (condition: SQL) =>
    sql<number>`(SELECT count(*) FROM attendance_rows r WHERE r.import_id = attendance_imports.id AND ${condition})`;
  return read
    .select({
      id: attendanceImports.id,
      fileName: attendanceImports.fileName,
      createdAt: attendanceImports.createdAt,
      uploadedBy: users.name,
      confirmedAt: attendanceImports.confirmedAt,
      undoneAt: attendanceImports.undoneAt,
      counting: rowsWhere(sql`r.decision = 'user'`),
      open: rowsWhere(sql`r.decision = 'open'`),
    })
    .from(attendanceImports)
    .leftJoin(users, eq(users.id, attendanceImports.uploadedById))
    .where(eq(attendanceImports.liveSessionId, liveSessionId))
    .orderBy(desc(attendanceImports.createdAt))
    .limit(50);
}

async function historyOf(
  read: Reads,
  liveSessionId: Id<'ses'>,
  ids: readonly Id<'usr'>[],
): Promise<Map<Id<'usr'>, SheetChange[]>> {
  if (ids.length === 0) return new Map();
  const rows = await read
    .select({
      userId: attendanceChanges.userId,
      mark: attendanceChanges.mark,
      minutes: attendanceChanges.minutes,
      source: attendanceChanges.source,
      at: attendanceChanges.changedAt,
      by: users.name,
    })
    .from(attendanceChanges)
    .leftJoin(users, eq(users.id, attendanceChanges.changedById))
    .where(
      and(eq(attendanceChanges.liveSessionId, liveSessionId), inArray(attendanceChanges.userId, [...ids])),
    )
    .orderBy(asc(attendanceChanges.changedAt), asc(attendanceChanges.id));
  const history = new Map<Id<'usr'>, SheetChange[]>();
  for (const { userId, ...change } of rows) history.set(userId, [...(history.get(userId) ?? []), change]);
  return history;
}

/** Members whose name or address has these words, but for those in `except`; at most eight. 1 query. */
async function findPeople(
  read: Reads,
  words: string,
  except: readonly Id<'usr'>[],
): Promise<ExpectedPerson[]> {
  const address = words.includes('@') ? eq(users.email, normaliseAddress(words)) : undefined;
  const left = new Set(except);
  const rows = await read
    .select({ userId: users.id, name: users.name, email: users.email })
    .from(users)
    .where(and(address ?? contains(words, users.name), hasAnyRole(read)))
    .orderBy(asc(users.name))
    .limit(8 + left.size);
  return rows.filter(({ userId }) => !left.has(userId)).slice(0, 8);
}

const hasAnyRole = (read: Reads) =>
  exists(read.select({ one: sql`1` }).from(roleGrants).where(eq(roleGrants.userId, users.id)));

/** The school or workplace of each, as far as they show it to people of their communities. 1 query. */
async function schoolsOf(read: Reads, ids: readonly Id<'usr'>[]): Promise<Map<Id<'usr'>, string>> {
  const schoolOf = new Map<Id<'usr'>, string>();
  const rows = await read
    .select({
      row: jsonRow({
        userId: users.id,
        workplace: users.workplace,
        visibility: users.visibility,
        schoolNames: sql<
          string | null
        >`(SELECT group_concat(s.name, ', ') FROM role_grants g JOIN schools s ON s.id = g.scope_id
          WHERE g.user_id = ${users.id} AND g.role = 'member')`,
      }),
    })
    .from(users)
    .where(inArray(users.id, packedList(ids)));
  for (const { row } of rows)
    if (isShownTo('communities', 'school', row.visibility))
      schoolOf.set(row.userId, row.schoolNames || row.workplace);
  return schoolOf;
}

/** The schools, with the address beside it for each of several people who have the same name and school. */
function toldApart(
  people: readonly ExpectedPerson[],
  schoolOf: ReadonlyMap<Id<'usr'>, string>,
): Map<Id<'usr'>, string> {
  const school = ({ userId }: ExpectedPerson) => schoolOf.get(userId) ?? '';
  const alike = Map.groupBy(people, (person) => `${normaliseName(person.name)}\n${school(person)}`);
  const all = new Map(schoolOf);
  for (const theirs of alike.values())
    if (theirs.length > 1)
      for (const person of theirs)
        all.set(person.userId, [school(person), person.email].filter(Boolean).join(', '));
  return all;
}

/** A row of a file as the preview shows it. */
export type PreviewRow = {
  line: number;
  name: string;
  email: string;
  minutes: number;
  match: RowMatch;
  decision: RowDecision;
  person: DeskPerson | null;
  /** Whether they were expected, where it is somebody. */
  isExpected: boolean;
  /** Expected people whose name is like it, the likeliest first; for rows that are open. */
  likely: DeskPerson[];
};

export type ImportView = {
  liveSession: LiveSessionView;
  id: Id<'imp'>;
  fileName: string;
  tool: string;
  summary: ImportSummary;
  thresholdMinutes: number;
  createdAt: Date;
  uploadedBy: string | null;
  state: 'waiting' | 'confirmed' | 'undone';
  confirmedAt: Date | null;
  rows: PreviewRow[];
  /** Everybody expected, to choose from. */
  expected: DeskPerson[];
  /** People: who would count as live, who was there too shortly, and who was expected and is in no row. */
  counts: { live: number; short: number; missing: number };
};

/** An import with its rows, for whoever takes the attendance of its live session; undefined for everybody else. At most 12 queries. */
export async function importView(
  read: Reads,
  now: Date,
  taker: Taker,
  liveSessionId: string,
  importId: string,
): Promise<ImportView | undefined> {
  const found = await liveSessionToTake(read, now, taker, liveSessionId);
  if ('refused' in found) return undefined;
  const { liveSession } = found;
  const [facts] = await read
    .select({
      id: attendanceImports.id,
      fileName: attendanceImports.fileName,
      tool: attendanceImports.tool,
      summary: attendanceImports.summary,
      thresholdMinutes: attendanceImports.thresholdMinutes,
      createdAt: attendanceImports.createdAt,
      uploadedBy: users.name,
      confirmedAt: attendanceImports.confirmedAt,
      undoneAt: attendanceImports.undoneAt,
    })
    .from(attendanceImports)
    .leftJoin(users, eq(users.id, attendanceImports.uploadedById))
    .where(
      and(
        eq(attendanceImports.id, importId as Id<'imp'>),
        eq(attendanceImports.liveSessionId, liveSession.id),
      ),
    );
  if (!facts) return undefined;
  const [kept, expected] = await Promise.all([
    read
      .select({
        row: jsonRow({
          line: attendanceRows.line,
          name: attendanceRows.name,
          email: attendanceRows.email,
          minutes: attendanceRows.minutes,
          joinedAt: attendanceRows.joinedAt,
          leftAt: attendanceRows.leftAt,
          match: attendanceRows.match,
          decision: attendanceRows.decision,
          userId: attendanceRows.userId,
          userName: sql<string | null>`${users.name}`,
        }),
      })
      .from(attendanceRows)
      .leftJoin(users, eq(users.id, attendanceRows.userId))
      .where(eq(attendanceRows.importId, facts.id))
      .orderBy(asc(attendanceRows.line)),
    expectedAt(read, liveSession),
  ]);
  const rows = kept.map(({ row }) => row);
  const inRows = new Set(rows.map(({ userId }) => userId));
  const ids = [...new Set([...expected.map(({ userId }) => userId), ...inRows])].filter((id) => id !== null);
  const schoolOf = toldApart(expected, await schoolsOf(read, ids));
  const named = (userId: Id<'usr'>, name: string) => ({ userId, name, school: schoolOf.get(userId) ?? '' });
  const everybody = expected.map(({ userId, name }) => named(userId, name));
  const expectedIds = new Set(everybody.map(({ userId }) => userId));
  const free = everybody.filter(({ userId }) => !inRows.has(userId));
  const { undoneAt, ...shown } = facts;
  return {
    ...{ liveSession, ...shown },
    state: undoneAt ? 'undone' : facts.confirmedAt ? 'confirmed' : 'waiting',
    rows: rows.map(({ userId, userName, joinedAt: _joined, leftAt: _left, ...row }) => ({
      ...row,
      person: userId ? named(userId, userName ?? '') : null,
      isExpected: userId !== null && expectedIds.has(userId),
      likely: row.decision === 'open' ? likelyFor(row, everybody) : [],
    })),
    expected: everybody,
    counts: countsOf(rows, facts.thresholdMinutes, free.length),
  };
}

/** People, each once with all their devices, by whether they were there long enough. */
function countsOf(
  rows: readonly (Stay & { userId: Id<'usr'> | null })[],
  threshold: number,
  missing: number,
): ImportView['counts'] {
  const people = Map.groupBy(
    rows.filter(({ userId }) => userId !== null),
    ({ userId }) => userId,
  );
  const live = [...people.values()].filter((stays) => minutesOnDevices(stays) >= threshold).length;
  return { live, short: people.size - live, missing };
}

const mostLikely = 3;

/** Those whose names share the most words with the row’s name or address. */
function likelyFor(row: { name: string; email: string }, people: readonly DeskPerson[]): DeskPerson[] {
  const words = new Set(normaliseName(`${row.name} ${row.email.split('@')[0] ?? ''}`).split(' '));
  return people
    .map((person) => ({
      person,
      shared: normaliseName(person.name)
        .split(' ')
        .filter((word) => word.length > 1 && words.has(word)).length,
    }))
    .filter(({ shared }) => shared > 0)
    .sort((a, b) => b.shared - a.shared || a.person.name.localeCompare(b.person.name, 'en'))
    .slice(0, mostLikely)
    .map(({ person }) => person);
}

/** What is typed into a row: a name as the list offers it, any name, or an address. */
export type Named = { user: Id<'usr'> } | { unclear: 'nobody' } | { unclear: 'several'; names: number };

/**
 * Whom each typed text means: an expected person by name and school, else the only expected person of that name, else the only
 * member of that name or address anywhere. At most 2 queries and one for each text that names nobody expected.
 */
export async function whoIsNamed(
  read: Reads,
  view: Pick<ImportView, 'expected'>,
  texts: readonly string[],
): Promise<Named[]> {
  const named: Named[] = [];
  for (const text of texts) named.push(await whoIs(read, view.expected, text));
  return named;
}

async function whoIs(read: Reads, expected: readonly DeskPerson[], text: string): Promise<Named> {
  const exact = expected.filter((person) => personLabel(person) === text);
  const alike = expected.filter(({ name }) => normaliseName(name) === normaliseName(text));
  const chosen = exact.length > 0 ? exact : alike;
  if (chosen.length === 1) return { user: chosen[0]!.userId };
  if (chosen.length > 1) return { unclear: 'several', names: chosen.length };
  const found = await findPeople(read, text, []);
  const same = text.includes('@')
    ? found
    : found.filter(({ name }) => normaliseName(name) === normaliseName(text));
  if (same.length === 1) return { user: same[0]!.userId };
  return same.length > 1 ? { unclear: 'several', names: same.length } : { unclear: 'nobody' };
}

/** `Mia Sample, Harbour School`: how lists offer a person. */
export const personLabel = ({ name, school }: DeskPerson) => (school ? `${name}, ${school}` : name);
