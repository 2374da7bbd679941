import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';

/**
 * What only one machine may do at a time, and which does. Of several machines with one database, one sends the mails and purges.
 * Instants by the clock of the database (milliseconds since 1970), for those of the machines may differ.
 */
export const leases = sqliteTable('leases', {
  /** What is done: `jobs`. */
  name: text().primaryKey(),
  /** Which machine does it. */
  holder: text().notNull(),
  /** Until when, unless it says again before that it is there. */
  until: integer().notNull(),
});
