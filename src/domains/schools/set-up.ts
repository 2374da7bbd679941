import { eq } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { samOffers, schools } from '#db/schema/schools.ts';
import type { Ctx } from '../../platform/context.ts';
import type { Id } from '../../platform/ids.ts';
import { hashPassword } from '../../platform/password.ts';
import { hasRole, type Viewer } from '../accounts/model.ts';
import { passwordProblem } from '../accounts/passwords.ts';
import { grantRole, revokeRole } from '../accounts/roles.ts';
import { lookUpToken, redeemToken, type TokenSubject } from '../accounts/tokens.ts';
import { createUser, findUserByAddress } from '../accounts/users.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { enqueueMail } from '../mail/enqueue.ts';
import { membersHandbookMail } from './emails/members-handbook.ts';
import { markInvitationsActivated } from './invitations.ts';

/**
 * A set-up link makes a SAM of a school, or a staff user: `subjectId` of its token is the offer’s id, or this and the address.
 * The mail proves the address, so whoever follows it and has no user yet becomes one here.
 */
export const staffSubject = 'staff';

/** What a set-up link gives. */
export type SetUpFor =
  | {
      role: 'sam';
      offerId: Id<'sam'>;
      /** As whoever asked wrote it. */
      name: string;
      school: { id: Id<'sch'>; name: string; country: string; timeZone: string };
    }
  | { role: 'staff' };

/** Where somebody arrives who has set up. */
export const landingOf = ({ role }: SetUpFor) => `/${role}`;

/** What a set-up link leads to in this browser. */
export type SetUp =
  /** `foreign`: a link of ours that is for something else. */
  | { state: 'malformed' | 'unknown' | 'foreign' }
  /** `replaced`: a newer mail was sent. `withdrawn`: nobody is asked any more. */
  | { state: 'expired' | 'replaced' | 'withdrawn'; setUp: SetUpFor }
  /** `here`: this browser is signed in as who followed it. */
  | { state: 'used'; here: boolean; setUp: SetUpFor; email: string }
  /** Nobody has the address and nobody is signed in; somebody has it; the very user is signed in; somebody else is. */
  | { state: 'create' | 'sign-in' | 'accept' | 'other-user'; setUp: SetUpFor; email: string };

/** What this link leads to for `viewer`. Changes nothing. */
export async function findSetUp(
  read: Reads,
  now: Date,
  secret: string,
  viewer: Pick<Viewer, 'email' | 'grants'> | null,
): Promise<SetUp> {
  const { problem, subject } = await lookUpToken(read, now, secret);
  if (!subject) return { state: problem === 'malformed' ? problem : 'unknown' };
  if (subject.purpose !== 'set-up') return { state: 'foreign' };
  const found = await findSubject(read, subject);
  if (!found) return { state: 'unknown' };
  const { setUp, isPending } = found;
  const { email } = subject;
  if (problem === 'used') return { state: 'used', here: isDoneBy(viewer, setUp, email), setUp, email };
  if (!isPending) return { state: 'withdrawn', setUp };
  if (problem) return { state: problem === 'expired' ? 'expired' : 'replaced', setUp };
  if (viewer) return { state: viewer.email === email ? 'accept' : 'other-user', setUp, email };
  return { state: (await findUserByAddress(read, email)) ? 'sign-in' : 'create', setUp, email };
}

/** What somebody fills in who has no user yet. */
export type NewSetUp = {
  name: string;
  password: string;
  jobTitle: string;
  country: string;
  timeZone: string;
  /** The version that stands on the site now. */
  codeOfConductVersion: string;
};

export type SetUpRefusal =
  | { badPassword: string }
  /** The link is over, or the address has a user meanwhile: `findSetUp` says what it leads to now. */
  | { notNow: true };

/**
 * Uses the link up: afterwards there is a user with the address that it was sent to, with the role it gives. A SAM is a
 * member of the school as well and gets the Members Handbook. Of many presses at once one makes the user. Audited.
 * Throws `TooManyPasswords`.
 */
