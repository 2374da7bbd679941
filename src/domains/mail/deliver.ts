import { and, asc, eq, inArray, lte, ne, or, sql } from 'drizzle-orm';
import type { Db, Reads, Tx } from '#db/client.ts';
import { mailAttempts, outbox } from '#db/schema/mail.ts';
import { env } from '../../platform/env.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { log } from '../../platform/log.ts';
import { keyedHash, unseal } from '../../platform/seal.ts';
import { takeFromDay } from './limits.ts';
import { leaseMs, type MailBody, retryDelaysMs, sendLimitMs } from './model.ts';
import { scrubbed } from './safe-text.ts';
import { type Mailer, MailRefused, MailThrottled, type Message } from './transports.ts';
import { isSuppressed } from './unsubscribe.ts';

export type DeliveryCtx = { db: Db; now(): Date };

export type DeliveryOptions = {
  /** How many mails are handed over side by side; 4 where left out. */
  lanes?: number;
  /** Once aborted no further mail is begun. */
  signal?: AbortSignal;
};

/** How many mails came to which end; `waiting` are those to be tried again. */
export type Delivery = { sent: number; waiting: number; failed: number; suppressed: number };

type Taken = {
  id: Id<'mail'>;
  kind: string;
  dedupeKey: string;
  to: string;
  subject: string;
  sealedBody: string | null;
  attempts: number;
  plannedAt: Date;
  createdAt: Date;
};

type Outcome =
  | { state: 'sent'; providerId: string | null }
  | { state: 'failed'; error: string }
  | { state: 'waiting'; error: string; afterMs: number }
  | { state: 'throttled'; afterMs: number };

/**
 * Hands over the mails that are due, until none is, and says what became of them. Several processes may do so at once: a
 * mail is taken by one conditional update and held for 90 seconds. Where a process dies between handing over and
 * recording, the mail is handed over again with the same idempotency key and Message-ID, so a provider that knows either
 * delivers it once. After eight attempts, or one refusal, it has failed for good.
 *
 * A mail that is slow or fails holds up no other: kinds take turns, mails that people wait for go before optional ones,
 * and one person’s mails take one lane. Rejects when the database does; what was taken is tried again later.
 */
export async function deliverDueMails(
  ctx: DeliveryCtx,
  mailer: Mailer,
  { lanes = 4, signal }: DeliveryOptions = {},
): Promise<Delivery> {
  const delivery: Delivery = { sent: 0, waiting: 0, failed: 0, suppressed: 0 };
  async function runLane() {
    while (!signal?.aborted) {
      const taken = await takeNext(ctx, mailer);
      if (!taken) return;
      if (taken === 'suppressed') {
        delivery.suppressed += 1;
        continue;
      }
      const outcome = await handOver(ctx, mailer, taken);
      delivery[outcome.state === 'throttled' ? 'waiting' : outcome.state] += 1;
      if (outcome.state === 'throttled') return;
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: lanes }, runLane));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return delivery;
}

/** Takes the next mail for this process; null when none is due, or the site has sent too many today. */
async function takeNext({ db, now }: DeliveryCtx, mailer: Mailer): Promise<Taken | 'suppressed' | null> {
  const at = now();
  if (!(await isAnyDue(db.read, at))) return null;
  if (!(await takeFromDay(db, at))) return null;
  return db.write(async (tx) => {
    await releaseLapsed(tx, at, mailer);
    const id = await nextInTurn(tx, at);
    if (!id) return null;
    const [taken] = await tx
      .update(outbox)
      .set({
        state: 'sending',
        attempts: sql`${outbox.attempts} + 1`,
        leasedUntil: new Date(at.getTime() + leaseMs),
      })
      .where(and(eq(outbox.id, id), eq(outbox.state, 'waiting')))
      .returning({
        id: outbox.id,
        kind: outbox.kind,
        dedupeKey: outbox.dedupeKey,
        to: outbox.to,
        subject: outbox.subject,
        sealedBody: outbox.sealedBody,
        attempts: outbox.attempts,
        plannedAt: outbox.plannedAt,
        createdAt: outbox.createdAt,
        optional: outbox.optional,
      });
    if (!taken) return null;
    if (!(await isSuppressed(tx, taken.to, taken.optional))) return taken;
    await tx
      .update(outbox)
      .set({ state: 'suppressed', sealedBody: null, leasedUntil: null })
      .where(eq(outbox.id, id));
    return 'suppressed';
  });
}

