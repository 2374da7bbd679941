import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { mailStates, suppressionReasons } from '#src/domains/mail/model.ts';
import type { Id } from '#src/platform/ids.ts';
import { createdAt, id, instant } from './columns.ts';

/** Mails to send, written in the transaction of the act that they tell of. */
export const outbox = sqliteTable(
  'outbox',
  {
    id: id<'mail'>(),
    /** The same mail is never queued twice: `members-handbook:usr_…`. */
    dedupeKey: text().notNull(),
    /** Which mail it is: `verify-sign-up`. */
    kind: text().notNull(),
    to: text().notNull(),
    subject: text().notNull(),
    /** HTML, text, headers and attachments, encrypted: they hold links that let people in. Null once sent, suppressed or given up. */
    sealedBody: text(),
    /** Whether people may say that they do not want mails like it. */
    optional: integer({ mode: 'boolean' }).notNull(),
    state: text({ enum: mailStates }).notNull(),
    /** How often a process took it to send it; with `leasedUntil` it tells one such turn from the next. */
    attempts: integer().notNull().default(0),
    /** When it may go out first: later than `createdAt` where the same person got many of its kind. */
    plannedAt: instant().notNull(),
    nextAttemptAt: instant().notNull(),
    /** Until when the process that took it may take; then another may. */
    leasedUntil: instant(),
    /** What the provider calls it. */
    providerId: text(),
    createdAt: createdAt(),
    sentAt: instant(),
    failedAt: instant(),
  },
  (table) => [
    uniqueIndex('outbox_dedupe').on(table.dedupeKey),
    index('outbox_due').on(table.state, table.nextAttemptAt),
    index('outbox_due_of_kind').on(table.state, table.kind, table.nextAttemptAt),
    index('outbox_created_at').on(table.createdAt),
    index('outbox_sent_at').on(table.sentAt),
    index('outbox_to').on(table.to, table.kind, table.plannedAt),
    check('outbox_state', sql`state IN ('waiting', 'sending', 'sent', 'failed', 'suppressed')`),
  ],
);

/** Each try to deliver a mail. */
export const mailAttempts = sqliteTable(
  'mail_attempts',
  {
    id: id<'att'>(),
    mailId: text()
      .$type<Id<'mail'>>()
      .notNull()
      .references(() => outbox.id, { onDelete: 'cascade' }),
    at: instant().notNull(),
    durationMs: integer().notNull(),
    transport: text().notNull(),
    /** Null when it was taken. */
    error: text(),
  },
  (table) => [index('mail_attempts_mail').on(table.mailId)],
);

/** Addresses that get no mail, or no optional mail. Each reason stands for itself: lifting a bounce keeps an unsubscription. */
export const mailSuppressions = sqliteTable(
  'mail_suppressions',
  {
    email: text().notNull(),
    reason: text({ enum: suppressionReasons }).notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.email, table.reason] }),
    check('mail_suppressions_reason', sql`reason IN ('bounce', 'complaint', 'unsubscribe')`),
  ],
);
