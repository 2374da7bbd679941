import {
  and,
  asc,
  count,
  countDistinct,
  desc,
  eq,
  gt,
  gte,
  inArray,
  isNull,
  lt,
  ne,
  or,
  type SQL,
  sql,
} from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { communities, communityMembers } from '#db/schema/communities.ts';
import { liveSessionCommunities, liveSessions } from '#db/schema/live-sessions.ts';
import type { ListView } from '../../lib/paging.ts';
import { contains } from '../../platform/contains.ts';
import type { Id } from '../../platform/ids.ts';
import { hasRole, scopesOf, type Viewer } from '../accounts/model.ts';
import type { MembersHere } from './holidays.ts';
import { liveSessionStates } from './model.ts';
import { canRun } from './policy.ts';
import { asRow, begunAfter, findLiveSession, type LiveSessionRow, rowFacts } from './queries.ts';
import { type SeasonFacts, type SeasonWindow, seasonsAhead } from './seasons.ts';

/** Where the members of these communities live and what their clocks show, most members first. Each is counted once. */
export function membersByZone(read: Reads, slugs: readonly string[]): Promise<MembersHere[]> {
  const members = countDistinct(users.id);
  return read
    .select({ country: users.country, timeZone: users.timeZone, members })
    .from(communityMembers)
    .innerJoin(users, eq(users.id, communityMembers.userId))
    .where(
      and(
        inArray(communityMembers.communitySlug, [...slugs]),
        eq(communityMembers.state, 'joined'),
        isNull(users.suspendedAt),
      ),
    )
    .groupBy(users.country, users.timeZone)
    .orderBy(desc(members), asc(users.timeZone));
}

/** Another live session at the same time, and how many people would have to choose between the two. */
export type LiveSessionClash = LiveSessionRow & { sharedMembers: number };

/** Communities share many members from so many on, or from so large a part of those of the smaller plan. */
const manyShared = { members: 5, part: 0.2 };

/**
 * Live sessions at the same time in communities that share many members with these: five, or a fifth of all. One of the same
 * community always counts. Most shared members first. `exceptId` is the live session that is being planned itself.
 */
export async function liveSessionClashes(
  read: Reads,
  slugs: readonly string[],
  { startsAt, endsAt }: { startsAt: Date; endsAt: Date },
  exceptId?: string,
): Promise<LiveSessionClash[]> {
  const ours = read
    .select({ userId: communityMembers.userId })
    .from(communityMembers)
    .where(and(inArray(communityMembers.communitySlug, [...slugs]), eq(communityMembers.state, 'joined')));
  const [rows, [all]] = await Promise.all([
    read
      .select({
        ...rowFacts,
        sharedMembers: countDistinct(communityMembers.userId),
        isSame: sql<number>`max(${inArray(liveSessionCommunities.communitySlug, [...slugs])})`,
      })
      .from(liveSessions)
      .innerJoin(liveSessionCommunities, eq(liveSessionCommunities.liveSessionId, liveSessions.id))
      .leftJoin(
        communityMembers,
        and(
          eq(communityMembers.communitySlug, liveSessionCommunities.communitySlug),
          eq(communityMembers.state, 'joined'),
          inArray(communityMembers.userId, ours),
        ),
      )
      .where(
        and(
          gt(liveSessions.startsAt, begunAfter(startsAt)),
          lt(liveSessions.startsAt, endsAt),
          gt(liveSessions.endsAt, startsAt),
          inArray(liveSessions.state, ['scheduled', 'confirmed']),
          exceptId ? ne(liveSessions.id, exceptId as Id<'ses'>) : undefined,
        ),
      )
      .groupBy(liveSessions.id),
    read
      .select({ members: countDistinct(communityMembers.userId) })
      .from(communityMembers)
      .where(and(inArray(communityMembers.communitySlug, [...slugs]), eq(communityMembers.state, 'joined'))),
  ]);
  const members = all?.members ?? 0;
  return rows
    .filter(
      ({ sharedMembers, isSame }) =>
        isSame ||
        sharedMembers >= manyShared.members ||
        (sharedMembers > 0 && sharedMembers >= members * manyShared.part),
    )
    .sort((a, b) => b.sharedMembers - a.sharedMembers)
    .map(({ isSame: _, ...row }) => asRow(row));
}

