import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type ContentProblem, checkContent, problemLine } from './check-content.ts';
import { commitChanges, holds, type Saved, type TreeChange, writeBlob } from './commits.ts';
import { entryFiles, entryKey } from './entry-files.ts';
import { entryOfPath, titleIn } from './entry-of-path.ts';
import { ContentTrouble, inScratchFolder, readBlobs, troubleOf } from './git.ts';
import { dropAnswered, keepVersion } from './kept.ts';
import { underContentLock } from './lock.ts';
import type { Author, KeptVersion } from './model.ts';
import {
  blobSha,
  checkOut,
  commitFolder,
  fileAt,
  hasCommit,
  headOf,
  placeFile,
  removeFile,
  repair,
  treeAt,
} from './repository.ts';

export type SaveInput = {
  author: Author;
  now: Date;
  /** One line on what is done, and what the editor says about it. */
  message: string;
  note?: string | undefined;
  /** Fields that changed, by the name that the CMS shows. */
  fields?: readonly string[] | undefined;
  additions: readonly { path: string; bytes: Buffer }[];
  deletions: readonly string[];
  /** The commit whose version the form started from. Without one nobody else’s changes are looked for. */
  base?: string | undefined;
};

/**
 * Commits one save on a branch: all of it or nothing, on disk when it returns. Where somebody else has changed the entry since
 * `base`, nothing is saved: the version is kept, once, and returned as the conflict. A save that is there already (sent twice) is
 * no second commit. Throws ContentTrouble.
 */
export async function commitSave(
  contentDir: string,
  save: SaveInput,
  branch = 'main',
): Promise<Saved | { conflict: KeptVersion }> {
  const blobs = await Promise.all(
    save.additions.map(
      async ({ path, bytes }): Promise<TreeChange> => ({ path, sha: await writeBlob(contentDir, bytes) }),
    ),
  );
  const changes = [...blobs, ...save.deletions.map((path): TreeChange => ({ path }))];
  return locked(contentDir, async () => {
    if (branch === 'main') await noticeFolder(contentDir, changes, save.now);
    const head = await headOf(contentDir, branch);
    if (!head) throw new ContentTrouble('damaged', new Error(`There is no branch ${branch}.`));
    const { author, now } = save;
    const isThere = await holds(contentDir, head, changes);
    if (!isThere && save.base && (await isChangedSince(contentDir, save.base, head, changes))) {
      const base = (await hasCommit(contentDir, save.base)) ? save.base : head;
      const kept = { from: 'editor', author, now, base, onto: head, changes, message: save.message } as const;
      return { conflict: await keepVersion(contentDir, kept) };
    }
    const saved = await commitChanges(
      contentDir,
      { author, now, message: fullMessage(save), changes },
      branch,
    );
    if (branch === 'main')
      await dropAnswered(
        contentDir,
        changes.map(({ path }) => path),
      );
    return saved;
  });
}

/** Keeps a version that was never saved; undefined where `main` has it so already. Throws ContentTrouble. */
export async function keepUnsaved(
  contentDir: string,
  { author, now, message, additions }: Pick<SaveInput, 'author' | 'now' | 'message' | 'additions'>,
): Promise<KeptVersion | undefined> {
  const changes = await Promise.all(
    additions.map(async ({ path, bytes }) => ({ path, sha: await writeBlob(contentDir, bytes) })),
  );
  return locked(contentDir, async () => {
    const head = (await headOf(contentDir))!;
    if (await holds(contentDir, head, changes)) return undefined;
    return keepVersion(contentDir, { from: 'editor', author, now, base: head, onto: head, changes, message });
  });
}

/** The lock, with what a crash left mended, and the system’s errors as trouble. */
async function locked<T>(contentDir: string, work: () => Promise<T>): Promise<T> {
  try {
    return await underContentLock(contentDir, async () => {
      await repair(contentDir);
      return work();
    });
  } catch (error) {
    throw troubleOf(error);
  }
}

/** A file that somebody changed in the folder itself is committed before it is written over. */
async function noticeFolder(contentDir: string, changes: readonly TreeChange[], now: Date) {
  const head = (await headOf(contentDir))!;
  const known = new Map((await treeAt(contentDir, head)).map((file) => [file.path, file.sha]));
  for (const { path: file } of changes) {
    const onDisk = await readFile(path.join(contentDir, file)).catch(() => undefined);
    const sha = onDisk && blobSha(onDisk);
    if (sha === known.get(file)) continue;
    await commitFolder(contentDir, now);
    return;
  }
}

