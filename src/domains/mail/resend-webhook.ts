import { z } from 'astro/zod';
import { Resend } from 'resend';
import type { Ctx } from '../../platform/context.ts';
import { env } from '../../platform/env.ts';
import { log } from '../../platform/log.ts';
import type { SuppressionReason } from './model.ts';
import { suppress } from './unsubscribe.ts';

const reportSchema = z.object({
  type: z.string(),
  data: z.object({
    email_id: z.string().optional(),
    to: z.array(z.string()),
    bounce: z.object({ type: z.string() }).optional(),
  }),
});
type Report = z.output<typeof reportSchema>;

/**
 * Takes a report of Resend’s. After a permanent bounce the address gets no more mail, after a complaint no optional mail;
 * every other report is accepted and changes nothing, and so does the same one again. Refuses what is not signed with
 * RESEND_WEBHOOK_SECRET within five minutes of this machine’s clock (Standard Webhooks, as Svix signs).
 */
export async function receiveResendReport(
  ctx: Ctx,
  rawBody: string,
  headers: Headers,
): Promise<'accepted' | 'not-signed' | 'not-configured'> {
  if (!env.resendWebhookSecret) return 'not-configured';
  const signed = verified(env.resendWebhookSecret, rawBody, headers);
  if (!signed) return 'not-signed';
  const { data: report } = reportSchema.safeParse(signed.payload);
  const reason = report && reasonOf(report);
  if (!report || !reason) return 'accepted';
  await ctx.db.write(async (tx) => {
    for (const address of report.data.to.map(bareAddress).filter((one) => one !== undefined))
      await suppress(tx, ctx.now, address, reason);
  });
  log.warn({ reason, providerId: report.data.email_id }, 'mail.suppressed');
  return 'accepted';
}

function verified(
  webhookSecret: string,
  payload: string,
  headers: Headers,
): { payload: unknown } | undefined {
  const header = (name: string) => headers.get(`svix-${name}`) ?? headers.get(`webhook-${name}`) ?? '';
  const signature = { id: header('id'), timestamp: header('timestamp'), signature: header('signature') };
  try {
    // The key is for its other calls: verifying needs none.
    return { payload: new Resend('unused').webhooks.verify({ payload, headers: signature, webhookSecret }) };
  } catch {
    log.warn('mail.report_refused');
    return undefined;
  }
}

function reasonOf({ type, data }: Report): SuppressionReason | undefined {
  if (type === 'email.complained') return 'complaint';
  return type === 'email.bounced' && data.bounce?.type === 'Permanent' ? 'bounce' : undefined;
}

/** The address of `Name <address>` or of the address alone; undefined when it is neither. */
function bareAddress(to: string): string | undefined {
  return /^[^<>@]*<([^<>\s]+@[^<>\s]+)>$|^([^<>\s]+@[^<>\s]+)$/.exec(to.trim())?.slice(1).find(Boolean);
}
