import { sql } from 'drizzle-orm';
import { check, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import type { SignUpProfile } from '#src/domains/schools/model.ts';
import type { Id } from '#src/platform/ids.ts';
import { createdAt, id, instant } from './columns.ts';

const schoolId = () =>
  text()
    .$type<Id<'sch'>>()
    .notNull()
    .references(() => schools.id, { onDelete: 'cascade' });
const userId = () => text().$type<Id<'usr'>>();

export const schools = sqliteTable(
  'schools',
  {
    id: id<'sch'>(),
    name: text().notNull(),
    /** ISO 3166-1 alpha-2. */
    country: text().notNull(),
    city: text().notNull(),
    /** IANA name. */
    timeZone: text().notNull(),
    /** First and last day of the membership year, both included: `2026-08-01`. */
    membershipStartsOn: text().notNull(),
    membershipEndsOn: text().notNull(),
    /** How many people may join; null for as many as it has. */
    seatLimit: integer(),
    /** Only addresses at these may join; empty for any. Lower case, without @. */
    emailDomains: text({ mode: 'json' }).$type<string[]>().notNull().default([]),
    /** AIMS, ACAMIS …; empty for none. */
    partnerAssociation: text().notNull().default(''),
    /** While paused nobody new may join; who has joined stays. */
    pausedAt: instant(),
    createdAt: createdAt(),
    updatedAt: instant().notNull(),
  },
  (table) => [
    uniqueIndex('schools_once').on(table.name, table.city, table.country),
    check('schools_seat_limit', sql`seat_limit IS NULL OR seat_limit > 0`),
    check('schools_year', sql`membership_starts_on <= membership_ends_on`),
  ],
);

/** A school’s link for its staff: found by its hash, kept encrypted so that the SAM can copy it again. */
export const activationLinks = sqliteTable(
  'activation_links',
  {
    id: id<'lnk'>(),
    schoolId: schoolId(),
    tokenHash: text().notNull().unique(),
    /** Null once it has ended. */
    sealedToken: text(),
    createdAt: createdAt(),
    createdById: userId(),
    endedAt: instant(),
    endReason: text({ enum: ['rotated', 'revoked'] }),
  },
  (table) => [
    uniqueIndex('activation_links_one_at_a_time').on(table.schoolId).where(sql`ended_at IS NULL`),
    check('activation_links_end', sql`(ended_at IS NULL) = (end_reason IS NULL)`),
  ],
);

/** Somebody who was asked to be a school’s SAM and has not set up yet, or has. */
export const samOffers = sqliteTable(
  'sam_offers',
  {
    id: id<'sam'>(),
    schoolId: schoolId(),
    email: text().notNull(),
    name: text().notNull(),
    offeredById: userId(),
    createdAt: createdAt(),
    lastSentAt: instant().notNull(),
    acceptedAt: instant(),
    withdrawnAt: instant(),
  },
  (table) => [uniqueIndex('sam_offers_once').on(table.schoolId, table.email)],
);

/** Colleagues whom a SAM invited by address. */
export const invitations = sqliteTable(
  'invitations',
  {
    id: id<'inv'>(),
    schoolId: schoolId(),
    email: text().notNull(),
    /** Empty when the SAM gave none. */
    name: text().notNull().default(''),
    invitedById: userId(),
    createdAt: createdAt(),
    lastSentAt: instant().notNull(),
    sentCount: integer().notNull().default(1),
    activatedAt: instant(),
    withdrawnAt: instant(),
  },
  (table) => [
    uniqueIndex('invitations_once').on(table.schoolId, table.email),
    index('invitations_email').on(table.email),
  ],
);

/** A filled-in profile form whose address is not verified yet. It becomes a user, or is forgotten. */
export const signUps = sqliteTable(
  'sign_ups',
  {
    id: id<'sup'>(),
    email: text().notNull(),
    name: text().notNull(),
    profile: text({ mode: 'json' }).$type<SignUpProfile>().notNull(),
    passwordHash: text().notNull(),
    /** SHA-256 of the cookie given to the browser that filled it in. */
    browserHash: text().notNull(),
    schoolId: schoolId(),
    pictureId: text().$type<Id<'pic'>>(),
    codeOfConductVersion: text().notNull(),
    /** The invitation whose link was followed, if it was one. */
    invitationId: text().$type<Id<'inv'>>(),
    createdAt: createdAt(),
    /** Until when another verification mail may be asked for; then the row is deleted. */
    expiresAt: instant().notNull(),
  },
  (table) => [
    index('sign_ups_email').on(table.email),
    index('sign_ups_browser').on(table.browserHash),
    index('sign_ups_expiry').on(table.expiresAt),
  ],
);
