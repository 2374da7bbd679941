import { and, asc, type Column, desc, eq, gt, gte, inArray, lt, lte, ne, type SQL, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { jsonRow } from '#db/json-row.ts';
import { communities } from '#db/schema/communities.ts';
import { liveSessionCommunities, liveSessionPeople, liveSessions, rsvps } from '#db/schema/live-sessions.ts';
import type { Id } from '../../platform/ids.ts';
import { hasRole, isMember, scopesOf } from '../accounts/model.ts';
import type { Attendee } from './attendees.ts';
import type { CalendarEntry } from './calendar.ts';
import type { FeedScope, RsvpAnswer } from './model.ts';
import { begunAfter } from './queries.ts';

/** A live session that somebody may attend, with what they answered. Its link is empty until they have a place. */
export type MyEntry = Omit<CalendarEntry, 'id' | 'communities'> & {
  id: Id<'ses'>;
  capacity: number | null;
  communities: { slug: string; name: string }[];
  answer: RsvpAnswer | null;
  position: number | null;
};

type Mine = Pick<Attendee, 'id' | 'grants' | 'memberships'>;

/** What somebody may attend that has not ended, the next first, at most `limit`. Cancelled ones stay. 1 query. */
export function comingEntries(read: Reads, mine: Mine, now: Date, limit: number): Promise<MyEntry[]> {
  const { endsAt, startsAt } = liveSessions;
  return entries(read, mine, { from: begunAfter(now) }, gt(endsAt, now), asc(startsAt), limit);
}

/** What somebody could attend and has ended, the last first, at most `limit`. 1 query. */
export function pastEntries(read: Reads, mine: Mine, now: Date, limit: number): Promise<MyEntry[]> {
  const { endsAt, startsAt } = liveSessions;
  return entries(read, mine, { until: now }, lte(endsAt, now), desc(startsAt), limit);
}

/** What somebody may attend that begins from `from` on and before `until`, the first first. 1 query. */
export function entriesBetween(read: Reads, mine: Mine, from: Date, until: Date): Promise<MyEntry[]> {
  return entries(read, mine, { from, until }, undefined, asc(liveSessions.startsAt), 500);
}

/** Entries of a subscribed calendar that begin from `from` on, at most 1,000. 1 query. */
export function feedEntries(read: Reads, mine: Mine, scope: FeedScope, from: Date): Promise<MyEntry[]> {
  return entries(read, mine, { from }, ofFeed(mine, scope), asc(liveSessions.startsAt), feedLimit);
}

/** A text that is another as soon as `feedEntries` would say anything else, names of communities aside. 1 query. */
export async function feedVersion(read: Reads, mine: Mine, scope: FeedScope, from: Date): Promise<string> {
  const { id, sequence, updatedAt, capacity, startsAt } = liveSessions;
  const [row] = await read
    .select({
      version: sql<string | null>`group_concat(${id} || ':' || ${sequence} || ':' || ${updatedAt}
        || ':' || (${capacity} IS NULL) || ':' || coalesce(${rsvps.answer}, ''), char(10) ORDER BY ${startsAt}, ${id})`,
    })
    .from(liveSessions)
    .leftJoin(rsvps, answerOf(mine))
    .where(and(mayBeAttendedBy(mine, { from }), ofFeed(mine, scope)));
  return row?.version ?? '';
}

const feedLimit = 1000;

const ofFeed = ({ id }: Mine, scope: FeedScope) =>
  scope === 'going'
    ? sql`${liveSessions.id} IN (
        SELECT ${rsvps.liveSessionId} FROM ${rsvps} WHERE ${rsvps.userId} = ${id} AND ${rsvps.answer} = 'going')`
    : undefined;

/** Live sessions that begin from `from` on and before `until`. */
type Span = { from?: Date; until?: Date };

async function entries(
  read: Reads,
  mine: Mine,
  span: Span,
  which: SQL | undefined,
  order: SQL,
  limit: number,
): Promise<MyEntry[]> {
  const rows = await read
    .select({
      entry: jsonRow({
        ...{ ...shown, communities: sql<MyEntry['communities']>`json(${shown.communities})` },
        meetingLink: liveSessions.meetingLink,
        answer: sql<RsvpAnswer | null>`${rsvps.answer}`,
        position: sql<number | null>`${rsvps.position}`,
      }),
    })
    .from(liveSessions)
    .leftJoin(rsvps, answerOf(mine))
    .where(and(mayBeAttendedBy(mine, span), which))
    .orderBy(order, asc(liveSessions.id))
    .limit(limit);
  return rows.map(({ entry }) => ({
    ...entry,
    meetingLink: entry.answer === 'going' || entry.capacity === null ? entry.meetingLink : '',
  }));
}

const answerOf = ({ id }: Mine) => and(eq(rsvps.liveSessionId, liveSessions.id), eq(rsvps.userId, id));

/**
 * `mayAttend` of policy.ts for many at once, for those who attend: what staff and TAs may beside it stands in no calendar.
 * Goes by indexes from their communities, roles and audiences to the live sessions, instead of asking each of them. (The plus
 * keeps SQLite from beginning with the audience, which most of them have.)
 */
function mayBeAttendedBy(mine: Mine, span: Span): SQL | undefined {
  if (!isMember(mine)) return sql`0`;
  const slugs = JSON.stringify([...new Set([...mine.memberships, ...scopesOf(mine, 'host')])]);
  const audiences = JSON.stringify(['members', ...(hasRole(mine, 'sam') ? ['sams'] : [])]);
  const { id, audience, startsAt } = liveSessions;
  return and(
    ne(liveSessions.state, 'draft'),
    within(startsAt, span),
    sql`${id} IN (
      SELECT ${liveSessionCommunities.liveSessionId} FROM ${liveSessionCommunities}
        JOIN live_sessions AS theirs ON theirs.id = ${liveSessionCommunities.liveSessionId} AND +theirs.audience = 'communities'
        WHERE ${liveSessionCommunities.communitySlug} IN (SELECT value FROM json_each(${slugs}))
          AND ${within(liveSessionCommunities.startsAt, span) ?? sql`1`}
      UNION SELECT ${liveSessionPeople.liveSessionId} FROM ${liveSessionPeople} WHERE ${liveSessionPeople.userId} = ${mine.id}
      UNION SELECT ${id} FROM ${liveSessions}
        WHERE ${audience} IN (SELECT value FROM json_each(${audiences})) AND ${within(startsAt, span) ?? sql`1`})`,
  );
}

const within = (startsAt: Column, { from, until }: Span) =>
  and(from && gte(startsAt, from), until && lt(startsAt, until));

/** A live session as everybody may see it: neither its link nor who comes. */
export type PublicEntry = Pick<
  MyEntry,
  'id' | 'title' | 'focus' | 'startsAt' | 'endsAt' | 'timeZone' | 'communities'
>;

/**
 * Live sessions to come that the public calendar shows, the next first: those of communities and those for all members,
 * which are neither drafts nor cancelled. `communitySlug` narrows them. 2 queries.
 */
export async function publicEntries(
  read: Reads,
  now: Date,
  { communitySlug, offset, limit }: { communitySlug: string; offset: number; limit: number },
): Promise<{ entries: PublicEntry[]; total: number }> {
  const where = and(
    inArray(liveSessions.state, ['scheduled', 'confirmed']),
    ne(liveSessions.audience, 'sams'),
    gt(liveSessions.endsAt, now),
    gte(liveSessions.startsAt, begunAfter(now)), // lets the index on the start serve
    communitySlug
      ? sql`${liveSessions.id} IN (
          SELECT ${liveSessionCommunities.liveSessionId} FROM ${liveSessionCommunities}
          WHERE ${liveSessionCommunities.communitySlug} = ${communitySlug})`
      : undefined,
  );
  const { id, title, focus, startsAt, endsAt, timeZone } = shown;
  const [rows, total] = await Promise.all([
    read
      .select({ id, title, focus, startsAt, endsAt, timeZone, communities: shown.communities })
      .from(liveSessions)
      .where(where)
      .orderBy(asc(liveSessions.startsAt), asc(liveSessions.id))
      .limit(limit)
      .offset(offset),
    read.$count(liveSessions, where),
  ]);
  return { entries: rows.map((row) => ({ ...row, communities: JSON.parse(row.communities) })), total };
}

/** Communities that have live sessions to come in the public calendar, by name. 1 query. */
export function communitiesWithEntries(read: Reads, now: Date): Promise<{ slug: string; name: string }[]> {
  return read
    .select({ slug: communities.slug, name: communities.name })
    .from(communities)
    .where(
      sql`EXISTS (SELECT 1 FROM live_session_communities AS held
        JOIN live_sessions AS ahead ON ahead.id = held.live_session_id
        WHERE held.community_slug = ${communities.slug} AND held.starts_at > ${now.getTime()}
          AND +ahead.state IN ('scheduled', 'confirmed') AND +ahead.audience <> 'sams')`,
    )
    .orderBy(asc(communities.name));
}

const shown = {
  id: liveSessions.id,
  title: liveSessions.title,
  focus: liveSessions.focus,
  details: liveSessions.details,
  startsAt: liveSessions.startsAt,
  endsAt: liveSessions.endsAt,
  timeZone: liveSessions.timeZone,
  state: liveSessions.state,
  capacity: liveSessions.capacity,
  cancelReason: liveSessions.cancelReason,
  sequence: liveSessions.sequence,
  createdAt: liveSessions.createdAt,
  updatedAt: liveSessions.updatedAt,
  communities: sql<string>`(
    SELECT json_group_array(json_object('slug', communities.slug, 'name', communities.name))
    FROM live_session_communities JOIN communities ON communities.slug = live_session_communities.community_slug
    WHERE live_session_communities.live_session_id = live_sessions.id)`,
};
