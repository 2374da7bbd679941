import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { publishingPaths } from './release-folders.ts';

/**
 * Makes this process the only publisher of a data directory until `release` is called or it ends; undefined while another is.
 * The lock is one of SQLite on an empty file: the system itself lets it go when its holder dies. Throws the system’s error
 * where the folder takes no file.
 */
export async function holdPublisherLock(dataDir: string): Promise<{ release(): void } | undefined> {
  const { lock } = publishingPaths(dataDir);
  await mkdir(path.dirname(lock), { recursive: true });
  const held = new DatabaseSync(lock, { timeout: 0 });
  try {
    held.exec('BEGIN IMMEDIATE');
    return { release: () => held.close() };
  } catch (error) {
    held.close();
    if ((error as { errcode?: number }).errcode === sqliteBusy) return undefined;
    throw error;
  }
}

const sqliteBusy = 5;
