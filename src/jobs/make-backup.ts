import {
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  statfs,
  writeFile,
} from 'node:fs/promises';
import path from 'node:path';
import type { Client } from '@libsql/client';
import { connect, type Db, openDb } from '#db/client.ts';
import { knownMigrations } from '#db/migrate.ts';
import { isRemote } from '#db/remote.ts';
import { keepErasureLedger, ledgerFileOf } from '../domains/accounts/erasure-ledger.ts';
import { recordAuditEvent } from '../domains/audit/record.ts';
import { git } from '../domains/content/git.ts';
import { headOf } from '../domains/content/repository.ts';
import { keyedHash } from '../platform/seal.ts';
import {
  type BackupFile,
  BackupProblem,
  backupFormat,
  bundleName,
  databaseName,
  filesBelow,
  fingerprint,
  inspectDatabase,
  isThere,
  type Manifest,
  manifestName,
  problemSentence,
  readManifest,
  sha256Of,
  sumsName,
  sync,
} from './backup-files.ts';
import { type Keep, momentOf, nameOf, namesToRemove } from './backup-retention.ts';

export type BackupPlan = {
  databaseUrl: string;
  authToken?: string | undefined;
  dataDir: string;
  contentDir: string;
  /** Where backups are, one folder each. */
  folder: string;
  keep: Keep;
  /** Whether `app-secret` and `astro-key` of `dataDir` go with it: then who has the backup can open what is sealed. */
  withSecrets: boolean;
  /** What time it is: asked at the beginning and the end. */
  now: () => Date;
};

export type MadeBackup = {
  folder: string;
  bytes: number;
  files: number;
  /** Names of older ones that were removed. */
  removed: string[];
  /** Sentences on what is not in it, or could not be done besides. */
  warnings: string[];
};

/** Files that belong to DATA_DIR as they are. */
const plainFolders = ['uploads', 'outbox', 'publishing/planned'] as const;
const secretFiles = ['app-secret', 'astro-key'] as const;

const making = '.making-';
/** What a process that died left half made is removed after this time. */
const abandonedMs = 24 * 3_600_000;
const remotePatienceMs = 60_000;

/**
 * Makes a backup while the site serves and people write: whole under its name in `folder`, or not at all. Every write that was
 * acknowledged before it began is in it. Then removes the backups that `keep` does not keep, and writes it into the audit log.
 * Throws what `problemSentence` knows a sentence for; BackupProblem when the copy is not sound.
 */
export async function makeBackup(plan: BackupPlan): Promise<MadeBackup> {
  const startedAt = plan.now();
  const warnings: string[] = [];
  await mkdir(plan.folder, { recursive: true, mode: 0o700 });
  const draft = await mkdtemp(path.join(plan.folder, making));
  let db: Db | undefined;
  try {
    db = await openDb(plan.databaseUrl, { authToken: plan.authToken, patienceMs: remotePatienceMs });
    await keepErasureLedger({ db, now: startedAt }, plan.dataDir);
    const copier = await startCopying(plan, draft);
    // Before and after the database: a picture is stored before the database names it, and removed after it does not any more.
    for (const folder of plainFolders) await copier.copyBelow(folder);
    await copyDatabase(plan, path.join(draft, databaseName));
    for (const folder of plainFolders) await copier.copyBelow(folder);
    const main = await bundleContent(plan.contentDir, path.join(draft, bundleName));
    if (!main)
      warnings.push(`There is no content repository in ${plan.contentDir}: content is not in this backup.`);
    await copier.copyFile(path.basename(ledgerFileOf('')), path.basename(ledgerFileOf('')));
    if (plan.withSecrets) for (const name of secretFiles) await copier.copyFile(name, `secrets/${name}`);

    const found = await inspectDatabase(path.join(draft, databaseName));
    if (found.damage.length > 0)
      throw new BackupProblem(
        `The database is damaged, so its copy is of no use: ${found.damage.slice(0, 5).join('; ')}.`,
      );
    const names = new Map((await knownMigrations()).map(({ hash, name }) => [hash, name]));
    const files = await fingerprints(draft, copier.known);
    const manifest: Manifest = {
      program: 'peersphere',
      format: backupFormat,
      startedAt: startedAt.toISOString(),
      finishedAt: plan.now().toISOString(),
      database: {
        migrations: found.migrations.map((hash) => ({ name: names.get(hash) ?? 'unknown', hash })),
        rows: found.rows,
      },
      audit: found.audit,
      content: main ? { main } : null,
      secretFingerprint: secretFingerprint(),
      hasSecrets: files.some((file) => file.path.startsWith('secrets/')),
      files,
    };
    await seal(draft, manifest);
    const name = await giveName(draft, plan.folder, nameOf(startedAt));
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    // From here on the backup is there: what fails now is told beside it.
    const removed = await removeOld(plan, name, warnings);
    await noteInAuditLog(db, plan.now(), name, { files: files.length, bytes }).catch((error: unknown) =>
      warnings.push(`It could not be written into the audit log: ${problemSentence(error) ?? String(error)}`),
    );
    return { folder: path.join(plan.folder, name), bytes, files: files.length, removed, warnings };
  } finally {
    await rm(draft, { recursive: true, force: true });
    await db?.close().catch(() => {}); // it may be what does not answer
  }
}

