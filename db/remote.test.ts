import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import { expect, onTestFinished, test } from 'vitest';
import { type HranaOptions, type HranaServer, startHranaServer } from '../tests/hrana-server.ts';
import { type Db, type DbOptions, openDb } from './client.ts';
import { migrate } from './migrate.ts';
import journal from './migrations/meta/_journal.json' with { type: 'json' };
import { assertEncrypted } from './remote.ts';
import { databaseTrouble } from './unavailable.ts';

const counters = sqliteTable('counters', { name: text().primaryKey(), total: integer().notNull() });

async function temporaryFile(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'peersphere-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return path.join(folder, 'test.db');
}

async function startServer(options: HranaOptions = {}): Promise<HranaServer> {
  const server = await startHranaServer(await temporaryFile(), options);
  onTestFinished(() => server.stop());
  return server;
}

async function open(url: string, options: DbOptions = {}): Promise<Db> {
  const db = await openDb(url, options);
  onTestFinished(() => db.close());
  return db;
}

async function openWithCounter(server: HranaServer, options: DbOptions = {}): Promise<Db> {
  const db = await open(server.url, options);
  await db.write(async (tx) => {
    await tx.run(
      sql`CREATE TABLE counters (name text PRIMARY KEY, total integer NOT NULL CHECK (total < 1000))`,
    );
    await tx.insert(counters).values({ name: 'visits', total: 0 });
  });
  return db;
}

const countOne = (db: Db) => db.write((tx) => tx.update(counters).set({ total: sql`${counters.total} + 1` }));

async function total(db: Db) {
  const [row] = await db.read.select({ total: counters.total }).from(counters);
  return row?.total;
}

/** How the promise ended and after how long. */
async function timed(work: Promise<unknown>) {
  const began = performance.now();
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { trouble: databaseTrouble(error), error, ms: performance.now() - began };
}

test('migrations run on a remote primary, all of them, and the second time none', async () => {
  const { url } = await startServer();
  expect(await migrate(url)).toEqual(journal.entries.map(({ tag }) => tag));
  expect(await migrate(url)).toEqual([]);
});

test('writes that wait at the same time share a commit, and each is kept or fails by itself', async () => {
  const server = await startServer();
  const db = await openWithCounter(server);
  const reason = new Error('changed my mind');
  const answers = await Promise.allSettled(
    Array.from({ length: 30 }, (_, place) =>
      db.write(async (tx) => {
        await tx.update(counters).set({ total: sql`${counters.total} + 1` });
        if (place % 3 === 1) throw reason;
        if (place % 3 === 2) await tx.update(counters).set({ total: 1000 });
      }),
    ),
  );
  expect(answers.map(({ status }) => status === 'fulfilled')).toEqual(
    answers.map((_, place) => place % 3 === 0),
  );
  expect(await total(db)).toBe(10);
});

test('a write among others takes one request for each of its statements, and no more', async () => {
  const server = await startServer();
  const db = await openWithCounter(server);
  server.delay(2); // else each is over before the next is asked for
  const before = server.requests();
  await Promise.all(Array.from({ length: 10 }, () => countOne(db)));
  expect(server.requests() - before).toBeLessThan(10 * 3);
});

test('two machines that write at the same time lose no count', async () => {
  const server = await startServer();
  const [one, other] = [await openWithCounter(server), await open(server.url)];
  const count = (db: Db) =>
    db.write(async (tx) => {
      const [row] = await tx.select({ total: counters.total }).from(counters);
      await tx.update(counters).set({ total: row!.total + 1 });
    });
  await Promise.all(Array.from({ length: 60 }, (_, turn) => count(turn % 2 ? one : other)));
  expect(await total(one)).toBe(60);
}, 60_000);

test('a stream that ended in the middle of a transaction keeps nothing of it, and the next write goes on', async () => {
  const server = await startServer();
  const db = await openWithCounter(server);
  const ended = await timed(
    db.write(async (tx) => {
      await tx.update(counters).set({ total: 5 });
      server.expireStreams();
      await tx.update(counters).set({ total: 6 });
    }),
  );
  expect(ended.trouble).toBe('away');
  expect(await total(db)).toBe(0);
  await countOne(db);
  expect(await total(db)).toBe(1);
});

test('after a failure that may have ended the transaction, the same write can do nothing outside of it', async () => {
  const server = await startServer();
  const db = await openWithCounter(server);
  const failing = db.write(async (tx) => {
    await tx.update(counters).set({ total: 5 });
    server.expireStreams();
    await tx
      .update(counters)
      .set({ total: 6 })
      .catch(() => {});
    await tx.update(counters).set({ total: 7 });
  });
  await expect(failing).rejects.toMatchObject({ cause: { message: expect.stringContaining('has failed') } });
  expect(await total(db)).toBe(0);
});

test('a primary that was restarted between two requests is asked again, and nobody notices', async () => {
  const server = await startServer();
  const db = await openWithCounter(server);
  await server.stop();
  await server.start();
  expect(await total(db)).toBe(0);
  await countOne(db);
  expect(await total(db)).toBe(1);
});

