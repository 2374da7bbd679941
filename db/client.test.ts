import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as otherWorkDone } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { expect, onTestFinished, test } from 'vitest';
import { type Db, openDb, retryWhileBusy, type Tx } from './client.ts';

const counters = sqliteTable('counters', { name: text().primaryKey(), total: integer().notNull() });

async function temporaryUrl(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'peersphere-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return `file:${path.join(folder, 'test.db')}`;
}

async function open(url: string): Promise<Db> {
  const db = await openDb(url);
  onTestFinished(() => db.close());
  return db;
}

async function openWithCounter(url: string): Promise<Db> {
  const db = await open(url);
  await db.write(async (tx) => {
    await tx.run(
      sql`CREATE TABLE counters (name text PRIMARY KEY, total integer NOT NULL CHECK (total < 1000))`,
    );
    await tx.insert(counters).values({ name: 'visits', total: 0 });
  });
  return db;
}

/** Reads, lets others in, then writes what it read plus one: loses counts wherever two writers overlap. */
function countOne(db: Db) {
  return db.write(async (tx) => {
    const [row] = await tx.select({ total: counters.total }).from(counters);
    await otherWorkDone();
    await tx.update(counters).set({ total: row!.total + 1 });
  });
}

async function total(db: Db) {
  const [row] = await db.read.select({ total: counters.total }).from(counters);
  return row?.total;
}

test('a write resolves with the value of its work and what it wrote can be read', async () => {
  const db = await openWithCounter(await temporaryUrl());
  const value = await db.write(async (tx) => {
    await tx.update(counters).set({ total: 7 });
    return 'done';
  });
  expect(value).toBe('done');
  expect(await total(db)).toBe(7);
});

test('200 concurrent writes all succeed and lose no count', async () => {
  const db = await openWithCounter(await temporaryUrl());
  await Promise.all(Array.from({ length: 200 }, () => countOne(db)));
  expect(await total(db)).toBe(200);
});

test('writes run in the order they were asked for', async () => {
  const db = await openWithCounter(await temporaryUrl());
  const order: number[] = [];
  await Promise.all([1, 2, 3, 4].map((turn) => db.write(async () => void order.push(turn))));
  expect(order).toEqual([1, 2, 3, 4]);
});

test('other work has its turn while many writes are queued', async () => {
  const db = await openWithCounter(await temporaryUrl());
  let done = 0;
  const writes = Array.from({ length: 300 }, async () => {
    await db.write((tx) => tx.update(counters).set({ total: sql`${counters.total} + 1` }));
    done += 1;
  });
  await otherWorkDone();
  await otherWorkDone();
  expect(done).toBeLessThan(200);
  await Promise.all(writes);
  expect(await total(db)).toBe(300);
});

test('writes that share a commit are kept or fail each by itself, and each gets its own answer', async () => {
  const db = await openWithCounter(await temporaryUrl());
  const reason = new Error('changed my mind');
  const answers = await Promise.allSettled(
    Array.from({ length: 60 }, (_, place) =>
      db.write(async (tx) => {
        const [row] = await tx
          .update(counters)
          .set({ total: sql`${counters.total} + 1` })
          .returning();
        if (place % 3 === 1) throw reason;
        if (place % 3 === 2) await tx.update(counters).set({ total: 1000 });
        return row!.total;
      }),
    ),
  );
  const kept = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  expect(kept).toEqual(Array.from({ length: 20 }, (_, place) => place + 1));
  const failed = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  expect(failed.filter((error) => error === reason)).toHaveLength(20);
  expect(failed.filter((error) => error.cause?.code === 'SQLITE_CONSTRAINT')).toHaveLength(20);
  expect(await total(db)).toBe(20);
});

test('a write is answered only once another connection can read what it wrote', async () => {
  const url = await temporaryUrl();
  const [db, other] = [await openWithCounter(url), await open(url)];
  await Promise.all(
    Array.from({ length: 50 }, async (_, place) => {
      await db.write((tx) => tx.update(counters).set({ total: sql`max(${counters.total}, ${place + 1})` }));
      expect(await total(other)).toBeGreaterThanOrEqual(place + 1);
    }),
  );
});

test('when SQLite gives up the whole transaction, everybody who shares it hears so, and the next write goes on', async () => {
  const db = await openWithCounter(await temporaryUrl());
  const first = countOne(db);
  const fatal = db.write((tx) => tx.run(sql`INSERT OR ROLLBACK INTO counters VALUES ('visits', 1)`));
  const answers = await Promise.allSettled([first, fatal]);
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await countOne(db);
  expect(await total(db)).toBe(1);
});

test('the transaction of a write that is over is of no use in the write of somebody else', async () => {
  const db = await openWithCounter(await temporaryUrl());
  const { promise: leaked, resolve: leak } = Promise.withResolvers<Tx>();
  await db.write(async (tx) => leak(tx));
  const tx = await leaked;
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: tried, resolve: try_ } = Promise.withResolvers<void>();
  const writing = db.write(async () => {
    begin();
    await tried;
  });
  await begun;
  await expect(tx.update(counters).set({ total: 9 })).rejects.toMatchObject({
    cause: { message: expect.stringContaining('not yours') },
  });
  try_();
  await writing;
  expect(await total(db)).toBe(0);
});

test('a failing write keeps nothing, throws its own error and does not block the next', async () => {
  const db = await openWithCounter(await temporaryUrl());
  const reason = new Error('changed my mind');
  const failing = db.write(async (tx) => {
    await tx.update(counters).set({ total: 500 });
    throw reason;
  });
  const next = countOne(db);
  await expect(failing).rejects.toBe(reason);
  await next;
  expect(await total(db)).toBe(1);
});