async function isAnyDue(read: Reads, now: Date): Promise<boolean> {
  const due = and(eq(outbox.state, 'waiting'), lte(outbox.nextAttemptAt, now));
  const lapsed = and(eq(outbox.state, 'sending'), lte(outbox.leasedUntil, now));
  return (await read.select({ id: outbox.id }).from(outbox).where(or(due, lapsed)).limit(1)).length > 0;
}

/** Gives back what a process took and never recorded. A mail that ends its process each time fails like any other. */
async function releaseLapsed(tx: Tx, now: Date, mailer: Mailer): Promise<void> {
  const lapsed = await tx
    .select({ id: outbox.id, attempts: outbox.attempts })
    .from(outbox)
    .where(and(eq(outbox.state, 'sending'), lte(outbox.leasedUntil, now)))
    .orderBy(asc(outbox.nextAttemptAt))
    .limit(100);
  if (!lapsed.length) return;
  const error = 'The attempt was cut off: it may have been taken.';
  const rows = lapsed.map(({ id }) => ({ id: newId('att', now), mailId: id, at: now, durationMs: 0, error }));
  await tx.insert(mailAttempts).values(rows.map((row) => ({ ...row, transport: mailer.name })));
  const isLast = ({ attempts }: { attempts: number }) => attempts > retryDelaysMs.length;
  const failed = lapsed.filter(isLast).map(({ id }) => id);
  const waiting = lapsed.filter((mail) => !isLast(mail)).map(({ id }) => id);
  if (failed.length)
    await tx
      .update(outbox)
      .set({ state: 'failed', leasedUntil: null, failedAt: now })
      .where(inArray(outbox.id, failed));
  if (waiting.length)
    await tx
      .update(outbox)
      .set({ state: 'waiting', leasedUntil: null, nextAttemptAt: now })
      .where(inArray(outbox.id, waiting));
}

/**
 * The oldest due mail of one kind, and of which kind is left to chance: a thousand of one kind then take no more turns than
 * any other. Looks at the first of each kind only, however many wait.
 */
async function nextInTurn(tx: Tx, now: Date): Promise<Id<'mail'> | undefined> {
  const [next] = await tx.all<{ id: Id<'mail'> }>(sql`
    WITH RECURSIVE kinds (kind) AS (
      SELECT min(kind) FROM outbox WHERE state = 'waiting'
      UNION ALL
      SELECT (SELECT min(kind) FROM outbox WHERE state = 'waiting' AND kind > kinds.kind)
      FROM kinds WHERE kinds.kind IS NOT NULL
    )
    SELECT id FROM outbox WHERE id IN (
      SELECT (
        SELECT first.id FROM outbox AS first
        WHERE first.state = 'waiting' AND first.kind = kinds.kind AND first.next_attempt_at <= ${now.getTime()}
          AND NOT EXISTS (
            SELECT 1 FROM outbox AS busy WHERE busy.state = 'sending' AND busy."to" = first."to"
          )
        ORDER BY first.next_attempt_at LIMIT 1
      ) FROM kinds
    )
    ORDER BY optional, random() LIMIT 1
  `);
  return next?.id;
}

async function handOver(ctx: DeliveryCtx, mailer: Mailer, taken: Taken): Promise<Outcome> {
  const at = ctx.now();
  const startedAt = performance.now();
  const outcome = await attempt(mailer, taken, at);
  const durationMs = Math.round(performance.now() - startedAt);
  await ctx.db.write((tx) => record(tx, ctx.now(), mailer, taken, outcome, { at, durationMs }));
  tell(taken, outcome, durationMs);
  return outcome;
}

