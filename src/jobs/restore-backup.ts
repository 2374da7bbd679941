import { randomBytes } from 'node:crypto';
import { appendFile, copyFile, lstat, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { inArray } from 'drizzle-orm';
import { type Db, openDb } from '#db/client.ts';
import { knownMigrations, migrate } from '#db/migrate.ts';
import { users } from '#db/schema/accounts.ts';
import { eraseDueUser } from '../actions/personal-data.ts';
import {
  type ErasureEntry,
  joinErasures,
  ledgerFileOf,
  readErasureLedger,
  replayErasures,
} from '../domains/accounts/erasure-ledger.ts';
import { recordAuditEvent } from '../domains/audit/record.ts';
import { verifyAuditChain } from '../domains/audit/verify.ts';
import { git } from '../domains/content/git.ts';
import { headOf } from '../domains/content/repository.ts';
import {
  BackupProblem,
  bundleName,
  databaseName,
  filesBelow,
  fingerprint,
  inspectDatabase,
  type Manifest,
  manifestName,
  readManifest,
  sumsName,
  sync,
} from './backup-files.ts';
import { secretFingerprint } from './make-backup.ts';

export type RestorePlan = {
  /** Folder of the backup. */
  backup: string;
  /** What becomes a DATA_DIR: is not there yet, or empty. */
  directory: string;
  /** Lists of erasures that are newer than the backup’s own. Those that are not there are none. */
  ledgers: readonly string[];
  now: Date;
};

export type RestoredBackup = {
  manifest: Manifest;
  /** How many people were erased, or marked to be, because the lists say so. */
  erased: number;
  erasedLater: number;
  /** Migrations that this version brought. */
  migrated: string[];
  warnings: string[];
};

/** The name that the database has in a DATA_DIR. */
const restoredDatabase = 'peersphere.db';

/**
 * Makes `directory` a DATA_DIR with everything that is in the backup, its content as a repository with its history, brought up to
 * this version; whoever asked to be erased since is erased again. The directory is there whole, or not at all. Throws
 * BackupProblem for a backup that is damaged, of something else or of a newer version, and for a directory that holds anything;
 * besides what `problemSentence` knows a sentence for.
 */
export async function restoreBackup(plan: RestorePlan): Promise<RestoredBackup> {
  const { backup, directory, now } = plan;
  const name = path.basename(backup);
  await assertFresh(directory);
  const manifest = await readManifest(backup);
  await assertKnown(manifest, name);
  await assertWhole(backup, manifest);
  const entries = await allErasures([ledgerFileOf(backup), ...plan.ledgers]);

  await mkdir(path.dirname(directory), { recursive: true });
  const draft = `${directory}.restoring-${randomBytes(4).toString('hex')}`;
  await mkdir(draft, { mode: 0o700 });
  try {
    await placeFiles(backup, draft, manifest);
    const database = path.join(draft, restoredDatabase);
    await assertSound(database, manifest, name);
    if (manifest.content)
      await placeContent(path.join(backup, bundleName), path.join(draft, 'content'), manifest.content.main);
    const migrated = await migrate(`file:${database}`, { withoutCopy: true });
    const { erased, erasedLater, warnings } = await bringUpToDate(draft, entries, { name, manifest, now });
    await writeLedger(ledgerFileOf(draft), entries);
    const files = await filesBelow(draft);
    for (const file of files.filter((each) => !/^content\/|-(?:wal|shm)$/.test(each)))
      await sync(path.join(draft, file));
    await rmdir(directory).catch(() => {}); // it is empty, or not there
    await rename(draft, directory);
    await sync(path.dirname(directory));
    return { manifest, erased, erasedLater, migrated, warnings };
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

async function assertFresh(directory: string) {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') return ['a file'];
    throw error;
  });
  if (names.length > 0)
    throw new BackupProblem(
      `${directory} is not empty. Name a directory that is not there yet: nothing is ever restored over something else.`,
    );
}

async function assertKnown({ database }: Manifest, name: string) {
  const known = new Set((await knownMigrations()).map(({ hash }) => hash));
  const unknown = database.migrations.filter(({ hash }) => !known.has(hash));
  if (unknown.length > 0)
    throw new BackupProblem(
      `The backup ${name} was made by a newer version of PeerSphere: this one does not know ${unknown.length === 1 ? 'a migration' : `${unknown.length} migrations`} of its database. Install that version first.`,
    );
}

/** Every file that the manifest names is there as it was, and no other. */
async function assertWhole(backup: string, { files }: Manifest) {
  const damaged = (what: string) =>
    new BackupProblem(`The backup ${path.basename(backup)} is damaged: ${what}.`);
  const expected = new Set(files.map((file) => file.path));
  const found = (await filesBelow(backup)).filter((file) => file !== manifestName && file !== sumsName);
  const foreign = found.find((file) => !expected.has(file));
  if (foreign) throw damaged(`${foreign} is not one of its files`);
  for (const file of files) {
    const place = path.join(backup, file.path);
    const kind = await lstat(place).catch(() => undefined);
    if (!kind) throw damaged(`${file.path} is missing`);
    if (!kind.isFile()) throw damaged(`${file.path} is no plain file`);
    if (kind.size !== file.bytes)
      throw damaged(`${file.path} has ${kind.size} bytes in place of ${file.bytes}`);
    if ((await fingerprint(place)).sha256 !== file.sha256) throw damaged(`${file.path} was changed`);
  }
}

async function allErasures(files: readonly string[]): Promise<ErasureEntry[]> {
  const lists = await Promise.all(
    files.map((file) =>
      readErasureLedger(file).catch((error: Error) => {
        throw new BackupProblem(error.message);
      }),
    ),
  );
  return lists.reduce(joinErasures, []);
}

async function placeFiles(backup: string, draft: string, { files }: Manifest) {
  const elsewhere: Record<string, string> = { [databaseName]: restoredDatabase };
  for (const { path: file } of files) {
    if (file === bundleName) continue;
    const target = path.join(draft, elsewhere[file] ?? file.replace(/^secrets\//, ''));
    await mkdir(path.dirname(target), { recursive: true });
    await copyFile(path.join(backup, file), target);
  }
}

async function assertSound(database: string, manifest: Manifest, name: string) {
  const found = await inspectDatabase(database);
  const wrong = [...found.damage];
  for (const [table, count] of Object.entries(manifest.database.rows))
    if (found.rows[table] !== count)
      wrong.push(`${table} has ${found.rows[table] ?? 'no'} rows in place of ${count}`);
  if (found.audit.count !== manifest.audit.count || found.audit.lastHash !== manifest.audit.lastHash)
    wrong.push('the audit log does not end where it did');
  if (wrong.length > 0)
    throw new BackupProblem(
      `The database of the backup ${name} is damaged: ${wrong.slice(0, 5).join('; ')}.`,
    );
}

async function placeContent(bundle: string, contentDir: string, main: string) {
  await mkdir(contentDir);
  await git(contentDir, ['init', '--quiet', '--initial-branch=main'], {});
  await git(contentDir, ['fetch', '--quiet', '--update-head-ok', bundle, '+refs/*:refs/*'], {
    timeoutMs: 10 * 60_000,
  });
  await git(contentDir, ['reset', '--quiet', '--hard', 'main'], {});
  if ((await headOf(contentDir)) !== main)
    throw new BackupProblem(`${bundle} does not hold the content of its backup.`);
}

/** Erases who asked for it, looks at the audit log once more and continues it. */
async function bringUpToDate(
  draft: string,
  entries: readonly ErasureEntry[],
  { name, manifest, now }: { name: string; manifest: Manifest; now: Date },
) {
  const warnings: string[] = [];
  const db = await openDb(`file:${path.join(draft, restoredDatabase)}`);
  try {
    const { due, later } = await replayErasures({ db, now }, entries);
    const pictures = await picturesOf(db, due);
    for (const userId of due) await eraseDueUser({ db, now }, userId);
    for (const id of pictures)
      await rm(path.join(draft, 'uploads', 'pictures', `${id}.webp`), { force: true });
    await db.write((tx) =>
      recordAuditEvent(tx, {
        at: now,
        actorId: null,
        action: 'backup.restored',
        subjectType: 'backup',
        subjectId: name,
        detail: { madeAt: manifest.startedAt, erased: due.length, erasedLater: later.length },
      }),
    );
    const chain = await verifyAuditChain(db);
    if (!chain.intact) warnings.push(`The audit log does not fit together at entry ${chain.position}.`);
    if (manifest.secretFingerprint !== secretFingerprint() && !manifest.hasSecrets)
      warnings.push(
        'The APP_SECRET that is set here is not the one of the backup: activation links cannot be shown and mails that wait cannot be sent until it is.',
      );
    if (!manifest.content)
      warnings.push('The backup holds no content: the site begins with the shipped content.');
    return { erased: due.length, erasedLater: later.length, warnings };
  } finally {
    await db.close();
  }
}

async function picturesOf(db: Db, userIds: readonly (typeof users.$inferSelect)['id'][]) {
  if (userIds.length === 0) return [];
  const rows = await db.read
    .select({ id: users.pictureId })
    .from(users)
    .where(inArray(users.id, [...userIds]));
  return rows.flatMap(({ id }) => (id ? [id] : []));
}

async function writeLedger(file: string, entries: readonly ErasureEntry[]) {
  await rm(file, { force: true });
  if (entries.length === 0) return;
  await appendFile(file, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''), {
    mode: 0o600,
    flush: true,
  });
}
