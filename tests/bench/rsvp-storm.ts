import { writeSync } from 'node:fs';
import { openDb } from '../../db/client.ts';
import { rsvp } from '../../src/domains/live-sessions/rsvp.ts';
import type { Id } from '../../src/platform/ids.ts';

/**
 * One process of a storm: `node rsvp-storm.ts <database> <live session> <user>…`. Everybody says going at once; prints what
 * each was answered, a line of JSON each, as soon as that is known.
 */
const [url = '', liveSessionId = '', ...userIds] = process.argv.slice(2);
const db = await openDb(url);
const now = new Date('2026-11-22T03:00:00Z');
await Promise.all(
  userIds.map(async (userId) => {
    const kept = await rsvp({ db, now }, { id: userId as Id<'usr'> }, liveSessionId, 'going');
    writeSync(1, `${JSON.stringify({ userId, ...kept })}\n`);
  }),
);
await db.close();