/** Tells one APP_SECRET from another. */
export const secretFingerprint = () => keyedHash('backup', 'which secret').slice(0, 16);

async function startCopying(plan: BackupPlan, draft: string) {
  const before = await newestBackup(plan.folder);
  /** What was copied so far: path in the backup → size and time of what it was copied from. */
  const copied = new Map<string, string>();
  const known = new Map<string, BackupFile>();

  /** Copies one file, or links the equal one of the backup before: pictures never change, so most of them are there. */
  async function copyOne(from: string, to: string) {
    const target = path.join(draft, to);
    const { size, mtimeMs } = await stat(from);
    const state = `${size} ${mtimeMs}`;
    if (copied.get(to) === state) return;
    const bytes = await readFile(from);
    const sum = sha256Of(bytes);
    await mkdir(path.dirname(target), { recursive: true });
    await rm(target, { force: true });
    const same = before?.files.get(to);
    const isLinked =
      same?.sha256 === sum &&
      (await link(path.join(before!.folder, to), target).then(
        () => true,
        () => false, // another file system, or one that has no links
      ));
    if (!isLinked) {
      await writeFile(target, bytes, { mode: 0o600, flush: true });
    }
    copied.set(to, state);
    known.set(to, { path: to, bytes: bytes.length, sha256: sum });
  }

  return {
    known,
    async copyFile(from: string, to: string) {
      await copyOne(path.join(plan.dataDir, from), to).catch(ignoreGone);
    },
    /** Files that come or go meanwhile are of a write that comes or goes meanwhile; half-written ones have other names. */
    async copyBelow(folder: string) {
      const names = (await filesBelow(path.join(plan.dataDir, folder))).filter(
        (name) => !/\.(?:draft|tmp)$/.test(name),
      );
      await inLanes(names, 8, (name) =>
        copyOne(path.join(plan.dataDir, folder, name), `${folder}/${name}`).catch(ignoreGone),
      );
    },
  };
}

function ignoreGone(error: NodeJS.ErrnoException) {
  if (error.code !== 'ENOENT') throw error;
}

