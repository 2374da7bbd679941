import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'astro/zod';
import { drizzle } from 'drizzle-orm/libsql';
import { connect } from '#db/client.ts';
import { databaseTrouble } from '#db/unavailable.ts';
import { verifyAuditChain } from '../domains/audit/verify.ts';
import { ContentTrouble } from '../domains/content/git.ts';

/**
 * What stands in a backup, a folder named after the moment it was begun:
 *
 *     manifest.json        what follows, with a fingerprint of every file
 *     SHA256SUMS           the same for `sha256sum -c`, the manifest included
 *     database.db          one consistent copy
 *     content.bundle       the content repository, with all its branches
 *     uploads/ outbox/ publishing/planned/ erasures.jsonl   as in DATA_DIR
 *     secrets/             only when asked for
 */
export const manifestName = 'manifest.json';
export const sumsName = 'SHA256SUMS';
export const databaseName = 'database.db';
export const bundleName = 'content.bundle';
export const backupFormat = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** What a backup may hold: nothing else is ever written into a DATA_DIR, least of all a release, which is code. */
const known =
  /^(?:database\.db|content\.bundle|erasures\.jsonl|secrets\/(?:app-secret|astro-key)|(?:uploads|outbox|publishing\/planned)\/.+)$/;
/** A path below the backup’s folder that leads nowhere else. */
const innerPath = z
  .string()
  .max(500)
  .refine((file) => known.test(file) && path.posix.normalize(file) === file);

export const manifestSchema = z.object({
  program: z.literal('peersphere'),
  format: z.number().int().min(1),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  database: z.object({
    /** Names and hashes of the migrations that made its tables, oldest first. */
    migrations: z.array(z.object({ name: z.string(), hash: z.string() })),
    rows: z.record(z.string(), z.number().int()),
  }),
  /** Length and last hash of the audit log, which a later log must continue. */
  audit: z.object({ count: z.number().int(), lastHash: z.string().nullable() }),
  /** The commit of `main`; null when the content is not in the backup. */
  content: z.object({ main: z.string() }).nullable(),
  /** Tells one APP_SECRET from another without giving it away. */
  secretFingerprint: z.string(),
  hasSecrets: z.boolean(),
  files: z.array(z.object({ path: innerPath, bytes: z.number().int().min(0), sha256 })),
});

export type Manifest = z.output<typeof manifestSchema>;
export type BackupFile = Manifest['files'][number];

/** What keeps a backup from being made or restored, as a sentence for who runs the server. */
export class BackupProblem extends Error {
  override name = 'BackupProblem';
}

/** The sentence of a problem that the machine or the database has; undefined for a bug. */
export function problemSentence(error: unknown): string | undefined {
  if (error instanceof BackupProblem || error instanceof ContentTrouble) return error.message;
  const { code = '', path: file = '' } = error as NodeJS.ErrnoException;
  if (['ENOSPC', 'EDQUOT', 'EFBIG'].includes(code)) return 'The disk is full.';
  if (['EACCES', 'EPERM', 'EROFS'].includes(code)) return `${file || 'A folder'} may not be read or written.`;
  if (code === 'ENOENT') return `${file} is not there.`;
  if (code === 'EIO') return 'The disk cannot be read or written.';
  switch (databaseTrouble(error)) {
    case 'full':
      return 'The disk is full, or takes no writes.';
    case 'away':
      return 'The remote database does not answer.';
    case 'busy':
      return 'The database was busy for too long.';
    default:
      return undefined;
  }
}

/** Paths of the plain files below `folder`, in order, with `/` between their parts; none where there is no folder. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
    .sort();
}

/** Size and SHA-256 of a file, in hexadecimal. */
export async function fingerprint(file: string): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

export const sha256Of = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');

/** Waits until a file or folder is on the disk. */
export async function sync(place: string): Promise<void> {
  const handle = await open(place, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export async function isThere(place: string): Promise<boolean> {
  return stat(place).then(
    () => true,
    () => false,
  );
}

/** What is true of a copied database; a sentence for each thing that is wrong with it. */
export async function inspectDatabase(file: string): Promise<{
  damage: string[];
  rows: Record<string, number>;
  migrations: string[];
  audit: Manifest['audit'];
}> {
  const client = connect(`file:${file}`, {});
  try {
    const integrity = await client.execute('PRAGMA integrity_check');
    const orphans = await client.execute('PRAGMA foreign_key_check');
    const tables = await client.execute(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    );
    const rows: Record<string, number> = {};
    for (const [name] of tables.rows.map((row) => [String(row['name'])] as const)) {
      const { rows: counted } = await client.execute(`SELECT count(*) FROM "${name}"`);
      rows[name] = Number(counted[0]?.[0]);
    }
    const applied =
      '__drizzle_migrations' in rows
        ? await client.execute('SELECT hash FROM __drizzle_migrations ORDER BY created_at')
        : { rows: [] };
    const chain =
      'audit_events' in rows
        ? await verifyAuditChain({ read: drizzle(client, { casing: 'snake_case' }) })
        : { intact: true as const, count: 0, lastHash: null };
    return {
      damage: [
        ...integrity.rows.map((row) => String(row[0])).filter((line) => line !== 'ok'),
        ...orphans.rows.map((row) => `${row['table']}, row ${row['rowid']}, refers to nothing`),
        ...(chain.intact ? [] : [`the audit log was changed at entry ${chain.position}`]),
      ],
      rows,
      migrations: applied.rows.map((row) => String(row['hash'])),
      audit: chain.intact
        ? { count: chain.count, lastHash: chain.lastHash }
        : { count: chain.position - 1, lastHash: null },
    };
  } finally {
    client.close();
  }
}

/** The manifest of a backup, checked against `SHA256SUMS`. Throws BackupProblem. */
export async function readManifest(backup: string): Promise<Manifest> {
  const name = path.basename(backup);
  const text = await readFile(path.join(backup, manifestName), 'utf8').catch(() => undefined);
  if (text === undefined)
    throw new BackupProblem(`${backup} is no backup of PeerSphere: it has no ${manifestName}.`);
  const sums = await readFile(path.join(backup, sumsName), 'utf8').catch(() => '');
  const isWhole = sums.split('\n').includes(`${sha256Of(text)}  ${manifestName}`);
  const found = parsed(text);
  if (typeof found === 'object' && found !== null && 'format' in found && Number(found.format) > backupFormat)
    throw new BackupProblem(
      `The backup ${name} was made by a newer version of PeerSphere. Install that version first.`,
    );
  const manifest = manifestSchema.safeParse(found);
  if (!manifest.success)
    throw new BackupProblem(
      isWhole
        ? `${backup} is no backup of PeerSphere: its ${manifestName} is one of something else.`
        : `The backup ${name} is damaged: its ${manifestName} cannot be read.`,
    );
  if (!isWhole)
    throw new BackupProblem(`The backup ${name} is damaged: its ${manifestName} was changed or cut off.`);
  return manifest.data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
