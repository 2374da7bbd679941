import type { Ctx } from '../../platform/context.ts';
import { assertPasswordTurn, isPassword, TooManyPasswords } from '../../platform/password.ts';
import type { Viewer } from './model.ts';
import { beginPasswordAttempt, forgetWrongPasswords, takeBackPasswordAttempt } from './throttles.ts';
import { findUser } from './users.ts';

/**
 * Whether `password` is the one behind `passwordHash` (undefined for an address that nobody has; takes as long). Counted for
 * the normalised address before it is checked. `until`: this attempt may not be made before then. Throws
 * `TooManyPasswords`, and then nothing is counted.
 */
export async function attemptPassword(
  ctx: Ctx,
  email: string,
  password: string,
  passwordHash: string | undefined,
): Promise<'right' | 'wrong' | { until: Date }> {
  assertPasswordTurn();
  const until = await ctx.db.write((tx) => beginPasswordAttempt(tx, ctx.now, email));
  if (until) return { until };
  try {
    return (await isPassword(password, passwordHash)) ? 'right' : 'wrong';
  } catch (error) {
    if (error instanceof TooManyPasswords) await ctx.db.write((tx) => takeBackPasswordAttempt(tx, email));
    throw error;
  }
}

/**
 * Whether `password` is the viewer’s, and then the hash that it was checked against: what it allows is done only while that
 * is still theirs (`hasPassword`). Wrong ones count like those at sign-in, and lock the address like those. Throws
 * `TooManyPasswords`.
 */
export async function confirmPassword(
  ctx: Ctx,
  viewer: Pick<Viewer, 'id' | 'email'>,
  password: string,
): Promise<{ passwordHash: string } | 'wrong' | { until: Date }> {
  const user = await findUser(ctx.db.read, viewer.id);
  const outcome = await attemptPassword(ctx, viewer.email, password, user?.passwordHash);
  if (outcome !== 'right' || !user) return outcome === 'right' ? 'wrong' : outcome;
  await ctx.db.write((tx) => forgetWrongPasswords(tx, viewer.email));
  return { passwordHash: user.passwordHash };
}
