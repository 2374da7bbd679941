import { and, asc, desc, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { samOffers, schools } from '#db/schema/schools.ts';
import type { ListView } from '../../lib/paging.ts';
import { dayIn } from '../../lib/time.ts';
import { contains } from '../../platform/contains.ts';
import type { Id } from '../../platform/ids.ts';
import { type Role, tokenLifetimesMs, type Viewer } from '../accounts/model.ts';
import {
  type JoiningState,
  joiningState,
  type MembershipState,
  type MembershipYear,
  membershipState,
} from './model.ts';
import { canRunSchool } from './policy.ts';

/** A school as people outside its administration see it. */
export type SchoolView = {
  id: Id<'sch'>;
  name: string;
  city: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
  timeZone: string;
  /** Names of its SAMs, for “ask …”. */
  samNames: string[];
};

export type SchoolForJoining = SchoolView & {
  /** Only addresses at these may join; empty for any. */
  emailDomains: string[];
  /** Null where the school has as many places as staff; never below 0. */
  seatsLeft: number | null;
  state: JoiningState;
  /** `2026-08-01`: for saying when it begins or ended. */
  membershipStartsOn: string;
  membershipEndsOn: string;
};

/**
 * What somebody who wants to join must know of a school; undefined when there is none of this id. To decide about a join,
 * read it with the `tx` that grants the membership, so that two people do not take one place.
 */
export async function schoolForJoining(
  read: Reads,
  schoolId: string,
  now: Date,
): Promise<SchoolForJoining | undefined> {
  const [row] = await read
    .select({
      id: schools.id,
      name: schools.name,
      city: schools.city,
      country: schools.country,
      timeZone: schools.timeZone,
      emailDomains: schools.emailDomains,
      seatLimit: schools.seatLimit,
      seatsTaken: takenSeats,
      membershipStartsOn: schools.membershipStartsOn,
      membershipEndsOn: schools.membershipEndsOn,
      pausedAt: schools.pausedAt,
    })
    .from(schools)
    .where(eq(schools.id, schoolId as Id<'sch'>));
  if (!row) return undefined;
  const { seatLimit, seatsTaken: taken, pausedAt: _, ...school } = row;
  return {
    ...school,
    samNames: await samNames(read, row.id),
    seatsLeft: seatLimit === null ? null : Math.max(0, seatLimit - taken),
    state: joiningState({ state: membershipState(row, now), seatLimit, seatsTaken: taken }),
  };
}

/** Places that are gone: the school’s members, and one for each person who was asked to be its SAM and is no member yet. */
export async function seatsTaken(read: Reads, schoolId: Id<'sch'>): Promise<number> {
  const [row] = await read.select({ taken: takenSeats }).from(schools).where(eq(schools.id, schoolId));
  return row?.taken ?? 0;
}

/** Names of the school’s SAMs, longest in office first. Where none has set up yet, of those who were asked. */
export async function samNames(read: Reads, schoolId: Id<'sch'>): Promise<string[]> {
  const sams = await read
    .select({ name: users.name })
    .from(roleGrants)
    .innerJoin(users, eq(users.id, roleGrants.userId))
    .where(and(grantsOf('sam', schoolId), isNull(users.suspendedAt), isNull(users.erasureDueAt)))
    .orderBy(asc(roleGrants.createdAt), asc(roleGrants.id));
  if (sams.length > 0) return sams.map(({ name }) => name);
  const asked = await read
    .select({ name: samOffers.name })
    .from(samOffers)
    .where(and(eq(samOffers.schoolId, schoolId), isPendingOffer))
    .orderBy(asc(samOffers.createdAt), asc(samOffers.id));
  return asked.map(({ name }) => name);
}

/** Whether the user was granted this role of this school, whatever its membership’s state. */
export async function holdsRole(
  read: Reads,
  userId: Id<'usr'>,
  role: 'sam' | 'member',
  schoolId: string,
): Promise<boolean> {
  const held = and(grantsOf(role, schoolId), eq(roleGrants.userId, userId));
  return (await read.$count(roleGrants, held)) > 0;
}

/** Ids, names and cities of those of these schools that exist, by name. */
export function schoolNames(
  read: Reads,
  schoolIds: readonly string[],
): Promise<{ id: Id<'sch'>; name: string; city: string; country: string }[]> {
  return read
    .select({ id: schools.id, name: schools.name, city: schools.city, country: schools.country })
    .from(schools)
    .where(inArray(schools.id, schoolIds as Id<'sch'>[]))
    .orderBy(asc(schools.name));
}

/** Everything that staff and SAMs know of a school. */
export type SchoolRecord = MembershipYear & {
  id: Id<'sch'>;
  name: string;
  country: string;
  city: string;
  seatLimit: number | null;
  seatsTaken: number;
  emailDomains: string[];
  partnerAssociation: string;
  createdAt: Date;
  state: MembershipState;
};

/** The school, if the viewer may run it: the same undefined for one that is not theirs and one that is not there. */
export async function schoolRecord(
  read: Reads,
  viewer: Viewer,
  schoolId: string | undefined,
  now: Date,
): Promise<SchoolRecord | undefined> {
  if (!schoolId || !canRunSchool(viewer, schoolId)) return undefined;
  const [row] = await read
    .select({
      id: schools.id,
      name: schools.name,
      country: schools.country,
      city: schools.city,
      timeZone: schools.timeZone,
      membershipStartsOn: schools.membershipStartsOn,
      membershipEndsOn: schools.membershipEndsOn,
      seatLimit: schools.seatLimit,
      seatsTaken: takenSeats,
      emailDomains: schools.emailDomains,
      partnerAssociation: schools.partnerAssociation,
      pausedAt: schools.pausedAt,
      createdAt: schools.createdAt,
    })
    .from(schools)
    .where(eq(schools.id, schoolId as Id<'sch'>));
  return row && { ...row, state: membershipState(row, now) };
}

/** What `membershipState` says, in SQL. Each zone’s own day comes from here: SQLite knows no zones. */
async function stateColumn(read: Reads, now: Date): Promise<SQL> {
  const rows = await read.selectDistinct({ zone: schools.timeZone }).from(schools);
  const days = ['UTC', ...rows.map(({ zone }) => zone)].map(
    (zone) => sql`WHEN ${zone} THEN ${dayIn(zone, now)}`,
  );
  const today = sql`CASE ${schools.timeZone} ${sql.join(days, sql` `)} END`;
  return sql`CASE
    WHEN ${today} > ${schools.membershipEndsOn} THEN 'ended'
    WHEN ${schools.pausedAt} IS NOT NULL THEN 'paused'
    WHEN ${today} < ${schools.membershipStartsOn} THEN 'not-started'
    ELSE 'active' END`;
}

export const schoolSorts = ['name', 'city', 'people', 'ends', 'created'] as const;
export type SchoolSort = (typeof schoolSorts)[number];

export type SchoolRow = MembershipYear & {
  id: Id<'sch'>;
  name: string;
  country: string;
  city: string;
  seatLimit: number | null;
  /** People who have joined. */
  members: number;
  sams: number;
  /** People who were asked to be SAM and have not set up. */
  samsAsked: number;
  createdAt: Date;
  state: MembershipState;
};

/** One page of all schools, for staff: found by words of name, place and partner association, and where they stand. */
export async function schoolList(
  read: Reads,
  list: ListView<SchoolSort>,
  now: Date,
  state?: MembershipState,
): Promise<{ schools: SchoolRow[]; total: number }> {
  const wanted = and(
    contains(list.q, schools.name, schools.city, schools.partnerAssociation, schools.country),
    state && sql`${await stateColumn(read, now)} = ${state}`,
  );
  const members = countOf('member');
  const orders: Record<SchoolSort, SQL[]> = {
    name: [sql`${schools.name} COLLATE NOCASE`],
    city: [sql`${schools.country}`, sql`${schools.city} COLLATE NOCASE`],
    people: [members],
    ends: [sql`${schools.membershipEndsOn}`],
    created: [sql`${schools.createdAt}`],
  };
  const direction = list.descending ? desc : asc;
  const rows = await read
    .select({
      id: schools.id,
      name: schools.name,
      country: schools.country,
      city: schools.city,
      timeZone: schools.timeZone,
      membershipStartsOn: schools.membershipStartsOn,
      membershipEndsOn: schools.membershipEndsOn,
      pausedAt: schools.pausedAt,
      seatLimit: schools.seatLimit,
      createdAt: schools.createdAt,
      members,
      sams: countOf('sam'),
      samsAsked,
    })
    .from(schools)
    .where(wanted)
    .orderBy(...orders[list.sort].map(direction), asc(schools.id))
    .limit(list.limit)
    .offset(list.offset);
  return {
    schools: rows.map((row) => ({ ...row, state: membershipState(row, now) })),
    total: await read.$count(schools, wanted),
  };
}

export type Sams = {
  /** Who holds the role, longest first. */
  holders: { userId: Id<'usr'>; name: string; email: string; since: Date }[];
  /** Who was asked and has not set up. `isOver`: their link has expired. */
  asked: { offerId: Id<'sam'>; name: string; email: string; lastSentAt: Date; isOver: boolean }[];
};

/** The school’s SAMs, and who was asked to be one. */
export async function samsOf(read: Reads, schoolId: Id<'sch'>, now: Date): Promise<Sams> {
  const holders = await read
    .select({ userId: users.id, name: users.name, email: users.email, since: roleGrants.createdAt })
    .from(roleGrants)
    .innerJoin(users, eq(users.id, roleGrants.userId))
    .where(grantsOf('sam', schoolId))
    .orderBy(asc(roleGrants.createdAt), asc(roleGrants.id));
  const asked = await read
    .select({
      offerId: samOffers.id,
      name: samOffers.name,
      email: samOffers.email,
      lastSentAt: samOffers.lastSentAt,
    })
    .from(samOffers)
    .where(and(eq(samOffers.schoolId, schoolId), isPendingOffer))
    .orderBy(asc(samOffers.createdAt), asc(samOffers.id));
  const oldest = new Date(now.getTime() - tokenLifetimesMs['set-up']);
  return { holders, asked: asked.map((offer) => ({ ...offer, isOver: offer.lastSentAt <= oldest })) };
}

/** The school’s offer of this id that still waits. */
export async function pendingSamOffer(read: Reads, schoolId: string, offerId: string | undefined, now: Date) {
  const { asked } = await samsOf(read, schoolId as Id<'sch'>, now);
  return asked.find((offer) => offer.offerId === offerId);
}

/** How many people have joined the school. */
export function memberCount(read: Reads, schoolId: Id<'sch'>): Promise<number> {
  return read.$count(roleGrants, grantsOf('member', schoolId));
}

/** One member of the school. */
export async function schoolMember(
  read: Reads,
  schoolId: Id<'sch'>,
  userId: string | undefined,
): Promise<{ userId: Id<'usr'>; name: string; jobTitle: string; joinedAt: Date } | undefined> {
  const [row] = await read
    .select({
      userId: users.id,
      name: users.name,
      jobTitle: users.jobTitle,
      joinedAt: roleGrants.createdAt,
    })
    .from(roleGrants)
    .innerJoin(users, eq(users.id, roleGrants.userId))
    .where(and(grantsOf('member', schoolId), eq(users.id, (userId ?? '') as Id<'usr'>)));
  return row;
}

const isPendingOffer = and(isNull(samOffers.acceptedAt), isNull(samOffers.withdrawnAt)) as SQL;

const grantsOf = (role: Role, schoolId: string) =>
  and(eq(roleGrants.role, role), eq(roleGrants.scopeId, schoolId)) as SQL;

/*
 * Counts for each row of `schools`. Their columns are written out: in a query of one table Drizzle leaves the table’s name
 * away, and `id` would mean the inner table’s.
 */

const countOf = (role: Role) => sql<number>`(
  SELECT count(*) FROM role_grants AS held WHERE held.role = ${role} AND held.scope_id = schools.id
)`;

const samsAsked = sql<number>`(
  SELECT count(*) FROM sam_offers AS offer
  WHERE offer.school_id = schools.id AND offer.accepted_at IS NULL AND offer.withdrawn_at IS NULL
)`;

/** Members, and people asked to be SAM who are none. */
const takenSeats = sql<number>`(
  SELECT count(*) FROM role_grants AS held WHERE held.role = 'member' AND held.scope_id = schools.id
) + (
  SELECT count(*) FROM sam_offers AS offer
  WHERE offer.school_id = schools.id AND offer.accepted_at IS NULL AND offer.withdrawn_at IS NULL
    AND NOT EXISTS (
      SELECT 1 FROM users AS person JOIN role_grants AS own ON own.user_id = person.id
      WHERE person.email = offer.email AND own.role = 'member' AND own.scope_id = schools.id
    )
)`;