test('a primary restarted in the middle of a transaction fails that write alone', async () => {
  const server = await startServer();
  const db = await openWithCounter(server);
  const ended = await timed(
    db.write(async (tx) => {
      await tx.update(counters).set({ total: 5 });
      await server.stop();
      await server.start();
      await tx.update(counters).set({ total: 6 });
    }),
  );
  expect(ended.trouble).toBe('away');
  await countOne(db);
  expect(await total(db)).toBe(1);
});

test('while the primary answers nothing, reads and writes fail within two seconds, later ones at once, and all goes on afterwards', async () => {
  const server = await startServer();
  const db = await openWithCounter(server);
  server.hang();
  const first = await Promise.all([
    timed(total(db)),
    timed(countOne(db)),
    timed(countOne(db)),
    timed(total(db)),
  ]);
  for (const { trouble, ms } of first) {
    expect(trouble).toBe('away');
    expect(ms).toBeLessThan(2_000);
  }
  const later = await Promise.all(Array.from({ length: 200 }, () => timed(total(db))));
  expect(later.every(({ trouble }) => trouble === 'away')).toBe(true);
  expect(Math.max(...later.map(({ ms }) => ms))).toBeLessThan(1_900);
  server.resume();
  await expect.poll(() => total(db).catch(() => 'away'), { timeout: 10_000 }).toBe(0);
  await countOne(db);
  expect(await total(db)).toBe(1);
}, 30_000);

test('while nobody listens, reads and writes fail at once, and go on when somebody does', async () => {
  const server = await startServer();
  const db = await openWithCounter(server);
  await server.stop();
  for (const work of [total(db), countOne(db)]) {
    const { trouble, ms } = await timed(work);
    expect(trouble).toBe('away');
    expect(ms).toBeLessThan(2_000);
  }
  await server.start();
  await expect
    .poll(
      () =>
        countOne(db).then(
          () => 'written',
          () => 'away',
        ),
      { timeout: 10_000 },
    )
    .toBe('written');
  expect(await total(db)).toBe(1);
}, 30_000);

test('a primary that is away when the site starts is there for it later', async () => {
  const server = await startServer();
  const { url } = server;
  await openWithCounter(server);
  await server.stop();
  const db = await open(url);
  expect((await timed(total(db))).trouble).toBe('away');
  await server.start();
  await expect.poll(() => total(db).catch(() => 'away'), { timeout: 10_000 }).toBe(0);
}, 30_000);

test('a write whose commit was carried out but not answered is told as not certain, and is there', async () => {
  const server = await startServer();
  const db = await openWithCounter(server);
  server.loseAnswerTo('COMMIT');
  expect((await timed(countOne(db))).trouble).toBe('away');
  expect(await total(db)).toBe(1);
});

test('one machine that writes for long does not make the primary look away to those who read', async () => {
  const server = await startServer();
  const [holding, waiting] = [await openWithCounter(server), await open(server.url)];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const long = holding.write(async (tx) => {
    await tx.update(counters).set({ total: 5 });
    begin();
    await released;
  });
  await begun;
  const refused = timed(countOne(waiting));
  let isOver = false;
  void refused.then(() => (isOver = true));
  while (!isOver) expect(await total(waiting)).toBe(0);
  expect((await refused).trouble).toBe('away');
  expect(await total(waiting)).toBe(0);
  release();
  await long;
  await countOne(waiting);
  expect(await total(waiting)).toBe(6);
}, 30_000);

test('a token that the primary does not know is told as such, not as wrong data', async () => {
  const server = await startServer({ authToken: 'right' });
  const db = await open(server.url, { authToken: 'wrong' });
  const { trouble, error } = await timed(total(db));
  expect(trouble).toBe('away');
  expect(String((error as Error).cause)).toContain('status 401');
  await openWithCounter(server, { authToken: 'right' });
});

test('foreign keys hold on a remote primary', async () => {
  const db = await openWithCounter(await startServer());
  await db.write((tx) => tx.run(sql`CREATE TABLE notes (counter text REFERENCES counters (name))`));
  const failing = db.write((tx) => tx.run(sql`INSERT INTO notes VALUES ('nobody')`));
  await expect(failing).rejects.toMatchObject({ cause: { code: 'SQLITE_CONSTRAINT' } });
});

test.for([
  'http://db.example.test',
  'ws://db.example.test',
  'libsql://db.example.test:80?tls=0',
  'http://127.0.0.1.example.test',
])('the address %s is refused, since it has no TLS', (url) => {
  expect(() => assertEncrypted(url)).toThrow('without TLS');
});

test.for([
  'libsql://db.example.test',
  'https://db.example.test',
  'wss://db.example.test',
  'http://127.0.0.1:8080',
  'http://localhost:8080',
  'ws://[::1]:8080',
  'libsql://localhost:8080?tls=0',
  'file:/srv/peersphere.db',
])('the address %s is one that may be used', (url) => {
  expect(() => assertEncrypted(url)).not.toThrow();
});
