import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as otherWorkDone, setTimeout as sleep } from 'node:timers/promises';
import type { Client, InStatement, ResultSet, Transaction } from '@libsql/client';
import type { Logger } from 'drizzle-orm';
import { LibSQLSession, LibSQLTransaction } from 'drizzle-orm/libsql/session';
import type { SQLiteAsyncDialect } from 'drizzle-orm/sqlite-core';
import { databaseTrouble } from './unavailable.ts';

/** An open write transaction. Of no use once the function it was given to has settled, and to nobody else meanwhile. */
export type Tx = LibSQLTransaction<Record<string, never>, Record<string, never>>;

export type WriteQueue = {
  /** Runs `work` in its turn and resolves with its value once that is committed. See `Db.write`. */
  add<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Resolves when nothing waits or runs. */
  drained(): Promise<void>;
};

/** Works that share one COMMIT: as many as began within `togetherMs`, and no more than this. */
const mostTogether = 64;
/** After holding the lock so long with hardly a gap, let go of it so long: other processes look for it now and then. */
const heldMs = 50;
const letGoMs = 2;

type Waiting = {
  run(tx: Tx): Promise<unknown>;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
};

/**
 * A queue of writes to `client`, first come first served. Writes that wait at the same moment share a transaction and its
 * COMMIT, which is most of what a write costs: the disk has to be waited for once. Each stands in a savepoint of its own, so
 * that one which fails takes nothing else with it, and each is answered only after the COMMIT that holds it. Should SQLite
 * give up the whole transaction by itself (disk full, file damaged), nothing of it is kept and all of them fail.
 */
export function writeQueue(
  client: Client,
  dialect: SQLiteAsyncDialect,
  options: { begin: () => Promise<Transaction>; logger?: Logger | undefined; togetherMs: number },
): WriteQueue {
  const waiting: Waiting[] = [];
  const current = new AsyncLocalStorage<{ open: boolean }>();
  let running: { open: boolean } | undefined;
  let transaction: Transaction | undefined;
  let broken: Transaction | undefined;
  let working: Promise<void> | undefined;

  /** One for all writes, so that what is prepared for one serves the next; it lets nobody in but the write whose turn it is. */
  const tx: Tx = new LibSQLTransaction(
    'async',
    dialect,
    new LibSQLSession<Record<string, never>, Record<string, never>>(
      client,
      dialect,
      undefined,
      { ...(options.logger && { logger: options.logger }) },
      { execute: ask } as Transaction,
    ),
    undefined,
  );

  function turn(): Transaction {
    if (!transaction || !running?.open || current.getStore() !== running)
      throw new Error('This write is over, or not yours: use the tx that your own was given.');
    return transaction;
  }

  /**
   * After a failure by which SQLite may have rolled everything back, nothing more is asked for: a remote primary would carry
   * it out outside of any transaction.
   */
  async function ask(statement: InStatement): Promise<ResultSet> {
    const own = turn();
    if (own === broken) throw new Error('This write has failed: nothing more can be asked for in it.');
    try {
      return await own.execute(statement);
    } catch (error) {
      if (databaseTrouble(error)) broken = own;
      throw error;
    }
  }

  async function add<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    if (current.getStore()?.open)
      throw new Error('A write inside a write would wait for itself: use the tx of the outer one.');
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const asCaller = AsyncLocalStorage.snapshot();
    waiting.push({ run: (own) => asCaller(() => inTurn(() => work(own))), resolve, reject });
    working ??= takeTurns();
    return promise as Promise<T>;
  }

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = { open: true };
    running = mine;
    try {
      return await current.run(mine, async () => await work()); // Drizzle’s queries begin when they are awaited
    } finally {
      mine.open = false;
    }
  }

  async function takeTurns() {
    await Promise.resolve(); // whoever writes several things at once has asked for all of them by now
    let heldSince = performance.now();
    while (waiting.length > 0) {
      await writeTogether();
      const isLong = performance.now() - heldSince > heldMs;
      // Local writes never leave the event loop by themselves: without this turn a long queue would hold up every request.
      await (isLong ? sleep(letGoMs) : otherWorkDone());
      if (isLong) heldSince = performance.now();
    }
    working = undefined;
  }

  /** Takes those that wait into one transaction. Never rejects: who is concerned hears of it. */
  async function writeTogether() {
    const answers: (() => void)[] = [];
    const taken: Waiting[] = [];
    try {
      transaction = await options.begin();
      const until = performance.now() + options.togetherMs;
      const most = Math.min(waiting.length, mostTogether);
      do {
        const next = waiting.shift()!;
        taken.push(next);
        const isFirst = taken.length === 1;
        answers.push(await (most === 1 ? alone(next) : inSavepoint(next, transaction, isFirst)));
      } while (taken.length < most && performance.now() < until);
      await transaction.commit();
    } catch (error) {
      if (taken.length === 0) taken.push(waiting.shift()!); // the lock was not to be had
      answers.splice(
        0,
        answers.length,
        ...taken.map(
          ({ reject }) =>
            () =>
              reject(error),
        ),
      );
    } finally {
      transaction?.close(); // rolls back what was not committed
      transaction = undefined;
    }
    for (const answer of answers) answer();
  }

  /** Nothing else is in the transaction: it may fail as a whole. */
  async function alone({ run, resolve }: Waiting): Promise<() => void> {
    const value = await run(tx);
    return () => resolve(value);
  }

  /**
   * One savepoint follows the other; the last ends with the COMMIT. Opening it is not waited for: on its way to a remote primary
   * it goes with the first statement.
   */
  async function inSavepoint(
    { run, resolve, reject }: Waiting,
    own: Transaction,
    isFirst: boolean,
  ): Promise<() => void> {
    const opened = own.executeMultiple(isFirst ? 'SAVEPOINT own' : 'RELEASE own; SAVEPOINT own');
    opened.catch(() => {}); // heard of below
    try {
      const value = await run(tx);
      await opened;
      return () => resolve(value);
    } catch (error) {
      if (own.closed) throw error;
      const undone = await own.executeMultiple('ROLLBACK TO own').then(
        () => true,
        () => false, // the whole transaction is gone
      );
      if (!undone) throw error;
      return () => reject(error);
    }
  }

  async function drained() {
    while (working) await working;
  }

  return { add, drained };
}
