import { and, asc, count, desc, eq, exists, inArray, lte, notExists, or, type SQL, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { attendanceSheets } from '#db/schema/attendance.ts';
import { liveSessionCommunities, liveSessionPeople, liveSessions } from '#db/schema/live-sessions.ts';
import type { ListView } from '../../lib/paging.ts';
import { contains } from '../../platform/contains.ts';
import type { Id } from '../../platform/ids.ts';
import { hasRole, scopesOf } from '../accounts/model.ts';
import { asRow, type LiveSessionRow, rowFacts } from '../live-sessions/queries.ts';
import type { Taker } from './marks.ts';
import type { AttendanceMark } from './model.ts';

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
