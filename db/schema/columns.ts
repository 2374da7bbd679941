import { integer, text } from 'drizzle-orm/sqlite-core';
import type { Id } from '#src/platform/ids.ts';

/** A primary key made by `newId`: `id: id<'usr'>()`. */
export const id = <Prefix extends string>() => text().$type<Id<Prefix>>().primaryKey();

/** A moment, stored as whole milliseconds since 1970 in UTC and read as a `Date`. Its name ends in `At`. */
export const instant = () => integer({ mode: 'timestamp_ms' });

/** When the row was made. The command says so (`ctx.now`), not the database’s clock. */
export const createdAt = () => instant().notNull();
