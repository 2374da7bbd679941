import { asc, eq, inArray, or, sql } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import {
  attendance,
  attendanceAliases,
  attendanceChanges,
  attendanceImports,
  attendanceRows,
  recordingViews,
  records,
} from '#db/schema/attendance.ts';
import { communities } from '#db/schema/communities.ts';
import { liveSessions } from '#db/schema/live-sessions.ts';
import type { Person } from '../accounts/personal-data.ts';

/** What is known of somebody’s attendance, how it came about, and which records of professional development they gave out. */
export async function personalAttendance(read: Reads, person: Person) {
  const { userId } = person;
  const where = { liveSession: liveSessions.title, startsAt: liveSessions.startsAt };
  const marks = await read
    .select({
      ...where,
      mark: attendance.mark,
      minutes: attendance.minutes,
      source: attendance.source,
      confirmedAt: attendance.confirmedAt,
    })
    .from(attendance)
    .innerJoin(liveSessions, eq(liveSessions.id, attendance.liveSessionId))
    .where(eq(attendance.userId, userId))
    .orderBy(asc(liveSessions.startsAt));
  const history = await read
    .select({
      ...where,
      mark: attendanceChanges.mark,
      minutes: attendanceChanges.minutes,
      source: attendanceChanges.source,
      changedAt: attendanceChanges.changedAt,
    })
    .from(attendanceChanges)
    .innerJoin(liveSessions, eq(liveSessions.id, attendanceChanges.liveSessionId))
    .where(eq(attendanceChanges.userId, userId))
    .orderBy(asc(attendanceChanges.changedAt), asc(attendanceChanges.id));
  const inFiles = await read
    .select({
      ...where,
      line: attendanceRows.line,
      name: attendanceRows.name,
      email: attendanceRows.email,
      minutes: attendanceRows.minutes,
      joinedAt: attendanceRows.joinedAt,
      leftAt: attendanceRows.leftAt,
      match: attendanceRows.match,
      decision: attendanceRows.decision,
    })
    .from(attendanceRows)
    .innerJoin(attendanceImports, eq(attendanceImports.id, attendanceRows.importId))
    .innerJoin(liveSessions, eq(liveSessions.id, attendanceImports.liveSessionId))
    .where(rowsOf(person));
  const knownAs = await read
    .select({
      community: communities.name,
      alias: attendanceAliases.alias,
      decision: attendanceAliases.decision,
      decidedAt: attendanceAliases.createdAt,
    })
    .from(attendanceAliases)
    .innerJoin(communities, eq(communities.slug, attendanceAliases.communitySlug))
    .where(aliasesOf(person));
  const recordings = await read
    .select({ ...where, openedAt: recordingViews.openedAt, watchedAt: recordingViews.watchedAt })
    .from(recordingViews)
    .innerJoin(liveSessions, eq(liveSessions.id, recordingViews.liveSessionId))
    .where(eq(recordingViews.userId, userId))
    .orderBy(asc(recordingViews.openedAt));
  const developmentRecords = await read
    .select({
      title: records.title,
      fromAt: records.fromAt,
      untilAt: records.untilAt,
      madeAt: records.createdAt,
      withdrawnAt: records.withdrawnAt,
    })
    .from(records)
    .where(eq(records.userId, userId))
    .orderBy(asc(records.createdAt));
  return { marks, history, inFiles, knownAs, recordings, developmentRecords };
}

/**
 * Deletes all of it, and what files say of their addresses where nobody has decided who that is. Totals count one person
 * fewer from then on. Marks that they set for others stay, without their name.
 */
export async function eraseAttendance(tx: Tx, person: Person): Promise<void> {
  const { userId } = person;
  const named = tx.select({ id: attendanceRows.importId }).from(attendanceRows).where(rowsOf(person));
  await tx
    .update(attendanceImports)
    .set({ summary: sql`json_set(${attendanceImports.summary}, '$.warnings', json('[]'))` })
    .where(inArray(attendanceImports.id, named));
  await tx.delete(attendanceRows).where(rowsOf(person));
  await tx.delete(attendanceAliases).where(aliasesOf(person));
  await tx.delete(attendance).where(eq(attendance.userId, userId));
  await tx.delete(attendanceChanges).where(eq(attendanceChanges.userId, userId));
  await tx.delete(recordingViews).where(eq(recordingViews.userId, userId));
  await tx.delete(records).where(eq(records.userId, userId));
}

const rowsOf = ({ userId, addresses }: Person) =>
  or(eq(attendanceRows.userId, userId), inArray(attendanceRows.email, addresses));

const aliasesOf = ({ userId, addresses }: Person) =>
  or(eq(attendanceAliases.userId, userId), inArray(attendanceAliases.alias, addresses));
