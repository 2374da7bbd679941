import { existsSync, realpathSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@libsql/client';
import { drizzle } from 'drizzle-orm/libsql';
import { migrate as applyMigrations } from 'drizzle-orm/libsql/migrator';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { connect, type DbOptions, retryWhileBusy } from './client.ts';

const migrationsFolder = path.join(import.meta.dirname, 'migrations');

/** How long one request to a remote primary may take: all migrations are one. */
const remotePatienceMs = 60_000;

export type MigrateOptions = DbOptions & {
  /** For a database that is a copy already. */
  withoutCopy?: boolean;
};

/**
 * Brings the database at `url` up to the newest migration and returns the names of those it ran, oldest first. All run or none
 * does. Waits up to 5 s for another process that is writing. Throws when a migration was edited after it ran or would be left
 * out, when a row refers to one that does not exist, and when a table has fewer rows than before.
 *
 * Where there is something to run on a file that holds something, a copy of it is made beside it first (`….before-0005_….db`);
 * the two newest such copies stay. A remote primary is not copied.
 *
 * Only this may run migrations: Drizzle’s libSQL migrator turns foreign keys off before its transaction begins. Where that is
 * not done, rebuilding a table deletes the rows that depend on it (drizzle-orm issue 5782).
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<string[]> {
  const migrations = await knownMigrations();
  const copied = options.withoutCopy ? undefined : await copyBeforehand(url, migrations);
  const applied = await retryWhileBusy(() => applyTo(url, { patienceMs: remotePatienceMs, ...options }));
  const missed = migrations.filter(({ hash }) => !applied.after.has(hash));
  if (missed.length > 0) {
    throw new Error(
      `These migrations were edited after they ran, or are older than one that ran before them: ${names(missed)}`,
    );
  }
  if (applied.orphans.length > 0) {
    throw new Error(`The database holds rows that refer to nothing:\n${applied.orphans.join('\n')}`);
  }
  const lost = copied ? await lostRows(url, copied) : [];
  if (lost.length > 0) {
    throw new Error(
      `Migrating has lost rows:\n${lost.join('\n')}\nThe database as it was before stands in ${copied!.file}.`,
    );
  }
  return migrations.filter(({ hash }) => !applied.before.has(hash)).map(({ name }) => name);
}

type Migration = { name: string; hash: string };
type Copied = { file: string; counts: Map<string, number> };

/** Copies the file where a migration is due and there is something to lose. Throws when the disk has no room for it. */
async function copyBeforehand(url: string, migrations: readonly Migration[]): Promise<Copied | undefined> {
  if (!url.startsWith('file:')) return undefined;
  const client = connect(url, {});
  try {
    const before = await hashesOfApplied(client);
    const first = migrations.find(({ hash }) => !before.has(hash));
    if (before.size === 0 || !first) return undefined;
    const file = fileOf(url);
    const moment = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
    const copy = `${file}.${moment}.before-${first.name}.db`;
    const counts = await countRows(client);
    await rm(copy, { force: true });
    try {
      await client.execute({ sql: 'VACUUM INTO ?', args: [copy] });
    } catch (error) {
      await rm(copy, { force: true });
      throw error;
    }
    await removeOldCopies(file);
    return { file: copy, counts };
  } finally {
    client.close();
  }
}

const fileOf = (url: string) =>
  url.startsWith('file://')
    ? fileURLToPath(url)
    : decodeURIComponent(url.slice('file:'.length).split('?')[0]!);

const copiesKept = 2;

async function removeOldCopies(file: string) {
  const folder = path.dirname(file);
  const start = `${path.basename(file)}.`;
  const copies = (await readdir(folder)).filter(
    (name) => name.startsWith(start) && /\.before-[^/]+\.db$/.test(name),
  );
  for (const name of copies.sort().slice(0, -copiesKept)) await rm(path.join(folder, name));
}

async function countRows(client: Client): Promise<Map<string, number>> {
  const { rows } = await client.execute(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
  );
  const counts = new Map<string, number>();
  for (const name of rows.map((row) => String(row['name']))) {
    const counted = await client.execute(`SELECT count(*) FROM "${name}"`);
    counts.set(name, Number(counted.rows[0]?.[0]));
  }
  return counts;
}

/** Tables that lost rows, one a line. A machine with the release before may take a few away meanwhile. */
async function lostRows(url: string, { counts }: Copied): Promise<string[]> {
  const client = connect(url, {});
  try {
    const after = await countRows(client);
    return [...counts]
      .filter(([name, count]) => isLost(count, after.get(name) ?? count)) // a table that is gone was dropped on purpose
      .map(([name, count]) => `  ${name}: ${count} rows before, ${after.get(name)} now`);
  } finally {
    client.close();
  }
}

const isLost = (before: number, now: number) =>
  (before >= 5 && now === 0) || (before - now >= 20 && now < before * 0.95);

/** The migrations of this version, oldest first. */
export async function knownMigrations(): Promise<Migration[]> {
  const journal = JSON.parse(await readFile(path.join(migrationsFolder, 'meta', '_journal.json'), 'utf8'));
  const tags: string[] = journal.entries.map((entry: { tag: string }) => entry.tag);
  return readMigrationFiles({ migrationsFolder }).map(({ hash }, index) => ({ name: tags[index]!, hash }));
}

function names(migrations: readonly Migration[]): string {
  return migrations.map(({ name }) => name).join(', ');
}

/** Opens a client for itself alone, as `retryWhileBusy` asks. */
async function applyTo(url: string, options: DbOptions) {
  const client = connect(url, options);
  try {
    const before = await hashesOfApplied(client);
    await applyMigrations(drizzle(client), { migrationsFolder });
    return { before, after: await hashesOfApplied(client), orphans: await rowsWithoutParent(client) };
  } finally {
    client.close();
  }
}

async function hashesOfApplied(client: Client): Promise<Set<unknown>> {
  const table = await client.execute("SELECT 1 FROM sqlite_master WHERE name = '__drizzle_migrations'");
  if (table.rows.length === 0) return new Set();
  const { rows } = await client.execute('SELECT hash FROM __drizzle_migrations');
  return new Set(rows.map((row) => row['hash']));
}

/** The first 20 rows whose foreign key points nowhere, one a line. */
async function rowsWithoutParent(client: Client): Promise<string[]> {
  const { rows } = await client.execute('PRAGMA foreign_key_check');
  return rows
    .slice(0, 20)
    .map((row) => `  ${row['table']}, row ${row['rowid']}: no such row in ${row['parent']}`);
}

/** `node db/migrate.ts`: migrates the configured database, making the data folder first. */
async function main() {
  const { env } = await import('#src/platform/env.ts');
  await mkdir(env.dataDir, { recursive: true });
  const ran = await migrate(env.databaseUrl, { authToken: env.databaseAuthToken });
  const lines = ran.length === 0 ? ['Nothing to migrate.'] : ran.map((name) => `migrated ${name}`);
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Whether Node was started with this file, also by way of a linked folder such as `current`. */
function isCommand(): boolean {
  const started = process.argv[1];
  return started !== undefined && existsSync(started) && realpathSync(started) === import.meta.filename;
}

if (isCommand()) await main();
