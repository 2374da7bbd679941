import { and, eq } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { users } from '#db/schema/accounts.ts';
import { attendance, recordingViews } from '#db/schema/attendance.ts';
import type { Ctx } from '../../platform/context.ts';
import type { Id } from '../../platform/ids.ts';
import type { Viewer } from '../accounts/model.ts';
import { type Attendee, findAttendee } from '../live-sessions/attendees.ts';
import { mayAttend } from '../live-sessions/policy.ts';
import { findLiveSession, type LiveSessionView } from '../live-sessions/queries.ts';
import type { AttendanceMark } from './model.ts';
import { settleOne } from './settle.ts';

/** `unknown`: no recording here that the viewer may watch. */
type RecordingRefusal = { refused: 'unknown' | 'not-opened' };

/** Keeps that the viewer opened the recording now, unless they did before, and returns where it is. */
export function openRecording(
  { db, now }: Ctx,
  viewer: Pick<Viewer, 'id'>,
  liveSessionId: string,
): Promise<{ recordingUrl: string } | RecordingRefusal> {
  return db.write(async (tx) => {
    const found = await findRecording(tx, now, viewer, liveSessionId);
    if (!found) return { refused: 'unknown' };
    await tx
      .insert(recordingViews)
      .values({ liveSessionId: found.liveSession.id, userId: found.attendee.id, openedAt: now })
      .onConflictDoNothing();
    return { recordingUrl: found.liveSession.recordingUrl };
  });
}

/**
 * Counts the viewer as having watched the recording to its end, where they had opened it here: never over attending live,
 * and never over what was set by hand, but for an absence that was set before. Does nothing the second time.
 */
export function confirmWatched(
  { db, now }: Ctx,
  viewer: Pick<Viewer, 'id'>,
  liveSessionId: string,
): Promise<'counted' | RecordingRefusal> {
  return db.write(async (tx) => {
    const found = await findRecording(tx, now, viewer, liveSessionId);
    if (!found) return { refused: 'unknown' };
    const { liveSession, attendee } = found;
    const theirs = and(
      eq(recordingViews.liveSessionId, liveSession.id),
      eq(recordingViews.userId, attendee.id),
    );
    const [view] = await tx
      .select({ watchedAt: recordingViews.watchedAt })
      .from(recordingViews)
      .where(theirs);
    if (!view) return { refused: 'not-opened' };
    if (view.watchedAt) return 'counted';
    await tx.update(recordingViews).set({ watchedAt: now }).where(theirs);
    await settleOne(tx, now, liveSession, attendee.id, attendee.id);
    return 'counted';
  });
}

async function findRecording(
  tx: Tx,
  now: Date,
  viewer: Pick<Viewer, 'id'>,
  liveSessionId: string,
): Promise<{ liveSession: LiveSessionView; attendee: Attendee } | undefined> {
  const liveSession = await findLiveSession(tx, liveSessionId);
  const attendee = await findAttendee(tx, now, viewer.id);
  if (!liveSession || !attendee || liveSession.state !== 'recorded' || !liveSession.recordingUrl)
    return undefined;
  return mayAttend(attendee, attendee.memberships, liveSession) ? { liveSession, attendee } : undefined;
}

/** What somebody did with a recording, and the mark that they have. */
export type RecordingState = { opened: boolean; watched: boolean; mark: AttendanceMark | null };

/** 1 query. */
export async function recordingStateOf(
  read: Reads,
  liveSessionId: Id<'ses'>,
  userId: Id<'usr'>,
): Promise<RecordingState> {
  const [row] = await read
    .select({
      openedAt: recordingViews.openedAt,
      watchedAt: recordingViews.watchedAt,
      mark: attendance.mark,
    })
    .from(users)
    .leftJoin(
      recordingViews,
      and(eq(recordingViews.userId, users.id), eq(recordingViews.liveSessionId, liveSessionId)),
    )
    .leftJoin(attendance, and(eq(attendance.userId, users.id), eq(attendance.liveSessionId, liveSessionId)))
    .where(eq(users.id, userId));
  return {
    opened: Boolean(row?.openedAt),
    watched: Boolean(row?.watchedAt),
    mark: row?.mark ?? null,
  };
}
