import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Db } from '#db/client.ts';
import { outbox } from '#db/schema/mail.ts';
import { newId } from '#src/platform/ids.ts';
import { useDatabase } from '../../../tests/database.ts';
import { type Check, outboxFigures, type Readiness, readiness } from './readiness.ts';

const now = new Date('2026-11-20T08:00:00Z');

/** A data directory with a release that is served, and nothing else. */
async function useDataDir(): Promise<string> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'ready-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  await mkdir(path.join(dataDir, 'releases/000001-abc/client'), { recursive: true });
  await writeFile(path.join(dataDir, 'releases/000001-abc/client/index.html'), 'home');
  await symlink('000001-abc', path.join(dataDir, 'releases/current'));
  return dataDir;
}

/** Looks anew each time: whoever asks twice in a second is given the same answer. */
async function look(db: Db | undefined, dataDir: string, troubles: string[] = []): Promise<Readiness> {
  clock += 2_000;
  return readiness({ db, dataDir, now, troubles, clock: () => clock });
}
let clock = 0;

const of = ({ checks }: Readiness, name: Check['name']) => checks.find((check) => check.name === name);

test('a site with its database, a release and room on the disk is ready', async () => {
  const found = await look(await useDatabase(), await useDataDir());
  expect(found.ready).toBe(true);
  expect(of(found, 'database')).toEqual({
    name: 'database',
    ok: true,
    says: 'The database reads and writes.',
  });
  expect(of(found, 'release')?.ok).toBe(true);
  expect(of(found, 'disk')?.ok).toBe(true);
  expect(of(found, 'outbox')).toMatchObject({ ok: true, says: 'No mail waits.' });
});

test('a site without its database is not ready', async () => {
  const found = await look(undefined, await useDataDir());
  expect([found.ready, of(found, 'database')?.says]).toEqual([false, 'The database cannot be opened.']);
});

test('a database that does not answer is told within two seconds', async () => {
  const never = new Promise<never>(() => {});
  const hanging = { read: { select: () => ({ from: () => never }) }, write: () => never } as unknown as Db;
  const started = performance.now();
  const found = await look(hanging, await useDataDir());
  expect([found.ready, of(found, 'database')?.ok]).toEqual([false, false]);
  expect(performance.now() - started).toBeLessThan(2_000);
});

test('a database that is closed, and so takes no writes, is not ready', async () => {
  const db = await useDatabase();
  const readOnly = { ...db, write: () => Promise.reject(new Error('attempt to write a readonly database')) };
  expect(of(await look(readOnly, await useDataDir()), 'database')).toMatchObject({
    ok: false,
    says: 'The database can be read, but takes no writes.',
  });
});

test('a site whose release is gone from disk is not ready', async () => {
  const dataDir = await useDataDir();
  await rm(path.join(dataDir, 'releases/current'));
  const found = await look(await useDatabase(), dataDir);
  expect([found.ready, of(found, 'release')?.ok]).toEqual([false, false]);
});

test.skipIf(process.getuid?.() === 0)('a data directory that takes no files is not ready', async () => {
  const dataDir = await useDataDir();
  await chmod(dataDir, 0o500);
  onTestFinished(() => chmod(dataDir, 0o700));
  const found = await look(await useDatabase(), dataDir);
  expect([found.ready, of(found, 'disk')?.says]).toEqual([
    false,
    'Nothing can be written to the data directory.',
  ]);
});

test('a data directory that is not there is not ready', async () => {
  const found = await look(undefined, path.join(tmpdir(), 'no-such-folder-at-all'));
  expect([found.ready, of(found, 'disk')?.ok]).toEqual([false, false]);
});

test('mails that wait too long are said, and keep nobody from the site', async () => {
  const db = await useDatabase();
  const wait = async (minutes: number) => {
    const plannedAt = new Date(now.getTime() - minutes * 60_000);
    await db.write((tx) =>
      tx.insert(outbox).values({
        id: newId('mail', now),
        dedupeKey: `waits-${minutes}`,
        kind: 'welcome',
        to: 'noor@example.test',
        subject: 'Welcome',
        optional: false,
        state: 'waiting',
        plannedAt,
        nextAttemptAt: plannedAt,
        createdAt: plannedAt,
      }),
    );
  };
  const dataDir = await useDataDir();
  await wait(2);
  expect(of(await look(db, dataDir), 'outbox')?.ok).toBe(true);
  await wait(40);
  await wait(-30); // its turn has not come
  const found = await look(db, dataDir);
  expect(of(found, 'outbox')).toMatchObject({
    ok: false,
    says: 'The oldest mail has waited for 40 minutes.',
  });
  expect(found.ready).toBe(true);
  expect(await outboxFigures(db, now)).toEqual({ waiting: 2, since: now.getTime() - 40 * 60_000, failed: 0 });
});

test('a publisher that has ended is not taken for one at rest', async () => {
  const dataDir = await useDataDir();
  const tell = (pid: number) =>
    writeFile(
      path.join(dataDir, 'publishing/progress.json'),
      JSON.stringify({ format: 1, state: 'resting', pid }),
    );
  await mkdir(path.join(dataDir, 'publishing'));
  await tell(process.pid);
  expect(of(await look(undefined, dataDir), 'publisher')?.ok).toBe(true);
  await tell(2 ** 22 + 1); // no process has this number
  expect(of(await look(undefined, dataDir), 'publisher')).toMatchObject({
    ok: false,
    says: expect.stringMatching(/^The publisher does not run/),
  });
});

test('what the start of the server found is said as well', async () => {
  const found = await look(await useDatabase(), await useDataDir(), ['A migration failed.']);
  expect([found.ready, of(found, 'start')]).toEqual([
    true,
    { name: 'start', ok: false, says: 'A migration failed.' },
  ]);
});

test('who asks again at once costs the database nothing', async () => {
  const db = await useDatabase();
  let writes = 0;
  const counted: Db = {
    ...db,
    write(work) {
      writes += 1;
      return db.write(work);
    },
  };
  const dataDir = await useDataDir();
  clock += 2_000;
  const ask = () => readiness({ db: counted, dataDir, now, clock: () => clock });
  await Promise.all(Array.from({ length: 50 }, ask));
  expect(writes).toBe(1);
});
