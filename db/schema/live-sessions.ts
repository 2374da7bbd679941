import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core';
import {
  feedScopes,
  liveSessionAudiences,
  liveSessionParts,
  liveSessionStates,
  rsvpAnswers,
} from '#src/domains/live-sessions/model.ts';
import type { Id } from '#src/platform/ids.ts';
import { users } from './accounts.ts';
import { createdAt, id, instant } from './columns.ts';
import { communities } from './communities.ts';

const userId = () =>
  text()
    .$type<Id<'usr'>>()
    .references(() => users.id, { onDelete: 'cascade' });
const liveSessionId = () =>
  text()
    .$type<Id<'ses'>>()
    .notNull()
    .references(() => liveSessions.id, { onDelete: 'cascade' });

export const liveSessions = sqliteTable(
  'live_sessions',
  {
    id: id<'ses'>(),
    title: text().notNull(),
    /** Focus and key details: what people read before they decide. */
    focus: text().notNull().default(''),
    details: text().notNull().default(''),
    startsAt: instant().notNull(),
    endsAt: instant().notNull(),
    /** IANA zone it was planned in, and the clock there: `2026-11-24T16:00`. They stay when the rules of a zone change. */
    timeZone: text().notNull(),
    wallTime: text().notNull(),
    /** Shown to and sent to nobody but those who may attend. */
    meetingLink: text().notNull().default(''),
    /** How many may be going; null for no limit. */
    capacity: integer(),
    audience: text({ enum: liveSessionAudiences }).notNull(),
    /** Entry of the collection Seasons, and which of its rounds; null outside of a season. */
    seasonSlug: text(),
    round: integer(),
    /** Why it is outside of its season’s window; empty when it is inside. */
    outsideReason: text().notNull().default(''),
    deckUrl: text().notNull().default(''),
    preReading: text().notNull().default(''),
    recordingUrl: text().notNull().default(''),
    state: text({ enum: liveSessionStates }).notNull(),
    cancelReason: text().notNull().default(''),
    /** SEQUENCE of RFC 5545: grows with each change that calendars must hear of. */
    sequence: integer().notNull().default(0),
    createdById: text().$type<Id<'usr'>>(),
    createdAt: createdAt(),
    updatedAt: instant().notNull(),
    /** The next place at the end of the waiting list. */
    nextPosition: integer().notNull().default(1),
  },
  (table) => [
    index('live_sessions_start').on(table.startsAt),
    index('live_sessions_state_start').on(table.state, table.startsAt),
    index('live_sessions_audience_start').on(table.audience, table.startsAt),
    check('live_sessions_times', sql`starts_at < ends_at`),
    check('live_sessions_capacity', sql`capacity IS NULL OR capacity > 0`),
    check('live_sessions_round', sql`round IS NULL OR round BETWEEN 1 AND 4`),
  ],
);

/** Whose live session it is: one community or several. `starts_at` is copied so that one index answers “what is next here”. */
export const liveSessionCommunities = sqliteTable(
  'live_session_communities',
  {
    liveSessionId: liveSessionId(),
    communitySlug: text()
      .notNull()
      .references(() => communities.slug),
    startsAt: instant().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.liveSessionId, table.communitySlug] }),
    index('live_session_communities_next').on(table.communitySlug, table.startsAt),
  ],
);

/** Hosts, co-hosts and the TA. */
export const liveSessionPeople = sqliteTable(
  'live_session_people',
  {
    liveSessionId: liveSessionId(),
    userId: userId().notNull(),
    part: text({ enum: liveSessionParts }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.liveSessionId, table.userId] }),
    index('live_session_people_user').on(table.userId),
  ],
);

/** One answer of one member. `waiting` has said going and stands in the order of `position`. */
export const rsvps = sqliteTable(
  'rsvps',
  {
    liveSessionId: liveSessionId(),
    userId: userId().notNull(),
    answer: text({ enum: rsvpAnswers }).notNull(),
    /** Order in the waiting list; null for others. */
    position: integer(),
    createdAt: createdAt(),
    updatedAt: instant().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.liveSessionId, table.userId] }),
    index('rsvps_answer').on(table.liveSessionId, table.answer, table.position),
    index('rsvps_user').on(table.userId, table.answer),
    uniqueIndex('rsvps_position').on(table.liveSessionId, table.position).where(sql`position IS NOT NULL`),
    check('rsvps_waiting', sql`(answer = 'waiting') = (position IS NOT NULL)`),
  ],
);

/** A personal calendar address: only its hash. A new one replaces it. */
export const calendarFeeds = sqliteTable('calendar_feeds', {
  userId: userId().primaryKey(),
  tokenHash: text().notNull().unique(),
  scope: text({ enum: feedScopes }).notNull(),
  createdAt: createdAt(),
});

/** Which mails about live sessions somebody wants, and when none; who has no row has `defaultReminders`. */
export const reminderSettings = sqliteTable(
  'reminder_settings',
  {
    userId: userId().primaryKey(),
    /** To live sessions of their communities that they have not answered. */
    invitationWeek: integer({ mode: 'boolean' }).notNull(),
    invitationDay: integer({ mode: 'boolean' }).notNull(),
    invitationHour: integer({ mode: 'boolean' }).notNull(),
    /** Of live sessions that they are going to. */
    reminderWeek: integer({ mode: 'boolean' }).notNull(),
    reminderDay: integer({ mode: 'boolean' }).notNull(),
    reminderHour: integer({ mode: 'boolean' }).notNull(),
    /** What the clocks of their own zone show, `22:00`, from the one to the other; both null for no quiet hours. */
    quietFrom: text(),
    quietUntil: text(),
    updatedAt: instant().notNull(),
  },
  () => [check('reminder_settings_quiet', sql`(quiet_from IS NULL) = (quiet_until IS NULL)`)],
);

/** One row: until when everything that was due has been queued. What is due later is still to do. */
export const reminderProgress = sqliteTable(
  'reminder_progress',
  {
    id: integer().primaryKey(),
    doneUntilAt: instant().notNull(),
  },
  () => [check('reminder_progress_one', sql`id = 1`)],
);
