import { and, eq, inArray, isNull, type Placeholder, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { jsonRow } from '#db/json-row.ts';
import { prepared } from '#db/prepared.ts';
import { users } from '#db/schema/accounts.ts';
import { rsvps } from '#db/schema/live-sessions.ts';
import type { Id } from '../../platform/ids.ts';
import { dayBefore, grantsInForce } from '../accounts/login-sessions.ts';
import type { Grant } from '../accounts/model.ts';
import type { RsvpAnswer } from './model.ts';

/** Somebody who answers or is told, with what decides whether they may attend. */
export type Attendee = {
  id: Id<'usr'>;
  name: string;
  email: string;
  timeZone: string;
  grants: Grant[];
  /** Slugs of the communities they have joined. */
  memberships: string[];
};

/** The user, as of now; undefined when there is none, or they are suspended or about to be erased. 1 query. */
export async function findAttendee(read: Reads, now: Date, userId: Id<'usr'>): Promise<Attendee | undefined> {
  const [row] = await attendeeById(read).all({ userId, yesterday: dayBefore(now) });
  return row && attendeeFrom(row);
}

const attendeeById = prepared((read: Reads) =>
  read
    .select(attendeeColumns(sql.placeholder('yesterday')))
    .from(users)
    .where(and(eq(users.id, sql.placeholder('userId')), isHere))
    .prepare(),
);

/** Those who gave one of these answers, in the order in which they stand in the waiting list. 1 query. */
export async function attendeesOf(
  read: Reads,
  now: Date,
  liveSessionId: Id<'ses'>,
  answers: readonly RsvpAnswer[],
): Promise<(Attendee & { answer: RsvpAnswer })[]> {
  const rows = await read
    .select({ ...attendeeColumns(now), answer: rsvps.answer })
    .from(rsvps)
    .innerJoin(users, eq(users.id, rsvps.userId))
    .where(and(eq(rsvps.liveSessionId, liveSessionId), inArray(rsvps.answer, [...answers]), isHere))
    .orderBy(rsvps.position);
  return rows.map((row) => ({ ...attendeeFrom(row), answer: row.answer }));
}

/** Neither suspended nor about to be erased. */
export const isHere = and(isNull(users.suspendedAt), isNull(users.erasureDueAt));

/** What `attendeeFrom` reads, in a query over users. */
export const attendeeColumns = (now: Date | Placeholder) => ({
  attendee: jsonRow({
    id: users.id,
    name: users.name,
    email: users.email,
    timeZone: users.timeZone,
    grants: sql<Grant[]>`json(${grantsInForce(now)})`,
    memberships: sql<string[]>`json((
      SELECT json_group_array(community_members.community_slug) FROM community_members
      WHERE community_members.user_id = users.id AND community_members.state = 'joined'
    ))`,
  }),
});

/** The attendee of a row of `attendeeColumns`. */
export const attendeeFrom = ({ attendee }: { attendee: Attendee }): Attendee => attendee;
