import { and, eq, gt, lte } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { roleGrants } from '#db/schema/accounts.ts';
import { schools, signUps } from '#db/schema/schools.ts';
import type { Ctx } from '../../platform/context.ts';
import { env } from '../../platform/env.ts';
import type { Id } from '../../platform/ids.ts';
import { hashSecret, isSecret, sameHash } from '../../platform/tokens.ts';
import { attemptPassword } from '../accounts/confirm-password.ts';
import type { Cookie } from '../accounts/login-sessions.ts';
import { type TokenPurpose, tokenLifetimesMs, type Viewer } from '../accounts/model.ts';
import { grantRole, revokeRole } from '../accounts/roles.ts';
import { countAct, forgetWrongPasswords, limits } from '../accounts/throttles.ts';
import { issueToken, lookUpToken, redeemToken, revokeTokens } from '../accounts/tokens.ts';
import { createUser, findUserByAddress } from '../accounts/users.ts';
import { enqueueMail } from '../mail/enqueue.ts';
import { joinSchoolMail } from './emails/join-school.ts';
import { membersHandbookMail } from './emails/members-handbook.ts';
import { verifySignUpMail } from './emails/verify-sign-up.ts';
import { invitationEnd, markInvitationsActivated } from './invitations.ts';
import { type JoiningProblem, joiningProblem } from './model.ts';
import { holdsRole, type SchoolForJoining, schoolForJoining } from './queries.ts';

/**
 * A sign-up is a filled-in profile form whose address is not verified. Its mail holds a link: whoever follows it becomes a
 * user and a member of the school or, where somebody has the address already, joins the school as that user. Which of the
 * two is decided when the link is used, not when it is sent.
 */

/** A sign-up is kept for a day after its first link has ended, so that another can be asked for. */
export const signUpKeptMs = 2 * tokenLifetimesMs['verify-sign-up'];

const purposes = ['verify-sign-up', 'join-school'] as const satisfies readonly TokenPurpose[];
type Purpose = (typeof purposes)[number];
const isOurs = (purpose: TokenPurpose): purpose is Purpose => purposes.some((ours) => ours === purpose);

const isHttps = env.siteUrl.startsWith('https:');

/** Names the browser that filled in a profile form; browsers take the prefix only over https. */
export const signUpCookieName = isHttps ? '__Host-sign-up' : 'sign-up';

/** The cookie with this secret, for a day. */
export function signUpCookie(secret: string): Cookie {
  const maxAge = tokenLifetimesMs['verify-sign-up'] / 1000;
  return {
    name: signUpCookieName,
    value: secret,
    attributes: { httpOnly: true, secure: isHttps, sameSite: 'lax', path: '/', maxAge },
  };
}

/** The cookie that makes a browser forget its sign-up. */
export function clearedSignUpCookie(): Cookie {
  const cookie = signUpCookie('');
  return { ...cookie, attributes: { ...cookie.attributes, maxAge: 0 } };
}

type SignUp = {
  id: Id<'sup'>;
  email: string;
  name: string;
  passwordHash: string;
  browserHash: string;
  schoolId: Id<'sch'>;
  invitationId: Id<'inv'> | null;
};

const columns = {
  id: signUps.id,
  email: signUps.email,
  name: signUps.name,
  passwordHash: signUps.passwordHash,
  browserHash: signUps.browserHash,
  schoolId: signUps.schoolId,
  invitationId: signUps.invitationId,
};

/** The browser that asks: who is signed in there, and its sign-up cookie. */
export type Browser = { viewer: Pick<Viewer, 'id' | 'email'> | null; signUpCookie: string | undefined };

/** What keeps a sign-up from becoming a membership at this moment. */
export type Closed = JoiningProblem | 'invitation-withdrawn' | 'invitation-activated';

/** What the link in a verification mail leads to. */
export type Verification =
  /** `foreign`: a link of ours that is for something else. */
  | { state: 'malformed' | 'unknown' | 'foreign' }
  /** Followed before; `here` when this browser is signed in as who did. */
  | { state: 'used'; here: boolean }
  /** A newer mail was sent. */
  | { state: 'replaced' }
  | { state: 'expired'; mayResend: boolean }
  /** Ready to become a user. In another browser than the one with the form, `needsPassword`. */
  | { state: 'confirm'; name: string; email: string; school: SchoolForJoining; needsPassword: boolean }
  /** Somebody has the address: nobody is signed in here, somebody else is, or the very user, who may join. */
  | { state: 'sign-in' | 'other-user' | 'join' | 'joined'; school: SchoolForJoining }
  | { state: 'closed'; problem: Closed; school: SchoolForJoining };