/** Communities that the viewer may plan for, by name: those they host; all that are open, for staff. */
export function communitiesToPlan(
  read: Reads,
  viewer: Pick<Viewer, 'grants'>,
): Promise<{ slug: string; name: string }[]> {
  const isTheirs = hasRole(viewer, 'staff') ? undefined : inArray(communities.slug, scopesOf(viewer, 'host'));
  return read
    .select({ slug: communities.slug, name: communities.name })
    .from(communities)
    .where(and(isNull(communities.retiredAt), isTheirs))
    .orderBy(asc(communities.name));
}

/**
 * A live session with what its form offers: communities and people, those that it has already in any case. Undefined where it
 * is not there or not the viewer’s to change.
 */
export async function planOf(read: Reads, viewer: Viewer, id: string) {
  const liveSession = await findLiveSession(read, id);
  if (!liveSession || !canRun(viewer, liveSession)) return undefined;
  const [offered, people] = await Promise.all([
    communitiesToPlan(read, viewer),
    peopleToPlanWith(
      read,
      liveSession.communities.map(({ slug }) => slug),
    ),
  ]);
  const withOnes = <Row>(rows: Row[], already: Row[], keyOf: (row: Row) => string) => [
    ...new Map([...already, ...rows].map((row) => [keyOf(row), row])).values(),
  ];
  const already = liveSession.people.map(({ userId, name, part }) => ({ id: userId as string, name, part }));
  return {
    liveSession,
    communities: withOnes(offered, liveSession.communities, ({ slug }) => slug),
    hosts: withOnes<{ id: string; name: string }>(
      people.hosts,
      already.filter(({ part }) => part !== 'ta'),
      (each) => each.id,
    ),
    tas: withOnes<{ id: string; name: string }>(
      people.tas,
      already.filter(({ part }) => part === 'ta'),
      (each) => each.id,
    ),
  };
}

/** Who may host these communities, and who is a TA, by name. */
export async function peopleToPlanWith(read: Reads, slugs: readonly string[]) {
  const rows = await read
    .selectDistinct({ id: users.id, name: users.name, role: roleGrants.role })
    .from(roleGrants)
    .innerJoin(users, eq(users.id, roleGrants.userId))
    .where(
      and(
        or(
          and(eq(roleGrants.role, 'host'), inArray(roleGrants.scopeId, [...slugs])),
          eq(roleGrants.role, 'ta'),
        ),
        isNull(users.suspendedAt),
      ),
    )
    .orderBy(asc(users.name));
  return {
    hosts: rows.filter(({ role }) => role === 'host'),
    tas: rows.filter(({ role }) => role === 'ta'),
  };
}

/** A live session as whoever plans sees it in a list. */
export type PlannedRow = LiveSessionRow & {
  seasonSlug: string | null;
  round: number | null;
  slugs: string[];
  hasLink: boolean;
  hasDetails: boolean;
  /** Whether somebody leads it who still hosts one of its communities, and is neither suspended nor about to be erased. */
  hasHost: boolean;
  /** Names of its communities that have closed. */
  closed: string[];
};

// Names are written out: in a query over one table Drizzle leaves the table’s away.
const hasHost = sql<number>`EXISTS (
  SELECT 1 FROM live_session_people AS part
  JOIN users ON users.id = part.user_id AND users.suspended_at IS NULL AND users.erasure_due_at IS NULL
  JOIN live_session_communities AS theirs ON theirs.live_session_id = part.live_session_id
  JOIN role_grants AS host
    ON host.user_id = part.user_id AND host.role = 'host' AND host.scope_id = theirs.community_slug
  WHERE part.live_session_id = live_sessions.id AND part.part IN ('host', 'co-host'))`;

