import { asc, eq } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import {
  calendarFeeds,
  liveSessionPeople,
  liveSessions,
  reminderSettings,
  rsvps,
} from '#db/schema/live-sessions.ts';
import type { Person } from '../accounts/personal-data.ts';
import { reminderColumns } from './reminder-settings.ts';
import { dropAllRsvps } from './rsvp.ts';

/**
 * What somebody answered to live sessions, which they lead or support, whether they have a calendar address, and which
 * reminders they chose.
 */
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
  const [reminders] = await read
    .select({ ...reminderColumns, changedAt: reminderSettings.updatedAt })
    .from(reminderSettings)
    .where(eq(reminderSettings.userId, userId));
  return { answers, parts, calendarAddress: feed ?? null, reminders: reminders ?? null };
}

/**
 * Deletes their answers, parts, calendar address and choice of reminders; places that they held go to those who wait. What they
 * planned stays.
 */
export async function eraseLiveSessions(tx: Tx, now: Date, { userId }: Person): Promise<void> {
  await dropAllRsvps(tx, now, userId);
  await tx.delete(liveSessionPeople).where(eq(liveSessionPeople.userId, userId));
  await tx.delete(calendarFeeds).where(eq(calendarFeeds.userId, userId));
  await tx.delete(reminderSettings).where(eq(reminderSettings.userId, userId));
  await tx.update(liveSessions).set({ createdById: null }).where(eq(liveSessions.createdById, userId));
}
