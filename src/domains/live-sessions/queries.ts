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
  type SQL,
  sql,
} from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { communities, communityMembers } from '#db/schema/communities.ts';
import { liveSessionCommunities, liveSessionPeople, liveSessions, rsvps } from '#db/schema/live-sessions.ts';
import type { ListView } from '../../lib/paging.ts';
import { contains } from '../../platform/contains.ts';
import type { Id } from '../../platform/ids.ts';
import { hasRole, scopesOf, type Viewer } from '../accounts/model.ts';
import type { MembersHere } from './holidays.ts';
import {
  type LiveSessionAudience,
  type LiveSessionPart,
  type LiveSessionState,
  liveSessionLimits,
  liveSessionStates,
  type RsvpAnswer,
} from './model.ts';
import { canRun, mayAttend } from './policy.ts';
import { type SeasonFacts, type SeasonWindow, seasonsAhead } from './seasons.ts';

/** A live session with everything that its page, its mails and calendars say. Whoever shows it leaves out what is not for all. */
export type LiveSessionView = {
  id: Id<'ses'>;
  title: string;
  focus: string;
  details: string;
  startsAt: Date;
  endsAt: Date;
  /** IANA zone it was planned in, and the clock there: `2026-11-24T16:00`. */
  timeZone: string;
  wallTime: string;
  /** As it is stored: `stateAt` knows when it is over. */
  state: LiveSessionState;
  capacity: number | null;
  audience: LiveSessionAudience;
  seasonSlug: string | null;
  round: number | null;
  outsideReason: string;
  /** By name. */
  communities: { slug: string; name: string }[];
  /** Hosts first, then co-hosts, then the TA. */
  people: { userId: Id<'usr'>; name: string; part: LiveSessionPart }[];
  /** Only for those who may attend; empty while there is none. */
  meetingLink: string;
  deckUrl: string;
  preReading: string;
  recordingUrl: string;
  cancelReason: string;
  /** SEQUENCE of RFC 5545. */
  sequence: number;
  createdAt: Date;
  /** When something last changed that calendars show. */
  updatedAt: Date;
};

/** The live session with its communities and people; undefined when there is none of this id. 3 queries. */
export async function findLiveSession(read: Reads, id: string): Promise<LiveSessionView | undefined> {
  const liveSessionId = id as Id<'ses'>;
  const [[row], ofCommunities, people] = await Promise.all([
    read.select(facts).from(liveSessions).where(eq(liveSessions.id, liveSessionId)),
    read
      .select({ slug: communities.slug, name: communities.name })
      .from(liveSessionCommunities)
      .innerJoin(communities, eq(communities.slug, liveSessionCommunities.communitySlug))
      .where(eq(liveSessionCommunities.liveSessionId, liveSessionId))
      .orderBy(asc(communities.name)),
    read
      .select({ userId: users.id, name: users.name, part: liveSessionPeople.part })
      .from(liveSessionPeople)
      .innerJoin(users, eq(users.id, liveSessionPeople.userId))
      .where(eq(liveSessionPeople.liveSessionId, liveSessionId))
      .orderBy(asc(users.name)),
  ]);
  return row && { ...row, communities: ofCommunities, people: people.toSorted(byPart) };
}

/** A live session as a list shows it: nothing in it is only for those who may attend. */
export type LiveSessionRow = {
  id: Id<'ses'>;
  title: string;
  focus: string;
  startsAt: Date;
  endsAt: Date;
  timeZone: string;
  state: LiveSessionState;
  communities: string[];
};

const namesOfCommunities = sql<string>`(SELECT json_group_array(c.name) FROM live_session_communities lc
  JOIN communities c ON c.slug = lc.community_slug WHERE lc.live_session_id = ${liveSessions.id})`;

