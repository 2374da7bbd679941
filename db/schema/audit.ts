import { index, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import type { AuditDetail } from '#src/domains/audit/model.ts';
import { id, instant } from './columns.ts';

/**
 * Append-only: the triggers of migration `audit_append_only` refuse every UPDATE and DELETE, and an INSERT that does not
 * continue the chain. A migration that rebuilds this table loses them and has to make them again.
 */
export const auditEvents = sqliteTable(
  'audit_events',
  {
    id: id<'aud'>(),
    /** 1, 2, 3 …: the order of the chain. Neither `at` (clocks step back) nor SQLite’s rowid (VACUUM renumbers it) can give it. */
    position: integer().notNull().unique(),
    at: instant().notNull(),
    /** Who did it; null when the system did. No foreign key: the record outlives the people in it. */
    actorId: text(),
    action: text().notNull(),
    subjectType: text().notNull(),
    subjectId: text().notNull(),
    detail: text({ mode: 'json' }).$type<AuditDetail>().notNull(),
    /** `hash` of the row before; null on the first. */
    previousHash: text(),
    hash: text().notNull(),
  },
  (table) => [
    index('audit_events_action').on(table.action, table.position),
    index('audit_events_actor').on(table.actorId, table.position),
    index('audit_events_subject').on(table.subjectId, table.position),
  ],
);
