import { sql } from 'drizzle-orm';
import { check, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import { applicationStates, enquiryStates, enquiryTopics } from '#src/domains/admissions/model.ts';
import type { Id } from '#src/platform/ids.ts';
import { createdAt, id, instant } from './columns.ts';

const userId = () => text().$type<Id<'usr'>>();

export const coupons = sqliteTable(
  'coupons',
  {
    id: id<'cpn'>(),
    /** Upper case, as people type it: `LIBRARY-7KQ2`. */
    code: text().notNull().unique(),
    percentOff: integer().notNull(),
    /** How often it may be used. */
    usesAllowed: integer().notNull(),
    /** Applications that hold it; those declined or withdrawn gave it back. */
    usesTaken: integer().notNull().default(0),
    /** Last day it works, in China time; null for no end. */
    lastValidOn: text(),
    /** For whom or why, for staff. */
    note: text().notNull().default(''),
    createdById: userId(),
    createdAt: createdAt(),
    endedAt: instant(),
  },
  () => [
    check('coupons_percent', sql`percent_off BETWEEN 1 AND 100`),
    check('coupons_uses', sql`uses_taken >= 0 AND uses_taken <= uses_allowed`),
  ],
);

export const applications = sqliteTable(
  'applications',
  {
    id: id<'app'>(),
    name: text().notNull(),
    email: text().notNull(),
    jobTitle: text().notNull(),
    workplace: text().notNull().default(''),
    country: text().notNull(),
    timeZone: text().notNull(),
    /** Slugs of the communities that interest them. */
    communities: text({ mode: 'json' }).$type<string[]>().notNull().default([]),
    message: text().notNull().default(''),
    /** Version of the code of conduct that they accepted with the form. */
    codeOfConductVersion: text().notNull(),
    /** SHA-256 of what was sent and the day: the same form sent twice is one application. */
    digest: text().notNull(),
    couponId: text()
      .$type<Id<'cpn'>>()
      .references(() => coupons.id),
    /** Whole units of `currency`, as the server worked it out. */
    price: integer().notNull(),
    currency: text().notNull(),
    state: text({ enum: applicationStates }).notNull(),
    /** What staff wrote into the mail that said yes. */
    acceptNote: text().notNull().default(''),
    declineReason: text(),
    decidedAt: instant(),
    decidedById: userId(),
    paidAt: instant(),
    /** For staff: number of the invoice, or how it was paid. */
    paymentNote: text().notNull().default(''),
    /** When the link with which they become a member was last mailed. */
    setUpSentAt: instant(),
    createdAt: createdAt(),
    updatedAt: instant().notNull(),
  },
  (table) => [
    index('applications_state').on(table.state, table.createdAt),
    index('applications_email').on(table.email),
    uniqueIndex('applications_once').on(table.digest),
    check(
      'applications_state',
      sql`state IN ('received', 'accepted', 'paid', 'joined', 'declined', 'withdrawn')`,
    ),
    check('applications_price', sql`price >= 0`),
  ],
);

export const enquiries = sqliteTable(
  'enquiries',
  {
    id: id<'enq'>(),
    name: text().notNull(),
    email: text().notNull(),
    topic: text({ enum: enquiryTopics }).notNull(),
    organisation: text().notNull().default(''),
    country: text().notNull().default(''),
    /** How many staff would join; null when not said. */
    staffCount: integer(),
    message: text().notNull(),
    /** SHA-256 of what was sent and the day: the same form sent twice is one enquiry. */
    digest: text().notNull(),
    state: text({ enum: enquiryStates }).notNull(),
    createdAt: createdAt(),
    updatedAt: instant().notNull(),
  },
  (table) => [
    index('enquiries_state').on(table.state, table.createdAt),
    index('enquiries_email').on(table.email),
    uniqueIndex('enquiries_once').on(table.digest),
    check('enquiries_state', sql`state IN ('new', 'in-progress', 'answered', 'closed')`),
    check('enquiries_staff_count', sql`staff_count IS NULL OR staff_count > 0`),
  ],
);

/** Notes of staff, and replies that went out by mail. */
export const enquiryNotes = sqliteTable(
  'enquiry_notes',
  {
    id: id<'ent'>(),
    enquiryId: text()
      .$type<Id<'enq'>>()
      .notNull()
      .references(() => enquiries.id, { onDelete: 'cascade' }),
    kind: text({ enum: ['note', 'reply'] }).notNull(),
    authorId: userId(),
    body: text().notNull(),
    createdAt: createdAt(),
  },
  (table) => [index('enquiry_notes_enquiry').on(table.enquiryId)],
);
