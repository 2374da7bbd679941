import { and, eq, isNotNull, lte } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { users } from '#db/schema/accounts.ts';
import { momentText, zoneText } from '../../lib/time.ts';
import type { Ctx } from '../../platform/context.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { enqueueMail } from '../mail/enqueue.ts';
import { confirmPassword } from './confirm-password.ts';
import { erasureAskedMail } from './emails/erasure-asked.ts';
import { erasureCancelledMail } from './emails/erasure-cancelled.ts';
import { endAllLoginSessions } from './login-sessions.ts';
import { erasureGraceMs, type Viewer } from './model.ts';
import { isLastStaff } from './roles.ts';
import { hasPassword } from './users.ts';

/**
 * Marks the viewer to be erased in seven days, if they know their password. Every sign-in is over at once, and a mail says
 * how to change their mind: by signing in. Refuses the last staff user. Throws `TooManyPasswords`.
 */
export async function askErasure(
  ctx: Ctx,
  viewer: Viewer,
  password: string,
): Promise<{ dueAt: Date } | 'wrong-password' | 'last-staff' | { until: Date }> {
  const confirmed = await confirmPassword(ctx, viewer, password);
  if (confirmed === 'wrong') return 'wrong-password';
  if ('until' in confirmed) return confirmed;
  const dueAt = new Date(ctx.now.getTime() + erasureGraceMs);
  return ctx.db.write(async (tx) => {
    if (!(await hasPassword(tx, viewer.id, confirmed.passwordHash))) return 'wrong-password';
    if (await isLastStaff(tx, viewer.id)) return 'last-staff';
    await tx.update(users).set({ erasureDueAt: dueAt }).where(eq(users.id, viewer.id));
    await endAllLoginSessions(tx, viewer.id);
    await recordAuditEvent(tx, {
      at: ctx.now,
      actorId: viewer.id,
      action: 'user.erasure-asked',
      subjectType: 'user',
      subjectId: viewer.id,
    });
    const { name, timeZone } = viewer;
    const dueText = `${momentText(dueAt, timeZone)}, ${zoneText(timeZone, dueAt)}`;
    await enqueueMail(tx, ctx.now, {
      kind: 'erasure-asked',
      dedupeKey: `erasure-asked:${newId('req', ctx.now)}`,
      to: viewer.email,
      content: erasureAskedMail({ name, dueText }),
    });
    return { dueAt };
  });
}

/** The user stays after all, and is told by mail. Does nothing when they are not to be erased, or gone. */
export async function cancelErasure(ctx: Ctx, userId: Id<'usr'>): Promise<void> {
  await ctx.db.write(async (tx) => {
    const [kept] = await tx
      .update(users)
      .set({ erasureDueAt: null })
      .where(and(eq(users.id, userId), isNotNull(users.erasureDueAt)))
      .returning({ name: users.name, email: users.email });
    if (!kept) return;
    await recordAuditEvent(tx, {
      at: ctx.now,
      actorId: userId,
      action: 'user.erasure-cancelled',
      subjectType: 'user',
      subjectId: userId,
    });
    await enqueueMail(tx, ctx.now, {
      kind: 'erasure-cancelled',
      dedupeKey: `erasure-cancelled:${newId('req', ctx.now)}`,
      to: kept.email,
      content: erasureCancelledMail({ name: kept.name }),
    });
  });
}

/** Ids of those whose time to change their mind is over. */
export async function usersDueForErasure(read: Reads, now: Date): Promise<Id<'usr'>[]> {
  const rows = await read.select({ id: users.id }).from(users).where(lte(users.erasureDueAt, now));
  return rows.map(({ id }) => id);
}
