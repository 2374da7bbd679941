import { createHash } from 'node:crypto';
import { and, eq, inArray, isNull, lt, ne, sql } from 'drizzle-orm';
import type { Tx } from '#db/client.ts';
import { packedList, packedRows } from '#db/json-row.ts';
import { users } from '#db/schema/accounts.ts';
import { attendanceAliases, attendanceImports, attendanceRows } from '#db/schema/attendance.ts';
import type { Ctx } from '../../platform/context.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { recordAuditEvent } from '../audit/record.ts';
import type { LiveSessionView } from '../live-sessions/queries.ts';
import { expectedAt, usersAtAddresses } from './expected.ts';
import { type AttendanceRefusal, liveSessionToTake, putSheet, releaseSheet, type Taker } from './marks.ts';
import { matchRows, normaliseName } from './match.ts';
import { type FileProblem, type MeetingFile, readMeetingFile } from './meeting-file.ts';
import { attendanceLimits, type ImportSummary, type RowDecision } from './model.ts';
import { thresholdMinutes } from './settings.ts';
import { settle } from './settle.ts';

export type UploadRefusal = AttendanceRefusal | { unreadable: FileProblem[] };

/** `isKnown`: the same bytes were there before, and `importId` is theirs. */
export type Uploaded = { importId: Id<'imp'>; isKnown: boolean };

/**
 * Reads a file of a meeting tool, matches its people and keeps both for somebody to look at: nothing counts yet. The same
 * bytes again are the same import (`isKnown`). Refuses a file that cannot be read whole, with every problem and its line.
 */
export async function uploadMeetingFile(
  { db, now }: Ctx,
  taker: Taker,
  liveSessionId: string,
  { name, bytes }: { name: string; bytes: Uint8Array },
): Promise<Uploaded | { refused: UploadRefusal }> {
  const fileHash = createHash('sha256').update(bytes).digest('hex');
  const found = await liveSessionToTake(db.read, now, taker, liveSessionId);
  if ('refused' in found) return found;
  const { liveSession } = found;
  const read = readMeetingFile(bytes, liveSession);
  if ('problems' in read) return { refused: { unreadable: read.problems } };
  return db.write(async (tx) => {
    const [known] = await tx
      .select({ id: attendanceImports.id })
      .from(attendanceImports)
      .where(
        and(
          eq(attendanceImports.liveSessionId, liveSession.id),
          eq(attendanceImports.fileHash, fileHash),
          isNull(attendanceImports.undoneAt),
        ),
      );
    if (known) return { importId: known.id, isKnown: true };
    const importId = newId('imp', now);
    await tx.insert(attendanceImports).values({
      id: importId,
      liveSessionId: liveSession.id,
      fileName: shownFileName(name) || 'file',
      fileHash,
      tool: read.file.tool,
      summary: summaryOf(read.file),
      thresholdMinutes: await thresholdMinutes(tx),
      uploadedById: taker.id,
      createdAt: now,
    });
    await keepRows(tx, importId, liveSession, read.file);
    return { importId, isKnown: false };
  });
}

/** A file’s name as it is shown: without folders, and without signs that nobody sees or that turn the text around them. */
export function shownFileName(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  const seen = last.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').replace(/\s+/g, ' ');
  return cut(seen.trim(), attendanceLimits.name);
}

/** Who a row is: a user by their id, or what else it counts as. */
export type Decision = { line: number; is: { user: string } | Exclude<RowDecision, 'user'> };

/**
 * Says who rows of a waiting import are: users, guests, or nobody; all of them, or none. It is remembered for the next file of
 * these communities once the import is confirmed. Refuses a row or a user that there is not, and an import that is confirmed
 * or undone.
 */
export function decideRows(
  { db, now }: Ctx,
  taker: Taker,
  importId: string,
  decisions: readonly Decision[],
): Promise<'decided' | { refused: AttendanceRefusal | 'no-such-row' | 'no-such-user' | 'not-waiting' }> {
  return db.write(async (tx) => {
    const found = await findImport(tx, now, taker, importId);
    if ('refused' in found) return found;
    if (found.state !== 'waiting') return { refused: 'not-waiting' };
    const lines = [...new Set(decisions.map(({ line }) => line))];
    const itsRows = and(
      eq(attendanceRows.importId, found.importId),
      inArray(attendanceRows.line, packedList(lines)),
    );
    if ((await tx.$count(attendanceRows, itsRows)) < lines.length) return { refused: 'no-such-row' };
    const named = decisions.flatMap(({ is }) => (typeof is === 'object' ? [is.user as Id<'usr'>] : []));
    const ids = [...new Set(named)];
    if ((await tx.$count(users, inArray(users.id, ids))) < ids.length) return { refused: 'no-such-user' };
    for (const { line, is } of decisions)
      await tx
        .update(attendanceRows)
        .set({
          match: is === 'open' ? 'none' : 'hand',
          decision: typeof is === 'object' ? 'user' : is,
          userId: typeof is === 'object' ? (is.user as Id<'usr'>) : null,
        })
        .where(and(eq(attendanceRows.importId, found.importId), eq(attendanceRows.line, line)));
    return 'decided';
  });
}