async function inLanes<T>(items: readonly T[], lanes: number, work: (item: T) => Promise<void>) {
  let next = 0;
  const lane = async () => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function newestBackup(folder: string) {
  const names = (await readdir(folder)).filter((name) => momentOf(name)).sort();
  for (const name of names.reverse()) {
    const manifest = await readManifest(path.join(folder, name)).catch(() => undefined);
    if (manifest)
      return {
        folder: path.join(folder, name),
        files: new Map(manifest.files.map((file) => [file.path, file])),
      };
  }
  return undefined;
}

/** One moment of the database as a file of its own, without its write-ahead log. Writers go on meanwhile. */
async function copyDatabase(plan: BackupPlan, file: string) {
  const client = connect(plan.databaseUrl, { authToken: plan.authToken, patienceMs: remotePatienceMs });
  try {
    if (isRemote(plan.databaseUrl)) await copyRemote(client, file);
    else {
      await assertRoom(client, path.dirname(file));
      await client.execute({ sql: 'VACUUM INTO ?', args: [file] });
    }
  } finally {
    client.close();
  }
  await sync(file);
}

async function assertRoom(client: Client, folder: string) {
  const [pages, size] = await Promise.all([
    client.execute('PRAGMA page_count'),
    client.execute('PRAGMA page_size'),
  ]);
  const needed = Number(pages.rows[0]?.[0]) * Number(size.rows[0]?.[0]);
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < needed)
    throw new BackupProblem(
      `The disk is full: the copy of the database needs up to ${megabytes(needed)}, and ${megabytes(bavail * bsize)} are free.`,
    );
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

const rowsAtATime = 500;

/** A remote primary writes no files for us: its tables are read within one transaction and written into a file here. */
async function copyRemote(remote: Client, file: string) {
  const copy = connect(`file:${file}`, {});
  const reading = await remote.transaction('read');
  try {
    const { rows: parts } = await reading.execute(
      "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'libsql_%' ORDER BY rowid",
    );
    const sqlOf = (...types: string[]) =>
      parts.filter((part) => types.includes(String(part['type']))).map((part) => String(part['sql']));
    await copy.executeMultiple(`PRAGMA foreign_keys = off; ${sqlOf('table').join(';')};`);
    for (const part of parts.filter(({ type }) => type === 'table'))
      await copyRows(reading, copy, String(part['name']));
    // Triggers and indexes only now: the audit log’s refuse rows that do not continue it.
    for (const sql of sqlOf('index', 'view', 'trigger')) await copy.executeMultiple(sql);
  } finally {
    reading.close();
    copy.close();
  }
}

async function copyRows(reading: Pick<Client, 'execute'>, copy: Client, table: string) {
  let last = -1;
  for (;;) {
    const { columns, rows } = await reading.execute({
      sql: `SELECT rowid AS copied_rowid, * FROM "${table}" WHERE rowid > ? ORDER BY rowid LIMIT ${rowsAtATime}`,
      args: [last],
    });
    if (rows.length === 0) return;
    const names = ['rowid', ...columns.slice(1).map((name) => `"${name}"`)];
    const marks = names.map(() => '?').join(', ');
    await copy.migrate(
      rows.map((row) => ({
        sql: `INSERT INTO "${table}" (${names.join(', ')}) VALUES (${marks})`,
        args: names.map((_, at) => row[at] as string | number | null),
      })),
    );
    last = Number(rows.at(-1)?.[0]);
    if (rows.length < rowsAtATime) return;
  }
}

/** All branches and kept versions in one file. Returns the commit of `main`; undefined where there is no repository. */
async function bundleContent(contentDir: string, file: string): Promise<string | undefined> {
  const before = await headOf(contentDir);
  if (!before) return undefined;
  await git(contentDir, ['bundle', 'create', '--quiet', file, '--all'], { timeoutMs: 10 * 60_000 });
  await sync(file);
  const heads = (await git(contentDir, ['bundle', 'list-heads', file])).toString();
  return /^([0-9a-f]{40}) refs\/heads\/main$/m.exec(heads)?.[1] ?? before;
}

async function fingerprints(draft: string, known: ReadonlyMap<string, BackupFile>): Promise<BackupFile[]> {
  const files: BackupFile[] = [];
  for (const file of await filesBelow(draft))
    files.push(known.get(file) ?? { path: file, ...(await fingerprint(path.join(draft, file))) });
  return files;
}

/** Writes the manifest last, and waits until everything is on the disk. */
async function seal(draft: string, manifest: Manifest) {
  const text = `${JSON.stringify(manifest, null, 1)}\n`;
  const lines = [...manifest.files, { path: manifestName, sha256: sha256Of(text) }];
  await writeFile(
    path.join(draft, sumsName),
    lines.map((file) => `${file.sha256}  ${file.path}\n`).join(''),
    {
      mode: 0o600,
      flush: true,
    },
  );
  await writeFile(path.join(draft, manifestName), text, { mode: 0o600, flush: true });
  const folders = new Set(manifest.files.map((file) => path.dirname(file.path)));
  for (const folder of folders) await sync(path.join(draft, folder));
  await sync(draft);
}

/** The backup is there under its name from now on, on the disk as well. */
async function giveName(draft: string, folder: string, wished: string): Promise<string> {
  let name = wished;
  for (let copy = 2; await isThere(path.join(folder, name)); copy += 1) name = `${wished}-${copy}`;
  await rename(draft, path.join(folder, name));
  await sync(folder);
  return name;
}

/** Removes what is not kept, and what processes that died left. Each goes out of sight first, then away. */
async function removeOld(
  { folder, keep, now }: BackupPlan,
  made: string,
  warnings: string[],
): Promise<string[]> {
  const removed: string[] = [];
  try {
    const names = await readdir(folder);
    for (const name of namesToRemove(names, keep)) {
      if (name === made) continue;
      const aside = path.join(folder, `${making}gone-${name}`);
      await rename(path.join(folder, name), aside);
      await rm(aside, { recursive: true, force: true });
      removed.push(name);
    }
    for (const name of names.filter((each) => each.startsWith(making))) {
      const { mtimeMs } = await stat(path.join(folder, name));
      if (now().getTime() - mtimeMs > abandonedMs)
        await rm(path.join(folder, name), { recursive: true, force: true });
    }
  } catch (error) {
    warnings.push(`Older backups could not be removed: ${problemSentence(error) ?? String(error)}`);
  }
  return removed;
}

async function noteInAuditLog(db: Db, now: Date, name: string, detail: { files: number; bytes: number }) {
  await db.write((tx) =>
    recordAuditEvent(tx, {
      at: now,
      actorId: null,
      action: 'backup.made',
      subjectType: 'backup',
      subjectId: name,
      detail,
    }),
  );
}
