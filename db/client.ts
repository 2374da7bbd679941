import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient, type Transaction } from '@libsql/client';
import type { Logger } from 'drizzle-orm';
import { drizzle, type LibSQLDatabase } from 'drizzle-orm/libsql';
import { SQLiteAsyncDialect } from 'drizzle-orm/sqlite-core';
import { assertEncrypted, isRemote, patientFetch, servingPatienceMs, wasClosed } from './remote.ts';
import { DatabaseUnavailable } from './unavailable.ts';
import { type Tx, writeQueue } from './write-queue.ts';

type Selects = 'select' | 'selectDistinct';

/** The part of Drizzle that only reads. A `Tx` is one too, so a query written for `Reads` also runs inside a write. */
export type Reads = Pick<LibSQLDatabase, Selects | '$with' | '$count'> & {
  with(...queries: Parameters<LibSQLDatabase['with']>): Pick<ReturnType<LibSQLDatabase['with']>, Selects>;
};

export type { Tx } from './write-queue.ts';

export type Db = {
  /** Queries outside any transaction. They never wait for writes and see what is committed. */
  read: Reads;
  /**
   * Runs `work` as one transaction, after the writes asked for before it, and resolves with its value once that is committed.
   * When `work` throws, nothing is kept and the same error is thrown; the next write goes on. While another process
   * writes, waits up to 5 s for its turn, then throws SQLITE_BUSY. Refuses a write inside a write, and any after `close`.
   *
   * Writes that wait at the same time share one COMMIT (`write-queue.ts`); each is kept, or fails, by itself.
   * Every other write waits meanwhile: inside `work`, await nothing but `tx` (no network, mail or password hash).
   *
   * Throws `DatabaseUnavailable` (`unavailable.ts`), as reads do, when a remote primary does not answer.
   */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Lets the writes already asked for finish, folds the write-ahead log into the file and closes. Refuses writes from now on. */
  close(): Promise<void>;
};

export type DbOptions = {
  authToken?: string | undefined;
  /** How long one request to a remote primary may take: 1.2 s unless told, for people are waiting. */
  patienceMs?: number | undefined;
  /** Hears of every query and statement, before it runs. */
  logger?: Logger | undefined;
};

const casing = 'snake_case';

/** How long a native call may wait for a lock. The event loop stands still meanwhile, so we wait outside it instead. */
const nativeWaitMs = 50;
const longestWaitMs = 5000;
const longestPauseMs = 100;

/** How long works may gather into one COMMIT. Each request to a remote primary takes a while, its COMMIT included. */
const localTogetherMs = 16;
const remoteTogetherMs = 60;

/**
 * Opens the database at `url` (`file:`, `libsql:`, `https:`, `wss:`): one a process, for as long as it lives. Every write goes
 * through one queue, first come first served: libSQL’s calls are synchronous, so a second writer would stop the event loop
 * that the first needs in order to commit. A file is put in WAL mode. Throws when it cannot be, when foreign keys are not
 * enforced, and on `:memory:`, which has no WAL and loses its tables after a transaction.
 *
 * A remote primary need not be there yet, and may go and come back: meanwhile reads and writes throw `DatabaseUnavailable`.
 */
export async function openDb(url: string, options: DbOptions = {}): Promise<Db> {
  const client = connect(url, options);
  const isFile = client.protocol === 'file';
  try {
    if (isFile) await turnOnWal(client);
    await assertForeignKeys(client);
  } catch (error) {
    if (!(error instanceof DatabaseUnavailable)) {
      client.close();
      throw error;
    }
  }

  const { logger } = options;
  const database = drizzle(isFile ? client : askingAgain(client), { casing, ...(logger && { logger }) });
  const begin = () => retryWhileBusy(() => beginWrite(client));
  const togetherMs = isFile ? localTogetherMs : remoteTogetherMs;
  const queue = writeQueue(client, new SQLiteAsyncDialect({ casing }), { begin, logger, togetherMs });
  let closing: Promise<void> | undefined;

  async function write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    if (closing) throw new Error('The database is closing and takes no more writes.');
    return queue.add(work);
  }

  async function drainAndClose() {
    await queue.drained();
    try {
      if (isFile) await client.execute('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      client.close();
    }
  }

  function close() {
    closing ??= drainAndClose();
    return closing;
  }

  return { read: database, write, close };
}

/**
 * A bare libSQL client with our settings. For `openDb`, `migrate` and backups; everything else takes a `Db`. Throws on an
 * address without TLS that is not on this machine.
 */
export function connect(url: string, { authToken, patienceMs = servingPatienceMs }: DbOptions): Client {
  assertEncrypted(url);
  return createClient({
    url,
    timeout: nativeWaitMs,
    ...(isRemote(url) && { fetch: patientFetch(patienceMs) }),
    ...(authToken ? { authToken } : {}),
  });
}

/** The client for reads from a remote primary: each is one request, which is sent again where nobody heard it. */
function askingAgain(client: Client): Client {
  const execute = (...query: unknown[]) => onceMore(() => client.execute(...(query as [string])));
  return new Proxy(client, {
    get(target, name) {
      if (name === 'execute') return execute;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** What `ask` resolves with, asked a second time where the kept connection had been closed. */
async function onceMore<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!wasClosed(error)) throw error;
    return ask();
  }
}

/**
 * What `attempt` resolves with, trying again while it fails because another process is writing. Throws the last error after
 * `patienceMs`, any other error at once.
 *
 * An attempt must not prepare a statement on a connection that a later one uses. libsql-js leaves a statement that was
 * refused with BUSY unfinished until it is garbage-collected, and the connection refuses every COMMIT until then
 * (libsql-client-ts issue 352). `executeMultiple` leaves none.
 */
export async function retryWhileBusy<T>(
  attempt: () => Promise<T>,
  patienceMs: number = longestWaitMs,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
      // A random share of the pause, so that two waiting processes do not keep meeting.
      await sleep(pauseMs * (0.5 + Math.random() / 2));
    }
  }
}

/** A transaction that holds the write lock. */
async function beginWrite(client: Client): Promise<Transaction> {
  if (client.protocol !== 'file') return onceMore(() => beginRemotely(client));
  const transaction = await client.transaction('deferred');
  try {
    // `transaction('write')` would prepare its BEGIN IMMEDIATE: see `retryWhileBusy`.
    await transaction.executeMultiple('COMMIT; BEGIN IMMEDIATE');
    return transaction;
  } catch (error) {
    transaction.close();
    throw error;
  }
}

/** The client sends BEGIN with the first statement: we send one, so that what a write asks for is never refused with BUSY. */
async function beginRemotely(client: Client): Promise<Transaction> {
  const transaction = await client.transaction('write');
  try {
    await transaction.execute('SELECT 1');
    return transaction;
  } catch (error) {
    transaction.close();
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  return code === 'SQLITE_BUSY' || code === 'TRANSACTION_BUSY' || isBusy(error.cause);
}

async function turnOnWal(client: Client): Promise<void> {
  await retryWhileBusy(() => client.executeMultiple('PRAGMA journal_mode = WAL'));
  const { rows } = await client.execute('PRAGMA journal_mode');
  const mode = rows[0]?.[0];
  if (mode !== 'wal') throw new Error(`The database has to be a file in WAL mode; its mode is ${mode}.`);
}

/** Foreign keys are a setting of each connection and the client opens more later, so we check the default and set nothing. */
async function assertForeignKeys(client: Client): Promise<void> {
  const { rows } = await client.execute('PRAGMA foreign_keys');
  if (rows[0]?.[0] !== 1) throw new Error('This libSQL does not enforce foreign keys by default.');
}
