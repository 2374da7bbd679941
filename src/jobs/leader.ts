import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { and, eq, sql } from 'drizzle-orm';
import type { Db } from '#db/client.ts';
import { leases } from '#db/schema/leases.ts';
import { log } from '../platform/log.ts';

export type Leading = {
  /** Stops what was started and gives the lease back, so that another machine takes over at once. */
  stop(): Promise<void>;
};

export type LeadOptions = {
  /** What is done: a name in the table `leases`. */
  name: string;
  /** Which machine this is: see `machineId`. */
  holder: string;
  /** Begins the work. */
  start(): { stop(): Promise<void> };
  leaseMs?: number;
  renewMs?: number;
};

/**
 * Does what `start` begins while, and only while, this machine holds the lease; other machines look each `renewMs` (10 s) whether
 * it has run out (30 s). A machine that cannot reach the database stops before its lease has run out, as far as it knows.
 */
export function whileLeading(db: Db, options: LeadOptions): Leading {
  const { name, holder, start, leaseMs = 30_000, renewMs = 10_000 } = options;
  const stopping = new AbortController();
  let working: { stop(): Promise<void> } | undefined;
  let isOurs = false;
  let heldUntil = 0;

  async function look() {
    const askedAt = performance.now();
    try {
      isOurs = await takeLease(db, name, holder, leaseMs);
      if (isOurs) heldUntil = askedAt + leaseMs;
      else heldUntil = 0;
    } catch (error) {
      log.warn({ err: error, name }, 'lease.unknown');
    }
    // A renewal from now on comes too late for a lease that ends before the next look.
    const isHeld = heldUntil > performance.now() + renewMs;
    if (isHeld && !working && !stopping.signal.aborted) {
      log.info({ name, holder }, 'lease.taken');
      working = start();
    } else if (!isHeld && working) {
      log.warn({ name, holder }, 'lease.lost');
      await end();
    }
  }

  async function end() {
    const ending = working;
    working = undefined;
    await ending?.stop();
  }

  async function keepLooking() {
    while (!stopping.signal.aborted) {
      await look();
      await sleep(renewMs, undefined, { signal: stopping.signal }).catch(() => {}); // woken by `stop`
    }
  }

  const looking = keepLooking();
  return {
    async stop() {
      stopping.abort();
      await looking;
      await end();
      if (isOurs)
        await giveLeaseBack(db, name, holder).catch((error: unknown) =>
          log.warn({ err: error, name }, 'lease.not-given-back'),
        );
    },
  };
}

const databaseNow = sql<number>`CAST(unixepoch('subsec') * 1000 AS INTEGER)`;

/** Takes the lease for `leaseMs` from now where it is free, has run out or is ours already. Returns whether we hold it. */
export async function takeLease(db: Db, name: string, holder: string, leaseMs: number): Promise<boolean> {
  const until = sql`${databaseNow} + ${leaseMs}`;
  const taken = await db.write((tx) =>
    tx
      .insert(leases)
      .values({ name, holder, until })
      .onConflictDoUpdate({
        target: leases.name,
        set: { holder, until },
        setWhere: sql`${leases.holder} = ${holder} OR ${leases.until} < ${databaseNow}`,
      })
      .returning({ name: leases.name }),
  );
  return taken.length > 0;
}

async function giveLeaseBack(db: Db, name: string, holder: string): Promise<void> {
  await db.write((tx) => tx.delete(leases).where(and(eq(leases.name, name), eq(leases.holder, holder))));
}

/** This machine among those with the same database: made once, and kept in `dataDir`, which no two machines share. */
export function machineId(dataDir: string): string {
  const file = path.join(dataDir, 'machine-id');
  mkdirSync(dataDir, { recursive: true });
  try {
    writeFileSync(file, randomBytes(8).toString('hex'), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return readFileSync(file, 'utf8').trim();
}
