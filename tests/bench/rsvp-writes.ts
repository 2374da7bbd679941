import { sql } from 'drizzle-orm';
import { openDb } from '../../db/client.ts';
import { rsvp } from '../../src/domains/live-sessions/rsvp.ts';
import type { Id } from '../../src/platform/ids.ts';

/**
 * One process that answers for members as fast as it can: `node rsvp-writes.ts <database> <answers> <at once>`. Three of five
 * go, one may come and one can’t, over all live sessions to come. Prints the milliseconds of wall clock and of processor time.
 */
const [url = '', count = '', atOnce = ''] = process.argv.slice(2);
const db = await openDb(url);
const now = new Date();
const pairs = await db.read
  .select({ liveSessionId: sql<Id<'ses'>>`ahead.id`, userId: sql<Id<'usr'>>`members.user_id` })
  .from(sql`live_sessions AS ahead
    JOIN live_session_communities AS whose ON whose.live_session_id = ahead.id
    JOIN community_members AS members ON members.community_slug = whose.community_slug AND members.state = 'joined'`)
  .where(sql`ahead.state IN ('scheduled', 'confirmed') AND ahead.audience = 'communities' AND ahead.starts_at > ${now.getTime()}
    AND NOT EXISTS (SELECT 1 FROM rsvps WHERE rsvps.live_session_id = ahead.id AND rsvps.user_id = members.user_id)`)
  .limit(400_000);
const wanted = Number(count);
const step = Math.floor(pairs.length / wanted);
if (step < 1) throw new Error('The database has too few members without an answer.');
const answers = ['going', 'going', 'going', 'maybe', 'cant'] as const;
const warmUp = Math.floor(wanted / 5);
let next = 0;
let started = performance.now();
let processor = process.cpuUsage();
const lane = async () => {
  while (next < wanted) {
    const place = next;
    next += 1;
    if (place === warmUp) [started, processor] = [performance.now(), process.cpuUsage()];
    const { liveSessionId, userId } = pairs[place * step]!;
    const kept = await rsvp({ db, now }, { id: userId }, liveSessionId, answers[place % answers.length]!);
    if ('refused' in kept) throw new Error(`${userId} was refused: ${kept.refused}`);
  }
};
await Promise.all(Array.from({ length: Number(atOnce) }, lane));
const milliseconds = performance.now() - started;
const { user, system } = process.cpuUsage(processor);
await db.close();
process.stdout.write(
  JSON.stringify({ answers: wanted - warmUp, milliseconds, processor: (user + system) / 1000 }),
);
