import { and, eq, isNotNull } from 'drizzle-orm';
import type { Tx } from '#db/client.ts';
import { loginSessions, users } from '#db/schema/accounts.ts';
import type { Ctx } from '../../platform/context.ts';
import type { Id } from '../../platform/ids.ts';
import type { AuditDetail } from '../audit/model.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { endAllLoginSessions } from './login-sessions.ts';
import type { Grant, Role } from './model.ts';
import { requestPasswordReset } from './password-reset.ts';
import { schoolName } from './people-queries.ts';
import type { SuspensionReason } from './people-words.ts';
import { grantRole, isLastStaff, revokeRole } from './roles.ts';
import { fullUntil, limits } from './throttles.ts';
import { revokeTokens } from './tokens.ts';
import { findUser } from './users.ts';

/** Nobody does these things to themselves: a slip would lock them out, and others should see what happens to rights. */
export type RefusedForOneself = 'oneself';

/**
 * Keeps somebody out from this moment: every sign-in of theirs and every open link for a new password or address ends, and
 * none starts until the suspension is lifted. Their roles stay. Audited with the reason. Refuses the last user who is staff.
 */
export function suspendUser(
  ctx: Ctx,
  actorId: Id<'usr'>,
  userId: Id<'usr'>,
  reason: SuspensionReason,
): Promise<'suspended' | 'not-found' | 'already-suspended' | 'last-staff' | RefusedForOneself> {
  return ctx.db.write(async (tx) => {
    if (actorId === userId) return 'oneself';
    const user = await findUser(tx, userId);
    if (!user) return 'not-found';
    if (user.suspendedAt) return 'already-suspended';
    if (await isLastStaff(tx, userId)) return 'last-staff';
    await tx.update(users).set({ suspendedAt: ctx.now }).where(eq(users.id, userId));
    for (const purpose of ['reset-password', 'change-address'] as const)
      await revokeTokens(tx, ctx.now, purpose, userId);
    const endedLoginSessions = await endSignIns(tx, userId);
    await record(tx, ctx.now, actorId, 'user.suspended', userId, { reason, endedLoginSessions });
    return 'suspended';
  });
}

/** Lets somebody in again who was suspended; they sign in as before. Audited. */
export function liftSuspension(
  ctx: Ctx,
  actorId: Id<'usr'>,
  userId: Id<'usr'>,
): Promise<'lifted' | 'not-suspended' | RefusedForOneself> {
  return ctx.db.write(async (tx) => {
    if (actorId === userId) return 'oneself';
    const lifted = await tx
      .update(users)
      .set({ suspendedAt: null })
      .where(and(eq(users.id, userId), isNotNull(users.suspendedAt)))
      .returning({ id: users.id });
    if (lifted.length === 0) return 'not-suspended';
    await endAllLoginSessions(tx, userId); // one that began as the suspension did
    await record(tx, ctx.now, actorId, 'user.suspension-lifted', userId);
    return 'lifted';
  });
}

/** Signs somebody out everywhere; they may sign in again at once. Audited with how many sign-ins ended. */
export function endSignInsOf(
  ctx: Ctx,
  actorId: Id<'usr'>,
  userId: Id<'usr'>,
): Promise<'ended' | 'none' | RefusedForOneself> {
  return ctx.db.write(async (tx) => {
    if (actorId === userId) return 'oneself';
    const endedLoginSessions = await endSignIns(tx, userId);
    if (endedLoginSessions === 0) return 'none';
    await record(tx, ctx.now, actorId, 'user.sign-ins-ended', userId, { endedLoginSessions });
    return 'ended';
  });
}

/**
 * Mails somebody a link for a new password, as if they had asked for it themselves. Audited. Refuses suspended users, and
 * `too-often` when three went to them within an hour.
 */
export async function sendPasswordReset(
  ctx: Ctx,
  actorId: Id<'usr'>,
  userId: Id<'usr'>,
): Promise<'sent' | 'not-found' | 'suspended' | 'too-often'> {
  const user = await findUser(ctx.db.read, userId);
  if (!user) return 'not-found';
  if (user.suspendedAt) return 'suspended';
  if (await fullUntil(ctx, limits.resetMails, user.email)) return 'too-often';
  // Told before it is done: a mail that nobody asked for must not be without its record.
  await ctx.db.write((tx) => record(tx, ctx.now, actorId, 'user.password-reset-sent', userId));
  await requestPasswordReset(ctx, user.email);
  return 'sent';
}

/** Roles after which somebody may do so much more, or less, that everybody who holds a cookie of theirs signs in again. */
const powerfulRoles: readonly Role[] = ['staff', 'editor'];

/**
 * Gives somebody a role of the site, of a school (`sam`), or of a community (`host`; whether that exists, the caller knows).
 * Audited. After `staff` and `editor` every sign-in of theirs ends, so that none from before carries the new rights.
 */
export function giveRole(
  ctx: Ctx,
  actorId: Id<'usr'>,
  userId: Id<'usr'>,
  { role, scopeId }: Grant,
): Promise<'given' | 'not-found' | 'suspended' | 'unknown-school' | RefusedForOneself> {
  return ctx.db.write(async (tx) => {
    if (actorId === userId) return 'oneself';
    const user = await findUser(tx, userId);
    if (!user) return 'not-found';
    if (user.suspendedAt) return 'suspended';
    if (role === 'sam' && !(await schoolName(tx, scopeId))) return 'unknown-school';
    await grantRole(tx, ctx.now, actorId, { userId, role, scopeId });
    if (powerfulRoles.includes(role)) await endAllLoginSessions(tx, userId);
    return 'given';
  });
}

/**
 * Takes a role from somebody; it counts from their next request. Audited. Refuses to take `staff` from the last who has it.
 * After `staff` and `editor` every sign-in of theirs ends.
 */
export function takeRole(
  ctx: Ctx,
  actorId: Id<'usr'>,
  userId: Id<'usr'>,
  grant: Grant,
): Promise<'taken' | 'not-held' | 'last-staff' | RefusedForOneself> {
  return ctx.db.write(async (tx) => {
    if (actorId === userId) return 'oneself';
    const outcome = await revokeRole(tx, ctx.now, actorId, { userId, ...grant });
    if (outcome !== 'revoked') return outcome;
    if (powerfulRoles.includes(grant.role)) await endAllLoginSessions(tx, userId);
    return 'taken';
  });
}

/** Ends every sign-in of this user and returns how many there were. */
async function endSignIns(tx: Tx, userId: Id<'usr'>): Promise<number> {
  const open = await tx.$count(loginSessions, eq(loginSessions.userId, userId));
  await endAllLoginSessions(tx, userId);
  return open;
}

async function record(
  tx: Tx,
  at: Date,
  actorId: Id<'usr'>,
  action: `user.${string}`,
  subjectId: Id<'usr'>,
  detail: AuditDetail = {},
) {
  await recordAuditEvent(tx, { at, actorId, action, subjectType: 'user', subjectId, detail });
}
