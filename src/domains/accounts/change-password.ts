import type { Ctx } from '../../platform/context.ts';
import { newId } from '../../platform/ids.ts';
import { hashPassword } from '../../platform/password.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { enqueueMail } from '../mail/enqueue.ts';
import { confirmPassword } from './confirm-password.ts';
import { passwordChangedMail } from './emails/password-changed.ts';
import type { Viewer } from './model.ts';
import { setPassword } from './password-reset.ts';
import { passwordProblem } from './passwords.ts';
import { hasPassword } from './users.ts';

export type ChangedPassword =
  | 'changed'
  | 'wrong-password'
  /** Too many wrong passwords. */
  | { until: Date }
  /** What is wrong with the new one, in a sentence. */
  | { badPassword: string };

/**
 * Gives the viewer a new password, if they know the one they have. Afterwards every sign-in is over, this one too (start a
 * new one), open links that could change the password or the address are worth nothing, and the user is told by mail.
 * Throws `TooManyPasswords`.
 */
export async function changePassword(
  ctx: Ctx,
  viewer: Viewer,
  { password, newPassword }: { password: string; newPassword: string },
): Promise<ChangedPassword> {
  const badPassword = passwordProblem(newPassword, viewer);
  if (badPassword) return { badPassword };
  const confirmed = await confirmPassword(ctx, viewer, password);
  if (confirmed === 'wrong') return 'wrong-password';
  if ('until' in confirmed) return confirmed;
  const passwordHash = await hashPassword(newPassword);
  return ctx.db.write(async (tx) => {
    if (!(await hasPassword(tx, viewer.id, confirmed.passwordHash))) return 'wrong-password';
    await setPassword(tx, ctx.now, viewer.id, passwordHash);
    await recordAuditEvent(tx, {
      at: ctx.now,
      actorId: viewer.id,
      action: 'password.changed',
      subjectType: 'user',
      subjectId: viewer.id,
    });
    await enqueueMail(tx, ctx.now, {
      kind: 'password-changed',
      dedupeKey: `password-changed:${newId('req', ctx.now)}`,
      to: viewer.email,
      content: passwordChangedMail({ name: viewer.name }),
    });
    return 'changed';
  });
}
