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
  const shown = await liveSessionsOf(read, schoolId, period, slugs, filter, now);
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

/**
 * Live sessions of the communities of the school’s people in these seasons, or in no round of any, that are no drafts. 1 query
 * with one row: libSQL takes longer to hand over columns of two thousand than to read them.
 */
async function liveSessionsOf(
  read: Reads,
  schoolId: Id<'sch'>,
  { from, until }: Period,
  seasonSlugs: readonly string[],
  { community, userId }: TableFilter,
  now: Date,
): Promise<TableLiveSession[]> {
  const [row] = await read
    .select({
      // Marks may be there before anybody says that they are complete.
      all: sql<string>`json_group_array(json_array(live_sessions.id, live_session_communities.community_slug,
        communities.name, live_sessions.season_slug, live_sessions.round, live_sessions.starts_at, live_sessions.ends_at,
        live_sessions.state, attendance_sheets.confirmed_at,
        CASE WHEN attendance_sheets.live_session_id IS NULL THEN CASE WHEN live_sessions.starts_at <= ${now.getTime()} THEN
          (SELECT max(confirmed_at) FROM attendance AS taken WHERE taken.live_session_id = live_sessions.id) END
        ELSE attendance_sheets.updated_at END))`,
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
    );
  type Packed = [
    ...[id: Id<'ses'>, slug: string, communityName: string, seasonSlug: string | null, round: number | null],
    ...[
      startsAt: number,
      endsAt: number,
      state: string,
      confirmedAt: number | null,
      updatedAt: number | null,
    ],
  ];
  return (JSON.parse(row?.all ?? '[]') as Packed[])
    .map(([id, slug, communityName, seasonSlug, round, startsAt, endsAt, state, confirmedAt, updatedAt]) => ({
      ...{ id, slug, communityName, seasonSlug, round },
      startsAt: new Date(startsAt),
      endsAt: new Date(endsAt),
      isCancelled: state === 'cancelled',
      isConfirmed: confirmedAt !== null,
      updatedAt: updatedAt === null ? null : new Date(updatedAt),
    }))
    .sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime() || (a.id < b.id ? -1 : 1));
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
      AND theirs.starts_at BETWEEN ${from.getTime()} AND ${until.getTime()}
      AND (SELECT held.ends_at FROM live_sessions AS held WHERE held.id = taken.live_session_id)
        >= role_grants.created_at)`;
  const page = read
    .select({
      packed:
        sql<string>`json_array(users.id, users.name, users.job_title, communities.slug, communities.name,
        CASE community_members.state WHEN 'joined' THEN community_members.since END, role_grants.created_at)`.as(
          'packed',
        ),
      total: (isPaged ? sql<number>`count(*) OVER ()` : sql<number>`0`).as('total'),
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
    .offset(isPaged ? (list.offset ?? 0) : 0)
    .as('page');
  const [row] = await read
    .select({
      all: sql<string | null>`'[' || group_concat(page.packed) || ']'`,
      total: sql<number | null>`max(page.total)`,
    })
    .from(page);
  type Packed = [
    ...[userId: Id<'usr'>, name: string, jobTitle: string, slug: string, communityName: string],
    ...[since: number | null, joinedAt: number],
  ];
  const people = (JSON.parse(row?.all ?? '[]') as Packed[]).map(
    ([id, name, jobTitle, slug, communityName, since, joinedAt]) => ({
      ...{ userId: id, name, jobTitle, slug, communityName },
      since: since === null ? undefined : new Date(since),
      joinedAt: new Date(joinedAt),
    }),
  );
  const isBeyond = people.length === 0 && isPaged && (list.offset ?? 0) > 0;
  if (!isBeyond) return { people, total: row?.total ?? 0 };
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

/** Every mark of these people, of which those of these live sessions are kept. 1 query of one index; a row a person. */
async function marksOf(
  read: Reads,
  liveSessions: readonly TableLiveSession[],
  people: readonly TablePerson[],
): Promise<Marks> {
  const userIds = [...new Set(people.map(({ userId }) => userId))];
  const wanted = new Set<string>(liveSessions.map(({ id }) => id));
  if (userIds.length === 0 || wanted.size === 0) return new Map();
  const rows = await read
    .select({
      userId: sql<Id<'usr'>>`person.value`,
      marks: sql<string | null>`(SELECT group_concat(taken.live_session_id || ' ' || taken.mark)
        FROM attendance AS taken WHERE taken.user_id = person.value)`,
    })
    .from(sql`json_each(${JSON.stringify(userIds)}) AS person`);
  return new Map(rows.map(({ userId, marks }) => [userId, marksIn(marks ?? '', wanted)]));
}

function marksIn(text: string, wanted: ReadonlySet<string>): Map<string, AttendanceMark> {
  const marks = new Map<string, AttendanceMark>();
  for (const one of text.split(',')) {
    const space = one.indexOf(' ');
    const liveSessionId = one.slice(0, space);
    if (wanted.has(liveSessionId)) marks.set(liveSessionId, one.slice(space + 1) as AttendanceMark);
  }
  return marks;
}
