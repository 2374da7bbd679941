import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Client, createClient } from '@libsql/client';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/libsql';
import { migrate as applyMigrations } from 'drizzle-orm/libsql/migrator';
import { expect, onTestFinished, test } from 'vitest';
import { openDb } from './client.ts';
import { migrate } from './migrate.ts';
import journal from './migrations/meta/_journal.json' with { type: 'json' };

const everyMigration = journal.entries.map(({ tag }) => tag);

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'peersphere-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function temporaryUrl(): Promise<string> {
  return `file:${path.join(await temporaryFolder(), 'test.db')}`;
}

function connect(url: string): Client {
  const client = createClient({ url });
  onTestFinished(() => client.close());
  return client;
}

test('an empty database gets every migration, oldest first', async () => {
  const url = await temporaryUrl();
  expect(await migrate(url)).toEqual(everyMigration);
  const { rows } = await connect(url).execute('SELECT count(*) AS count FROM audit_events');
  expect(rows[0]?.['count']).toBe(0);
});

test('migrating again runs nothing and keeps what is there', async () => {
  const url = await temporaryUrl();
  await migrate(url);
  const client = connect(url);
  await client.execute('CREATE TABLE keepsakes AS SELECT 1 AS kept');
  expect(await migrate(url)).toEqual([]);
  const { rows } = await client.execute('SELECT kept FROM keepsakes');
  expect(rows).toHaveLength(1);
});

test('migrations are listed in the order of their times, since Drizzle leaves out what is older than the last one run', () => {
  const times = journal.entries.map(({ when }) => when);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(new Set(times).size).toBe(times.length);
});

test('a migration that was edited after it ran is named', async () => {
  const url = await temporaryUrl();
  await migrate(url);
  const client = connect(url);
  await client.execute("UPDATE __drizzle_migrations SET hash = 'of the text before' WHERE rowid = 1");
  await expect(migrate(url)).rejects.toThrow(
    `edited after they ran, or are older than one that ran before them: ${everyMigration[0]}`,
  );
});

test('a row that refers to nothing is named after migrating', async () => {
  const url = await temporaryUrl();
  const client = connect(url);
  await client.executeMultiple(`
    PRAGMA foreign_keys = off;
    CREATE TABLE parents (id integer PRIMARY KEY);
    CREATE TABLE children (parent integer REFERENCES parents (id));
    INSERT INTO children VALUES (1);
  `);
  await expect(migrate(url)).rejects.toThrow('children, row 1: no such row in parents');
});

test('migrating waits while somebody else is writing', async () => {
  const url = await temporaryUrl();
  const db = await openDb(url);
  onTestFinished(() => db.close());
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const writing = db.write(async (tx) => {
    await tx.run(sql`CREATE TABLE keepsakes (kept integer)`);
    await released;
  });
  const migrating = migrate(url);
  expect(await Promise.race([migrating, sleep(200, 'still waiting')])).toBe('still waiting');
  release();
  await writing;
  expect(await migrating).toEqual(everyMigration);
});

/** Brings the database up to the migration `last`, as a release that had no later one left it. */
async function migrateUpTo(url: string, last: string) {
  const folder = await temporaryFolder();
  const entries = journal.entries.slice(0, everyMigration.indexOf(last) + 1);
  await mkdir(path.join(folder, 'meta'));
  await writeFile(path.join(folder, 'meta', '_journal.json'), JSON.stringify({ ...journal, entries }));
  for (const { tag } of entries)
    await copyFile(
      path.join(import.meta.dirname, 'migrations', `${tag}.sql`),
      path.join(folder, `${tag}.sql`),
    );
  await applyMigrations(drizzle(connect(url)), { migrationsFolder: folder });
}

test('who was signed in before the upgrade to attendance was last seen when they were, and nobody else was', async () => {
  const url = await temporaryUrl();
  await migrateUpTo(url, '0003_live-sessions');
  const client = connect(url);
  for (const id of ['usr_seen', 'usr_never'])
    await client.execute(`INSERT INTO users (id, email, email_verified_at, password_hash, name, time_zone,
      code_of_conduct_version, code_of_conduct_accepted_at, created_at)
      VALUES ('${id}', '${id}@example.test', 0, '', 'Noor Sample', 'Asia/Shanghai', '1', 0, 0)`);
  for (const [hash, day] of [
    ['older', '2026-11-02T10:00:00Z'],
    ['newer', '2026-11-20T23:59:00Z'],
  ] as const)
    await client.execute(`INSERT INTO login_sessions (id_hash, user_id, created_at, expires_at, last_used_at,
      authenticated_at, device) VALUES ('${hash}', 'usr_seen', 0, 0, ${Date.parse(day)}, 0, 'Firefox')`);
  await migrate(url);
  const { rows } = await client.execute('SELECT id, last_seen_on FROM users ORDER BY id');
  expect(rows.map((row) => [row['id'], row['last_seen_on']])).toEqual([
    ['usr_never', null],
    ['usr_seen', '2026-11-20'],
  ]);
});