/** Status of the page that explains the link; undefined where it leads on. */
export function verificationStatus(found: Verification): 403 | 404 | 409 | 410 | undefined {
  switch (found.state) {
    case 'malformed':
    case 'unknown':
    case 'foreign':
      return 404;
    case 'used':
      return found.here ? undefined : 410;
    case 'replaced':
    case 'expired':
      return 410;
    case 'closed':
      return 409;
    case 'other-user':
      return 403;
    default:
      return undefined;
  }
}

/** What this link leads to in this browser. Changes nothing. */
export async function findVerification(ctx: Ctx, secret: string, browser: Browser): Promise<Verification> {
  const { read } = ctx.db;
  const { problem, subject } = await lookUpToken(read, ctx.now, secret);
  if (!subject) return { state: problem === 'malformed' ? problem : 'unknown' };
  if (!isOurs(subject.purpose)) return { state: 'foreign' };
  if (problem === 'used') return { state: 'used', here: browser.viewer?.email === subject.email };
  if (problem === 'revoked') return { state: 'replaced' };
  const signUp = await findSignUp(read, ctx.now, subject.subjectId);
  if (problem === 'expired' || !signUp) return { state: 'expired', mayResend: signUp !== undefined };
  const school = await schoolOf(read, ctx.now, signUp);
  const user = await findUserByAddress(read, signUp.email);
  if (user && (await holdsRole(read, user.id, 'member', school.id)) && browser.viewer?.id === user.id)
    return { state: 'joined', school };
  const closed = await closedBy(read, school, signUp);
  if (closed) return { state: 'closed', problem: closed, school };
  if (user) {
    if (!browser.viewer) return { state: 'sign-in', school };
    return { state: browser.viewer.id === user.id ? 'join' : 'other-user', school };
  }
  const { name, email } = signUp;
  return { state: 'confirm', name, email, school, needsPassword: !isFrom(browser, signUp) };
}

export type Confirmed =
  | { userId: Id<'usr'> }
  | { refused: 'wrong-password' }
  /** Too many wrong passwords for this address. */
  | { refused: 'too-often'; until: Date }
  /** Confirmed before, by whoever is signed in here. */
  | { refused: 'used-here' }
  /** Not, or no more, to be confirmed like this: `findVerification` says what it leads to now. */
  | { refused: 'not-now' };

/**
 * Makes whoever filled in the form a user and a member of the school, and queues the mail with the handbook. Needs the
 * browser that filled in the form, or the password from it, so that nobody can prepare a profile on somebody else’s
 * address. Where the school has closed or filled up meanwhile, nothing happens and the link can be used later. Of many
 * presses at once one makes the user. Throws `TooManyPasswords`.
 */
export async function confirmSignUp(
  ctx: Ctx,
  secret: string,
  browser: Browser,
  password: string | undefined,
): Promise<Confirmed> {
  const { now } = ctx;
  const { problem, subject } = await lookUpToken(ctx.db.read, now, secret);
  if (!subject || !isOurs(subject.purpose)) return { refused: 'not-now' };
  if (problem === 'used' && browser.viewer?.email === subject.email) return { refused: 'used-here' };
  if (problem) return { refused: 'not-now' };
  const { purpose } = subject;
  const found = await findSignUp(ctx.db.read, now, subject.subjectId);
  if (!found) return { refused: 'not-now' };
  if (!isFrom(browser, found)) {
    if (password === undefined) return { refused: 'wrong-password' };
    const outcome = await attemptPassword(ctx, found.email, password, found.passwordHash);
    if (outcome === 'wrong') return { refused: 'wrong-password' };
    if (outcome !== 'right') return { refused: 'too-often', ...outcome };
  }
  return ctx.db.write(async (tx) => {
    const signUp = await findSignUp(tx, now, found.id);
    if (!signUp || (await findUserByAddress(tx, signUp.email))) return { refused: 'not-now' };
    const school = await schoolOf(tx, now, signUp);
    if (await closedBy(tx, school, signUp)) return { refused: 'not-now' };
    if (!(await redeemToken(tx, now, purpose, secret))) return { refused: 'not-now' };
    const userId = await becomeUser(tx, now, signUp.id);
    await admit(tx, now, userId, signUp);
    await sendHandbook(tx, now, userId, signUp);
    await forgetWrongPasswords(tx, signUp.email);
    return { userId };
  });
}

