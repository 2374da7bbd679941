import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, openDb } from '#db/client.ts';
import { env } from '../platform/env.ts';
import { log } from '../platform/log.ts';

export type DatabaseInTime = {
  /** The database, once it could be opened. */
  db(): Db | undefined;
  /** Resolves when it was opened. */
  opened: Promise<Db>;
  /** Lets writes under way finish; where none was opened, stops trying. */
  close(): Promise<void>;
};

const longestPauseMs = 5_000;

/** Opens the configured database, again and again until it can be, while the process does without. */
export function openDatabaseInTime(): DatabaseInTime {
  const givingUp = new AbortController();
  let db: Db | undefined;
  const { promise: opened, resolve } = Promise.withResolvers<Db>();
  void tryToOpen();

  async function tryToOpen() {
    for (let pauseMs = 200; !givingUp.signal.aborted; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      try {
        const found = await openDb(env.databaseUrl, { authToken: env.databaseAuthToken });
        if (givingUp.signal.aborted) return found.close();
        db = found;
        return resolve(found);
      } catch (error) {
        log.error({ err: error }, 'database.cannot-open');
        await sleep(pauseMs, undefined, { ref: false });
      }
    }
  }

  return {
    db: () => db,
    opened,
    async close() {
      givingUp.abort();
      await db?.close();
    },
  };
}
