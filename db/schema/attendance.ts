import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import {
  attendanceMarks,
  attendanceSources,
  type ImportSummary,
  nudgeKinds,
  rowDecisions,
  rowMatches,
} from '#src/domains/attendance/model.ts';
import type { Id } from '#src/platform/ids.ts';
import { users } from './accounts.ts';
import { createdAt, id, instant } from './columns.ts';
import { communities } from './communities.ts';
import { liveSessions } from './live-sessions.ts';
import { schools } from './schools.ts';

const userId = () =>
  text()
    .$type<Id<'usr'>>()
    .references(() => users.id, { onDelete: 'cascade' });
/** Who did something; their name goes when they are erased, what they did stays. */
const actorId = () =>
  text()
    .$type<Id<'usr'>>()
    .references(() => users.id, { onDelete: 'set null' });
const liveSessionId = () =>
  text()
    .$type<Id<'ses'>>()
    .notNull()
    .references(() => liveSessions.id, { onDelete: 'cascade' });

/** That the attendance of a live session is complete: from then on, whoever was expected and has no mark did not attend. */
export const attendanceSheets = sqliteTable('attendance_sheets', {
  liveSessionId: liveSessionId().primaryKey(),
  confirmedAt: instant().notNull(),
  confirmedById: actorId(),
  /** The import that completed it; null where somebody said so. Without any import in force it is open again. */
  importId: text().$type<Id<'imp'>>(),
  /** When a mark of it last changed. */
  updatedAt: instant().notNull(),
});

/** How one user took part in one live session, as it is now. What it was before stands in `attendance_changes`. */
export const attendance = sqliteTable(
  'attendance',
  {
    liveSessionId: liveSessionId(),
    userId: userId().notNull(),
    mark: text({ enum: attendanceMarks }).notNull(),
    /** Minutes in the meeting; null where nobody counted them. */
    minutes: integer(),
    source: text({ enum: attendanceSources }).notNull(),
    /** The import that it comes from. */
    importId: text().$type<Id<'imp'>>(),
    confirmedById: actorId(),
    confirmedAt: instant().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.liveSessionId, table.userId] }),
    // All of somebody’s marks stand in it: a school’s table reads nothing else.
    index('attendance_user').on(table.userId, table.mark, table.liveSessionId),
    index('attendance_import').on(table.importId).where(sql`import_id IS NOT NULL`),
    check('attendance_minutes', sql`minutes IS NULL OR minutes BETWEEN 0 AND 1440`),
    check('attendance_mark', sql`mark IN ('live', 'recording', 'absent', 'excused')`),
  ],
);

/** Every mark that was ever given, in the order in which it was. `mark` is null where one was taken away. */
export const attendanceChanges = sqliteTable(
  'attendance_changes',
  {
    id: id<'chg'>(),
    liveSessionId: liveSessionId(),
    userId: userId().notNull(),
    mark: text({ enum: attendanceMarks }),
    minutes: integer(),
    source: text({ enum: attendanceSources }).notNull(),
    importId: text().$type<Id<'imp'>>(),
    changedById: actorId(),
    changedAt: instant().notNull(),
  },
  (table) => [
    index('attendance_changes_one').on(table.liveSessionId, table.userId, table.id),
    index('attendance_changes_user').on(table.userId),
    index('attendance_changes_import').on(table.importId).where(sql`import_id IS NOT NULL`),
  ],
);

/** A file of a meeting tool: waiting for a person, confirmed, or undone. */
export const attendanceImports = sqliteTable(
  'attendance_imports',
  {
    id: id<'imp'>(),
    liveSessionId: liveSessionId(),
    fileName: text().notNull(),
    /** SHA-256 of its bytes: the same file twice is one import. */
    fileHash: text().notNull(),
    tool: text().notNull(),
    summary: text({ mode: 'json' }).$type<ImportSummary>().notNull(),
    /** Minutes from which somebody attended live, as the setting was. */
    thresholdMinutes: integer().notNull(),
    uploadedById: actorId(),
    createdAt: createdAt(),
    confirmedAt: instant(),
    confirmedById: actorId(),
    undoneAt: instant(),
    undoneById: actorId(),
  },
  (table) => [
    index('attendance_imports_live_session').on(table.liveSessionId, table.createdAt),
    uniqueIndex('attendance_imports_once')
      .on(table.liveSessionId, table.fileHash)
      .where(sql`undone_at IS NULL`),
  ],
);

