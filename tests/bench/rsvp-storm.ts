import { openDb } from '../../db/client.ts';
import { rsvp } from '../../src/domains/live-sessions/rsvp.ts';
import type { Id } from '../../src/platform/ids.ts';

/**
 * One process of a storm: `node rsvp-storm.ts <database> <live session> <user>…`. Everybody says going at once; prints what
 * each was answered, in the order in which that was known.
 */
const [url = '', liveSessionId = '', ...userIds] = process.argv.slice(2);
const db = await openDb(url);
const now = new Date('2026-11-22T03:00:00Z');
const answers: unknown[] = [];
await Promise.all(
  userIds.map(async (id) => {
    answers.push(await rsvp({ db, now }, { id: id as Id<'usr'> }, liveSessionId, 'going'));
  }),
);
await db.close();
process.stdout.write(JSON.stringify(answers));
