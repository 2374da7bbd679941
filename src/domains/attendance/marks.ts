import { and, desc, eq, inArray, isNotNull, isNull } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { users } from '#db/schema/accounts.ts';
import { attendance, attendanceImports, attendanceSheets } from '#db/schema/attendance.ts';
import type { Ctx } from '../../platform/context.ts';
import type { Id } from '../../platform/ids.ts';
import type { Viewer } from '../accounts/model.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { stateAt } from '../live-sessions/model.ts';
import { findLiveSession, type LiveSessionView } from '../live-sessions/queries.ts';
import { type AttendanceMark, attendanceLimits, isByHand } from './model.ts';
import { takesAttendanceAs } from './policy.ts';
import { type Change, keep, settle, withoutHand } from './settle.ts';

export type Taker = Pick<Viewer, 'id' | 'grants'>;

/** `unknown`: no such live session, or not one whose attendance the viewer takes. */
export type AttendanceRefusal = 'unknown' | 'not-held' | 'cancelled';

/** The live session for whoever takes its attendance, once it has begun; with as what they take it. */
export async function liveSessionToTake(
  read: Reads,
  now: Date,
  taker: Taker,
  liveSessionId: string,
): Promise<{ liveSession: LiveSessionView; as: 'ta' | 'host' | 'staff' } | { refused: AttendanceRefusal }> {
  const liveSession = await findLiveSession(read, liveSessionId);
  const as = liveSession && takesAttendanceAs(taker, liveSession);
  if (!liveSession || !as || liveSession.state === 'draft') return { refused: 'unknown' };
  if (stateAt(liveSession, now) === 'cancelled') return { refused: 'cancelled' };
  return liveSession.startsAt > now ? { refused: 'not-held' } : { liveSession, as };
}

/**
 * What somebody sets by hand for a user. `cleared` takes what was set by hand away again, so that files and recordings
 * count. `minutes` only with `live`.
 */
export type HandMark = { userId: string; mark: AttendanceMark | 'cleared'; minutes: number | null };

/**
 * Sets by hand how people took part, whatever files and recordings say: all of them, or none. Writes only what is another mark
 * than before, and returns how many those are. Refuses users that there are not. Audited.
 */
export function markByHand(
  { db, now }: Ctx,
  taker: Taker,
  liveSessionId: string,
  marks: readonly HandMark[],
): Promise<{ changed: number } | { refused: AttendanceRefusal | 'no-such-user' }> {
  return db.write(async (tx) => {
    const found = await liveSessionToTake(tx, now, taker, liveSessionId);
    if ('refused' in found) return found;
    const { liveSession, as } = found;
    const ids = [...new Set(marks.map(({ userId }) => userId as Id<'usr'>))];
    if (ids.length === 0) return { changed: 0 };
    if ((await tx.$count(users, inArray(users.id, ids))) < ids.length) return { refused: 'no-such-user' };
    const before = await handMarks(tx, liveSession.id, ids);
    const cleared = marks.filter(({ mark }) => mark === 'cleared').map(({ userId }) => userId as Id<'usr'>);
    const after = await withoutHand(tx, liveSession, cleared);
    const changes = new Map<Id<'usr'>, Change>();
    for (const { userId, mark, minutes } of marks) {
      const id = userId as Id<'usr'>;
      const old = before.get(id);
      if (mark === 'cleared') {
        if (old) changes.set(id, after.get(id) ?? { mark: null, source: as });
        continue;
      }
      const counted =
        mark === 'live' && minutes !== null ? Math.min(minutes, attendanceLimits.minutes) : null;
      if (old?.mark === mark && old.minutes === counted) continue;
      changes.set(id, { mark, minutes: counted, source: as, importId: null });
    }
    if (changes.size === 0) return { changed: 0 };
    await keep(tx, now, liveSession.id, taker.id, changes);
    await record(tx, now, 'marked', liveSession.id, taker.id, { people: changes.size });
    return { changed: changes.size };
  });
}

/**
 * Says that the attendance of a live session is complete: whoever was expected and has no mark did not attend. Does nothing
 * where somebody said so before. Audited.
 */
