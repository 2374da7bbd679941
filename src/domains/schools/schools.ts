import { and, eq, isNull, ne } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { schools } from '#db/schema/schools.ts';
import type { Ctx } from '../../platform/context.ts';
import { type Id, newId } from '../../platform/ids.ts';
import type { AuditDetail } from '../audit/model.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { issueActivationLink } from './activation-links.ts';
import type { SchoolRefusal } from './model.ts';
import { seatsTaken } from './queries.ts';
import { type Asked, onboardNewSam } from './sams.ts';

/** What staff say of a school. */
export type SchoolFacts = {
  name: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
  city: string;
  timeZone: string;
  /** First and last day of the membership year, in order: `2026-08-01`. */
  membershipStartsOn: string;
  membershipEndsOn: string;
  /** Null for as many places as the school has staff. */
  seatLimit: number | null;
  /** As `normaliseDomain` writes them. */
  emailDomains: string[];
  partnerAssociation: string;
};

/**
 * Makes a school with its activation link, asks each of `sams` to be its SAM and queues their two onboarding mails: all of
 * it or nothing. Refuses a school that is there already (name, city and country), and fewer places than SAMs. Audited.
 */
export function createSchool(
  ctx: Ctx,
  actorId: Id<'usr'>,
  facts: SchoolFacts,
  sams: readonly Asked[],
): Promise<{ schoolId: Id<'sch'> } | Exclude<SchoolRefusal, 'unknown'>> {
  const { db, now } = ctx;
  return db.write(async (tx) => {
    if (facts.seatLimit !== null && facts.seatLimit < sams.length) return 'too-few-seats';
    if (await isTaken(tx, facts)) return 'already-exists';
    const schoolId = newId('sch', now);
    await tx.insert(schools).values({ id: schoolId, ...facts, createdAt: now, updatedAt: now });
    await record(tx, now, 'school.created', schoolId, actorId);
    await issueActivationLink(tx, now, schoolId, actorId);
    for (const sam of sams) await onboardNewSam(tx, now, actorId, schoolId, sam);
    return { schoolId };
  });
}

/** Changes what is said of a school. Refuses another school’s name in the same city, and fewer places than are taken. Audited. */
export function editSchool(
  ctx: Ctx,
  actorId: Id<'usr'>,
  schoolId: string,
  facts: SchoolFacts,
): Promise<'saved' | SchoolRefusal> {
  const { db, now } = ctx;
  return db.write(async (tx) => {
    const before = await findFacts(tx, schoolId);
    if (!before) return 'unknown';
    if (await isTaken(tx, facts, before.id)) return 'already-exists';
    if (facts.seatLimit !== null && facts.seatLimit < (await seatsTaken(tx, before.id)))
      return 'too-few-seats';
    const changed = (Object.keys(facts) as (keyof SchoolFacts)[]).filter(
      (name) => JSON.stringify(facts[name]) !== JSON.stringify(before[name]),
    );
    if (changed.length === 0) return 'saved';
    await tx
      .update(schools)
      .set({ ...facts, updatedAt: now })
      .where(eq(schools.id, before.id));
    await record(tx, now, 'school.edited', before.id, actorId, { changed });
    return 'saved';
  });
}

/** Nobody new may join the school from now on; whoever has joined stays. Does nothing when it is paused. Audited. */
export function pauseSchool(ctx: Ctx, actorId: Id<'usr'>, schoolId: string): Promise<'paused' | 'unknown'> {
  const { db, now } = ctx;
  return db.write(async (tx) => {
    const school = await findFacts(tx, schoolId);
    if (!school) return 'unknown';
    const paused = await tx
      .update(schools)
      .set({ pausedAt: now, updatedAt: now })
      .where(and(eq(schools.id, school.id), isNull(schools.pausedAt)))
      .returning({ id: schools.id });
    if (paused.length > 0) await record(tx, now, 'school.paused', school.id, actorId);
    return 'paused';
  });
}

/** Ends a pause. Does nothing when the school is not paused. Audited. */
export function resumeSchool(ctx: Ctx, actorId: Id<'usr'>, schoolId: string): Promise<'resumed' | 'unknown'> {
  const { db, now } = ctx;
  return db.write(async (tx) => {
    const school = await findFacts(tx, schoolId);
    if (!school) return 'unknown';
    if (!school.pausedAt) return 'resumed';
    await tx.update(schools).set({ pausedAt: null, updatedAt: now }).where(eq(schools.id, school.id));
    await record(tx, now, 'school.resumed', school.id, actorId);
    return 'resumed';
  });
}

/**
 * Lets the membership go on until a later day, with as many places as `seatLimit` says; nobody has to activate again. The
 * first day stays, so that an early renewal shuts nobody out. Refuses a day that is not later than now agreed. Audited.
 */
export function renewSchool(
  ctx: Ctx,
  actorId: Id<'usr'>,
  schoolId: string,
  renewal: { membershipEndsOn: string; seatLimit: number | null },
): Promise<'renewed' | 'unknown' | 'not-later' | 'too-few-seats'> {
  const { db, now } = ctx;
  return db.write(async (tx) => {
    const school = await findFacts(tx, schoolId);
    if (!school) return 'unknown';
    if (renewal.membershipEndsOn <= school.membershipEndsOn) return 'not-later';
    const { seatLimit } = renewal;
    if (seatLimit !== null && seatLimit < (await seatsTaken(tx, school.id))) return 'too-few-seats';
    await tx
      .update(schools)
      .set({ ...renewal, updatedAt: now })
      .where(eq(schools.id, school.id));
    await record(tx, now, 'school.renewed', school.id, actorId, renewal);
    return 'renewed';
  });
}

async function findFacts(read: Reads, schoolId: string) {
  const [row] = await read
    .select({
      id: schools.id,
      pausedAt: schools.pausedAt,
      name: schools.name,
      country: schools.country,
      city: schools.city,
      timeZone: schools.timeZone,
      membershipStartsOn: schools.membershipStartsOn,
      membershipEndsOn: schools.membershipEndsOn,
      seatLimit: schools.seatLimit,
      emailDomains: schools.emailDomains,
      partnerAssociation: schools.partnerAssociation,
    })
    .from(schools)
    .where(eq(schools.id, schoolId as Id<'sch'>));
  return row;
}

async function isTaken(tx: Tx, { name, city, country }: SchoolFacts, except?: Id<'sch'>): Promise<boolean> {
  const same = and(eq(schools.name, name), eq(schools.city, city), eq(schools.country, country));
  return (await tx.$count(schools, except ? and(same, ne(schools.id, except)) : same)) > 0;
}

async function record(
  tx: Tx,
  at: Date,
  action: `school.${'created' | 'edited' | 'paused' | 'resumed' | 'renewed'}`,
  schoolId: Id<'sch'>,
  actorId: Id<'usr'>,
  detail: AuditDetail = {},
) {
  await recordAuditEvent(tx, { at, actorId, action, subjectType: 'school', subjectId: schoolId, detail });
}
