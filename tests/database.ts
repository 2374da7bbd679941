import { rmSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { type Db, openDb } from '../db/client.ts';
import { migrate } from '../db/migrate.ts';
import type { Role } from '../src/domains/accounts/model.ts';
import { grantRole } from '../src/domains/accounts/roles.ts';
import { createUser, type NewUser } from '../src/domains/accounts/users.ts';
import type { Id } from '../src/platform/ids.ts';
import { hashPassword } from '../src/platform/password.ts';
import { startHranaServer } from './hrana-server.ts';

export type TestDatabase = Db & {
  /** Its path, for other processes; with TEST_DATABASE=hrana the file that the remote primary keeps. */
  file: string;
  /** Closes it and opens its file anew, as a restart does. */
  reopened(): Promise<TestDatabase>;
  /** Whatever stands on the disk, its write-ahead log included, as one text. */
  dump(): Promise<string>;
};

/**
 * A database of its own for the running test: empty, with all tables, in a file that is gone when the test ends. With
 * TEST_DATABASE=hrana it is a remote primary, spoken to over HTTP.
 */
export async function useDatabase(): Promise<TestDatabase> {
  const folder = await mkdtemp(path.join(tmpdir(), 'peersphere-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'test.db');
  await copyFile(await migratedFile(), file);
  return opened(file);
}

async function opened(file: string, url?: string): Promise<TestDatabase> {
  const address = url ?? (await addressOf(file));
  const db = await openDb(address, { patienceMs: 20_000 }); // other tests may take all of the machine
  onTestFinished(() => db.close());
  return {
    ...db,
    file,
    async reopened() {
      await db.close();
      return opened(file, address);
    },
    async dump() {
      const bytes = await Promise.all(
        [file, `${file}-wal`].map((part) => readFile(part).catch(() => Buffer.alloc(0))),
      );
      return Buffer.concat(bytes).toString('latin1');
    },
  };
}

async function addressOf(file: string): Promise<string> {
  if (process.env['TEST_DATABASE'] !== 'hrana') return `file:${file}`;
  const server = await startHranaServer(file, { longestTransactionMs: 60_000 });
  onTestFinished(() => server.stop());
  return server.url;
}

let migrated: Promise<string> | undefined;

/** A file that the tests of this process copy: migrating takes longer than most of them. */
function migratedFile(): Promise<string> {
  migrated ??= (async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'peersphere-migrated-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    const file = path.join(folder, 'empty.db');
    await migrate(`file:${file}`);
    return file;
  })();
  return migrated;
}

/** What every user in these tests has, unless a test says otherwise. */
export const testPassword = 'a long enough password';
let testPasswordHash: Promise<string> | undefined;

let count = 0;

/** Adds a user to `db`, with roles like `['sam', 'sch_…']`. */
export async function addUser(
  db: Db,
  now: Date,
  user: Partial<NewUser> & { roles?: readonly (readonly [role: Role, scopeId?: string])[] } = {},
): Promise<{ id: Id<'usr'>; email: string; name: string }> {
  count += 1;
  const email = user.email ?? `noor-${count}@example.test`;
  const { roles = [], ...given } = user;
  testPasswordHash ??= hashPassword(testPassword);
  const passwordHash = given.passwordHash ?? (await testPasswordHash);
  const name = given.name ?? 'Noor Lindqvist';
  const id = await db.write(async (tx) => {
    const userId = await createUser(tx, now, {
      timeZone: 'Asia/Shanghai',
      codeOfConductVersion: '1',
      ...given,
      email,
      name,
      passwordHash,
    });
    for (const [role, scopeId = ''] of roles) await grantRole(tx, now, null, { userId, role, scopeId });
    return userId;
  });
  return { id, email, name };
}
