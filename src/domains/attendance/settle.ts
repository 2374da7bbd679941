import { and, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Tx } from '#db/client.ts';
import { jsonRow, packedList, packedRows } from '#db/json-row.ts';
import {
  attendance,
  attendanceChanges,
  attendanceImports,
  attendanceRows,
  attendanceSheets,
  recordingViews,
} from '#db/schema/attendance.ts';
import { type Id, newId } from '../../platform/ids.ts';
import type { LiveSessionView } from '../live-sessions/queries.ts';
import { expectedAt } from './expected.ts';
import { minutesInFiles, minutesOnDevices, oneStay, type Stay } from './minutes.ts';
import { type AttendanceMark, type AttendanceSource, attendanceLimits, isByHand } from './model.ts';

/** A mark with where it comes from. */
export type Settled = {
  mark: AttendanceMark;
  minutes: number | null;
  source: AttendanceSource;
  importId: Id<'imp'> | null;
};

/** What a mark becomes; null where it is taken away, by the source that is named. */
export type Change = Settled | { mark: null; source: AttendanceSource };

type Before = Settled & { confirmedAt: Date };
type Known = Settled & { watchedAt?: Date };

/**
 * Brings the marks of a live session to what is known of it: what somebody set by hand stands; else all imports in force
 * together (live from their threshold on); else a recording that was watched; else, once the sheet is confirmed, absence for
 * everybody expected. Absence by hand gives way to a recording that was watched after it. What changes is kept in the
 * history. Returns how many marks changed. Writes nothing where none does.
 */
export async function settle(
  tx: Tx,
  now: Date,
  liveSession: LiveSessionView,
  actorId: Id<'usr'> | null,
): Promise<number> {
  const before = await marksOf(tx, liveSession.id);
  return bring(tx, now, liveSession.id, actorId, before, await knownOf(tx, liveSession, before));
}

/** The same for one user only. */
export async function settleOne(
  tx: Tx,
  now: Date,
  liveSession: LiveSessionView,
  actorId: Id<'usr'> | null,
  userId: Id<'usr'>,
): Promise<number> {
  const before = await marksOf(tx, liveSession.id, [userId]);
  const known = await knownOf(tx, liveSession, before, [userId]);
  return bring(tx, now, liveSession.id, actorId, before, known);
}

/** What files, recordings and the sheet say of these users, as if nobody had set anything by hand; null where they say nothing. */
export async function withoutHand(
  tx: Tx,
  liveSession: LiveSessionView,
  userIds: readonly Id<'usr'>[],
): Promise<Map<Id<'usr'>, Settled | null>> {
  const known = await knownOf(tx, liveSession, new Map(), userIds);
  return new Map(userIds.map((userId) => [userId, known.get(userId) ?? null]));
}

/** Keeps marks, takes those away that are null, and writes both into the history. */
export async function keep(
  tx: Tx,
  now: Date,
  liveSessionId: Id<'ses'>,
  actorId: Id<'usr'> | null,
  changes: ReadonlyMap<Id<'usr'>, Change>,
): Promise<void> {
  if (changes.size === 0) return;
  const all = [...changes];
  const gone = all.filter(([, { mark }]) => mark === null).map(([userId]) => userId);
  if (gone.length > 0)
    await tx
      .delete(attendance)
      .where(and(eq(attendance.liveSessionId, liveSessionId), inArray(attendance.userId, packedList(gone))));
  const kept = all.flatMap(([userId, change]) =>
    change.mark === null
      ? []
      : [{ liveSessionId, userId, ...asSettled(change), confirmedById: actorId, confirmedAt: now }],
  );
  if (kept.length > 0)
    await tx
      .insert(attendance)
      .select(packedRows(attendance, kept))
      .onConflictDoUpdate({
        target: [attendance.liveSessionId, attendance.userId],
        set: {
          mark: sql`excluded.mark`,
          minutes: sql`excluded.minutes`,
          source: sql`excluded.source`,
          importId: sql`excluded.import_id`,
          confirmedById: sql`excluded.confirmed_by_id`,
          confirmedAt: sql`excluded.confirmed_at`,
        },
      });
  const history = all.map(([userId, change]) => ({
    id: newId('chg', now),
    ...{ liveSessionId, userId, mark: change.mark, source: change.source },
    minutes: change.mark === null ? null : change.minutes,
    importId: change.mark === null ? null : change.importId,
    changedById: actorId,
    changedAt: now,
  }));
  await tx.insert(attendanceChanges).select(packedRows(attendanceChanges, history));
  await tx
    .update(attendanceSheets)
    .set({ updatedAt: now })
    .where(eq(attendanceSheets.liveSessionId, liveSessionId));
}

async function bring(
  tx: Tx,
  now: Date,
  liveSessionId: Id<'ses'>,
  actorId: Id<'usr'> | null,
  before: ReadonlyMap<Id<'usr'>, Before>,
  known: ReadonlyMap<Id<'usr'>, Known>,
): Promise<number> {
  const changes = new Map<Id<'usr'>, Change>();
  for (const [userId, settled] of known) {
    const old = before.get(userId);
    if (!stands(old, settled) && !isSame(old, settled)) changes.set(userId, asSettled(settled));
  }
  for (const [userId, { source }] of before)
    if (!known.has(userId) && !isByHand(source)) changes.set(userId, { mark: null, source });
  await keep(tx, now, liveSessionId, actorId, changes);
  return changes.size;
}