export async function setUpUser(
  ctx: Ctx,
  secret: string,
  person: NewSetUp,
): Promise<{ userId: Id<'usr'>; landing: string } | SetUpRefusal> {
  const { db, now } = ctx;
  const before = await findSetUp(db.read, now, secret, null);
  if (before.state !== 'create') return { notNow: true };
  const { email } = before;
  const { password, ...profile } = person;
  const badPassword = passwordProblem(password, { name: person.name, email });
  if (badPassword) return { badPassword };
  const passwordHash = await hashPassword(password);
  return db.write(async (tx) => {
    const current = await findSetUp(tx, now, secret, null);
    if (current.state !== 'create' || !(await redeemToken(tx, now, 'set-up', secret)))
      return { notNow: true };
    const userId = await createUser(tx, now, { ...profile, email, passwordHash });
    await admit(tx, now, { id: userId, name: person.name, email }, current.setUp);
    return { userId, landing: landingOf(current.setUp) };
  });
}

/** Uses the link up for the signed-in user it was sent to. Done twice, nothing more happens. Audited. */
export function acceptSetUp(
  ctx: Ctx,
  secret: string,
  viewer: Pick<Viewer, 'id' | 'name' | 'email' | 'grants'>,
): Promise<{ landing: string } | { notNow: true }> {
  const { db, now } = ctx;
  return db.write(async (tx) => {
    const current = await findSetUp(tx, now, secret, viewer);
    if (current.state === 'used' && current.here) return { landing: landingOf(current.setUp) };
    if (current.state !== 'accept' || !(await redeemToken(tx, now, 'set-up', secret)))
      return { notNow: true };
    await admit(tx, now, viewer, current.setUp);
    return { landing: landingOf(current.setUp) };
  });
}

async function admit(
  tx: Tx,
  now: Date,
  user: { id: Id<'usr'>; name: string; email: string },
  setUp: SetUpFor,
): Promise<void> {
  const userId = user.id;
  if (setUp.role === 'staff') return grantRole(tx, now, null, { userId, role: 'staff', scopeId: '' });
  const { offerId, school } = setUp;
  const [offer] = await tx
    .update(samOffers)
    .set({ acceptedAt: now })
    .where(eq(samOffers.id, offerId))
    .returning({ offeredById: samOffers.offeredById });
  const actorId = offer?.offeredById ?? null;
  await grantRole(tx, now, actorId, { userId, role: 'sam', scopeId: school.id });
  await grantRole(tx, now, actorId, { userId, role: 'member', scopeId: school.id });
  await markInvitationsActivated(tx, now, school.id, user.email);
  // An individual membership becomes part of the school’s, as for everybody who joins one.
  await revokeRole(tx, now, null, { userId, role: 'member', scopeId: '' });
  await recordAuditEvent(tx, {
    at: now,
    actorId: userId,
    action: 'sam-offer.accepted',
    subjectType: 'school',
    subjectId: school.id,
    detail: { offerId },
  });
  await enqueueMail(tx, now, {
    kind: 'members-handbook',
    dedupeKey: `members-handbook:${userId}`,
    to: user.email,
    optional: true,
    content: membersHandbookMail({ name: user.name }),
  });
}

async function findSubject(
  read: Reads,
  { subjectId }: TokenSubject,
): Promise<{ setUp: SetUpFor; isPending: boolean } | undefined> {
  if (subjectId.split(' ')[0] === staffSubject) return { setUp: { role: 'staff' }, isPending: true };
  const [row] = await read
    .select({
      offerId: samOffers.id,
      name: samOffers.name,
      acceptedAt: samOffers.acceptedAt,
      withdrawnAt: samOffers.withdrawnAt,
      school: {
        id: schools.id,
        name: schools.name,
        country: schools.country,
        timeZone: schools.timeZone,
      },
    })
    .from(samOffers)
    .innerJoin(schools, eq(schools.id, samOffers.schoolId))
    .where(eq(samOffers.id, subjectId as Id<'sam'>));
  if (!row) return undefined;
  const { acceptedAt, withdrawnAt, ...offer } = row;
  return { setUp: { role: 'sam', ...offer }, isPending: !acceptedAt && !withdrawnAt };
}

function isDoneBy(viewer: Pick<Viewer, 'email' | 'grants'> | null, setUp: SetUpFor, email: string): boolean {
  if (!viewer) return false;
  const holds = setUp.role === 'sam' ? hasRole(viewer, 'sam', setUp.school.id) : hasRole(viewer, 'staff');
  return holds || viewer.email === email;
}

/** The HTTP status of the page that a set-up link leads to. */
export function setUpStatus(state: SetUp['state']): 200 | 403 | 404 | 410 {
  switch (state) {
    case 'malformed':
    case 'unknown':
    case 'foreign':
      return 404;
    case 'expired':
    case 'replaced':
    case 'withdrawn':
    case 'used':
      return 410;
    case 'other-user':
      return 403;
    default:
      return 200;
  }
}
