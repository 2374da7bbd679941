import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { ContentTrouble, type TroubleReason } from './git.ts';

const longestWaitMs = 20_000;

/** Name of the file whose lock is the lock of the content. It stays empty. */
export const lockFile = '.content-lock';

const turns = new Map<string, Promise<unknown>>();

/**
 * Does `work` while no other process changes the content. The lock is one of SQLite on an empty file: the system itself lets it
 * go when its holder dies. Throws ContentTrouble `busy` after twenty seconds, `read-only` where the folder takes no file.
 */
export async function underContentLock<T>(contentDir: string, work: () => Promise<T>): Promise<T> {
  const before = turns.get(contentDir) ?? Promise.resolve();
  const mine = before.catch(() => {}).then(() => holding(contentDir, work));
  turns.set(contentDir, mine);
  try {
    return await mine;
  } finally {
    if (turns.get(contentDir) === mine) turns.delete(contentDir);
  }
}

async function holding<T>(contentDir: string, work: () => Promise<T>): Promise<T> {
  const lock = await acquire(contentDir);
  try {
    return await work();
  } finally {
    lock.close();
  }
}

async function acquire(contentDir: string): Promise<DatabaseSync> {
  const lock = open(path.join(contentDir, lockFile));
  for (let waited = 0; ; ) {
    try {
      lock.exec('BEGIN IMMEDIATE');
      return lock;
    } catch (error) {
      const why = reasons[((error as { errcode?: number }).errcode ?? 0) & 0xff] ?? 'damaged';
      if (why !== 'busy' || waited > longestWaitMs) {
        lock.close();
        throw new ContentTrouble(why, error);
      }
      const pause = 5 + Math.random() * 20;
      waited += pause;
      await sleep(pause);
    }
  }
}

/** What SQLite’s codes mean here: SQLITE_BUSY, LOCKED, READONLY, FULL, CANTOPEN. */
const reasons: Record<number, TroubleReason> = {
  5: 'busy',
  6: 'busy',
  8: 'read-only',
  13: 'disk-full',
  14: 'read-only',
};

function open(file: string): DatabaseSync {
  try {
    const lock = new DatabaseSync(file, { timeout: 0 });
    lock.exec('PRAGMA journal_mode = MEMORY'); // nothing is ever written
    return lock;
  } catch (error) {
    throw new ContentTrouble('read-only', error);
  }
}
