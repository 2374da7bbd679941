import { and, asc, eq, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { jsonRow } from '#db/json-row.ts';
import { users } from '#db/schema/accounts.ts';
import { attendanceImports, attendanceRows } from '#db/schema/attendance.ts';
import type { Id } from '../../platform/ids.ts';
import type { LiveSessionView } from '../live-sessions/queries.ts';
import { type DeskPerson, schoolsOf, toldApart } from './desk-people.ts';
import { expectedAt } from './expected.ts';
import { liveSessionToTake, type Taker } from './marks.ts';
import { normaliseName } from './match.ts';
import { minutesOnDevices, type Stay } from './minutes.ts';
import type { ImportSummary, RowDecision, RowMatch } from './model.ts';

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
