import { sql } from 'drizzle-orm';
import { check, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { membershipStates, type QuestionKind, type SurveyAnswers } from '#src/domains/communities/model.ts';
import type { Id } from '#src/platform/ids.ts';
import { users } from './accounts.ts';
import { createdAt, id, instant } from './columns.ts';

const userId = () =>
  text()
    .$type<Id<'usr'>>()
    .notNull()
    .references(() => users.id, { onDelete: 'cascade' });
const communitySlug = () =>
  text()
    .notNull()
    .references(() => communities.slug);

/** A row for every community that content ever had: content is the master, and retiring keeps the history. */
export const communities = sqliteTable('communities', {
  slug: text().primaryKey(),
  /** As content had it last, for mails and queries that read no content. */
  name: text().notNull(),
  /** `open`, `approval`, `sams` or `hosts`: who may join. */
  membership: text().notNull(),
  area: text().notNull(),
  createdAt: createdAt(),
  syncedAt: instant().notNull(),
  /** When its entry disappeared from content; null while it is there. */
  retiredAt: instant(),
});

/** Who belongs to which community, or asked to. Whoever leaves keeps a row: their history stays theirs. */
export const communityMembers = sqliteTable(
  'community_members',
  {
    userId: userId(),
    communitySlug: communitySlug(),
    state: text({ enum: membershipStates }).notNull(),
    /** When the state was reached. */
    since: instant().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.communitySlug] }),
    index('community_members_community').on(table.communitySlug, table.state, table.since, table.userId),
    check('community_members_state', sql`state IN ('requested', 'joined', 'left', 'declined')`),
  ],
);

/** Questions that hosts add to the standard ones of a community’s welcome survey. */
export const surveyQuestions = sqliteTable(
  'survey_questions',
  {
    id: id<'qst'>(),
    communitySlug: communitySlug(),
    position: integer().notNull(),
    kind: text().$type<QuestionKind>().notNull(),
    text: text().notNull(),
    /** What may be chosen; empty for text and scale. */
    options: text({ mode: 'json' }).$type<string[]>().notNull().default([]),
    createdAt: createdAt(),
    /** Asked no more; answers stay. */
    retiredAt: instant(),
  },
  (table) => [index('survey_questions_community').on(table.communitySlug, table.position)],
);

/** One answered welcome survey: a member’s, in a community. Changeable. */
export const surveyResponses = sqliteTable(
  'survey_responses',
  {
    userId: userId(),
    communitySlug: communitySlug(),
    /** By question id; standard questions have the ids of `model.ts`. */
    answers: text({ mode: 'json' }).$type<SurveyAnswers>().notNull(),
    createdAt: createdAt(),
    updatedAt: instant().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.communitySlug] }),
    index('survey_responses_community').on(table.communitySlug, table.updatedAt),
  ],
);
