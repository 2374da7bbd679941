import type { Ctx } from '../../platform/context.ts';
import { isPassword } from '../../platform/password.ts';
import type { Viewer } from './model.ts';
import { beginPasswordAttempt, forgetWrongPasswords } from './throttles.ts';
import { findUser } from './users.ts';

/**
 * Whether `password` is the viewer’s. Wrong ones count like those at sign-in, and lock the address like those. Throws
 * `TooManyPasswords`.
 */
export async function confirmPassword(
  ctx: Ctx,
  viewer: Pick<Viewer, 'id' | 'email'>,
  password: string,
): Promise<'right' | 'wrong' | { until: Date }> {
  const until = await ctx.db.write((tx) => beginPasswordAttempt(tx, ctx.now, viewer.email));
  if (until) return { until };
  const user = await findUser(ctx.db.read, viewer.id);
  if (!(await isPassword(password, user?.passwordHash))) return 'wrong';
  await ctx.db.write((tx) => forgetWrongPasswords(tx, viewer.email));
  return 'right';
}