test('a write that breaks a constraint is rolled back as a whole', async () => {
  const db = await openWithCounter(await temporaryUrl());
  const failing = db.write(async (tx) => {
    await tx.update(counters).set({ total: 999 });
    await tx.update(counters).set({ total: 1000 });
  });
  await expect(failing).rejects.toMatchObject({ cause: { code: 'SQLITE_CONSTRAINT' } });
  expect(await total(db)).toBe(0);
});

test('a write tells why it failed even where SQLite has rolled back by itself', async () => {
  const db = await openWithCounter(await temporaryUrl());
  const failing = db.write((tx) => tx.run(sql`INSERT OR ROLLBACK INTO counters VALUES ('visits', 1)`));
  await expect(failing).rejects.toMatchObject({ cause: { code: 'SQLITE_CONSTRAINT' } });
  await countOne(db);
  expect(await total(db)).toBe(1);
});

test('reads go on during a write and see only what is committed', async () => {
  const db = await openWithCounter(await temporaryUrl());
  const seenMeanwhile = await db.write(async (tx) => {
    await tx.update(counters).set({ total: 3 });
    return total(db);
  });
  expect(seenMeanwhile).toBe(0);
  expect(await total(db)).toBe(3);
});

test('a write inside a write is refused instead of waiting for itself for ever', async () => {
  const db = await openWithCounter(await temporaryUrl());
  await expect(db.write(() => countOne(db))).rejects.toThrow('use the tx of the outer one');
  await countOne(db);
  expect(await total(db)).toBe(1);
});

test('foreign keys hold on every connection', async () => {
  const db = await openWithCounter(await temporaryUrl());
  await db.write((tx) => tx.run(sql`CREATE TABLE notes (counter text REFERENCES counters (name))`));
  const failing = db.write((tx) => tx.run(sql`INSERT INTO notes VALUES ('nobody')`));
  await expect(failing).rejects.toMatchObject({ cause: { extendedCode: 'SQLITE_CONSTRAINT_FOREIGNKEY' } });
});

test('closing lets the writes already asked for finish, refuses later ones and leaves nothing in the log', async () => {
  const url = await temporaryUrl();
  const db = await openWithCounter(url);
  const writes = Array.from({ length: 20 }, () => countOne(db));
  const closed = db.close();
  await expect(countOne(db)).rejects.toThrow('takes no more writes');
  await closed;
  await Promise.all(writes);
  const log = await stat(`${url.slice('file:'.length)}-wal`).catch(() => ({ size: 0 }));
  expect(log.size).toBe(0);
  expect(await total(await open(url))).toBe(20);
});

test('closing twice is closing once', async () => {
  const db = await openDb(await temporaryUrl());
  await Promise.all([db.close(), db.close()]);
  await expect(db.close()).resolves.toBeUndefined();
});

test('a database that cannot use a write-ahead log is refused', async () => {
  await expect(openDb(':memory:')).rejects.toThrow('WAL');
});

test('a write waits while somebody else holds the lock', async () => {
  const url = await temporaryUrl();
  const [db, other] = [await openWithCounter(url), await open(url)];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const holding = other.write(async (tx) => {
    await tx.update(counters).set({ total: 10 });
    await released;
  });
  await otherWorkDone();
  let runs = 0;
  const waiting = db.write(async (tx) => {
    runs += 1;
    await tx.update(counters).set({ total: sql`${counters.total} + 1` });
  });
  await otherWorkDone();
  expect(runs).toBe(0);
  release();
  await Promise.all([holding, waiting]);
  expect(runs).toBe(1);
  expect(await total(db)).toBe(11);
});

test('waiting for the lock ends with the error of the database', async () => {
  const busy = Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' });
  let attempts = 0;
  const attempt = async () => {
    attempts += 1;
    throw busy;
  };
  await expect(retryWhileBusy(attempt, 30)).rejects.toBe(busy);
  expect(attempts).toBeGreaterThan(1);
});

test('an error other than a held lock is thrown at once', async () => {
  let attempts = 0;
  const attempt = async () => {
    attempts += 1;
    throw new Error('no such table');
  };
  await expect(retryWhileBusy(attempt)).rejects.toThrow('no such table');
  expect(attempts).toBe(1);
});

test('two processes writing to one file at the same time lose nothing', async () => {
  const url = await temporaryUrl();
  const db = await openWithCounter(url);
  const child = spawn(process.execPath, ['--input-type=module', '--eval', otherProcess, url], {
    cwd: import.meta.dirname,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const exit = once(child, 'exit');
  child.stdin.end('start');
  await Promise.all(Array.from({ length: 200 }, () => countOne(db)));
  const [code] = await exit;
  expect(code).toBe(0);
  expect(await total(db)).toBe(400);
}, 30_000);

const otherProcess = `
  import { once } from 'node:events';
  import { sql } from 'drizzle-orm';
  import { openDb } from './client.ts';
  const db = await openDb(process.argv[1]);
  process.stdout.write('ready');
  await once(process.stdin, 'data');
  const countOne = () => db.write(async (tx) => {
    const [{ total }] = await tx.all(sql\`SELECT total FROM counters\`);
    await new Promise(setImmediate);
    await tx.run(sql\`UPDATE counters SET total = \${total + 1}\`);
  });
  await Promise.all(Array.from({ length: 200 }, countOne));
  await db.close();
`;
