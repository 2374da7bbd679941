import { and, eq } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { mailSuppressions } from '#db/schema/mail.ts';
import type { Ctx } from '../../platform/context.ts';
import { env } from '../../platform/env.ts';
import { keyedHash, seal, unseal } from '../../platform/seal.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { type SuppressionReason, stops } from './model.ts';
import { checkedAddress } from './safe-text.ts';

/**
 * The address at which whoever gets mail at `email` can stop optional mails. It holds the mail address, encrypted, and
 * nothing is stored; it works for as long as APP_SECRET stays the same.
 */
export function unsubscribeUrl(email: string): string {
  return `${env.siteUrl}/unsubscribe/${seal('unsubscribe', checkedAddress(email))}`;
}

/** Whom an unsubscribe link is for; null when the token is not one of ours. Changes nothing. */
export function findUnsubscribe(token: string): { email: string } | null {
  const email = token.length <= 1000 ? unseal('unsubscribe', token) : undefined;
  return email ? { email } : null;
}

/**
 * Stops optional mails to whom the token is for, and returns the address; null when the token is not one of ours. Harmless
 * when done again. Anybody with the link may: mail programs press it for people (RFC 8058), without a sign-in.
 */
export async function unsubscribe(ctx: Ctx, token: string): Promise<{ email: string } | null> {
  const found = findUnsubscribe(token);
  if (found) await ctx.db.write((tx) => suppress(tx, ctx.now, found.email, 'unsubscribe'));
  return found;
}

/** From now on the address gets no optional mails or, after a bounce, none at all. Mails that wait already stop as well. */
export async function suppress(tx: Tx, now: Date, email: string, reason: SuppressionReason): Promise<void> {
  await tx
    .insert(mailSuppressions)
    .values({ email: checkedAddress(email), reason, createdAt: now })
    .onConflictDoNothing();
}

/**
 * Takes one reason back, and puts it on record; another reason for the same address stays. Returns false when there was
 * no such suppression. Mails that were kept back meanwhile are not sent.
 */
export async function liftSuppression(
  ctx: Ctx,
  actorId: string,
  email: string,
  reason: SuppressionReason,
): Promise<boolean> {
  return ctx.db.write(async (tx) => {
    const lifted = await tx
      .delete(mailSuppressions)
      .where(and(eq(mailSuppressions.email, checkedAddress(email)), eq(mailSuppressions.reason, reason)))
      .returning({ reason: mailSuppressions.reason });
    if (!lifted.length) return false;
    await recordAuditEvent(tx, {
      at: ctx.now,
      actorId,
      action: 'mail.suppression-lifted',
      subjectType: 'address',
      subjectId: keyedHash('audited-address', checkedAddress(email)), // audit rows hold no addresses
      detail: { reason },
    });
    return true;
  });
}

/** Whether a mail to this address, optional or not, has to be kept back. */
export async function isSuppressed(read: Reads, email: string, optional: boolean): Promise<boolean> {
  const rows = await read
    .select({ reason: mailSuppressions.reason })
    .from(mailSuppressions)
    .where(eq(mailSuppressions.email, email));
  return rows.some(({ reason }) => stops(reason, optional));
}
