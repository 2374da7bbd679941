import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * What stands in a release, by path from its folder: the fingerprint of each file’s bytes, and since when (ISO) it is only
 * kept for pages that people opened before.
 */
export type FileList = Record<string, { print: string; keptSince?: string }>;

/** Name of the list in a release’s folder. */
const listName = 'files.json';

/** The files of a release. What is as it was in the release before is one file on disk with it. */
export type ReleaseFiles = {
  /** The files that stand in it so far. */
  readonly list: FileList;
  /** Those of the release before; empty where there is none. */
  readonly before: FileList;
  /** Puts `bytes` at `file`. `print` says when they count as the same as before; it is made of the bytes where left out. */
  put(file: string, bytes: Buffer | string, print?: string): Promise<void>;
  /** Puts a copy of a file from elsewhere at `file`. */
  copy(file: string, source: string): Promise<void>;
  /** Puts what the release before has at `file` there, if it has that with this print; false where it has not. */
  keep(file: string, print: string): Promise<boolean>;
  /** Takes up a file that something else wrote; as one with that of the release before, where they are the same. */
  adopt(file: string): Promise<void>;
  /** Lets `file` stay for those who opened a page before, since the moment `keptSince` (ISO). */
  retain(file: string, keptSince: string): Promise<void>;
  /** Writes down what stands here, for the release after. */
  finish(): Promise<void>;
};

/** Opens `folder` for a release that follows the one in `previous`. Nothing is written outside of `folder`. */
export async function releaseFiles(folder: string, previous: string | undefined): Promise<ReleaseFiles> {
  const before = previous ? await readList(previous) : {};
  const list: FileList = {};
  const made = new Map<string, Promise<unknown>>();

  async function place(file: string): Promise<string> {
    const target = path.join(folder, file);
    const parent = path.dirname(target);
    let ready = made.get(parent);
    if (!ready) {
      ready = mkdir(parent, { recursive: true });
      made.set(parent, ready);
    }
    await ready;
    return target;
  }

  async function keep(file: string, print: string): Promise<boolean> {
    if (list[file]?.print === print) return true;
    if (!previous || before[file]?.print !== print) return false;
    if (!(await linkOrCopy(path.join(previous, file), await place(file)))) return false;
    list[file] = { print };
    return true;
  }

  return {
    list,
    before,
    keep,
    async put(file, bytes, print = fingerprint(bytes)) {
      if (await keep(file, print)) return;
      await writeFile(await place(file), bytes, { flag: 'wx' }); // never into a file that another release has too
      list[file] = { print };
    },
    async copy(file, source) {
      const print = fingerprint(await readFile(source));
      if (await keep(file, print)) return;
      await copyFile(source, await place(file), constants.COPYFILE_EXCL);
      list[file] = { print };
    },
    async adopt(file) {
      list[file] = { print: fingerprint(await readFile(path.join(folder, file))) };
    },
    async retain(file, keptSince) {
      if (!previous || !(await linkOrCopy(path.join(previous, file), await place(file)))) return;
      list[file] = { print: before[file]?.print ?? '', keptSince };
    },
    async finish() {
      await writeFile(path.join(folder, listName), JSON.stringify(list));
    },
  };
}

/** Every file below a folder, by path with `/`, in order. */
export async function filesBelow(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'))
    .sort();
}

/** A short hash of bytes: those of two files are the same only when the files are. */
function fingerprint(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
}

async function readList(folder: string): Promise<FileList> {
  try {
    return JSON.parse(await readFile(path.join(folder, listName), 'utf8')) as FileList;
  } catch {
    return {}; // a release that was made otherwise: everything is written anew
  }
}

/** Whether `target` now is what `source` is; false where there is no `source`. */
async function linkOrCopy(source: string, target: string): Promise<boolean> {
  try {
    await link(source, target);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return false;
    if (!cannotLink.has(code ?? '')) throw error;
  }
  await copyFile(source, target, constants.COPYFILE_EXCL);
  return true;
}

/** Another file system, one without links, files of another user, or as many links as the file system takes. */
const cannotLink = new Set(['EXDEV', 'EPERM', 'EACCES', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP']);
