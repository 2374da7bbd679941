import { and, asc, count, desc, eq, inArray, like, lte, min, or, type SQL, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { mailAttempts, mailSuppressions, outbox } from '#db/schema/mail.ts';
import { normaliseAddress } from '../accounts/model.ts';
import type { MailState, SuppressionReason } from './model.ts';

const outboxSorts = ['newest', 'oldest', 'recipient', 'kind'] as const;
type OutboxSort = (typeof outboxSorts)[number];

export type OutboxQuery = {
  /** Part of a recipient, kind or subject. */
  search?: string | undefined;
  state?: MailState | undefined;
  sort?: OutboxSort | undefined;
  /** 1, 2, 3 … */
  page?: number | undefined;
};

const outboxPageSize = 25;

const row = {
  id: outbox.id,
  kind: outbox.kind,
  to: outbox.to,
  subject: outbox.subject,
  state: outbox.state,
  attempts: outbox.attempts,
  createdAt: outbox.createdAt,
  nextAttemptAt: outbox.nextAttemptAt,
  sentAt: outbox.sentAt,
  failedAt: outbox.failedAt,
};

/** One page of the outbox for staff, 25 mails, and how many there are in all. Never their words. */
export async function outboxPage(read: Reads, { search, state, sort = 'newest', page = 1 }: OutboxQuery) {
  const where = and(state && eq(outbox.state, state), search?.trim() ? found(search.trim()) : undefined);
  const [mails, total] = await Promise.all([
    read
      .select(row)
      .from(outbox)
      .where(where)
      .orderBy(...orders[sort])
      .limit(outboxPageSize)
      .offset((Math.max(1, Math.floor(page)) - 1) * outboxPageSize),
    read.$count(outbox, where),
  ]);
  return { mails, total };
}

const orders: Record<OutboxSort, SQL[]> = {
  newest: [desc(outbox.createdAt), desc(outbox.id)],
  oldest: [asc(outbox.createdAt), asc(outbox.id)],
  recipient: [asc(outbox.to), desc(outbox.createdAt), desc(outbox.id)],
  kind: [asc(outbox.kind), desc(outbox.createdAt), desc(outbox.id)],
};

function found(search: string): SQL | undefined {
  const pattern = `%${search.replace(/[\\%_]/g, '\\$&')}%`;
  const matches = (column: SQL.Aliased | typeof outbox.to | typeof outbox.kind | typeof outbox.subject) =>
    sql`${like(column, pattern)} ESCAPE '\\'`;
  return or(matches(outbox.to), matches(outbox.kind), matches(outbox.subject));
}

/** One mail with its attempts, first to last, and whether `retryMail` would take it; null when there is none. Never its words. */
export async function findMail(read: Reads, id: string) {
  const [mail] = await read
    .select({
      ...row,
      optional: outbox.optional,
      providerId: outbox.providerId,
      canRetry: sql<number>`${outbox.state} = 'failed' AND ${outbox.sealedBody} IS NOT NULL`.mapWith(Boolean),
    })
    .from(outbox)
    .where(sql`${outbox.id} = ${id}`);
  if (!mail) return null;
  const attempts = await read
    .select({
      at: mailAttempts.at,
      durationMs: mailAttempts.durationMs,
      transport: mailAttempts.transport,
      error: mailAttempts.error,
    })
    .from(mailAttempts)
    .where(eq(mailAttempts.mailId, mail.id))
    .orderBy(asc(mailAttempts.id));
  return { ...mail, tried: attempts };
}

/** How many mails wait, and of those how long the oldest due one has (in milliseconds; null when none), and how many failed. */
export async function outboxHealth(
  read: Reads,
  now: Date,
): Promise<{ waiting: number; failed: number; oldestWaitingMs: number | null }> {
  const unsent = inArray(outbox.state, ['waiting', 'sending']);
  const [waiting, failed, [oldest]] = await Promise.all([
    read.$count(outbox, unsent),
    read.$count(outbox, eq(outbox.state, 'failed')),
    read
      .select({ plannedAt: min(outbox.plannedAt) })
      .from(outbox)
      .where(and(unsent, lte(outbox.plannedAt, now))),
  ]);
  const since = oldest?.plannedAt;
  return { waiting, failed, oldestWaitingMs: since ? now.getTime() - since.getTime() : null };
}

/** Addresses that get no mail or no optional mail, newest first, 25 a page, and how many rows there are in all. */
export async function suppressionPage(
  read: Reads,
  { search, reason, page = 1 }: { search?: string; reason?: SuppressionReason; page?: number },
) {
  const pattern = `%${(search ?? '').trim().replace(/[\\%_]/g, '\\$&')}%`;
  const where = and(
    reason && eq(mailSuppressions.reason, reason),
    sql`${like(mailSuppressions.email, pattern)} ESCAPE '\\'`,
  );
  const [suppressions, [counted]] = await Promise.all([
    read
      .select({
        email: mailSuppressions.email,
        reason: mailSuppressions.reason,
        createdAt: mailSuppressions.createdAt,
      })
      .from(mailSuppressions)
      .where(where)
      .orderBy(desc(mailSuppressions.createdAt), asc(mailSuppressions.email))
      .limit(outboxPageSize)
      .offset((Math.max(1, Math.floor(page)) - 1) * outboxPageSize),
    read.select({ total: count() }).from(mailSuppressions).where(where),
  ]);
  return { suppressions, total: counted?.total ?? 0 };
}

/** What is kept about mails to this address, for the person’s export of their data: mails, oldest first, and refusals. */
export async function personalMail(read: Reads, email: string) {
  const address = normaliseAddress(email);
  const [mails, suppressions] = await Promise.all([
    read
      .select({
        kind: outbox.kind,
        subject: outbox.subject,
        state: outbox.state,
        createdAt: outbox.createdAt,
        sentAt: outbox.sentAt,
        failedAt: outbox.failedAt,
      })
      .from(outbox)
      .where(eq(outbox.to, address))
      .orderBy(asc(outbox.createdAt), asc(outbox.id)),
    read
      .select({ reason: mailSuppressions.reason, createdAt: mailSuppressions.createdAt })
      .from(mailSuppressions)
      .where(eq(mailSuppressions.email, address)),
  ]);
  return { mails, suppressions };
}
