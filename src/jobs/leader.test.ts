import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eq } from 'drizzle-orm';
import { expect, onTestFinished, test } from 'vitest';
import { type Db, openDb } from '#db/client.ts';
import { leases } from '#db/schema/leases.ts';
import { useDatabase } from '../../tests/database.ts';
import { startHranaServer } from '../../tests/hrana-server.ts';
import { machineId, takeLease, whileLeading } from './leader.ts';

const poll = (what: () => unknown) => expect.poll(what, { timeout: 20_000, interval: 10 });

/** A machine that counts what it has started and not stopped. */
function machine(db: Db, holder: string) {
  const seen = { running: 0, starts: 0 };
  const leading = whileLeading(db, {
    name: 'jobs',
    holder,
    leaseMs: 1_500,
    renewMs: 100,
    start() {
      seen.running += 1;
      seen.starts += 1;
      return {
        async stop() {
          seen.running -= 1;
        },
      };
    },
  });
  onTestFinished(() => leading.stop());
  return { ...leading, seen };
}

test('of two machines one runs the jobs, and the other takes over as soon as the first stops', async () => {
  const db = await useDatabase();
  const first = machine(db, 'one');
  await poll(() => first.seen.running).toBe(1);
  const second = machine(db, 'two');
  await poll(async () => (await db.read.select().from(leases))[0]?.holder).toBe('one');
  expect(second.seen.starts).toBe(0);
  await first.stop();
  expect(first.seen.running).toBe(0);
  await poll(() => second.seen.running).toBe(1);
});

test('a machine that died holds its lease until it has run out, and takes it again at once when it is back', async () => {
  const db = await useDatabase();
  expect(await takeLease(db, 'jobs', 'one', 60_000)).toBe(true);
  expect(await takeLease(db, 'jobs', 'two', 60_000)).toBe(false);
  expect(await takeLease(db, 'jobs', 'one', 60_000)).toBe(true);
  expect(await takeLease(db, 'other', 'two', 60_000)).toBe(true);
  await db.write((tx) =>
    tx
      .update(leases)
      .set({ until: Date.now() - 1 })
      .where(eq(leases.name, 'jobs')),
  );
  expect(await takeLease(db, 'jobs', 'two', 60_000)).toBe(true);
  expect(await takeLease(db, 'jobs', 'one', 60_000)).toBe(false);
});

test('a machine that cannot reach the database stops its jobs before another may start them', async () => {
  const { file } = await useDatabase();
  const server = await startHranaServer(file);
  onTestFinished(() => server.stop());
  const db = await openDb(server.url);
  onTestFinished(() => db.close());
  const alone = machine(db, 'one');
  await poll(() => alone.seen.running).toBe(1);
  await server.stop();
  await poll(() => alone.seen.running).toBe(0);
  const [lease] = await readLease(file);
  expect(lease!.until).toBeGreaterThan(Date.now());
  await server.start();
  await poll(() => alone.seen.running).toBe(1);
}, 60_000);

async function readLease(file: string) {
  const db = await openDb(`file:${file}`);
  onTestFinished(() => db.close());
  return db.read.select().from(leases);
}

test('a machine is the same after a restart, and no two are', async () => {
  const folders = await Promise.all([1, 2].map(() => mkdtemp(path.join(tmpdir(), 'peersphere-'))));
  onTestFinished(async () => {
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true })));
  });
  const [one, other] = folders.map((folder) => machineId(path.join(folder, 'data')));
  expect(machineId(path.join(folders[0]!, 'data'))).toBe(one);
  expect(other).not.toBe(one);
});