const closedCommunities = sql`FROM live_session_communities AS theirs
  JOIN communities AS closed ON closed.slug = theirs.community_slug AND closed.retired_at IS NOT NULL
  WHERE theirs.live_session_id = live_sessions.id`;

const plannedFacts = {
  ...rowFacts,
  seasonSlug: liveSessions.seasonSlug,
  round: liveSessions.round,
  hasLink: sql<number>`${liveSessions.meetingLink} <> ''`,
  hasDetails: sql<number>`${liveSessions.focus} <> '' AND ${liveSessions.details} <> ''`,
  hasHost,
  closedText: sql<string>`(SELECT json_group_array(closed.name) ${closedCommunities})`,
  slugsText: sql<string>`(SELECT json_group_array(lc.community_slug) FROM live_session_communities lc
    WHERE lc.live_session_id = ${liveSessions.id})`,
};

function asPlanned<
  Row extends {
    communityNames: string;
    slugsText: string;
    closedText: string;
    hasLink: number;
    hasDetails: number;
    hasHost: number;
  },
>({ slugsText, closedText, hasLink, hasDetails, hasHost: isLed, ...row }: Row) {
  return {
    ...asRow(row),
    slugs: JSON.parse(slugsText) as string[],
    closed: JSON.parse(closedText) as string[],
    hasLink: Boolean(hasLink),
    hasDetails: Boolean(hasDetails),
    hasHost: Boolean(isLed),
  };
}

/** Everything planned for these communities from `since` on, drafts included, in order of time. */
async function plannedFor(read: Reads, slugs: readonly string[], since: Date): Promise<PlannedRow[]> {
  const mine = read
    .select({ id: liveSessionCommunities.liveSessionId })
    .from(liveSessionCommunities)
    .where(
      and(
        inArray(liveSessionCommunities.communitySlug, [...slugs]),
        gte(liveSessionCommunities.startsAt, since),
      ),
    );
  const rows = await read
    .select(plannedFacts)
    .from(liveSessions)
    .where(inArray(liveSessions.id, mine))
    .orderBy(asc(liveSessions.startsAt))
    .limit(500);
  return rows.map(asPlanned);
}

export const liveSessionSorts = ['starts', 'title'] as const;

/**
 * Which live sessions staff look at: ahead, over, or ahead and without a host or of a community that has closed (`decision`);
 * one state, one community. Unknown values filter nothing.
 */
export type LiveSessionFilter = { when: string; state: string; community: string };

/** What `?when=&state=&community=` asks for. */
export function liveSessionFilterFrom(params: URLSearchParams): LiveSessionFilter {
  const asked = (name: keyof LiveSessionFilter) => params.get(name) ?? '';
  return { when: asked('when'), state: asked('state'), community: asked('community') };
}

/** Live sessions for staff, drafts and cancelled ones included, and how many there are in all. */
export async function liveSessionList(
  read: Reads,
  list: ListView<(typeof liveSessionSorts)[number]>,
  filter: LiveSessionFilter,
  now: Date,
): Promise<{ rows: PlannedRow[]; total: number }> {
  const where = and(
    list.q ? contains(list.q, liveSessions.title) : undefined,
    whenCondition(filter.when, now),
    stateCondition(filter.state, now),
    filter.community
      ? inArray(
          liveSessions.id,
          read
            .select({ id: liveSessionCommunities.liveSessionId })
            .from(liveSessionCommunities)
            .where(eq(liveSessionCommunities.communitySlug, filter.community)),
        )
      : undefined,
  );
  const column = list.sort === 'title' ? liveSessions.title : liveSessions.startsAt;
  const [rows, [counted]] = await Promise.all([
    read
      .select(plannedFacts)
      .from(liveSessions)
      .where(where)
      .orderBy(list.descending ? desc(column) : asc(column), asc(liveSessions.id))
      .limit(list.limit)
      .offset(list.offset),
    read.select({ total: count() }).from(liveSessions).where(where),
  ]);
  return { rows: rows.map(asPlanned), total: counted?.total ?? 0 };
}

