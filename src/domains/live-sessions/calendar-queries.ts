import { and, asc, desc, eq, gt, gte, inArray, lt, lte, ne, or, type SQL, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { communities } from '#db/schema/communities.ts';
import { liveSessionCommunities, liveSessionPeople, liveSessions, rsvps } from '#db/schema/live-sessions.ts';
import type { Id } from '../../platform/ids.ts';
import { hasRole, isMember, scopesOf } from '../accounts/model.ts';
import type { Attendee } from './attendees.ts';
import type { CalendarEntry } from './calendar.ts';
import type { FeedScope, RsvpAnswer } from './model.ts';

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
  return entries(read, mine, gt(liveSessions.endsAt, now), asc(liveSessions.startsAt), limit);
}

/** What somebody could attend and has ended, the last first, at most `limit`. 1 query. */
export function pastEntries(read: Reads, mine: Mine, now: Date, limit: number): Promise<MyEntry[]> {
  return entries(read, mine, lte(liveSessions.endsAt, now), desc(liveSessions.startsAt), limit);
}

/** What somebody may attend that begins from `from` on and before `until`, the first first. 1 query. */
export function entriesBetween(read: Reads, mine: Mine, from: Date, until: Date): Promise<MyEntry[]> {
  const within = and(gte(liveSessions.startsAt, from), lt(liveSessions.startsAt, until));
  return entries(read, mine, within, asc(liveSessions.startsAt), 500);
}

/** Entries of a subscribed calendar that begin from `from` on, at most 1,000. 1 query. */
export function feedEntries(read: Reads, mine: Mine, scope: FeedScope, from: Date): Promise<MyEntry[]> {
  return entries(read, mine, ofFeed(scope, from), asc(liveSessions.startsAt), feedLimit);
}

/** A text that is another as soon as `feedEntries` would say anything else, names of communities aside. 1 query. */
export async function feedVersion(read: Reads, mine: Mine, scope: FeedScope, from: Date): Promise<string> {
  const rows = await read
    .select({
      version: sql<string>`${liveSessions.id} || ':' || ${liveSessions.sequence} || ':' || ${liveSessions.updatedAt}
        || ':' || (${liveSessions.capacity} IS NULL) || ':' || coalesce(${rsvps.answer}, '')`,
    })
    .from(liveSessions)
    .leftJoin(rsvps, answerOf(mine))
    .where(and(mayBeAttendedBy(mine), ofFeed(scope, from)))
    .orderBy(asc(liveSessions.startsAt), asc(liveSessions.id))
    .limit(feedLimit);
  return rows.map(({ version }) => version).join('\n');
}

const feedLimit = 1000;

const ofFeed = (scope: FeedScope, from: Date) =>
  and(gte(liveSessions.startsAt, from), scope === 'going' ? eq(rsvps.answer, 'going') : undefined);

async function entries(
  read: Reads,
  mine: Mine,
  which: SQL | undefined,
  order: SQL,
  limit: number,
): Promise<MyEntry[]> {
  const rows = await read
    .select({
      ...shown,
      meetingLink: liveSessions.meetingLink,
      answer: rsvps.answer,
      position: rsvps.position,
    })
    .from(liveSessions)
    .leftJoin(rsvps, answerOf(mine))
    .where(and(mayBeAttendedBy(mine), which))
    .orderBy(order, asc(liveSessions.id))
    .limit(limit);
  return rows.map(({ communities: names, meetingLink, ...row }) => ({
    ...row,
    communities: JSON.parse(names),
    meetingLink: row.answer === 'going' || row.capacity === null ? meetingLink : '',
  }));
}

const answerOf = ({ id }: Mine) => and(eq(rsvps.liveSessionId, liveSessions.id), eq(rsvps.userId, id));

/** `mayAttend` of policy.ts for many at once, for those who attend: what staff and TAs may beside it stands in no calendar. */
function mayBeAttendedBy(mine: Mine): SQL | undefined {
  if (!isMember(mine)) return sql`0`;
  const slugs = [...new Set([...mine.memberships, ...scopesOf(mine, 'host')])];
  const ofTheirs = sql`${liveSessions.id} IN (
    SELECT ${liveSessionCommunities.liveSessionId} FROM ${liveSessionCommunities}
    WHERE ${inArray(liveSessionCommunities.communitySlug, slugs)})`;
  const theyRun = sql`${liveSessions.id} IN (
    SELECT ${liveSessionPeople.liveSessionId} FROM ${liveSessionPeople} WHERE ${liveSessionPeople.userId} = ${mine.id})`;
  return and(
    ne(liveSessions.state, 'draft'),
    or(
      eq(liveSessions.audience, 'members'),
      hasRole(mine, 'sam') ? eq(liveSessions.audience, 'sams') : undefined,
      slugs.length > 0 ? and(eq(liveSessions.audience, 'communities'), ofTheirs) : undefined,
      theyRun,
    ),
  );
}

/** A live session as anybody may see it: neither its link nor who comes. */
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
    gt(liveSessions.startsAt, new Date(now.getTime() - longestMs)), // lets the index on the start serve
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
    .selectDistinct({ slug: communities.slug, name: communities.name })
    .from(liveSessionCommunities)
    .innerJoin(communities, eq(communities.slug, liveSessionCommunities.communitySlug))
    .innerJoin(liveSessions, eq(liveSessions.id, liveSessionCommunities.liveSessionId))
    .where(
      and(
        gt(liveSessionCommunities.startsAt, now),
        inArray(liveSessions.state, ['scheduled', 'confirmed']),
        ne(liveSessions.audience, 'sams'),
      ),
    )
    .orderBy(asc(communities.name));
}

const longestMs = 24 * 3_600_000;

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