/**
 * Lets an import count, in one transaction: marks follow, the sheet is complete, and what was decided by hand is remembered.
 * Rows that nobody decided count for nobody and can be decided no more. Does nothing for one that counts already. Refuses
 * one that was undone. Audited.
 */
export function confirmImport(
  { db, now }: Ctx,
  taker: Taker,
  importId: string,
): Promise<{ changed: number } | { refused: AttendanceRefusal | 'not-waiting' }> {
  return db.write(async (tx) => {
    const found = await findImport(tx, now, taker, importId);
    if ('refused' in found) return found;
    if (found.state === 'confirmed') return { changed: 0 };
    if (found.state === 'undone') return { refused: 'not-waiting' };
    await tx
      .update(attendanceImports)
      .set({ confirmedAt: now, confirmedById: taker.id })
      .where(eq(attendanceImports.id, found.importId));
    await remember(tx, now, found.liveSession, found.importId, taker.id);
    await putSheet(tx, now, found.liveSession, taker.id, found.importId);
    const changed = await settle(tx, now, found.liveSession, taker.id);
    await record(tx, now, 'import-confirmed', found, taker.id);
    return { changed };
  });
}

/**
 * Takes an import back, counting or not: marks become what they are without it, and its file may be uploaded again. The sheet
 * is open again where no other import completes it and nobody had said that it is complete. What was set by hand stays. Audited. Does nothing for one that was undone before.
 */
export function undoImport(
  { db, now }: Ctx,
  taker: Taker,
  importId: string,
): Promise<{ changed: number } | { refused: AttendanceRefusal }> {
  return db.write(async (tx) => {
    const found = await findImport(tx, now, taker, importId);
    if ('refused' in found) return found;
    if (found.state === 'undone') return { changed: 0 };
    await tx
      .update(attendanceImports)
      .set({ undoneAt: now, undoneById: taker.id })
      .where(eq(attendanceImports.id, found.importId));
    await record(tx, now, 'import-undone', found, taker.id);
    if (found.state === 'waiting') return { changed: 0 };
    await releaseSheet(tx, found.liveSession, found.importId);
    const changed = await settle(tx, now, found.liveSession, taker.id);
    return { changed };
  });
}

/**
 * Forgets names and addresses of files after ninety days, and rows that were nobody’s; minutes of users stay. What was decided
 * about a name is remembered for 400 days, a season and a bit.
 */
export async function purgeImports(tx: Tx, now: Date): Promise<void> {
  const old = tx
    .select({ id: attendanceImports.id })
    .from(attendanceImports)
    .where(lt(attendanceImports.createdAt, daysBefore(now, attendanceLimits.keptDays)));
  await tx
    .delete(attendanceRows)
    .where(and(inArray(attendanceRows.importId, old), ne(attendanceRows.decision, 'user')));
  await tx
    .update(attendanceRows)
    .set({ name: '', email: '' })
    .where(and(inArray(attendanceRows.importId, old), ne(attendanceRows.name, '')));
  await tx
    .update(attendanceImports)
    .set({
      fileName: '',
      summary: sql`json_set(${attendanceImports.summary}, '$.warnings', json('[]'), '$.title', '')`,
    })
    .where(and(inArray(attendanceImports.id, old), ne(attendanceImports.fileName, '')));
  await tx.delete(attendanceAliases).where(lt(attendanceAliases.createdAt, daysBefore(now, rememberedDays)));
}

const rememberedDays = 400;
const daysBefore = (now: Date, days: number) => new Date(now.getTime() - days * 24 * 3_600_000);

function summaryOf({ summary, people, warnings }: MeetingFile): ImportSummary {
  return {
    title: cut(summary.title, attendanceLimits.name),
    startedAt: summary.startedAt?.toISOString() ?? null,
    endedAt: summary.endedAt?.toISOString() ?? null,
    people: people.length,
    guests: people.filter(({ isGuest }) => isGuest).length,
    warnings: warnings.map((sentence) => cut(sentence, attendanceLimits.sentence)),
  };
}

