import { and, asc, desc, eq, gte, inArray, isNull, lte, ne, or, type SQL, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { attendanceSheets } from '#db/schema/attendance.ts';
import { communities, communityMembers } from '#db/schema/communities.ts';
import { liveSessionCommunities, liveSessions } from '#db/schema/live-sessions.ts';
import type { ListView } from '../../lib/paging.ts';
import { contains } from '../../platform/contains.ts';
import type { Id } from '../../platform/ids.ts';
import type { SeasonFacts } from '../live-sessions/seasons.ts';
import type { AttendanceMark } from './model.ts';
import {
  columnsOf,
  type DueLiveSession,
  dueOf,
  firstsOf,
  lastUpdate,
  type Marks,
  markKey,
  sprintsWithin,
  type TableColumn,
  type TableLiveSession,
  type TablePerson,
  type TableRow,
  tableRows,
} from './sam-table.ts';
import { kindOf, type StateKind } from './state-words.ts';

export const tableSorts = ['name', 'community'] as const;
type TableSort = (typeof tableSorts)[number];

/** What narrows the table beside words. `state`: rows in which some round says so. `userId`: one member only. */
export type TableFilter = {
  community?: string | undefined;
  state?: StateKind | undefined;
  userId?: Id<'usr'> | undefined;
};

export type AttendanceTable = {
  season: SeasonFacts;
  columns: TableColumn[];
  rows: TableRow[];
  /** Rows on all pages. */
  total: number;
  liveSessions: TableLiveSession[];
  /** When a mark last changed; null while there is none. */
  updatedAt: Date | null;
  due: DueLiveSession[];
  /** For each person of these rows who took part in anything: when the first live session of it began. */
  firstsAt: Date[];
};

type TableList = Pick<ListView<TableSort>, 'q' | 'sort' | 'descending'> & { offset?: number; limit?: number };

/** Every row, by name. */
export const wholeTable: TableList = { q: '', sort: 'name', descending: false };

/** Rows of a table that is taken whole: a school of two thousand, each in ten communities. */
const mostRows = 20_000;
const dayMs = 24 * 3_600_000;
/** How far outside of its season a live session of one of its rounds may lie. */
const aroundMs = 60 * dayMs;

/**
 * The Session Attendance table of a school in one season: a row for each member in each of their communities, found by words
 * of name, role and community. `seasons` are all of content. The page is found first and marks are read for it only, but
 * where rows are chosen by what they say. 3 queries; 4 beyond the last page.
 */
export async function attendanceTable(
  read: Reads,
  schoolId: Id<'sch'>,
  { season, seasons }: { season: SeasonFacts; seasons: readonly SeasonFacts[] },
  list: TableList,
  filter: TableFilter,
  now: Date,
): Promise<AttendanceTable> {
  const period = periodOf(season);
  const slugs = [season, ...sprintsWithin(season, seasons)].map(({ slug }) => slug);
  const shown = await liveSessionsOf(read, schoolId, period, slugs, filter);
  const columns = columnsOf(season, seasons, shown);
  const isPaged = filter.state === undefined;
  const { people, total } = await peopleOf(read, schoolId, period, { season, shown }, list, filter, isPaged);
  const marks = await marksOf(read, shown, people);
  const all = tableRows(people, { season, columns, liveSessions: shown, marks, now });
  const chosen = filter.state
    ? all.filter(({ cells }) => cells.some((cell) => cell && kindOf(cell) === filter.state))
    : all;
  const from = list.offset ?? 0;
  return {
    season,
    columns,
    rows: isPaged ? chosen : chosen.slice(from, from + (list.limit ?? mostRows)),
    total: isPaged ? total : chosen.length,
    liveSessions: shown,
    updatedAt: lastUpdate(shown),
    due: dueOf(shown, columns, now),
    firstsAt: firstsOf(people, shown, marks),
  };
}

/** When each member of the school joined it, the first in front. 1 query. */
export async function joinedDays(read: Reads, schoolId: Id<'sch'>): Promise<Date[]> {
  const rows = await read
    .select({ joinedAt: roleGrants.createdAt })
    .from(roleGrants)
    .where(and(eq(roleGrants.role, 'member'), eq(roleGrants.scopeId, schoolId)))
    .orderBy(asc(roleGrants.createdAt));
  return rows.map(({ joinedAt }) => joinedAt);
}

type Period = { from: Date; until: Date };

const periodOf = ({ startsOn, endsOn }: SeasonFacts): Period => ({
  from: new Date(Date.parse(`${startsOn}T00:00:00Z`) - aroundMs),
  until: new Date(Date.parse(`${endsOn}T00:00:00Z`) + dayMs + aroundMs),
});

/** Live sessions of the communities of the school’s people in these seasons, or in no round of any, that are no drafts. 1 query. */
async function liveSessionsOf(
  read: Reads,
  schoolId: Id<'sch'>,
  { from, until }: Period,
  seasonSlugs: readonly string[],
  { community, userId }: TableFilter,
): Promise<TableLiveSession[]> {
  const rows = await read
    .select({
      id: liveSessions.id,
      slug: liveSessionCommunities.communitySlug,
      communityName: communities.name,
      seasonSlug: liveSessions.seasonSlug,
      round: liveSessions.round,
      startsAt: liveSessions.startsAt,
      endsAt: liveSessions.endsAt,
      state: liveSessions.state,
      confirmedAt: attendanceSheets.confirmedAt,
      sheetUpdatedAt: attendanceSheets.updatedAt,
      // Marks may be there before anybody says that they are complete.
      markedAt: sql<number | null>`CASE WHEN attendance_sheets.live_session_id IS NULL THEN
        (SELECT max(confirmed_at) FROM attendance AS taken WHERE taken.live_session_id = live_sessions.id) END`,
    })
    .from(liveSessionCommunities)
    .innerJoin(liveSessions, eq(liveSessions.id, liveSessionCommunities.liveSessionId))
    .innerJoin(communities, eq(communities.slug, liveSessionCommunities.communitySlug))
    .leftJoin(attendanceSheets, eq(attendanceSheets.liveSessionId, liveSessions.id))
    .where(
      and(
        community
          ? eq(liveSessionCommunities.communitySlug, community)
          : sql`${liveSessionCommunities.communitySlug} IN (${slugsOf(schoolId, userId)})`,
        gte(liveSessionCommunities.startsAt, from),
        lte(liveSessionCommunities.startsAt, until),
        ne(liveSessions.state, 'draft'),
        or(
          inArray(liveSessions.seasonSlug, [...seasonSlugs]),
          isNull(liveSessions.seasonSlug),
          isNull(liveSessions.round),
        ),
      ),
    )
    .orderBy(asc(liveSessions.startsAt), asc(liveSessions.id));
  return rows.map(({ state, confirmedAt, sheetUpdatedAt, markedAt, ...row }) => ({
    ...row,
    isCancelled: state === 'cancelled',
    isConfirmed: confirmedAt !== null,
    updatedAt: sheetUpdatedAt ?? (markedAt === null ? null : new Date(markedAt)),
  }));
}

/** Communities in which somebody of the school is or was. */
const slugsOf = (schoolId: Id<'sch'>, userId: Id<'usr'> | undefined) => sql`
  SELECT DISTINCT theirs.community_slug FROM role_grants AS held
  CROSS JOIN community_members AS theirs ON theirs.user_id = held.user_id
  WHERE held.role = 'member' AND held.scope_id = ${schoolId} AND theirs.state IN ('joined', 'left')
  ${userId ? sql`AND held.user_id = ${userId}` : sql``}`;

/** A row for each member in each community: those that they have joined, and those that they left after taking part. 1 query. */
async function peopleOf(
  read: Reads,
  schoolId: Id<'sch'>,
  { from, until }: Period,
  { season, shown }: { season: SeasonFacts; shown: readonly TableLiveSession[] },
  list: TableList,
  filter: TableFilter,
  isPaged: boolean,
): Promise<{ people: TablePerson[]; total: number }> {
  const { community, userId } = filter;
  const order = list.descending ? desc : asc;
  const byName = sql`users.name COLLATE NOCASE`;
  const byCommunity = sql`communities.name COLLATE NOCASE`;
  const sprint = [
    ...new Set(shown.filter(({ seasonSlug }) => seasonSlug === season.slug).map(({ slug }) => slug)),
  ];
  const tookPartBefore = sql`EXISTS (
    SELECT 1 FROM live_session_communities AS theirs CROSS JOIN attendance AS taken
      ON taken.live_session_id = theirs.live_session_id AND taken.user_id = community_members.user_id
    WHERE theirs.community_slug = community_members.community_slug AND taken.mark <> 'absent'
      AND theirs.starts_at BETWEEN ${from.getTime()} AND ${until.getTime()})`;
  const rows = await read
    .select({
      userId: users.id,
      name: users.name,
      jobTitle: users.jobTitle,
      slug: communities.slug,
      communityName: sql<string>`${communities.name}`.as('community_name'),
      state: communityMembers.state,
      since: communityMembers.since,
      total: isPaged ? sql<number>`count(*) OVER ()` : sql<number>`0`,
    })
    .from(roleGrants)
    .innerJoin(users, eq(users.id, roleGrants.userId))
    .innerJoin(communityMembers, eq(communityMembers.userId, roleGrants.userId))
    .innerJoin(communities, eq(communities.slug, communityMembers.communitySlug))
    .where(
      and(
        eq(roleGrants.role, 'member'),
        eq(roleGrants.scopeId, schoolId),
        userId && eq(users.id, userId),
        contains(list.q, users.name, users.jobTitle, communities.name),
        community ? eq(communityMembers.communitySlug, community) : undefined,
        season.kind === 'sprint' ? inArray(communityMembers.communitySlug, sprint) : undefined,
        or(
          eq(communityMembers.state, 'joined'),
          and(eq(communityMembers.state, 'left'), tookPartBefore),
        ) as SQL,
      ),
    )
    .orderBy(
      ...(list.sort === 'name'
        ? [order(byName), asc(users.id), asc(byCommunity)]
        : [order(byCommunity), asc(byName), asc(users.id)]),
    )
    .limit(isPaged ? (list.limit ?? mostRows) : mostRows)
    .offset(isPaged ? (list.offset ?? 0) : 0);
  const people = rows.map(({ total: _, state, since, ...row }) => ({
    ...row,
    since: state === 'joined' ? since : undefined,
  }));
  const isBeyond = rows.length === 0 && isPaged && (list.offset ?? 0) > 0;
  if (!isBeyond) return { people, total: rows[0]?.total ?? 0 };
  const first = { ...list, offset: 0, limit: 1 };
  const { total } = await peopleOf(
    read,
    schoolId,
    { from, until },
    { season, shown },
    first,
    filter,
    isPaged,
  );
  return { people, total };
}

/** Marks of these people in these live sessions of their own communities. 1 query, by indexes only; a row a person. */
async function marksOf(
  read: Reads,
  liveSessions: readonly TableLiveSession[],
  people: readonly TablePerson[],
): Promise<Marks> {
  const userIds = [...new Set(people.map(({ userId }) => userId))];
  const begins = liveSessions.map(({ startsAt }) => startsAt.getTime());
  if (userIds.length === 0 || begins.length === 0) return new Map();
  const rows = await read
    .select({
      userId: sql<string>`member.user_id`,
      marks: sql<string>`group_concat(taken.live_session_id || ' ' || taken.mark)`,
    })
    .from(sql`json_each(${JSON.stringify(userIds)}) AS person
      CROSS JOIN community_members AS member ON member.user_id = person.value
      CROSS JOIN live_session_communities AS theirs ON theirs.community_slug = member.community_slug
        AND theirs.starts_at BETWEEN ${Math.min(...begins)} AND ${Math.max(...begins)}
      CROSS JOIN attendance AS taken ON taken.live_session_id = theirs.live_session_id
        AND taken.user_id = member.user_id`)
    .groupBy(sql`member.user_id`);
  const marks = new Map<string, AttendanceMark>();
  for (const row of rows)
    for (const one of row.marks.split(',')) {
      const [liveSessionId = '', mark] = one.split(' ');
      marks.set(markKey(liveSessionId, row.userId), mark as AttendanceMark);
    }
  return marks;
}