/** Whether an entry that `changes` write is another one at `head` than it was at `base`. */
async function isChangedSince(
  contentDir: string,
  base: string,
  head: string,
  changes: readonly TreeChange[],
): Promise<boolean> {
  if (base === head) return false;
  if (!(await hasCommit(contentDir, base))) return true;
  const [before, now] = await Promise.all([treeAt(contentDir, base), treeAt(contentDir, head)]);
  const signature = (files: typeof before, key: string) =>
    entryFiles(files, key)
      .map(({ path, sha }) => `${path} ${sha}`)
      .join('\n');
  const entries = new Set(changes.map(({ path }) => entryKey(path)));
  return [...entries].some((key) => signature(before, key) !== signature(now, key));
}

/** The commit’s message: a line, what the editor said, and the fields; `readMessage` in content-history.ts takes it apart. */
function fullMessage({ message, note, fields = [] }: SaveInput): string {
  const parts = [
    oneLine(message),
    note?.trim().slice(0, 1_000),
    fields.length > 0 && `Fields: ${fields.map(oneLine).join('; ')}`,
  ];
  return `${printable(parts.filter(Boolean).join('\n\n'))}\n`;
}

/** Git refuses a message with NUL, and nobody can read the other signs without a shape. */
const printable = (words: string) => words.replace(/[^\P{Cc}\n]/gu, ' ');
const oneLine = (words: string) => words.replace(/\s+/g, ' ').trim();

export type Restored = Saved | { problems: ContentProblem[] } | 'no-such-version';

/**
 * The whole entry that `path` is or belongs to is as it was in `commit` afterwards, its picture with it, as a save of `author`. An
 * entry that there was not yet is taken away. Refused, with sentences, where the content check finds something wrong that
 * is right now. Throws ContentTrouble.
 */
export async function restoreVersion(
  contentDir: string,
  { path: file, commit, author, now }: { path: string; commit: string; author: Author; now: Date },
  branch = 'main',
): Promise<Restored> {
  if (!entryOfPath(file) || !(await hasCommit(contentDir, commit))) return 'no-such-version';
  return locked(contentDir, async () => {
    const head = (await headOf(contentDir, branch))!;
    const wanted = entryFiles(await treeAt(contentDir, commit), file);
    const present = entryFiles(await treeAt(contentDir, head), file);
    if (wanted.length === 0 && present.length === 0) return 'no-such-version';
    const stays = new Set(wanted.map(({ path }) => path));
    const changes: TreeChange[] = [
      ...wanted.map(({ path, sha }) => ({ path, sha })),
      ...present.filter(({ path }) => !stays.has(path)).map(({ path }) => ({ path })),
    ];
    const problems = await problemsWith(contentDir, head, changes);
    if (problems.length > 0) return { problems };
    const key = entryKey(file);
    const title =
      titleIn(key, (await fileAt(contentDir, wanted.length > 0 ? commit : head, key))?.toString()) ?? key;
    const message = `Restore an earlier version of ‘${title}’\n\nVersion: ${commit}\n`;
    const saved = await commitChanges(contentDir, { author, now, message, changes }, branch);
    if (branch === 'main')
      await dropAnswered(
        contentDir,
        changes.map(({ path }) => path),
      );
    return saved;
  });
}

/** What would be wrong with the content of `head` after `changes` and is not wrong now. */
async function problemsWith(
  contentDir: string,
  head: string,
  changes: readonly TreeChange[],
): Promise<ContentProblem[]> {
  return inScratchFolder(contentDir, async (scratch) => {
    const folder = path.join(scratch, 'content');
    await checkOut(contentDir, head, folder);
    await lay(contentDir, folder, changes);
    const after = await checkContent(folder);
    if (after.length === 0) return [];
    const has = new Map((await treeAt(contentDir, head)).map(({ path, sha }) => [path, sha]));
    await lay(
      contentDir,
      folder,
      changes.map(({ path }) => ({ path, sha: has.get(path) })),
    );
    const wrongNow = new Set((await checkContent(folder)).map(problemLine));
    return after.filter((problem) => !wrongNow.has(problemLine(problem)));
  });
}

async function lay(contentDir: string, folder: string, changes: readonly TreeChange[]) {
  const blobs = await readBlobs(
    contentDir,
    changes.flatMap(({ sha }) => sha ?? []),
  );
  for (const { path: file, sha } of changes)
    await (sha ? placeFile(folder, file, blobs.get(sha)!) : removeFile(folder, file));
}
