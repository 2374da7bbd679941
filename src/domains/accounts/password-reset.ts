import { eq, TransactionRollbackError } from 'drizzle-orm';
import type { Tx } from '#db/client.ts';
import { users } from '#db/schema/accounts.ts';
import type { Ctx } from '../../platform/context.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { hashPassword } from '../../platform/password.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { enqueueMail } from '../mail/enqueue.ts';
import { nextTurn } from '../mail/limits.ts';
import { passwordWasReset } from './emails/password-was-reset.ts';
import { resetPasswordMail } from './emails/reset-password.ts';
import { endAllLoginSessions } from './login-sessions.ts';
import { normaliseAddress, type TokenProblem } from './model.ts';
import { passwordProblem } from './passwords.ts';
import { countActIn, forgetWrongPasswords, limits } from './throttles.ts';
import { issueToken, lookUpToken, redeemToken, revokeTokens } from './tokens.ts';
import { findUser, findUserByAddress } from './users.ts';

/**
 * Mails a link for a new password to the user with this address, and says nothing about whether there is one: for an
 * address that nobody has, or a suspended user, the same is written and taken back, so that it takes as long. At most
 * three mails an hour go to an address; further requests do nothing. A new link ends the one before.
 */
export async function requestPasswordReset(ctx: Ctx, address: string): Promise<void> {
  const email = normaliseAddress(address);
  await ctx.db.write(async (tx) => {
    if (await countActIn(tx, ctx.now, limits.resetMails, email)) return;
    const user = await findUserByAddress(tx, email);
    if (user && !user.suspendedAt) await mailResetLink(tx, ctx.now, user);
    else
      await forNothing(tx, (step) =>
        mailResetLink(step, ctx.now, { id: 'usr_nobody', email, name: 'Nobody' }),
      );
  });
}

async function mailResetLink(
  tx: Tx,
  now: Date,
  { id, email, name }: { id: string; email: string; name: string },
): Promise<void> {
  const kind = 'reset-password';
  // A mail that had to wait would bring a link that is over, and would have ended the one that still works.
  if ((await nextTurn(tx, now, email, kind)) > now) return;
  const secret = await issueToken(tx, now, { purpose: kind, subjectId: id, email });
  const dedupeKey = `${kind}:${newId('req', now)}`;
  await enqueueMail(tx, now, { kind, dedupeKey, to: email, content: resetPasswordMail({ name, secret }) });
}

/** Does `work` and takes it back. */
async function forNothing(tx: Tx, work: (step: Tx) => Promise<void>): Promise<void> {
  const undone = tx.transaction(async (step) => {
    await work(step);
    step.rollback();
  });
  await undone.catch((error: unknown) => {
    if (!(error instanceof TransactionRollbackError)) throw error;
  });
}

/** Whose password this link sets, without using it up; or why it sets none. */
export async function findPasswordReset(
  ctx: Ctx,
  secret: string,
): Promise<{ name: string; email: string; userId: Id<'usr'> } | { problem: TokenProblem }> {
  const { problem, subject } = await lookUpToken(ctx.db.read, ctx.now, secret);
  if (subject && subject.purpose !== 'reset-password') return { problem: 'unknown' };
  if (problem || !subject) return { problem: problem ?? 'unknown' };
  const user = await findUser(ctx.db.read, subject.subjectId);
  return user && user.email === subject.email
    ? { name: user.name, email: user.email, userId: user.id }
    : { problem: 'revoked' };
}

/**
 * Sets a new password by the link’s secret: afterwards the old one, every sign-in and every open link of the user are worth
 * nothing, failures are forgotten, and the user is told by mail. Of many presses at once one succeeds.
 */
export async function resetPassword(
  ctx: Ctx,
  secret: string,
  password: string,
): Promise<{ userId: Id<'usr'> } | { problem: TokenProblem } | { badPassword: string }> {
  const found = await findPasswordReset(ctx, secret);
  if ('problem' in found) return found;
  const badPassword = passwordProblem(password, found);
  if (badPassword) return { badPassword };
  const passwordHash = await hashPassword(password);
  const { userId, email, name } = found;
  return ctx.db.write(async (tx) => {
    const redeemed = await redeemToken(tx, ctx.now, 'reset-password', secret);
    if (!redeemed) return { problem: 'used' as const };
    await setPassword(tx, ctx.now, userId, passwordHash);
    await forgetWrongPasswords(tx, email);
    await recordAuditEvent(tx, {
      at: ctx.now,
      actorId: userId,
      action: 'password.reset',
      subjectType: 'user',
      subjectId: userId,
    });
    await enqueueMail(tx, ctx.now, {
      kind: 'password-was-reset',
      dedupeKey: `password-was-reset:${newId('req', ctx.now)}`,
      to: email,
      content: passwordWasReset({ name }),
    });
    return { userId };
  });
}

/** Puts a new password in place. Every sign-in ends, and every open link that could give it away. */
export async function setPassword(tx: Tx, now: Date, userId: Id<'usr'>, passwordHash: string): Promise<void> {
  await tx.update(users).set({ passwordHash }).where(eq(users.id, userId));
  await endAllLoginSessions(tx, userId);
  for (const purpose of ['reset-password', 'change-address'] as const)
    await revokeTokens(tx, now, purpose, userId);
}
