import { asc, eq } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { calendarFeeds, liveSessionPeople, liveSessions, rsvps } from '#db/schema/live-sessions.ts';
import type { Person } from '../accounts/personal-data.ts';
import { dropAllRsvps } from './rsvp.ts';

/** What somebody answered to live sessions, which they lead or support, and whether they have a calendar address. */
export async function personalLiveSessions(read: Reads, { userId }: Person) {
  const answers = await read
    .select({
      liveSession: liveSessions.title,
      startsAt: liveSessions.startsAt,
      answer: rsvps.answer,
      position: rsvps.position,
      answeredAt: rsvps.createdAt,
      changedAt: rsvps.updatedAt,
    })
    .from(rsvps)
    .innerJoin(liveSessions, eq(liveSessions.id, rsvps.liveSessionId))
    .where(eq(rsvps.userId, userId))
    .orderBy(asc(liveSessions.startsAt));
  const parts = await read
    .select({
      liveSession: liveSessions.title,
      startsAt: liveSessions.startsAt,
      part: liveSessionPeople.part,
    })
    .from(liveSessionPeople)
    .innerJoin(liveSessions, eq(liveSessions.id, liveSessionPeople.liveSessionId))
    .where(eq(liveSessionPeople.userId, userId))
    .orderBy(asc(liveSessions.startsAt));
  const [feed] = await read
    .select({ scope: calendarFeeds.scope, madeAt: calendarFeeds.createdAt })
    .from(calendarFeeds)
    .where(eq(calendarFeeds.userId, userId));
  return { answers, parts, calendarAddress: feed ?? null };
}

/** Deletes their answers, parts and calendar address; places that they held go to those who wait. What they planned stays. */
export async function eraseLiveSessions(tx: Tx, now: Date, { userId }: Person): Promise<void> {
  await dropAllRsvps(tx, now, userId);
  await tx.delete(liveSessionPeople).where(eq(liveSessionPeople.userId, userId));
  await tx.delete(calendarFeeds).where(eq(calendarFeeds.userId, userId));
  await tx.update(liveSessions).set({ createdById: null }).where(eq(liveSessions.createdById, userId));
}
