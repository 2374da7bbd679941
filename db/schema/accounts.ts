import { sql } from 'drizzle-orm';
import { check, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import {
  type ProfileLink,
  roles,
  type StepName,
  tokenPurposes,
  type Visibility,
} from '#src/domains/accounts/model.ts';
import type { Id } from '#src/platform/ids.ts';
import { createdAt, id, instant } from './columns.ts';

const userId = () => text().$type<Id<'usr'>>();

/** People with a verified address. Whoever only filled in a form stands in `sign_ups`. */
export const users = sqliteTable(
  'users',
  {
    id: id<'usr'>(),
    /** As `normaliseAddress` writes it; unique whatever the case. */
    email: text().notNull().unique(),
    emailVerifiedAt: instant().notNull(),
    /** A PHC string of argon2id. */
    passwordHash: text().notNull(),
    name: text().notNull(),
    /** What they do: “Primary librarian”. */
    jobTitle: text().notNull().default(''),
    /** Subjects or responsibilities. */
    subjects: text().notNull().default(''),
    about: text().notNull().default(''),
    /** Where they work, of people who are no member through a school. */
    workplace: text().notNull().default(''),
    /** ISO 3166-1 alpha-2, or empty. */
    country: text().notNull().default(''),
    /** IANA name. */
    timeZone: text().notNull(),
    /** ISO 639 codes. */
    languages: text({ mode: 'json' }).$type<string[]>().notNull().default([]),
    links: text({ mode: 'json' }).$type<ProfileLink[]>().notNull().default([]),
    /** What is missing here is shown to members. */
    visibility: text({ mode: 'json' }).$type<Visibility>().notNull().default({}),
    /** Name of a file below `DATA_DIR/uploads/pictures`, without its ending. */
    pictureId: text().$type<Id<'pic'>>(),
    /** Entry of the collection People that is this person’s public profile. */
    personSlug: text().unique(),
    codeOfConductVersion: text().notNull(),
    codeOfConductAcceptedAt: instant().notNull(),
    createdAt: createdAt(),
    /** The last day on which they used the portal, in their own zone: `2026-11-21`. Null until they do. */
    lastSeenOn: text(),
    suspendedAt: instant(),
    /** When the user asked for, and will see, everything deleted; until then they may change their mind. */
    erasureDueAt: instant(),
  },
  (table) => [
    index('users_name').on(table.name),
    index('users_created_at').on(table.createdAt),
    index('users_picture').on(table.pictureId),
    index('users_erasure_due').on(table.erasureDueAt).where(sql`erasure_due_at IS NOT NULL`),
  ],
);

/** What keeps somebody signed in. Only the SHA-256 of what the cookie holds. */
export const loginSessions = sqliteTable(
  'login_sessions',
  {
    idHash: text().primaryKey(),
    userId: userId()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdAt: createdAt(),
    expiresAt: instant().notNull(),
    /** Moved at most every five minutes. */
    lastUsedAt: instant().notNull(),
    /** When the password was given last. */
    authenticatedAt: instant().notNull(),
    /** “Firefox on Windows”. */
    device: text().notNull(),
  },
  (table) => [
    index('login_sessions_user').on(table.userId),
    index('login_sessions_expiry').on(table.expiresAt),
  ],
);

/** Who may do what. `scope_id` is a school (sam, member), a community’s slug (host), or empty. */
export const roleGrants = sqliteTable(
  'role_grants',
  {
    id: id<'rol'>(),
    userId: userId()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    role: text({ enum: roles }).notNull(),
    scopeId: text().notNull().default(''),
    /** Null when the system granted it: by an activation link, or the first staff user. */
    grantedById: userId(),
    createdAt: createdAt(),
  },
  (table) => [
    uniqueIndex('role_grants_once').on(table.userId, table.role, table.scopeId),
    index('role_grants_scope').on(table.role, table.scopeId),
    check('role_grants_role', sql`role IN ('staff', 'editor', 'ta', 'sam', 'host', 'member')`),
  ],
);

/** Links from mails that work once: only their SHA-256. */
export const tokens = sqliteTable(
  'tokens',
  {
    tokenHash: text().primaryKey(),
    purpose: text({ enum: tokenPurposes }).notNull(),
    /** Id of what the token is about: a user, a sign-up, an invitation, a SAM’s offer. */
    subjectId: text().notNull(),
    /** The address it was sent to. */
    email: text().notNull(),
    createdAt: createdAt(),
    expiresAt: instant().notNull(),
    usedAt: instant(),
    revokedAt: instant(),
  },
  (table) => [
    index('tokens_subject').on(table.purpose, table.subjectId),
    index('tokens_expiry').on(table.expiresAt),
  ],
);

/** Addresses that a user left: each is told, and may undo it by a link of purpose `undo-address` whose subject is the row. */
export const addressChanges = sqliteTable(
  'address_changes',
  {
    id: id<'adr'>(),
    userId: userId()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    oldEmail: text().notNull(),
    newEmail: text().notNull(),
    changedAt: instant().notNull(),
    undoneAt: instant(),
  },
  (table) => [
    index('address_changes_user').on(table.userId),
    index('address_changes_changed_at').on(table.changedAt),
  ],
);

/** Counts behind limits and lockouts. A key is a keyed hash: no address and no IP stands here. */
export const throttles = sqliteTable(
  'throttles',
  {
    key: text().primaryKey(),
    count: integer().notNull(),
    startedAt: instant().notNull(),
    lockedUntil: instant(),
    /** When the row may be forgotten. */
    expiresAt: instant().notNull(),
  },
  (table) => [index('throttles_expiry').on(table.expiresAt)],
);

/** Which of the first five steps a member has taken. */
export const firstSteps = sqliteTable(
  'first_steps',
  {
    userId: userId()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    step: text().$type<StepName>().notNull(),
    takenAt: instant().notNull(),
  },
  (table) => [uniqueIndex('first_steps_once').on(table.userId, table.step)],
);

/** Users whose data was deleted at their wish, to be deleted again after a backup is restored. No foreign key: they are gone. */
export const erasures = sqliteTable('erasures', {
  userId: userId().primaryKey(),
  erasedAt: instant().notNull(),
});
