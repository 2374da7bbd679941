import { and, asc, desc, eq, inArray, type SQL, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { users } from '#db/schema/accounts.ts';
import { attendance, attendanceChanges, attendanceImports, attendanceSheets } from '#db/schema/attendance.ts';
import { rsvps } from '#db/schema/live-sessions.ts';
import type { ListView } from '../../lib/paging.ts';
import { foldForSearch } from '../../lib/text.ts';
import type { Id } from '../../platform/ids.ts';
import type { RsvpAnswer } from '../live-sessions/model.ts';
import type { LiveSessionView } from '../live-sessions/queries.ts';
import { type DeskPerson, findPeople, schoolsOf, toldApart } from './desk-people.ts';
import { expectedAt } from './expected.ts';
import { type AttendanceRefusal, liveSessionToTake, type Taker } from './marks.ts';
import { type AttendanceMark, type AttendanceSource, isByHand } from './model.ts';

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
