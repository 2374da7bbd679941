import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { sql } from 'drizzle-orm';
import type { Db } from '#db/client.ts';
import { publishingProgress } from '../publishing/progress.ts';

export type Check = {
  name: 'database' | 'release' | 'disk' | 'outbox' | 'publisher' | 'git' | 'start';
  ok: boolean;
  /** A sentence for people who look after the site; nothing in it is secret. */
  says: string;
};

/** What was looked at. `ready` is false when people would notice: then a proxy with another server should ask that. */
export type Readiness = { ready: boolean; checks: Check[] };

/** Without these the site is not what it should be for visitors; the others are for staff to see to. */
const needed: ReadonlySet<Check['name']> = new Set(['database', 'release', 'disk']);

/** The longest that one check may take, and of it the part for a write: another process may be writing. */
const patienceMs = 1_500;
const writeMs = 1_000;
const leastFreeBytes = 200 * 1024 * 1024;
const longestMailWaitMs = 15 * 60_000;
/** Whoever asks again so soon gets the same answer: each look costs a write. */
const sameAnswerMs = 1_000;

export type Looking = {
  /** None where it could not be opened. */
  db: Db | undefined;
  dataDir: string;
  now: Date;
  /** What the start of the server found, as sentences. */
  troubles?: readonly string[];
  /** Milliseconds that only grow, whatever the time of day does. */
  clock?: () => number;
};

let last: { at: number; found: Promise<Readiness> } | undefined;

/** Whether the site can do its work, in two seconds at most. */
export function readiness(looking: Looking): Promise<Readiness> {
  const at = (looking.clock ?? (() => performance.now()))();
  if (!last || at - last.at > sameAnswerMs) last = { at, found: look(looking) };
  return last.found;
}

async function look({ db, dataDir, now, troubles = [] }: Looking): Promise<Readiness> {
  const checks = await Promise.all([
    check('database', () => database(db, now)),
    check('release', () => release(dataDir)),
    check('disk', () => disk(dataDir)),
    check('outbox', () => outbox(db, now)),
    check('publisher', () => publisher(dataDir)),
    check('git', git),
    ...troubles.map((says) => ({ name: 'start' as const, ok: false, says })),
  ]);
  return { ready: checks.every(({ name, ok }) => ok || !needed.has(name)), checks };
}

type Outcome = Omit<Check, 'name'>;
const fine = (says: string): Outcome => ({ ok: true, says });
const wrong = (says: string): Outcome => ({ ok: false, says });

async function check(name: Check['name'], run: () => Promise<Outcome>): Promise<Check> {
  const late = later(patienceMs, wrong(`The ${name} did not answer in time.`));
  const outcome = await Promise.race([run(), late]).catch(() =>
    wrong(`The ${name} could not be looked at: something failed on the way.`),
  );
  return { name, ...outcome };
}

/** A value that comes after so many milliseconds, which keeps no process from ending. */
const later = <T>(ms: number, value: T): Promise<T> => sleep(ms, value, { ref: false });

const probe = 'readiness';

/** One write and one read, as requests do them. */
async function database(db: Db | undefined, now: Date): Promise<Outcome> {
  if (!db) return wrong('The database cannot be opened.');
  try {
    await db.read.select({ one: sql`1` }).from(sql`(SELECT 1)`);
  } catch {
    return wrong('The database does not answer.');
  }
  const wrote = await Promise.race([write(db, now), later(writeMs, 'late' as const)]);
  if (wrote === 'late') return wrong('The database can be read, but takes no writes at this moment.');
  if (wrote === 'failed') return wrong('The database can be read, but takes no writes.');
  return fine('The database reads and writes.');
}

/** One write that changes nothing of use. */
function write(db: Db, now: Date): Promise<'written' | 'failed'> {
  const at = now.getTime();
  // The counters of limits are forgotten by themselves, and this one counts nothing.
  const statement = sql`INSERT INTO throttles (key, count, started_at, expires_at) VALUES (${probe}, 0, ${at}, ${at})
    ON CONFLICT (key) DO UPDATE SET started_at = excluded.started_at, expires_at = excluded.expires_at`;
  return db
    .write((tx) => tx.run(statement))
    .then(
      () => 'written',
      () => 'failed',
    );
}

async function release(dataDir: string): Promise<Outcome> {
  try {
    await access(path.join(dataDir, 'releases', 'current', 'client', 'index.html'));
    return fine('A release is there.');
  } catch {
    return wrong('The release that is served is not where it should be on disk.');
  }
}

async function disk(dataDir: string): Promise<Outcome> {
  const { bavail, bsize } = await statfs(dataDir);
  const megabytes = Math.round((bavail * bsize) / 2 ** 20);
  const file = path.join(dataDir, `.writable-${randomUUID()}`);
  try {
    await writeFile(file, 'x');
    await rm(file);
  } catch (error) {
    await rm(file, { force: true }).catch(() => {});
    return (error as NodeJS.ErrnoException).code === 'ENOSPC'
      ? wrong('The disk is full.')
      : wrong('Nothing can be written to the data directory.');
  }
  if (bavail * bsize < leastFreeBytes) return wrong(`Only ${megabytes} MB are free on the disk.`);
  return fine(`${megabytes} MB are free on the disk.`);
}

async function outbox(db: Db | undefined, now: Date): Promise<Outcome> {
  if (!db) return wrong('Without the database, nobody knows which mails wait.');
  const { since } = await outboxFigures(db, now);
  const waitedMs = since === null ? 0 : now.getTime() - since;
  if (waitedMs > longestMailWaitMs)
    return wrong(`The oldest mail has waited for ${Math.round(waitedMs / 60_000)} minutes.`);
  return fine(since === null ? 'No mail waits.' : 'Mails leave.');
}

/** How many mails wait whose turn has come, since when in milliseconds, and how many were given up. */
export async function outboxFigures(
  db: Db,
  now: Date,
): Promise<{ waiting: number; since: number | null; failed: number }> {
  const [row] = await db.read
    .select({
      waiting: sql<number>`(SELECT count(*) FROM outbox WHERE state IN ('waiting', 'sending') AND planned_at <= ${now.getTime()})`,
      since: sql<
        number | null
      >`(SELECT min(planned_at) FROM outbox WHERE state IN ('waiting', 'sending') AND planned_at <= ${now.getTime()})`,
      failed: sql<number>`(SELECT count(*) FROM outbox WHERE state = 'failed')`,
    })
    .from(sql`(SELECT 1)`);
  return row!;
}

async function publisher(dataDir: string): Promise<Outcome> {
  const progress = await publishingProgress(dataDir);
  if (!progress) return wrong('The publisher has not run yet.');
  if (!progress.isRunning)
    return wrong('The publisher does not run at this moment: it is about to be started again.');
  if (progress.state === 'stuck') return wrong(progress.trouble ?? 'The publisher cannot work.');
  if (progress.state === 'failed')
    return wrong('The newest content could not become a release. See /staff/publishing.');
  return fine('What was saved is published.');
}

let gitSeen: { at: number; found: Promise<Outcome> } | undefined;

/** Looked at once a minute: it starts a process. */
function git(): Promise<Outcome> {
  const at = performance.now();
  if (!gitSeen || at - gitSeen.at > 60_000)
    gitSeen = {
      at,
      found: promisify(execFile)('git', ['--version'], { timeout: patienceMs }).then(
        () => fine('Git is there.'),
        () => wrong('Git is not there: saves in the CMS cannot be recorded.'),
      ),
    };
  return gitSeen.found;
}
