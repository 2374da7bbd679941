import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { env } from '../../platform/env.ts';
import { log } from '../../platform/log.ts';

/** Where releases and the publisher’s files are below the data directory. */
export function publishingPaths(dataDir: string) {
  const releases = path.join(dataDir, 'releases');
  const publishing = path.join(dataDir, 'publishing');
  return {
    releases,
    current: path.join(releases, 'current'),
    modules: path.join(releases, 'node_modules'),
    release: (id: string) => path.join(releases, id),
    building: (id: string) => path.join(releases, `.building-${id}`),
    publishing,
    progress: path.join(publishing, 'progress.json'),
    state: path.join(publishing, 'state.json'),
    failed: path.join(publishing, 'failed'),
    requests: path.join(publishing, 'requests'),
    lock: path.join(publishing, 'publisher.lock'),
  };
}

/** Whether this can be the name of a release’s folder: `000042-1a2b3c4d5e6f`. */
export const isReleaseId = (id: string) => /^\d{6,9}-[a-z0-9]{1,12}$/.test(id);

/**
 * Puts `value` into `file` as JSON: whole or not at all, also when the power fails. Folders that are missing are made. Throws
 * the system’s error (`ENOSPC`, `EROFS`), and the file is as it was.
 */
export async function writeJson(file: string, value: unknown): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const beside = path.join(path.dirname(file), `.${path.basename(file)}.${randomUUID()}.tmp`);
  try {
    const handle = await open(beside, 'wx');
    try {
      await handle.writeFile(JSON.stringify(value));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
    await syncFolder(path.dirname(file));
  } finally {
    await rm(beside, { force: true }).catch(() => {}); // on a full or read-only disk the first error is the one to tell
  }
}

/** What stands in a JSON file; undefined where there is none, or none that can be read. */
export async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** What stands in the JSON files of a folder, in order of their names. Temporary and broken files are none. */
export async function readJsonFolder<T>(folder: string): Promise<T[]> {
  const names = await namesIn(folder);
  const read = await Promise.all(
    names
      .filter((name) => name.endsWith('.json') && !name.startsWith('.'))
      .sort()
      .map((name) => readJson<T>(path.join(folder, name))),
  );
  return read.filter((value) => value !== undefined);
}

/** Names in a folder; none where it is missing. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The release that `current` points to; undefined where there is none. */
export async function currentRelease(dataDir: string): Promise<string | undefined> {
  const target = await readlink(publishingPaths(dataDir).current).catch(() => undefined);
  return target !== undefined && isReleaseId(target) ? target : undefined;
}

/** Lets `current` point to a release, in one step, on disk. */
export async function pointCurrentTo(dataDir: string, id: string): Promise<void> {
  const { releases, current } = publishingPaths(dataDir);
  const beside = path.join(releases, `.current-${randomUUID()}`);
  await symlink(id, beside);
  try {
    await rename(beside, current);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(releases);
}

/** Gives a folder its name for good: nobody ever sees it half, also when the power fails. */
export async function settleFolder(from: string, to: string): Promise<void> {
  await filesOnDisk(from);
  await rename(from, to);
  await syncFolder(path.dirname(to));
}

/** Waits until the thousands of files in a folder are on disk: all of them at once takes as long as a few of them would. */
async function filesOnDisk(folder: string): Promise<void> {
  const options = { env: env.programs, timeout: longestSyncMs };
  await promisify(execFile)('sync', ['-f', path.resolve(folder)], options).catch(
    (error: unknown) => log.warn({ err: error }, 'release.not-synced-to-disk'), // a system without it: the release is whole all the same
  );
}

const longestSyncMs = 30_000;

/** Removes a folder so that nobody sees it half: it first gets a name that is none. */
export async function removeFolder(folder: string): Promise<void> {
  const gone = path.join(path.dirname(folder), `.removing-${randomUUID()}`);
  try {
    await rename(folder, gone);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await rm(gone, { recursive: true, force: true, maxRetries: 3 });
}

/**
 * Lets what a release imports be found in the application’s packages, wherever the data directory is. Node looks for
 * `node_modules` beside and above the importing file.
 */
export async function linkModules(dataDir: string, applicationDir: string): Promise<void> {
  const { releases, modules } = publishingPaths(dataDir);
  const target = path.join(applicationDir, 'node_modules');
  await mkdir(releases, { recursive: true });
  if ((await readlink(modules).catch(() => undefined)) === target) return;
  const beside = path.join(releases, `.modules-${randomUUID()}`);
  await symlink(target, beside);
  await rename(beside, modules);
}

async function syncFolder(folder: string) {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error; // some file systems cannot
  } finally {
    await handle.close();
  }
}
