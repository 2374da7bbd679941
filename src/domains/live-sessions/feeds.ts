import { createHash } from 'node:crypto';
import { and, eq, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { users } from '#db/schema/accounts.ts';
import { communities } from '#db/schema/communities.ts';
import { calendarFeeds } from '#db/schema/live-sessions.ts';
import type { Ctx } from '../../platform/context.ts';
import { env } from '../../platform/env.ts';
import type { Id } from '../../platform/ids.ts';
import { hashSecret, isSecret, newSecret } from '../../platform/tokens.ts';
import { attendeeColumns, attendeeFrom, isHere } from './attendees.ts';
import { feedIcs } from './calendar.ts';
import { feedEntries, feedVersion } from './calendar-queries.ts';
import type { FeedScope } from './model.ts';

/** How far back a feed goes. */
const keptMs = 90 * 24 * 3_600_000;
/** Changes with the way in which a feed is written, so that calendars fetch it anew. */
const feedFormat = 1;

/**
 * Makes the viewer’s calendar address and returns it: the only time that it can be shown, as only its hash is kept. An
 * address that they had before stops working.
 */
export async function makeFeed(
  { db, now }: Ctx,
  viewer: { id: Id<'usr'> },
  scope: FeedScope,
): Promise<string> {
  const secret = newSecret();
  const values = { tokenHash: hashSecret(secret), scope, createdAt: now };
  await db.write((tx) =>
    tx
      .insert(calendarFeeds)
      .values({ userId: viewer.id, ...values })
      .onConflictDoUpdate({ target: calendarFeeds.userId, set: values }),
  );
  return `${env.siteUrl}/calendar/${secret}.ics`;
}

/** Ends the viewer’s calendar address: from now on it is not found. */
export async function revokeFeed({ db }: Ctx, viewer: { id: Id<'usr'> }): Promise<void> {
  await db.write((tx) => tx.delete(calendarFeeds).where(eq(calendarFeeds.userId, viewer.id)));
}

/** What the viewer’s calendar address holds and since when; undefined when they have none. 1 query. */
export async function feedOf(
  read: Reads,
  userId: Id<'usr'>,
): Promise<{ scope: FeedScope; createdAt: Date } | undefined> {
  const [row] = await read
    .select({ scope: calendarFeeds.scope, createdAt: calendarFeeds.createdAt })
    .from(calendarFeeds)
    .where(eq(calendarFeeds.userId, userId));
  return row;
}

export type Feed = { etag: string; ics(): Promise<string> };

/**
 * The calendar at an address: a strong ETag (RFC 9110 section 8.8.3), known after 2 queries, and its text, which takes 1
 * more. Undefined when there is no such address, or its owner is suspended or about to be erased. Whoever holds no role any
 * more finds an empty one.
 */
export async function findFeed({ db, now }: Ctx, secret: string): Promise<Feed | undefined> {
  if (!isSecret(secret)) return undefined;
  const [row] = await db.read
    .select({
      ...attendeeColumns(now),
      scope: calendarFeeds.scope,
      namesSyncedAt: sql<number | null>`(SELECT max(${communities.syncedAt}) FROM ${communities})`,
    })
    .from(calendarFeeds)
    .innerJoin(users, eq(users.id, calendarFeeds.userId))
    .where(and(eq(calendarFeeds.tokenHash, hashSecret(secret)), isHere));
  if (!row) return undefined;
  const { scope, namesSyncedAt, ...rest } = row;
  const attendee = attendeeFrom(rest);
  const from = new Date(now.getTime() - keptMs);
  const version = await feedVersion(db.read, attendee, scope, from);
  const hash = createHash('sha256').update(`${feedFormat}\n${scope}\n${namesSyncedAt}\n${version}`);
  return {
    etag: `"${hash.digest('base64url').slice(0, 27)}"`,
    ics: async () => feedIcs(await feedEntries(db.read, attendee, scope, from)),
  };
}
