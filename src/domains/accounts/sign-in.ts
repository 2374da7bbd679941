import { and, eq } from 'drizzle-orm';
import { users } from '#db/schema/accounts.ts';
import type { Ctx } from '../../platform/context.ts';
import type { Id } from '../../platform/ids.ts';
import { hashPassword, needsRehash } from '../../platform/password.ts';
import { attemptPassword } from './confirm-password.ts';
import { normaliseAddress } from './model.ts';
import { countAct, forgetWrongPasswords, fullUntil, limits } from './throttles.ts';
import { findUserByAddress } from './users.ts';

export type SignInResult =
  /** `passwordHash` is what their sign-in starts with. */
  | { userId: Id<'usr'>; passwordHash: string }
  | { refused: 'wrong' }
  /** Too many wrong passwords for this address, or from this network address. */
  | { refused: 'too-often'; until: Date }
  | { refused: 'suspended' }
  /** They asked for everything to be deleted then, and may still change their mind. */
  | { refused: 'erasure-due'; userId: Id<'usr'>; passwordHash: string; dueAt: Date };

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
  const until = await blockedUntil(ctx, networkAddress);
  if (until) return { refused: 'too-often', until };
  const user = await findUserByAddress(ctx.db.read, email);
  const outcome = await attemptPassword(ctx, normaliseAddress(email), password, user?.passwordHash);
  if (typeof outcome === 'object') return { refused: 'too-often', ...outcome };
  if (outcome === 'wrong' || !user) {
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
  const proved = { userId: user.id, passwordHash: renewedHash ?? user.passwordHash };
  if (user.erasureDueAt) return { refused: 'erasure-due', ...proved, dueAt: user.erasureDueAt };
  return proved;
}

async function blockedUntil(ctx: Ctx, networkAddress: string): Promise<Date | null> {
  return (
    (await fullUntil(ctx, limits.failuresAMinute, networkAddress)) ??
    (await fullUntil(ctx, limits.failuresAnHour, networkAddress))
  );
}
