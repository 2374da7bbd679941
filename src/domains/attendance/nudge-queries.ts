import { and, asc, desc, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { nudges } from '#db/schema/attendance.ts';
import { communities, communityMembers } from '#db/schema/communities.ts';
import { liveSessionCommunities, liveSessions } from '#db/schema/live-sessions.ts';
import { invitations } from '#db/schema/schools.ts';
import type { Id } from '../../platform/ids.ts';
import type { NextForThem } from './emails/nudge.ts';
import { type NudgeKind, nudgeEveryDays } from './model.ts';

/** Somebody whom a nudge of a kind is for. */
export type NudgePerson = {
  /** Id of the user, or of the invitation where they have not activated. */
  id: string;
  /** Name, or the address that the SAM invited where there is none. */
  name: string;
  jobTitle: string;
  /** When they were nudged last in the last week, by whomever and to whatever; null where they may be nudged. */
  nudgedAt: Date | null;
  /** When they were invited, if that was within a day: they get nothing more on it. */
  invitedAt: Date | null;
};

/** With what a nudge is sent. Never shown to a SAM. */
export type NudgeTarget = NudgePerson & { email: string; userId: Id<'usr'> | null; timeZone: string };

const dayMs = 24 * 3_600_000;
const weekMs = nudgeEveryDays * dayMs;

/** How many a nudge of each kind is for. 1 query. */
export async function nudgeCounts(read: Reads, schoolId: Id<'sch'>): Promise<Record<NudgeKind, number>> {
  // Names are written out: in a query of no table or one Drizzle leaves the table’s away.
  const members = (which: SQL) => sql<number>`(SELECT count(*) FROM role_grants
    JOIN users ON users.id = role_grants.user_id
    WHERE role_grants.role = 'member' AND role_grants.scope_id = ${schoolId}
      AND users.suspended_at IS NULL AND users.erasure_due_at IS NULL AND ${which})`;
  const [row] = await read
    .select({
      activate: sql<number>`(SELECT count(*) FROM invitations
        WHERE school_id = ${schoolId} AND activated_at IS NULL AND withdrawn_at IS NULL)`,
      'join-community': members(inNoCommunity),
      answer: members(answeredNothing),
    })
    .from(sql`(SELECT 1)`);
  return row ?? { activate: 0, 'join-community': 0, answer: 0 };
}

/**
 * Those of the school whom a nudge of this kind is for: those who may be nudged first, by name. `ids` narrows them to some.
 * 1 query.
 */
export async function nudgeTargets(
  read: Reads,
  schoolId: Id<'sch'>,
  kind: NudgeKind,
  now: Date,
  ids?: readonly string[],
): Promise<NudgeTarget[]> {
  const rows = await (kind === 'activate'
    ? invitedTargets(read, schoolId, now, ids)
    : memberTargets(read, schoolId, kind, now, ids));
  const dayAgo = new Date(now.getTime() - dayMs);
  const all = rows.map(({ nudgedAt, mailedAt, ...row }) => ({
    ...row,
    nudgedAt: nudgedAt === null ? null : new Date(nudgedAt),
    invitedAt: mailedAt && mailedAt > dayAgo ? mailedAt : null,
  }));
  return [...all.filter(mayBeNudged), ...all.filter((person) => !mayBeNudged(person))];
}

export const mayBeNudged = ({ nudgedAt, invitedAt }: Pick<NudgePerson, 'nudgedAt' | 'invitedAt'>) =>
  nudgedAt === null && invitedAt === null;

function memberTargets(
  read: Reads,
  schoolId: Id<'sch'>,
  kind: 'join-community' | 'answer',
  now: Date,
  ids: readonly string[] | undefined,
) {
  return read
    .select({
      id: sql<string>`${users.id}`,
      userId: sql<Id<'usr'> | null>`${users.id}`,
      name: users.name,
      jobTitle: users.jobTitle,
      email: users.email,
      timeZone: users.timeZone,
      mailedAt: sql<Date | null>`NULL`,
      nudgedAt: sql<number | null>`max(
        coalesce(${lastNudge(sql`nudges.user_id = users.id`, now)}, 0),
        coalesce(${lastNudge(sql`nudges.email = users.email`, now)}, 0))`.mapWith(orNull),
    })
    .from(roleGrants)
    .innerJoin(users, eq(users.id, roleGrants.userId))
    .where(
      and(
        isMemberHere(schoolId),
        kind === 'answer' ? answeredNothing : inNoCommunity,
        ids && inArray(users.id, ids as Id<'usr'>[]),
      ),
    )
    .orderBy(sql`${users.name} COLLATE NOCASE`, asc(users.id));
}

function invitedTargets(read: Reads, schoolId: Id<'sch'>, now: Date, ids: readonly string[] | undefined) {
  return read
    .select({
      id: sql<string>`${invitations.id}`,
      userId: sql<Id<'usr'> | null>`NULL`,
      name: sql<string>`coalesce(nullif(${invitations.name}, ''), ${invitations.email})`,
      jobTitle: sql<string>`''`,
      email: invitations.email,
      timeZone: sql<string>`'UTC'`,
      mailedAt: invitations.lastSentAt,
      nudgedAt: sql<
        number | null
      >`max(coalesce(${lastNudge(sql`nudges.email = invitations.email`, now)}, 0), 0)`.mapWith(orNull),
    })
    .from(invitations)
    .where(and(isOpenHere(schoolId), ids && inArray(invitations.id, ids as Id<'inv'>[])))
    .orderBy(
      sql`coalesce(nullif(${invitations.name}, ''), ${invitations.email}) COLLATE NOCASE`,
      asc(invitations.id),
    );
}

const orNull = (at: unknown) => (Number(at) > 0 ? Number(at) : null);

/** In the last week, in milliseconds. Names are written out: in a query of one table Drizzle leaves the table’s away. */
const lastNudge = (whose: SQL, now: Date) =>
  sql`(SELECT max(nudges.sent_at) FROM ${nudges} WHERE ${whose} AND nudges.sent_at > ${now.getTime() - weekMs})`;

const isOpenHere = (schoolId: Id<'sch'>) =>
  and(
    eq(invitations.schoolId, schoolId),
    isNull(invitations.activatedAt),
    isNull(invitations.withdrawnAt),
  ) as SQL;

const isMemberHere = (schoolId: Id<'sch'>) =>
  and(
    eq(roleGrants.role, 'member'),
    eq(roleGrants.scopeId, schoolId),
    isNull(users.suspendedAt),
    isNull(users.erasureDueAt),
  ) as SQL;

const joinedSome = sql`EXISTS (SELECT 1 FROM community_members AS joined
  WHERE joined.user_id = users.id AND joined.state IN ('joined', 'requested'))`;
const inNoCommunity = sql`NOT ${joinedSome}`;
const answeredNothing = sql`EXISTS (SELECT 1 FROM community_members AS joined
    WHERE joined.user_id = users.id AND joined.state = 'joined')
  AND NOT EXISTS (SELECT 1 FROM rsvps AS given WHERE given.user_id = users.id)`;

/** The next live session in any community of each of these users, by their ids. 1 query. */
export async function nextForEach(
  read: Reads,
  userIds: readonly Id<'usr'>[],
  now: Date,
): Promise<Map<string, Omit<NextForThem, 'timeZone'>>> {
  if (userIds.length === 0) return new Map();
  const rows = await read
    .select({
      userId: communityMembers.userId,
      id: liveSessions.id,
      title: liveSessions.title,
      communityName: communities.name,
      startsAt: liveSessions.startsAt,
      endsAt: liveSessions.endsAt,
    })
    .from(communityMembers)
    .innerJoin(communities, eq(communities.slug, communityMembers.communitySlug))
    .innerJoin(
      liveSessionCommunities,
      and(
        eq(liveSessionCommunities.communitySlug, communityMembers.communitySlug),
        sql`${liveSessionCommunities.startsAt} > ${now.getTime()}`,
      ),
    )
    .innerJoin(liveSessions, eq(liveSessions.id, liveSessionCommunities.liveSessionId))
    .where(
      and(
        inArray(communityMembers.userId, [...userIds]),
        eq(communityMembers.state, 'joined'),
        inArray(liveSessions.state, ['scheduled', 'confirmed']),
      ),
    )
    .orderBy(desc(liveSessions.startsAt));
  // The soonest comes last, and stays.
  return new Map(rows.map(({ userId, ...next }) => [userId, next]));
}