/**
 * Makes the viewer a member of the school that the link is for. An individual membership becomes part of it; memberships
 * of other schools stay. Done twice, nothing more happens.
 */
export async function joinSchool(
  ctx: Ctx,
  secret: string,
  viewer: Pick<Viewer, 'id'>,
): Promise<'joined' | 'not-yours' | 'not-now'> {
  const { now } = ctx;
  const { problem, subject } = await lookUpToken(ctx.db.read, now, secret);
  if (problem || !subject || !isOurs(subject.purpose)) return 'not-now';
  const { purpose, subjectId } = subject;
  return ctx.db.write(async (tx) => {
    const signUp = await findSignUp(tx, now, subjectId);
    const user = signUp && (await findUserByAddress(tx, signUp.email));
    if (!user) return 'not-now';
    if (user.id !== viewer.id) return 'not-yours';
    const school = await schoolOf(tx, now, signUp);
    const isIn = await holdsRole(tx, user.id, 'member', school.id);
    if (!isIn && (await closedBy(tx, school, signUp))) return 'not-now';
    if (!(await redeemToken(tx, now, purpose, secret))) return 'not-now';
    await endSignUp(tx, now, signUp.id);
    if (isIn) return 'joined';
    const memberships = and(eq(roleGrants.userId, user.id), eq(roleGrants.role, 'member'));
    const wasMember = (await tx.$count(roleGrants, memberships)) > 0;
    await admit(tx, now, user.id, signUp);
    await revokeRole(tx, now, null, { userId: user.id, role: 'member', scopeId: '' });
    if (!wasMember) await sendHandbook(tx, now, user.id, user);
    return 'joined';
  });
}

/** The sign-up that this browser waits for a mail about; undefined when there is none. */
export async function signUpOfBrowser(
  read: Reads,
  now: Date,
  cookie: string | undefined,
): Promise<{ id: Id<'sup'>; email: string; schoolName: string } | undefined> {
  if (!cookie || !isSecret(cookie)) return undefined;
  const [row] = await read
    .select({ id: signUps.id, email: signUps.email, schoolName: schools.name })
    .from(signUps)
    .innerJoin(schools, eq(schools.id, signUps.schoolId))
    .where(and(eq(signUps.browserHash, hashSecret(cookie)), gt(signUps.expiresAt, now)));
  return row;
}

/** The sign-up that an open or expired link is about, for another mail; undefined for any other link. */
export async function signUpOfLink(ctx: Ctx, secret: string): Promise<Id<'sup'> | undefined> {
  const { problem, subject } = await lookUpToken(ctx.db.read, ctx.now, secret);
  if (!subject || !isOurs(subject.purpose) || (problem && problem !== 'expired')) return undefined;
  return (await findSignUp(ctx.db.read, ctx.now, subject.subjectId))?.id;
}

/** Mails a new link; earlier ones stop working. At most three mails an hour go to an address. */
export async function resendVerification(
  ctx: Ctx,
  signUpId: Id<'sup'>,
): Promise<'sent' | 'over' | { until: Date }> {
  const found = await findSignUp(ctx.db.read, ctx.now, signUpId);
  if (!found) return 'over';
  const until = await countAct(ctx, limits.signUpMails, found.email);
  if (until) return { until };
  return ctx.db.write(async (tx) => {
    const [row] = await tx
      .update(signUps)
      .set({ expiresAt: new Date(ctx.now.getTime() + signUpKeptMs) })
      .where(and(eq(signUps.id, signUpId), gt(signUps.expiresAt, ctx.now)))
      .returning({ schoolId: signUps.schoolId });
    if (!row) return 'over';
    const { name: schoolName } = await schoolOf(tx, ctx.now, found);
    await sendVerification(tx, ctx.now, { ...found, schoolName });
    return 'sent';
  });
}

/**
 * Deletes sign-ups that nobody verified in time, and returns the pictures that belonged to them: the caller takes those away
 * once this is kept.
 */
export async function purgeSignUps(tx: Tx, now: Date): Promise<Id<'pic'>[]> {
  const purged = await tx
    .delete(signUps)
    .where(lte(signUps.expiresAt, now))
    .returning({ pictureId: signUps.pictureId });
  return purged.map(({ pictureId }) => pictureId).filter((id) => id !== null);
}