async function attempt(mailer: Mailer, taken: Taken, at: Date): Promise<Outcome> {
  const body = taken.sealedBody === null ? undefined : unseal('mail-body', taken.sealedBody);
  if (body === undefined)
    return {
      state: 'failed',
      error: 'Its words cannot be read: APP_SECRET is not the one it was queued with.',
    };
  const message: Message = {
    ...(JSON.parse(body) as MailBody),
    id: taken.id,
    kind: taken.kind,
    messageId: messageIdOf(taken.dedupeKey),
    from: env.emailFrom,
    to: taken.to,
    subject: taken.subject,
    createdAt: taken.createdAt,
    sentAt: at,
  };
  try {
    const { providerId = null } = await inTime(mailer.send(message, taken.id));
    return { state: 'sent', providerId };
  } catch (error) {
    return outcomeOf(error, taken, at);
  }
}

const day = 24 * 60 * 60_000;

function outcomeOf(error: unknown, { attempts, plannedAt }: Taken, at: Date): Outcome {
  // A provider that only ever asks for a pause must not keep a mail for ever.
  if (error instanceof MailThrottled && at.getTime() - plannedAt.getTime() < 2 * day)
    return { state: 'throttled', afterMs: error.afterMs };
  const words = scrubbed(error instanceof Error ? error.message : String(error)) || 'No reason was given.';
  const afterMs = retryDelaysMs[attempts - 1];
  if (error instanceof MailRefused || afterMs === undefined) return { state: 'failed', error: words };
  return { state: 'waiting', error: words, afterMs };
}

/** Keeps the attempt and its outcome. A failure counts only while the mail is still ours; that it was sent, always. */
async function record(
  tx: Tx,
  now: Date,
  mailer: Mailer,
  taken: Taken,
  outcome: Outcome,
  times: { at: Date; durationMs: number },
): Promise<void> {
  const { id, attempts } = taken;
  const ours = and(eq(outbox.id, id), eq(outbox.state, 'sending'), eq(outbox.attempts, attempts));
  if (outcome.state === 'throttled') {
    const nextAttemptAt = new Date(now.getTime() + outcome.afterMs);
    await tx
      .update(outbox)
      .set({ state: 'waiting', leasedUntil: null, nextAttemptAt, attempts: attempts - 1 })
      .where(ours);
    return;
  }
  if ((await tx.$count(outbox, eq(outbox.id, id))) === 0) return; // erased meanwhile
  await tx.insert(mailAttempts).values({
    id: newId('att', now),
    mailId: id,
    ...times,
    transport: mailer.name,
    error: outcome.state === 'sent' ? null : outcome.error,
  });
  if (outcome.state === 'sent') {
    const { providerId } = outcome;
    await tx
      .update(outbox)
      .set({ state: 'sent', sealedBody: null, leasedUntil: null, providerId, sentAt: now, failedAt: null })
      .where(and(eq(outbox.id, id), ne(outbox.state, 'sent')));
  } else if (outcome.state === 'failed') {
    await tx.update(outbox).set({ state: 'failed', leasedUntil: null, failedAt: now }).where(ours);
  } else {
    const nextAttemptAt = new Date(now.getTime() + outcome.afterMs);
    await tx.update(outbox).set({ state: 'waiting', leasedUntil: null, nextAttemptAt }).where(ours);
  }
}

function tell({ id: mailId, kind, attempts }: Taken, outcome: Outcome, durationMs: number) {
  if (outcome.state === 'sent') log.info({ mailId, kind, attempts, durationMs }, 'mail.sent');
  else if (outcome.state === 'failed')
    log.error({ mailId, kind, attempts, reason: outcome.error }, 'mail.failed');
  else if (outcome.state === 'waiting')
    log.warn({ mailId, kind, attempts, reason: outcome.error }, 'mail.will_be_tried_again');
  else log.warn({ mailId, kind, afterMs: outcome.afterMs }, 'mail.throttled');
}

/** The same mail always has the same Message-ID, so that receivers recognise it. */
function messageIdOf(dedupeKey: string): string {
  return `<${keyedHash('message-id', dedupeKey)}@${new URL(env.siteUrl).hostname}>`;
}

/** What `sending` resolves with, or an error after 30 seconds: a lane is never lost to a transport that hangs. */
async function inTime<T>(sending: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('No answer within 30 seconds.')), sendLimitMs);
  });
  try {
    return await Promise.race([sending, late]);
  } finally {
    clearTimeout(timer);
  }
}