/** One person of such a file: rejoins are added up. Name and address are emptied ninety days after the import. */
export const attendanceRows = sqliteTable(
  'attendance_rows',
  {
    importId: text()
      .$type<Id<'imp'>>()
      .notNull()
      .references(() => attendanceImports.id, { onDelete: 'cascade' }),
    /** Line of the file on which they first stand, from 1. */
    line: integer().notNull(),
    name: text().notNull(),
    /** Normalised; empty where the tool gave none. */
    email: text().notNull(),
    minutes: integer().notNull(),
    joinedAt: instant(),
    leftAt: instant(),
    match: text({ enum: rowMatches }).notNull(),
    decision: text({ enum: rowDecisions }).notNull(),
    /** Who it is, where `decision` is `user`. */
    userId: userId(),
  },
  (table) => [
    primaryKey({ columns: [table.importId, table.line] }),
    index('attendance_rows_user').on(table.userId),
    index('attendance_rows_email').on(table.email),
    check('attendance_rows_user', sql`(decision = 'user') = (user_id IS NOT NULL)`),
  ],
);

/** What somebody decided about a name or an address in a file, so that the next file of the community needs nobody. */
export const attendanceAliases = sqliteTable(
  'attendance_aliases',
  {
    communitySlug: text()
      .notNull()
      .references(() => communities.slug),
    /** Normalised address, or normalised name. */
    alias: text().notNull(),
    decision: text({ enum: rowDecisions }).notNull(),
    userId: userId(),
    decidedById: actorId(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.communitySlug, table.alias] }),
    index('attendance_aliases_user').on(table.userId),
  ],
);

/** Who opened the recording of a live session, and whether they said at the end that they have watched it. */
export const recordingViews = sqliteTable(
  'recording_views',
  {
    liveSessionId: liveSessionId(),
    userId: userId().notNull(),
    openedAt: instant().notNull(),
    watchedAt: instant(),
  },
  (table) => [
    primaryKey({ columns: [table.liveSessionId, table.userId] }),
    index('recording_views_user').on(table.userId),
  ],
);

/** A record of professional development that its owner has given a code, so that others can check it. */
export const records = sqliteTable(
  'records',
  {
    id: id<'rec'>(),
    userId: userId().notNull(),
    /** SHA-256 of the code; it stays when the record is withdrawn, so that the page can say so. */
    codeHash: text().notNull().unique(),
    /** Encrypted, so that the owner can see it again. Null once it is withdrawn. */
    sealedCode: text(),
    /** What it covers: `Season 2026–27`; from the first instant on and before the last, null for no bound. */
    title: text().notNull(),
    fromAt: instant(),
    untilAt: instant(),
    createdAt: createdAt(),
    withdrawnAt: instant(),
  },
  (table) => [
    index('records_user').on(table.userId, table.createdAt),
    check('records_withdrawn', sql`(sealed_code IS NULL) = (withdrawn_at IS NOT NULL)`),
  ],
);

/** What staff set for attendance: one row, or none where nobody changed anything. */
export const attendanceSettings = sqliteTable(
  'attendance_settings',
  {
    id: integer().primaryKey(),
    /** Minutes in the meeting from which somebody attended live. Imports that are confirmed keep theirs. */
    thresholdMinutes: integer().notNull(),
    updatedAt: instant().notNull(),
    updatedById: actorId(),
  },
  () => [
    check('attendance_settings_one', sql`id = 1`),
    check('attendance_settings_threshold', sql`threshold_minutes BETWEEN 1 AND 480`),
  ],
);

/** Short mails by which a SAM asked somebody to take the next step: at most one a week to a person. Forgotten after thirty days. */
export const nudges = sqliteTable(
  'nudges',
  {
    id: id<'nud'>(),
    schoolId: text()
      .$type<Id<'sch'>>()
      .notNull()
      .references(() => schools.id, { onDelete: 'cascade' }),
    kind: text({ enum: nudgeKinds }).notNull(),
    /** The address that it went to, normalised. */
    email: text().notNull(),
    /** Who it went to; null where they had not activated. */
    userId: userId(),
    sentById: actorId(),
    sentAt: instant().notNull(),
  },
  (table) => [
    index('nudges_email').on(table.email, table.sentAt),
    index('nudges_user').on(table.userId, table.sentAt),
    index('nudges_sent_at').on(table.sentAt),
    check('nudges_kind', sql`kind IN ('activate', 'join-community', 'answer')`),
  ],
);
