import { and, eq, isNotNull, lte, or } from 'drizzle-orm';
import type { Tx } from '#db/client.ts';
import { outbox } from '#db/schema/mail.ts';
import type { Ctx } from '../../platform/context.ts';
import { normaliseAddress } from '../accounts/model.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { keepFailedBodyMs, keepRecordMs } from './model.ts';

/**
 * Queues a failed mail again, with all its attempts before it, and puts that on record. Returns false, and changes nothing,
 * when there is no such mail, it has not failed, or its words are gone, which they are seven days after it failed.
 */
export async function retryMail(ctx: Ctx, actorId: string, id: string): Promise<boolean> {
  return ctx.db.write(async (tx) => {
    const [mail] = await tx
      .update(outbox)
      .set({ state: 'waiting', attempts: 0, nextAttemptAt: ctx.now, plannedAt: ctx.now, failedAt: null })
      .where(
        and(
          eq(outbox.id, id as typeof outbox.$inferSelect.id),
          eq(outbox.state, 'failed'),
          isNotNull(outbox.sealedBody),
        ),
      )
      .returning({ id: outbox.id, kind: outbox.kind });
    if (!mail) return false;
    await recordAuditEvent(tx, {
      at: ctx.now,
      actorId,
      action: 'mail.retried',
      subjectType: 'mail',
      subjectId: mail.id,
      detail: { kind: mail.kind },
    });
    return true;
  });
}

/** Forgets the words of mails that failed seven days ago, and everything about mails that were over ninety days ago. */
export async function purgeMail(tx: Tx, now: Date): Promise<void> {
  const bodiesUntil = new Date(now.getTime() - keepFailedBodyMs);
  const recordsUntil = new Date(now.getTime() - keepRecordMs);
  await tx
    .delete(outbox)
    .where(
      or(
        lte(outbox.sentAt, recordsUntil),
        and(eq(outbox.state, 'failed'), lte(outbox.failedAt, recordsUntil)),
        and(eq(outbox.state, 'suppressed'), lte(outbox.createdAt, recordsUntil)),
      ),
    );
  await tx
    .update(outbox)
    .set({ sealedBody: null })
    .where(and(eq(outbox.state, 'failed'), lte(outbox.failedAt, bodiesUntil), isNotNull(outbox.sealedBody)));
}

/**
 * Forgets every mail to this address, sent or not; those that wait are not sent. That the address wants or takes no mail
 * stays, on purpose: without it, whoever asked to be forgotten would get mail again as soon as somebody typed the address.
 */
export async function eraseMail(tx: Tx, email: string): Promise<void> {
  await tx.delete(outbox).where(eq(outbox.to, normaliseAddress(email)));
}