/** At most so many characters, of which none is half a pair. */
const cut = (text: string, most: number) => text.slice(0, most).toWellFormed();

async function keepRows(
  tx: Tx,
  importId: Id<'imp'>,
  liveSession: LiveSessionView,
  { people }: MeetingFile,
): Promise<void> {
  const slugs = liveSession.communities.map(({ slug }) => slug);
  const [expected, others, aliases] = [
    await expectedAt(tx, liveSession),
    await usersAtAddresses(
      tx,
      people.flatMap(({ email, upn }) => [email, upn]),
    ),
    slugs.length === 0
      ? []
      : await tx
          .select({
            alias: attendanceAliases.alias,
            decision: attendanceAliases.decision,
            userId: attendanceAliases.userId,
          })
          .from(attendanceAliases)
          .where(inArray(attendanceAliases.communitySlug, slugs)),
  ];
  const matched = matchRows(people, expected, others, aliases);
  const rows = matched.map(({ person, match, decision, userId }) => ({
    importId,
    line: person.line,
    name: cut(person.name, attendanceLimits.name),
    email: cut(person.email || person.upn, attendanceLimits.name),
    minutes: Math.min(person.minutes, attendanceLimits.minutes),
    joinedAt: person.joinedAt,
    leftAt: person.leftAt,
    match,
    decision,
    userId,
  }));
  await tx.insert(attendanceRows).select(packedRows(attendanceRows, rows));
}

async function remember(
  tx: Tx,
  now: Date,
  liveSession: LiveSessionView,
  importId: Id<'imp'>,
  decidedById: Id<'usr'>,
): Promise<void> {
  const decided = await tx
    .select({
      name: attendanceRows.name,
      email: attendanceRows.email,
      decision: attendanceRows.decision,
      userId: attendanceRows.userId,
    })
    .from(attendanceRows)
    .where(and(eq(attendanceRows.importId, importId), eq(attendanceRows.match, 'hand')));
  if (decided.length === 0) return;
  const shared = sharedNames(await expectedAt(tx, liveSession));
  const values = decided.flatMap(({ name, email, decision, userId }) => {
    const alias = email || normaliseName(name);
    if (decision === 'open' || alias === '' || shared.has(alias)) return [];
    return liveSession.communities.map(({ slug }) => ({
      ...{ communitySlug: slug, alias, decision, userId },
      ...{ decidedById, createdAt: now },
    }));
  });
  for (const value of values)
    await tx
      .insert(attendanceAliases)
      .values(value)
      .onConflictDoUpdate({
        target: [attendanceAliases.communitySlug, attendanceAliases.alias],
        set: value,
      });
}

/** Normalised names that two of these people have: whom one of them means is asked each time. */
function sharedNames(people: readonly { name: string }[]): Set<string> {
  const counts = Map.groupBy(people, ({ name }) => normaliseName(name));
  return new Set([...counts].filter(([, theirs]) => theirs.length > 1).map(([name]) => name));
}

type FoundImport = {
  importId: Id<'imp'>;
  liveSession: LiveSessionView;
  state: 'waiting' | 'confirmed' | 'undone';
};

/** The import, for whoever takes the attendance of its live session. */
async function findImport(
  tx: Tx,
  now: Date,
  taker: Taker,
  id: string,
): Promise<FoundImport | { refused: AttendanceRefusal }> {
  const [row] = await tx
    .select({
      id: attendanceImports.id,
      liveSessionId: attendanceImports.liveSessionId,
      confirmedAt: attendanceImports.confirmedAt,
      undoneAt: attendanceImports.undoneAt,
    })
    .from(attendanceImports)
    .where(eq(attendanceImports.id, id as Id<'imp'>));
  if (!row) return { refused: 'unknown' };
  const found = await liveSessionToTake(tx, now, taker, row.liveSessionId);
  if ('refused' in found) return found;
  const state = row.undoneAt ? 'undone' : row.confirmedAt ? 'confirmed' : 'waiting';
  return { importId: row.id, liveSession: found.liveSession, state };
}

const record = (tx: Tx, at: Date, act: string, { liveSession, importId }: FoundImport, actorId: Id<'usr'>) =>
  recordAuditEvent(tx, {
    at,
    actorId,
    action: `attendance.${act}`,
    subjectType: 'live-session',
    subjectId: liveSession.id,
    detail: { importId },
  });
