import { and, asc, eq, exists, gt, inArray, lte, notExists, type SQL, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { users } from '#db/schema/accounts.ts';
import { communityMembers } from '#db/schema/communities.ts';
import { liveSessionPeople, liveSessions, reminderSettings, rsvps } from '#db/schema/live-sessions.ts';
import type { Id } from '../../platform/ids.ts';
import { type Attendee, attendeeColumns, attendeeFrom, isHere } from './attendees.ts';
import { firstLeadMs, type ReminderList, type ReminderSettings } from './reminder-rules.ts';
import { reminderColumns, remindersFrom } from './reminder-settings.ts';

/** A live session that begins within a week, and the communities whose members are invited: those that are not retired. */
export type LiveSessionAhead = { id: Id<'ses'>; startsAt: Date; communities: string[] };

/** Live sessions that anybody may be told of now, the soonest first. 1 query. */
export async function liveSessionsAhead(read: Reads, now: Date): Promise<LiveSessionAhead[]> {
  const rows = await read
    .select({
      id: liveSessions.id,
      startsAt: liveSessions.startsAt,
      slugs: sql<string>`(SELECT json_group_array(lc.community_slug) FROM live_session_communities lc
        JOIN communities c ON c.slug = lc.community_slug AND c.retired_at IS NULL
        WHERE lc.live_session_id = ${liveSessions.id})`,
    })
    .from(liveSessions)
    .where(
      and(
        inArray(liveSessions.state, ['scheduled', 'confirmed']),
        gt(liveSessions.startsAt, now),
        lte(liveSessions.startsAt, new Date(now.getTime() + firstLeadMs)),
      ),
    )
    .orderBy(asc(liveSessions.startsAt));
  return rows.map(({ slugs, ...row }) => ({ ...row, communities: JSON.parse(slugs) as string[] }));
}

/** Where somebody is and what they chose: what decides when they are told. */
export type Choice = { timeZone: string; settings: ReminderSettings };

/** Each choice that occurs among those who are going, once. 1 query. */
export async function choicesOfGoing(read: Reads, id: Id<'ses'>): Promise<Choice[]> {
  const rows = await read
    .selectDistinct(choiceColumns)
    .from(rsvps)
    .innerJoin(users, eq(users.id, rsvps.userId))
    .leftJoin(reminderSettings, eq(reminderSettings.userId, users.id))
    .where(isAnsweredGoing(id));
  return rows.map(choiceFrom);
}

/** Each choice that occurs among those who joined the community and have not answered, once. 1 query. */
export async function choicesOfUnanswered(read: Reads, id: Id<'ses'>, slug: string): Promise<Choice[]> {
  const rows = await read
    .selectDistinct(choiceColumns)
    .from(communityMembers)
    .innerJoin(users, eq(users.id, communityMembers.userId))
    .leftJoin(reminderSettings, eq(reminderSettings.userId, users.id))
    .where(hasJoinedWithoutAnswer(read, id, slug));
  return rows.map(choiceFrom);
}

/** `place`: from where the next page goes on. */
export type Candidate = Choice & { userId: Id<'usr'>; place: Place };
type Place = { userId: Id<'usr'>; since: Date };

const pageSize = 200;

/** Those in one of `zones` who are going, after `place`, at most 200 in their own order. 1 query. */
export async function goingPage(
  read: Reads,
  id: Id<'ses'>,
  zones: readonly string[],
  place?: Place,
): Promise<Candidate[]> {
  const rows = await read
    .select({ ...choiceColumns, userId: users.id, since: rsvps.createdAt })
    .from(rsvps)
    .innerJoin(users, eq(users.id, rsvps.userId))
    .leftJoin(reminderSettings, eq(reminderSettings.userId, users.id))
    .where(
      and(isAnsweredGoing(id), place && gt(rsvps.userId, place.userId), inArray(users.timeZone, [...zones])),
    )
    .orderBy(asc(rsvps.userId))
    .limit(pageSize);
  return rows.map(candidateFrom);
}

/** The same of those who joined the community and have not answered, by the time they joined. 1 query. */
export async function unansweredPage(
  read: Reads,
  id: Id<'ses'>,
  slug: string,
  zones: readonly string[],
  place?: Place,
): Promise<Candidate[]> {
  const { since, userId } = communityMembers;
  const rows = await read
    .select({ ...choiceColumns, userId: users.id, since })
    .from(communityMembers)
    .innerJoin(users, eq(users.id, userId))
    .leftJoin(reminderSettings, eq(reminderSettings.userId, users.id))
    .where(
      and(
        hasJoinedWithoutAnswer(read, id, slug),
        place && sql`(${since}, ${userId}) > (${place.since.getTime()}, ${place.userId})`,
        inArray(users.timeZone, [...zones]),
      ),
    )
    .orderBy(asc(since), asc(userId))
    .limit(pageSize);
  return rows.map(candidateFrom);
}

/** Somebody who is to be told, with what decides whether they are. */
export type Recipient = Attendee & { settings: ReminderSettings };

/** Those of `userIds` who are on the list at this moment: going; or invited and without an answer. 1 query. */
export async function recipientsAmong(
  read: Reads,
  now: Date,
  { id, communities: slugs }: LiveSessionAhead,
  list: ReminderList,
  userIds: readonly Id<'usr'>[],
): Promise<Recipient[]> {
  const rows = await read
    .select({ ...attendeeColumns(now), settings: reminderColumns })
    .from(users)
    .leftJoin(reminderSettings, eq(reminderSettings.userId, users.id))
    .where(
      and(
        inArray(users.id, [...userIds]),
        isHere,
        list === 'reminder' ? isGoing(read, id) : and(isUnanswered(read, id), hasJoined(read, slugs)),
      ),
    );
  return rows.map(({ settings, ...row }) => ({ ...attendeeFrom(row), settings: remindersFrom(settings) }));
}

const choiceColumns = { timeZone: users.timeZone, settings: reminderColumns };

type ChoiceRow = { timeZone: string; settings: Parameters<typeof remindersFrom>[0] };

const choiceFrom = ({ timeZone, settings }: ChoiceRow): Choice => ({
  timeZone,
  settings: remindersFrom(settings),
});

const candidateFrom = ({ userId, since, ...row }: ChoiceRow & Place): Candidate => ({
  ...choiceFrom(row),
  ...{ userId, place: { userId, since } },
});

const isAnsweredGoing = (id: Id<'ses'>) =>
  and(eq(rsvps.liveSessionId, id), eq(rsvps.answer, 'going'), isHere);

const hasJoinedWithoutAnswer = (read: Reads, id: Id<'ses'>, slug: string) =>
  and(
    eq(communityMembers.communitySlug, slug),
    eq(communityMembers.state, 'joined'),
    isHere,
    isUnanswered(read, id),
  );

const isGoing = (read: Reads, id: Id<'ses'>): SQL =>
  exists(
    read
      .select({ one: sql`1` })
      .from(rsvps)
      .where(and(eq(rsvps.liveSessionId, id), eq(rsvps.userId, users.id), eq(rsvps.answer, 'going'))),
  );

/** Neither answered, whatever it was, nor among those who lead or support it. */
const isUnanswered = (read: Reads, id: Id<'ses'>): SQL | undefined =>
  and(
    notExists(
      read
        .select({ one: sql`1` })
        .from(rsvps)
        .where(and(eq(rsvps.liveSessionId, id), eq(rsvps.userId, users.id))),
    ),
    notExists(
      read
        .select({ one: sql`1` })
        .from(liveSessionPeople)
        .where(and(eq(liveSessionPeople.liveSessionId, id), eq(liveSessionPeople.userId, users.id))),
    ),
  );

const hasJoined = (read: Reads, slugs: readonly string[]): SQL =>
  exists(
    read
      .select({ one: sql`1` })
      .from(communityMembers)
      .where(
        and(
          eq(communityMembers.userId, users.id),
          inArray(communityMembers.communitySlug, [...slugs]),
          eq(communityMembers.state, 'joined'),
        ),
      ),
  );
