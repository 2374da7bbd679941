import { and, eq } from 'drizzle-orm';
import { users } from '#db/schema/accounts.ts';
import type { Ctx } from '../../platform/context.ts';
import type { Id } from '../../platform/ids.ts';
import { hashPassword, isPassword, needsRehash } from '../../platform/password.ts';
import { normaliseAddress } from './model.ts';
import { beginPasswordAttempt, countAct, forgetWrongPasswords, fullUntil, limits } from './throttles.ts';
import { findUserByAddress } from './users.ts';

export type SignInResult =
  | { userId: Id<'usr'> }
  | { refused: 'wrong' }
  /** Too many wrong passwords for this address, or from this network address. */
  | { refused: 'too-often'; until: Date }
  | { refused: 'suspended' }
  /** They asked for everything to be deleted then, and may still change their mind. */
  | { refused: 'erasure-due'; userId: Id<'usr'>; dueAt: Date };

/**
 * Whose address and password these are. Whether anybody has the address shows in nothing: words, status and time are the
 * same, and an address nobody has is locked after as many failures. What the user may not know before giving the right
 * password (suspended, about to be erased) is told only after. Throws `TooManyPasswords`.
 */
export async function signIn(
  ctx: Ctx,
  { email, password }: { email: string; password: string },
  networkAddress: string,
): Promise<SignInResult> {
  const until = (await blockedUntil(ctx, networkAddress)) ?? (await attempt(ctx, email));
  if (until) return { refused: 'too-often', until };

  const user = await findUserByAddress(ctx.db.read, email);
  if (!(await isPassword(password, user?.passwordHash)) || !user) {
    await countAct(ctx, limits.failuresAMinute, networkAddress);
    await countAct(ctx, limits.failuresAnHour, networkAddress);
    return { refused: 'wrong' };
  }

  const renewedHash = needsRehash(user.passwordHash) ? await hashPassword(password) : undefined;
  await ctx.db.write(async (tx) => {
    await forgetWrongPasswords(tx, user.email);
    if (!renewedHash) return;
    // Only in place of the hash that was checked: a new password may have been set meanwhile.
    const unchanged = and(eq(users.id, user.id), eq(users.passwordHash, user.passwordHash));
    await tx.update(users).set({ passwordHash: renewedHash }).where(unchanged);
  });
  if (user.suspendedAt) return { refused: 'suspended' };
  if (user.erasureDueAt) return { refused: 'erasure-due', userId: user.id, dueAt: user.erasureDueAt };
  return { userId: user.id };
}

async function blockedUntil(ctx: Ctx, networkAddress: string): Promise<Date | null> {
  return (
    (await fullUntil(ctx, limits.failuresAMinute, networkAddress)) ??
    (await fullUntil(ctx, limits.failuresAnHour, networkAddress))
  );
}

function attempt(ctx: Ctx, email: string): Promise<Date | null> {
  return ctx.db.write((tx) => beginPasswordAttempt(tx, ctx.now, normaliseAddress(email)));
}