const rowFacts = {
  id: liveSessions.id,
  title: liveSessions.title,
  focus: liveSessions.focus,
  startsAt: liveSessions.startsAt,
  endsAt: liveSessions.endsAt,
  timeZone: liveSessions.timeZone,
  state: liveSessions.state,
  communityNames: namesOfCommunities,
};

function asRow<Row extends { communityNames: string }>({ communityNames, ...row }: Row) {
  return { ...row, communities: (JSON.parse(communityNames) as string[]).sort() };
}

/** The longest a live session can last: one that began before that is over. */
const longestMs = liveSessionLimits.longestMinutes * 60_000;
const begunAfter = (now: Date) => new Date(now.getTime() - longestMs);
const isAhead = (now: Date) =>
  and(inArray(liveSessions.state, ['scheduled', 'confirmed']), gt(liveSessions.endsAt, now));

/** A live session that is next, with what the viewer has answered. */
export type NextLiveSession = LiveSessionRow & { answer: RsvpAnswer | null };

const answerOf = (viewer: Pick<Viewer, 'id'> | null) =>
  and(eq(rsvps.liveSessionId, liveSessions.id), eq(rsvps.userId, viewer?.id ?? ('' as Id<'usr'>)));

/** What is next in a community, or going on there, the soonest first. 1 query. */
export async function nextInCommunity(
  read: Reads,
  viewer: Pick<Viewer, 'id'> | null,
  slug: string,
  now: Date,
  most: number,
): Promise<NextLiveSession[]> {
  const rows = await read
    .select({ ...rowFacts, answer: rsvps.answer })
    .from(liveSessionCommunities)
    .innerJoin(liveSessions, eq(liveSessions.id, liveSessionCommunities.liveSessionId))
    .leftJoin(rsvps, answerOf(viewer))
    .where(
      and(
        eq(liveSessionCommunities.communitySlug, slug),
        gte(liveSessionCommunities.startsAt, begunAfter(now)),
        isAhead(now),
      ),
    )
    .orderBy(asc(liveSessionCommunities.startsAt))
    .limit(most);
  return rows.map(asRow);
}

/** What is next anywhere, the soonest first. 1 query. */
export async function nextAnywhere(
  read: Reads,
  viewer: Pick<Viewer, 'id'> | null,
  now: Date,
  most: number,
): Promise<NextLiveSession[]> {
  const rows = await read
    .select({ ...rowFacts, answer: rsvps.answer })
    .from(liveSessions)
    .leftJoin(rsvps, answerOf(viewer))
    .where(and(gte(liveSessions.startsAt, begunAfter(now)), isAhead(now)))
    .orderBy(asc(liveSessions.startsAt))
    .limit(most);
  return rows.map(asRow);
}

/** All live sessions of a community that are no drafts: those ahead first, the soonest in front; then the past, newest first. */
export async function liveSessionsOfCommunity(
  read: Reads,
  slug: string,
  now: Date,
): Promise<{ ahead: LiveSessionRow[]; past: LiveSessionRow[] }> {
  const rows = await read
    .select(rowFacts)
    .from(liveSessionCommunities)
    .innerJoin(liveSessions, eq(liveSessions.id, liveSessionCommunities.liveSessionId))
    .where(and(eq(liveSessionCommunities.communitySlug, slug), ne(liveSessions.state, 'draft')))
    .orderBy(desc(liveSessionCommunities.startsAt))
    .limit(100);
  const all = rows.map(asRow);
  return {
    ahead: all.filter(({ endsAt }) => endsAt > now).reverse(),
    past: all.filter(({ endsAt }) => endsAt <= now),
  };
}

/** Those of `slugs` that the user has joined. */
async function joinedAmong(read: Reads, userId: Id<'usr'>, slugs: readonly string[]): Promise<string[]> {
  const rows = await read
    .select({ slug: communityMembers.communitySlug })
    .from(communityMembers)
    .where(
      and(
        eq(communityMembers.userId, userId),
        inArray(communityMembers.communitySlug, [...slugs]),
        eq(communityMembers.state, 'joined'),
      ),
    );
  return rows.map(({ slug }) => slug);
}

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
        inArray(roleGrants.role, ['host', 'ta']),
        inArray(roleGrants.scopeId, ['', ...slugs]),
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
};

