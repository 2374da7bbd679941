import type { Reads, Tx } from '#db/client.ts';
import type { Ctx } from '../../platform/context.ts';
import type { Id } from '../../platform/ids.ts';
import { hashPassword } from '../../platform/password.ts';
import type { Viewer } from '../accounts/model.ts';
import { passwordProblem } from '../accounts/passwords.ts';
import { lookUpToken, redeemToken } from '../accounts/tokens.ts';
import { createUser, findUserByAddress } from '../accounts/users.ts';
import { enqueueMail } from '../mail/enqueue.ts';
import { type ApplicationForSetUp, acceptMembership, applicationForSetUp } from './applications.ts';
import { membersHandbookMail } from './emails/members-handbook.ts';

/** What a set-up link of an applicant leads to in this browser. */
export type MembershipSetUp =
  | { state: 'malformed' | 'unknown' | 'expired' | 'replaced' }
  /** `here`: this browser is signed in as who followed it. */
  | { state: 'used'; here: boolean; email: string }
  /** Nobody has the address; somebody has it; the very user is signed in; somebody else is. */
  | { state: 'create' | 'sign-in' | 'accept' | 'other-user'; application: ApplicationForSetUp };

/** What this link leads to for `viewer`. Changes nothing. A link of ours for something else is unknown here. */
export async function findMembershipSetUp(
  read: Reads,
  now: Date,
  secret: string,
  viewer: Pick<Viewer, 'email'> | null,
): Promise<MembershipSetUp> {
  const { problem, subject } = await lookUpToken(read, now, secret);
  if (!subject) return { state: problem === 'malformed' ? problem : 'unknown' };
  const { purpose, subjectId, email } = subject;
  if (purpose !== 'set-up' || !subjectId.startsWith('app_')) return { state: 'unknown' };
  const application = await applicationForSetUp(read, subjectId);
  if (problem === 'used' || !application) return { state: 'used', here: viewer?.email === email, email };
  if (problem) return { state: problem === 'expired' ? 'expired' : 'replaced' };
  if (viewer) return { state: viewer.email === email ? 'accept' : 'other-user', application };
  return { state: (await findUserByAddress(read, email)) ? 'sign-in' : 'create', application };
}

/**
 * Uses the link up: afterwards there is a user with the address that it was sent to, the profile of the application and
 * this password, who is a member without a school and gets the Members Handbook. Of many presses at once one makes the
 * user. `notNow`: the link does something else by now. Throws `TooManyPasswords`.
 */
export async function setUpMembership(
  ctx: Ctx,
  secret: string,
  password: string,
): Promise<{ userId: Id<'usr'> } | { badPassword: string } | { notNow: true }> {
  const { db, now } = ctx;
  const before = await findMembershipSetUp(db.read, now, secret, null);
  if (before.state !== 'create') return { notNow: true };
  const badPassword = passwordProblem(password, before.application);
  if (badPassword) return { badPassword };
  const passwordHash = await hashPassword(password);
  return db.write(async (tx) => {
    const current = await findMembershipSetUp(tx, now, secret, null);
    if (current.state !== 'create') return { notNow: true };
    const { id, ...profile } = current.application;
    const userId = await createUser(tx, now, { ...profile, passwordHash });
    await admit(tx, now, secret, id, { id: userId, ...profile });
    return { userId };
  });
}

/** Uses the link up for the signed-in user it was sent to. Done twice, nothing more happens. */
export function acceptMembershipSetUp(
  ctx: Ctx,
  secret: string,
  viewer: Pick<Viewer, 'id' | 'name' | 'email'>,
): Promise<'joined' | 'not-now'> {
  const { db, now } = ctx;
  return db.write(async (tx) => {
    const current = await findMembershipSetUp(tx, now, secret, viewer);
    if (current.state === 'used' && current.here) return 'joined';
    if (current.state !== 'accept') return 'not-now';
    await admit(tx, now, secret, current.application.id, viewer);
    return 'joined';
  });
}

async function admit(
  tx: Tx,
  now: Date,
  secret: string,
  applicationId: Id<'app'>,
  user: { id: Id<'usr'>; name: string; email: string },
): Promise<void> {
  await redeemToken(tx, now, 'set-up', secret);
  await acceptMembership(tx, now, applicationId, user.id);
  await enqueueMail(tx, now, {
    kind: 'members-handbook',
    dedupeKey: `members-handbook:${user.id}`,
    to: user.email,
    optional: true,
    content: membersHandbookMail({ name: user.name }),
  });
}

/** The status of the link’s page where it does nothing: 404 for one that never was, 410 for one that is over. */
export function membershipSetUpStatus({ state }: MembershipSetUp): 404 | 410 | undefined {
  if (state === 'malformed' || state === 'unknown') return 404;
  return state === 'expired' || state === 'replaced' || state === 'used' ? 410 : undefined;
}
