import { and, asc, desc, eq, gt, gte, inArray, ne, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { jsonRow } from '#db/json-row.ts';
import { prepared } from '#db/prepared.ts';
import { communityMembers } from '#db/schema/communities.ts';
import { liveSessionCommunities, liveSessions, rsvps } from '#db/schema/live-sessions.ts';
import type { Id } from '../../platform/ids.ts';
import type { Viewer } from '../accounts/model.ts';
import {
  type LiveSessionAudience,
  type LiveSessionPart,
  type LiveSessionState,
  liveSessionLimits,
  type RsvpAnswer,
} from './model.ts';
import { canRun, mayAttend } from './policy.ts';

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
  communities: { slug: string; name: string; isRetired: boolean }[];
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

/** The live session with its communities and people; undefined when there is none of this id. 1 query. */
export async function findLiveSession(read: Reads, id: string): Promise<LiveSessionView | undefined> {
  const [row] = await liveSessionById(read).all({ id });
  return row && viewOf(row.facts);
}

const liveSessionById = prepared((read: Reads) =>
  read
    .select({ facts: jsonRow(viewFacts) })
    .from(liveSessions)
    .where(eq(liveSessions.id, sql.placeholder('id')))
    .prepare(),
);

type ViewFacts = Omit<LiveSessionView, 'communities' | 'people'> & {
  communities: { slug: string; name: string; isRetired: 0 | 1 }[];
  people: LiveSessionView['people'];
};

/** The view of what `jsonRow(viewFacts)` selected. */
export function viewOf({ communities: ofCommunities, people, ...row }: ViewFacts): LiveSessionView {
  return {
    ...row,
    communities: ofCommunities.map((one) => ({ ...one, isRetired: one.isRetired === 1 })).sort(byName),
    people: people.sort(byName).sort(byPart),
  };
}

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

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

/** What a query over live sessions selects for `asRow`. */
export const rowFacts = {
  id: liveSessions.id,
  title: liveSessions.title,
  focus: liveSessions.focus,
  startsAt: liveSessions.startsAt,
  endsAt: liveSessions.endsAt,
  timeZone: liveSessions.timeZone,
  state: liveSessions.state,
  communityNames: namesOfCommunities,
};

/** The row of a list, of what `rowFacts` selected. */
export function asRow<Row extends { communityNames: string }>({ communityNames, ...row }: Row) {
  return { ...row, communities: (JSON.parse(communityNames) as string[]).sort() };
}

const longestMs = liveSessionLimits.longestMinutes * 60_000;
/** A live session that began before it is over at `now`: none lasts longer. */
export const begunAfter = (now: Date) => new Date(now.getTime() - longestMs);
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

/**
 * All live sessions of a community that are no drafts: those ahead first, the soonest in front; then the past, newest first.
 * With what the viewer has answered. 1 query.
 */
export async function liveSessionsOfCommunity(
  read: Reads,
  viewer: Pick<Viewer, 'id'>,
  slug: string,
  now: Date,
): Promise<{ ahead: NextLiveSession[]; past: NextLiveSession[] }> {
  const rows = await read
    .select({ ...rowFacts, answer: rsvps.answer })
    .from(liveSessionCommunities)
    .innerJoin(liveSessions, eq(liveSessions.id, liveSessionCommunities.liveSessionId))
    .leftJoin(rsvps, answerOf(viewer))
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

const partOrder: Readonly<Record<LiveSessionPart, number>> = { host: 0, 'co-host': 1, ta: 2 };
const byPart = (a: { part: LiveSessionPart }, b: { part: LiveSessionPart }) =>
  partOrder[a.part] - partOrder[b.part];

/** What a query over live sessions selects for `viewOf`, as one column of JSON. */
export const viewFacts = {
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
  communities: sql<ViewFacts['communities']>`json((
    SELECT json_group_array(json_object('slug', c.slug, 'name', c.name, 'isRetired', c.retired_at IS NOT NULL))
    FROM live_session_communities AS lc JOIN communities AS c ON c.slug = lc.community_slug
    WHERE lc.live_session_id = live_sessions.id))`,
  people: sql<ViewFacts['people']>`json((
    SELECT json_group_array(json_object('userId', u.id, 'name', u.name, 'part', p.part))
    FROM live_session_people AS p JOIN users AS u ON u.id = p.user_id
    WHERE p.live_session_id = live_sessions.id))`,
};