/** Queues the mail with the link of a sign-up. Its steps are the same whether or not somebody has the address. */
export async function sendVerification(
  tx: Tx,
  now: Date,
  signUp: { id: Id<'sup'>; email: string; name: string; schoolName: string },
): Promise<void> {
  const { id, email, name, schoolName } = signUp;
  const user = await findUserByAddress(tx, email);
  const purpose: Purpose = user ? 'join-school' : 'verify-sign-up';
  for (const each of purposes) await revokeTokens(tx, now, each, id);
  const secret = await issueToken(tx, now, { purpose, subjectId: id, email });
  await enqueueMail(tx, now, {
    kind: purpose,
    dedupeKey: `${purpose}:${hashSecret(secret)}`,
    to: email,
    // To a user by the name that they gave us, not by the one that somebody typed now.
    content: user
      ? joinSchoolMail({ name: user.name, schoolName, secret })
      : verifySignUpMail({ name, schoolName, secret }),
  });
}

/** Ends earlier sign-ups of this address at this school, so that the newest mail counts. */
export async function supersedeSignUps(tx: Tx, now: Date, schoolId: Id<'sch'>, email: string): Promise<void> {
  const earlier = await tx
    .select({ id: signUps.id })
    .from(signUps)
    .where(and(eq(signUps.email, email), eq(signUps.schoolId, schoolId), gt(signUps.expiresAt, now)));
  for (const { id } of earlier) {
    for (const purpose of purposes) await revokeTokens(tx, now, purpose, id);
    await endSignUp(tx, now, id);
  }
}

/** Makes a sign-up worth nothing at once. The row waits for the purge, which also takes its picture away. */
async function endSignUp(tx: Tx, now: Date, id: Id<'sup'>) {
  await tx
    .update(signUps)
    .set({ passwordHash: '', browserHash: '', expiresAt: now })
    .where(eq(signUps.id, id));
}

/** Turns the sign-up into a user; the row and its password hash are gone. */
async function becomeUser(tx: Tx, now: Date, id: Id<'sup'>): Promise<Id<'usr'>> {
  const [signUp] = await tx.delete(signUps).where(eq(signUps.id, id)).returning();
  if (!signUp) throw new Error(`Sign-up ${id} is gone.`);
  const { email, name, passwordHash, profile, pictureId, codeOfConductVersion } = signUp;
  return createUser(tx, now, { email, name, passwordHash, ...profile, pictureId, codeOfConductVersion });
}

async function admit(tx: Tx, now: Date, userId: Id<'usr'>, signUp: SignUp) {
  const { schoolId, email, invitationId } = signUp;
  await grantRole(tx, now, null, { userId, role: 'member', scopeId: schoolId });
  await markInvitationsActivated(tx, now, schoolId, email, invitationId);
}

async function sendHandbook(
  tx: Tx,
  now: Date,
  userId: Id<'usr'>,
  { email, name }: { email: string; name: string },
) {
  await enqueueMail(tx, now, {
    kind: 'members-handbook',
    dedupeKey: `members-handbook:${userId}`,
    to: email,
    optional: true,
    content: membersHandbookMail({ name }),
  });
}

/** The sign-up, unless it was ended or its time is over. */
async function findSignUp(read: Reads, now: Date, id: string): Promise<SignUp | undefined> {
  const [row] = await read
    .select(columns)
    .from(signUps)
    .where(and(eq(signUps.id, id as Id<'sup'>), gt(signUps.expiresAt, now)));
  return row;
}

async function schoolOf(read: Reads, now: Date, { id, schoolId }: SignUp): Promise<SchoolForJoining> {
  const school = await schoolForJoining(read, schoolId, now);
  if (!school) throw new Error(`Sign-up ${id} is for a school that does not exist.`);
  return school;
}

async function closedBy(read: Reads, school: SchoolForJoining, signUp: SignUp): Promise<Closed | undefined> {
  const { invitationId, email } = signUp;
  const end = invitationId && (await invitationEnd(read, invitationId));
  return end ? `invitation-${end}` : joiningProblem(school, email);
}

function isFrom(browser: Browser, signUp: SignUp): boolean {
  const { signUpCookie: cookie } = browser;
  return cookie !== undefined && isSecret(cookie) && sameHash(hashSecret(cookie), signUp.browserHash);
}