const plannedFacts = {
  ...rowFacts,
  seasonSlug: liveSessions.seasonSlug,
  round: liveSessions.round,
  hasLink: sql<number>`${liveSessions.meetingLink} <> ''`,
  hasDetails: sql<number>`${liveSessions.focus} <> '' AND ${liveSessions.details} <> ''`,
  slugsText: sql<string>`(SELECT json_group_array(lc.community_slug) FROM live_session_communities lc
    WHERE lc.live_session_id = ${liveSessions.id})`,
};

function asPlanned<
  Row extends { communityNames: string; slugsText: string; hasLink: number; hasDetails: number },
>({ slugsText, hasLink, hasDetails, ...row }: Row) {
  return {
    ...asRow(row),
    slugs: JSON.parse(slugsText) as string[],
    hasLink: Boolean(hasLink),
    hasDetails: Boolean(hasDetails),
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

/** Which live sessions staff look at: ahead or over, one state, one community. Unknown values filter nothing. */
export type LiveSessionFilter = { when: string; state: string; community: string };

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

/** What the page of a live session shows one viewer. */
export type LiveSessionForViewer = {
  liveSession: LiveSessionView;
  /** Whether the meeting link and everything else for attendees is theirs to see. */
  mayAttend: boolean;
  /** Whether they plan it. */
  canRun: boolean;
};

/** The live session as far as the viewer may see it; undefined for a draft that is not theirs. At most 4 queries. */
export async function liveSessionForViewer(
  read: Reads,
  viewer: Viewer | null,
  id: string,
): Promise<LiveSessionForViewer | undefined> {
  const liveSession = await findLiveSession(read, id);
  if (!liveSession) return undefined;
  const runs = viewer !== null && canRun(viewer, liveSession);
  const slugs = liveSession.communities.map(({ slug }) => slug);
  const attends =
    viewer !== null && mayAttend(viewer, await joinedAmong(read, viewer.id, slugs), liveSession);
  if (liveSession.state === 'draft' && !attends) return undefined;
  return { liveSession, mayAttend: attends, canRun: runs };
}

/** Rounds of seasons that a host still has to plan for, or has planned. */
export type CommunityRounds = {
  slug: string;
  name: string;
  rounds: { season: string; seasonSlug: string; window: SeasonWindow; liveSession: PlannedRow | undefined }[];
  /** Live sessions of no round of these seasons. */
  others: PlannedRow[];
};

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

const partOrder: Readonly<Record<LiveSessionPart, number>> = { host: 0, 'co-host': 1, ta: 2 };
const byPart = (a: { part: LiveSessionPart }, b: { part: LiveSessionPart }) =>
  partOrder[a.part] - partOrder[b.part];

const facts = {
  id: liveSessions.id,
  title: liveSessions.title,
  focus: liveSessions.focus,
  details: liveSessions.details,
  startsAt: liveSessions.startsAt,
  endsAt: liveSessions.endsAt,
  timeZone: liveSessions.timeZone,
  wallTime: liveSessions.wallTime,
  state: liveSessions.state,
  capacity: liveSessions.capacity,
  audience: liveSessions.audience,
  seasonSlug: liveSessions.seasonSlug,
  round: liveSessions.round,
  outsideReason: liveSessions.outsideReason,
  meetingLink: liveSessions.meetingLink,
  deckUrl: liveSessions.deckUrl,
  preReading: liveSessions.preReading,
  recordingUrl: liveSessions.recordingUrl,
  cancelReason: liveSessions.cancelReason,
  sequence: liveSessions.sequence,
  createdAt: liveSessions.createdAt,
  updatedAt: liveSessions.updatedAt,
};