function whenCondition(when: string, now: Date): SQL | undefined {
  if (when === 'past') return lt(liveSessions.startsAt, now);
  if (when === 'decision')
    return and(
      gte(liveSessions.startsAt, begunAfter(now)),
      gt(liveSessions.endsAt, now),
      inArray(liveSessions.state, ['scheduled', 'confirmed']),
      sql`(NOT ${hasHost} OR EXISTS (SELECT 1 ${closedCommunities}))`,
    );
  return when === 'all' ? undefined : gte(liveSessions.startsAt, begunAfter(now));
}

/** A state as people see it: held is one that nobody cancelled and that is over. */
function stateCondition(state: string, now: Date): SQL | undefined {
  if (state === 'held')
    return and(inArray(liveSessions.state, ['scheduled', 'confirmed', 'held']), lt(liveSessions.endsAt, now));
  if (state === 'scheduled' || state === 'confirmed')
    return and(eq(liveSessions.state, state), gte(liveSessions.endsAt, now));
  const known = liveSessionStates.find((each) => each === state);
  return known && eq(liveSessions.state, known);
}

/** Rounds of seasons that a host still has to plan for, or has planned. */
export type CommunityRounds = {
  slug: string;
  name: string;
  rounds: { season: string; seasonSlug: string; window: SeasonWindow; liveSession: PlannedRow | undefined }[];
  /** Live sessions of no round of these seasons. */
  others: PlannedRow[];
};

/** The ids of every live session of an overview, each once. */
export const plannedIn = (overview: readonly CommunityRounds[]): Id<'ses'>[] => [
  ...new Set(
    overview.flatMap(({ rounds, others }) => [
      ...rounds.flatMap(({ liveSession }) => (liveSession ? [liveSession.id] : [])),
      ...others.map(({ id }) => id),
    ]),
  ),
];

/**
 * For each community that the viewer hosts: the rounds of its seasons, what is planned in them, and what else is. A sprint
 * season is shown to communities that plan in it. 2 queries.
 */
export async function hostOverview(
  read: Reads,
  viewer: Viewer,
  seasons: readonly SeasonFacts[],
  now: Date,
): Promise<CommunityRounds[]> {
  const slugs = scopesOf(viewer, 'host');
  if (slugs.length === 0) return [];
  const since = new Date(now.getTime() - 300 * 24 * 3_600_000);
  const [names, planned] = await Promise.all([
    read
      .select({ slug: communities.slug, name: communities.name })
      .from(communities)
      .where(inArray(communities.slug, slugs))
      .orderBy(asc(communities.name)),
    plannedFor(read, slugs, since),
  ]);
  const ahead = seasonsAhead(seasons, now);
  return names.map(({ slug, name }) => {
    const theirs = planned.filter((row) => row.slugs.includes(slug) && row.state !== 'cancelled');
    const inRound = (season: SeasonFacts, round: number) =>
      theirs.find((row) => row.seasonSlug === season.slug && row.round === round);
    const sprints = ahead.filter(({ slug: one }) => theirs.some(({ seasonSlug }) => seasonSlug === one));
    const shown = ahead.filter((season) =>
      season.kind === 'sprint' ? sprints.includes(season) : !sprints.some(({ kind }) => kind === 'sprint'),
    );
    const rounds = shown.flatMap((season) =>
      season.windows.map((window) => ({
        ...{ season: season.name, seasonSlug: season.slug, window },
        liveSession: inRound(season, window.round),
      })),
    );
    const listed = new Set(rounds.map(({ liveSession }) => liveSession?.id));
    return { slug, name, rounds, others: theirs.filter(({ id }) => !listed.has(id)) };
  });
}