/** Whether a mark was set by hand and stays whatever is known: all but an absence before the recording was watched. */
function stands(old: Before | undefined, { watchedAt }: Known): boolean {
  if (!old || !isByHand(old.source)) return false;
  return !(old.mark === 'absent' && watchedAt && watchedAt >= old.confirmedAt);
}

async function marksOf(
  tx: Tx,
  liveSessionId: Id<'ses'>,
  only?: readonly Id<'usr'>[],
): Promise<Map<Id<'usr'>, Before>> {
  const rows = await tx
    .select({
      row: jsonRow({
        userId: attendance.userId,
        mark: attendance.mark,
        minutes: attendance.minutes,
        source: attendance.source,
        importId: attendance.importId,
        confirmedAt: attendance.confirmedAt,
      }),
    })
    .from(attendance)
    .where(
      and(
        eq(attendance.liveSessionId, liveSessionId),
        only ? inArray(attendance.userId, packedList(only)) : undefined,
      ),
    );
  return new Map(rows.map(({ row: { userId, ...settled } }) => [userId, settled]));
}

/** What files, recordings and the sheet say of each user, or of these only. */
async function knownOf(
  tx: Tx,
  liveSession: LiveSessionView,
  before: ReadonlyMap<Id<'usr'>, Before>,
  only?: readonly Id<'usr'>[],
): Promise<Map<Id<'usr'>, Known>> {
  const known = new Map<Id<'usr'>, Known>();
  for (const userId of await absentees(tx, liveSession, before, only))
    known.set(userId, { mark: 'absent', minutes: null, source: 'sheet', importId: null });
  for (const [userId, settled] of await inFiles(tx, liveSession.id, only)) known.set(userId, settled);
  const watched = await tx
    .select({ userId: recordingViews.userId, watchedAt: recordingViews.watchedAt })
    .from(recordingViews)
    .where(
      and(
        eq(recordingViews.liveSessionId, liveSession.id),
        isNotNull(recordingViews.watchedAt),
        only ? inArray(recordingViews.userId, packedList(only)) : undefined,
      ),
    );
  for (const { userId, watchedAt } of watched)
    if (watchedAt && known.get(userId)?.mark !== 'live')
      known.set(userId, { mark: 'recording', minutes: null, source: 'recording', importId: null, watchedAt });
  return known;
}

/**
 * Whom a confirmed sheet counts as absent unless something else is known. Who was on it once stays, though they have left the
 * community since.
 */
async function absentees(
  tx: Tx,
  liveSession: LiveSessionView,
  before: ReadonlyMap<Id<'usr'>, Before>,
  only?: readonly Id<'usr'>[],
): Promise<Id<'usr'>[]> {
  const { id } = liveSession;
  if ((await tx.$count(attendanceSheets, eq(attendanceSheets.liveSessionId, id))) === 0) return [];
  const expected = (await expectedAt(tx, liveSession, only)).map(({ userId }) => userId);
  const already = [...before].filter(([, { source }]) => source === 'sheet').map(([userId]) => userId);
  return [...expected, ...already];
}

/** What the imports in force say together of each user: rows of one file are devices, files are parts of one meeting. */
async function inFiles(
  tx: Tx,
  liveSessionId: Id<'ses'>,
  only?: readonly Id<'usr'>[],
): Promise<Map<Id<'usr'>, Settled>> {
  const found = await tx
    .select({
      row: jsonRow({
        userId: attendanceRows.userId,
        importId: attendanceRows.importId,
        minutes: attendanceRows.minutes,
        joinedAt: attendanceRows.joinedAt,
        leftAt: attendanceRows.leftAt,
        threshold: attendanceImports.thresholdMinutes,
      }),
    })
    .from(attendanceRows)
    .innerJoin(attendanceImports, eq(attendanceImports.id, attendanceRows.importId))
    .where(
      and(
        eq(attendanceImports.liveSessionId, liveSessionId),
        isNotNull(attendanceImports.confirmedAt),
        isNull(attendanceImports.undoneAt),
        eq(attendanceRows.decision, 'user'),
        only ? inArray(attendanceRows.userId, packedList(only)) : undefined,
      ),
    )
    .orderBy(attendanceImports.confirmedAt, attendanceImports.id);
  const rows = found.map(({ row }) => row);
  const settled = new Map<Id<'usr'>, Settled>();
  for (const [userId, theirs] of Map.groupBy(rows, ({ userId }) => userId)) {
    if (!userId) continue;
    const files = [...Map.groupBy(theirs, ({ importId }) => importId)].map(([importId, devices]) => ({
      ...oneStay(devices, minutesOnDevices(devices)),
      importId,
    }));
    const minutes = Math.min(minutesInFiles(files as Stay[]), attendanceLimits.minutes);
    const threshold = Math.min(...theirs.map((row) => row.threshold));
    const from = files.reduce((most, file) => (file.minutes >= most.minutes ? file : most));
    settled.set(userId, {
      mark: minutes >= threshold ? 'live' : 'absent',
      ...{ minutes, source: 'import', importId: from.importId },
    });
  }
  return settled;
}

const asSettled = ({ mark, minutes, source, importId }: Settled): Settled => ({
  ...{ mark, minutes, source, importId },
});

const isSame = (a: Settled | undefined, b: Settled) =>
  a !== undefined &&
  a.mark === b.mark &&
  a.minutes === b.minutes &&
  a.source === b.source &&
  a.importId === b.importId;