test('upgrading to production keeps what is there, and a copy of what was before', async () => {
  const url = await temporaryUrl();
  await migrateUpTo(url, '0004_attendance');
  const client = connect(url);
  await client.execute("INSERT INTO erasures (user_id, erased_at) VALUES ('usr_gone', 1)");
  const ran = await migrate(url);
  expect(ran).toEqual(everyMigration.slice(everyMigration.indexOf('0004_attendance') + 1));
  expect((await client.execute('SELECT count(*) FROM leases')).rows[0]?.[0]).toBe(0);
  expect((await client.execute('SELECT user_id FROM erasures')).rows[0]?.[0]).toBe('usr_gone');
  const [copy, ...others] = await copiesOf(url);
  expect(others).toEqual([]);
  expect(copy).toMatch(/^test\.db\.\d{4}-\d\d-\d\dT[\d-]+\.before-0005_production\.db$/);
  const before = connect(`file:${path.join(folderOf(url), copy!)}`);
  expect((await before.execute('SELECT user_id FROM erasures')).rows[0]?.[0]).toBe('usr_gone');
  expect((await before.execute("SELECT 1 FROM sqlite_master WHERE name = 'leases'")).rows).toEqual([]);
});

test('the two newest copies stay, and where nothing is to be run none is made', async () => {
  const url = await temporaryUrl();
  await migrateUpTo(url, '0004_attendance');
  const names = ['2025-01-01T00-00-00', '2025-02-01T00-00-00', '2025-03-01T00-00-00'];
  for (const name of names)
    await writeFile(path.join(folderOf(url), `test.db.${name}.before-0003_live-sessions.db`), '');
  await migrate(url);
  const kept = await copiesOf(url);
  expect(kept).toHaveLength(2);
  expect(kept[0]).toContain('2025-03-01');
  await migrate(url);
  expect(await copiesOf(url)).toEqual(kept);
});

test('an empty database is not copied', async () => {
  const url = await temporaryUrl();
  await migrate(url);
  expect(await copiesOf(url)).toEqual([]);
});

const folderOf = (url: string) => path.dirname(url.slice('file:'.length));
const copiesOf = async (url: string) =>
  (await readdir(folderOf(url))).filter((name) => name.includes('.before-')).sort();

/**
 * Both releases run while one takes over from the other, so a migration takes away nothing that the release before reads or writes.
 * What has to go goes one release later, and then its migration stands here with the reason.
 */
const allowedToTakeAway: Readonly<Record<string, string>> = {};

test('from 0005 on no migration takes away what the release before still uses', async () => {
  const destructive =
    /\b(?:DROP\s+(?:TABLE|COLUMN|VIEW)|RENAME\s+(?:TO|COLUMN)|DELETE\s+FROM|PRAGMA\s+(?:foreign_keys|writable_schema))\b|ALTER\s+TABLE\s+\S+\s+(?:DROP|RENAME)\b|\bADD\s+(?:COLUMN\s+)?\S+\s+(?![^;]*\bDEFAULT\b)[^;]*\bNOT NULL\b/i;
  const problems: string[] = [];
  for (const tag of everyMigration.slice(5)) {
    const text = await readFile(path.join(import.meta.dirname, 'migrations', `${tag}.sql`), 'utf8');
    for (const statement of text.split('--> statement-breakpoint'))
      if (destructive.test(statement) && !(tag in allowedToTakeAway))
        problems.push(`${tag}: ${statement.trim()}`);
  }
  expect(problems).toEqual([]);
  for (const statement of [
    'DROP TABLE `users`;',
    'ALTER TABLE `users` DROP COLUMN `name`;',
    'ALTER TABLE `__new_users` RENAME TO `users`;',
    'ALTER TABLE users RENAME COLUMN a TO b',
    'ALTER TABLE `users` ADD `age` integer NOT NULL;',
    'PRAGMA foreign_keys=OFF;',
  ])
    expect(statement).toMatch(destructive);
  for (const statement of [
    'ALTER TABLE `users` ADD `age` integer DEFAULT 0 NOT NULL;',
    'ALTER TABLE `users` ADD `age` integer NOT NULL DEFAULT 0;',
    'ALTER TABLE `users` ADD `age` integer;',
    'CREATE TABLE `a` (`b` text NOT NULL);',
  ])
    expect(statement).not.toMatch(destructive);
});

async function runCommand(command: string, dataDir: string): Promise<string> {
  const variables = { ...process.env, DATA_DIR: dataDir, DATABASE_URL: '' };
  return (await promisify(execFile)(process.execPath, [command], { env: variables })).stdout;
}

const everyMigrationTold = everyMigration.map((name) => `migrated ${name}\n`).join('');

test('the command makes the data folder, says what it ran and then that nothing is left', async () => {
  const dataDir = path.join(await temporaryFolder(), 'data');
  const command = path.join(import.meta.dirname, 'migrate.ts');
  expect(await runCommand(command, dataDir)).toBe(everyMigrationTold);
  expect(await runCommand(command, dataDir)).toBe('Nothing to migrate.\n');
});

test('the command also runs by way of a linked folder', async () => {
  const folder = await temporaryFolder();
  await symlink(import.meta.dirname, path.join(folder, 'current'));
  const told = await runCommand(path.join(folder, 'current', 'migrate.ts'), path.join(folder, 'data'));
  expect(told).toBe(everyMigrationTold);
});