export function confirmSheet(
  { db, now }: Ctx,
  taker: Taker,
  liveSessionId: string,
): Promise<'confirmed' | { refused: AttendanceRefusal }> {
  return db.write(async (tx) => {
    const found = await liveSessionToTake(tx, now, taker, liveSessionId);
    if ('refused' in found) return found;
    await putSheet(tx, now, found.liveSession, taker.id, null);
    await settle(tx, now, found.liveSession, taker.id);
    return 'confirmed';
  });
}

/** Opens the sheet again: those who count as absent only because it was complete have no mark any more. Audited. */
export function reopenSheet(
  { db, now }: Ctx,
  taker: Taker,
  liveSessionId: string,
): Promise<'opened' | { refused: AttendanceRefusal }> {
  return db.write(async (tx) => {
    const found = await liveSessionToTake(tx, now, taker, liveSessionId);
    if ('refused' in found) return found;
    const { liveSession } = found;
    const gone = await tx
      .delete(attendanceSheets)
      .where(eq(attendanceSheets.liveSessionId, liveSession.id))
      .returning({ id: attendanceSheets.liveSessionId });
    if (gone.length === 0) return 'opened';
    await settle(tx, now, liveSession, taker.id);
    await record(tx, now, 'reopened', liveSession.id, taker.id);
    return 'opened';
  });
}

/** Confirms the sheet in the caller’s transaction, for an import or because somebody said so; the caller settles. */
export async function putSheet(
  tx: Tx,
  now: Date,
  liveSession: LiveSessionView,
  actorId: Id<'usr'>,
  importId: Id<'imp'> | null,
): Promise<void> {
  const [made] = await tx
    .insert(attendanceSheets)
    .values({
      liveSessionId: liveSession.id,
      ...{ confirmedAt: now, confirmedById: actorId, importId, updatedAt: now },
    })
    .onConflictDoNothing()
    .returning({ id: attendanceSheets.liveSessionId });
  if (made) await record(tx, now, 'confirmed', liveSession.id, actorId);
}

/**
 * The sheet without an import that was undone: where only that one had completed it, the newest other import in force does, or
 * the sheet is open again. The caller settles.
 */
export async function releaseSheet(tx: Tx, liveSession: LiveSessionView, importId: Id<'imp'>): Promise<void> {
  const itsSheet = and(
    eq(attendanceSheets.liveSessionId, liveSession.id),
    eq(attendanceSheets.importId, importId),
  );
  const [other] = await tx
    .select({ id: attendanceImports.id })
    .from(attendanceImports)
    .where(
      and(
        eq(attendanceImports.liveSessionId, liveSession.id),
        isNotNull(attendanceImports.confirmedAt),
        isNull(attendanceImports.undoneAt),
      ),
    )
    .orderBy(desc(attendanceImports.confirmedAt))
    .limit(1);
  if (other) await tx.update(attendanceSheets).set({ importId: other.id }).where(itsSheet);
  else await tx.delete(attendanceSheets).where(itsSheet);
}

/** Those of these users whose mark was set by hand. */
async function handMarks(tx: Tx, liveSessionId: Id<'ses'>, userIds: readonly Id<'usr'>[]) {
  const rows = await tx
    .select({
      userId: attendance.userId,
      mark: attendance.mark,
      minutes: attendance.minutes,
      source: attendance.source,
    })
    .from(attendance)
    .where(and(eq(attendance.liveSessionId, liveSessionId), inArray(attendance.userId, [...userIds])));
  return new Map(rows.filter(({ source }) => isByHand(source)).map((row) => [row.userId, row]));
}

const record = (
  tx: Tx,
  at: Date,
  act: string,
  liveSessionId: Id<'ses'>,
  actorId: Id<'usr'>,
  detail: Record<string, number> = {},
) =>
  recordAuditEvent(tx, {
    at,
    actorId,
    action: `attendance.${act}`,
    subjectType: 'live-session',
    subjectId: liveSessionId,
    detail,
  });
