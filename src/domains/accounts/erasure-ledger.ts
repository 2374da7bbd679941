import { appendFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { and, eq, inArray, isNotNull, isNull, max, ne, or } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { packedList } from '#db/json-row.ts';
import { erasures, users } from '#db/schema/accounts.ts';
import { auditEvents } from '#db/schema/audit.ts';
import type { Ctx } from '../../platform/context.ts';
import { env } from '../../platform/env.ts';
import type { Id } from '../../platform/ids.ts';
import { log } from '../../platform/log.ts';
import { endAllLoginSessions } from './login-sessions.ts';
import { erasureGraceMs } from './model.ts';

/**
 * One line of the ledger: somebody asked to be erased, changed their mind, or was erased. Ids and moments, nothing else. The
 * ledger stands outside of the database, so that it knows what a database from a backup does not.
 */
export type ErasureEntry =
  | { userId: Id<'usr'>; is: 'asked'; dueAt: string }
  | { userId: Id<'usr'>; is: 'kept' }
  | { userId: Id<'usr'>; is: 'erased'; erasedAt: string };

export const ledgerFileOf = (dataDir: string) => path.join(dataDir, 'erasures.jsonl');

/**
 * Adds to the ledger in `dataDir` what the database knows of erasures and the ledger does not. Done each hour and after every
 * such act, so what a process that died left out is there an hour later. Returns how many lines it added.
 */
export async function keepErasureLedger({ db }: Ctx, dataDir: string): Promise<number> {
  const file = ledgerFileOf(dataDir);
  const text = await textOf(file);
  const known = stateByUser(entriesIn(text, file));
  const asked = await db.read
    .select({ userId: users.id, dueAt: users.erasureDueAt })
    .from(users)
    .where(isNotNull(users.erasureDueAt));
  const erased = await db.read.select().from(erasures);
  const now: ErasureEntry[] = [
    ...asked.map(({ userId, dueAt }) => ({ userId, is: 'asked' as const, dueAt: dueAt!.toISOString() })),
    ...erased.map((row) => ({
      userId: row.userId,
      is: 'erased' as const,
      erasedAt: row.erasedAt.toISOString(),
    })),
  ];
  const named = new Set(now.map(({ userId }) => userId));
  const open = [...known.values()].filter((entry) => entry.is === 'asked' && !named.has(entry.userId));
  const kept = await thoseWhoStay(db.read, open);
  const added = [...now, ...kept].filter((entry) => !isSame(known.get(entry.userId), entry));
  if (added.length === 0) return 0;
  await mkdir(dataDir, { recursive: true });
  const lines = added.map((entry) => `${JSON.stringify(entry)}\n`).join('');
  const start = text === '' || text.endsWith('\n') ? '' : '\n'; // what was cut off stays a line of its own
  await appendFile(file, start + lines, { mode: 0o600, flush: true });
  return added.length;
}

/** `keepErasureLedger` right after such an act. Where the file cannot be written now, the log says so and the hourly one does it. */
export async function noteErasures(ctx: Ctx): Promise<void> {
  await keepErasureLedger(ctx, env.dataDir).catch((error: unknown) =>
    log.error({ err: error }, 'erasure-ledger.not-kept'),
  );
}

/**
 * Of people who asked, those who changed their mind since: the audit log says so. That the database does not know of their wish is
 * not enough, for it may be one from a backup.
 */
async function thoseWhoStay(read: Reads, asked: readonly ErasureEntry[]): Promise<ErasureEntry[]> {
  if (asked.length === 0) return [];
  const cancelled = await read
    .select({ userId: auditEvents.subjectId, at: max(auditEvents.at) })
    .from(auditEvents)
    .where(
      and(
        eq(auditEvents.action, 'user.erasure-cancelled'),
        inArray(auditEvents.subjectId, packedList(asked.map(({ userId }) => userId))),
      ),
    )
    .groupBy(auditEvents.subjectId);
  const cancelledAt = new Map(cancelled.map(({ userId, at }) => [userId, at?.getTime() ?? 0]));
  return asked.flatMap((entry) => {
    if (entry.is !== 'asked') return [];
    const askedAt = Date.parse(entry.dueAt) - erasureGraceMs;
    const stays = (cancelledAt.get(entry.userId) ?? 0) >= askedAt;
    return stays ? [{ userId: entry.userId, is: 'kept' as const }] : [];
  });
}

/**
 * The lines of a ledger, oldest first; none where there is no such file. A line that was cut off, when the power went or the disk
 * was full, is left out. Throws on any other line that is none.
 */
export async function readErasureLedger(file: string): Promise<ErasureEntry[]> {
  return entriesIn(await textOf(file), file);
}

/**
 * What two ledgers know together, oldest first. One that goes on from where the other ended, as that of a running site does from
 * the one in its backup, is told once: somebody may have asked and changed their mind more than once.
 */
export function joinErasures(
  earlier: readonly ErasureEntry[],
  later: readonly ErasureEntry[],
): ErasureEntry[] {
  let common = 0;
  while (
    common < Math.min(earlier.length, later.length) &&
    JSON.stringify(earlier[common]) === JSON.stringify(later[common])
  )
    common += 1;
  return [...earlier, ...later.slice(common)];
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** An entry holds one brace at its end and none before, so a line without it was cut off. */
const isWhole = (line: string) => !line.startsWith('{') || line.endsWith('}');

function entriesIn(text: string, file: string): ErasureEntry[] {
  return text
    .split('\n')
    .flatMap((line, at) => (line === '' || !isWhole(line) ? [] : [entryIn(line, `${file}, line ${at + 1}`)]));
}

function entryIn(line: string, where: string): ErasureEntry {
  let entry: ErasureEntry | undefined;
  try {
    entry = JSON.parse(line);
  } catch {
    // told below
  }
  const isEntry =
    typeof entry === 'object' &&
    /^usr_\w+$/.test(entry?.userId ?? '') &&
    ['asked', 'kept', 'erased'].includes(entry?.is ?? '');
  if (!isEntry) throw new Error(`${where}: this is no line of a list of erasures.`);
  return entry!;
}

/** What counts for each user: the last of what is known of them. Who was erased stays so. */
function stateByUser(entries: readonly ErasureEntry[]): Map<Id<'usr'>, ErasureEntry> {
  const states = new Map<Id<'usr'>, ErasureEntry>();
  for (const entry of entries) if (states.get(entry.userId)?.is !== 'erased') states.set(entry.userId, entry);
  return states;
}

function isSame(known: ErasureEntry | undefined, entry: ErasureEntry): boolean {
  if (known?.is !== entry.is) return false;
  return entry.is !== 'asked' || (known.is === 'asked' && known.dueAt === entry.dueAt);
}

/**
 * Makes a database from a backup know who asked to be erased, or was, after it was made: those are due at the moment they were
 * promised (at once when they were erased already), and signed out. Whoever changed their mind stays. Returns the ids of those
 * due now or later; erasing the former is the caller’s.
 */
export async function replayErasures(
  { db, now }: Ctx,
  entries: readonly ErasureEntry[],
): Promise<{ due: Id<'usr'>[]; later: Id<'usr'>[] }> {
  const due: Id<'usr'>[] = [];
  const later: Id<'usr'>[] = [];
  await db.write(async (tx) => {
    for (const entry of stateByUser(entries).values()) {
      const { userId } = entry;
      if (entry.is === 'kept') {
        await tx.update(users).set({ erasureDueAt: null }).where(eq(users.id, userId));
        continue;
      }
      const dueAt = entry.is === 'asked' ? new Date(entry.dueAt) : now;
      const isErased = entry.is === 'erased';
      const isNews = or(isNull(users.erasureDueAt), ne(users.erasureDueAt, dueAt));
      const [marked] = await tx
        .update(users)
        .set({ erasureDueAt: dueAt })
        .where(and(eq(users.id, userId), isErased ? undefined : isNews))
        .returning({ id: users.id });
      if (!marked) continue;
      await endAllLoginSessions(tx, userId);
      (dueAt <= now ? due : later).push(userId);
    }
  });
  return { due, later };
}
