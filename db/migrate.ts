import { existsSync, realpathSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Client } from '@libsql/client';
import { drizzle } from 'drizzle-orm/libsql';
import { migrate as applyMigrations } from 'drizzle-orm/libsql/migrator';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { connect, type DbOptions, retryWhileBusy } from './client.ts';

const migrationsFolder = path.join(import.meta.dirname, 'migrations');

/**
 * Brings the database at `url` up to the newest migration and returns the names of those it ran, oldest first. All run or none
 * does. Waits up to 5 s for another process that is writing. Throws when a migration was edited after it ran or would be left
 * out, and when a row refers to one that does not exist.
 *
 * Only this may run migrations: Drizzle’s libSQL migrator turns foreign keys off before its transaction begins. Where that is
 * not done, rebuilding a table deletes the rows that depend on it (drizzle-orm issue 5782).
 */
export async function migrate(url: string, options: DbOptions = {}): Promise<string[]> {
  const migrations = await readMigrations();
  const applied = await retryWhileBusy(() => applyTo(url, options));
  const missed = migrations.filter(({ hash }) => !applied.after.has(hash));
  if (missed.length > 0) {
    throw new Error(
      `These migrations were edited after they ran, or are older than one that ran before them: ${names(missed)}`,
    );
  }
  if (applied.orphans.length > 0) {
    throw new Error(`The database holds rows that refer to nothing:\n${applied.orphans.join('\n')}`);
  }
  return migrations.filter(({ hash }) => !applied.before.has(hash)).map(({ name }) => name);
}

type Migration = { name: string; hash: string };

async function readMigrations(): Promise<Migration[]> {
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
