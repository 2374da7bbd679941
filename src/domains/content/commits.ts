import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { log } from '../../platform/log.ts';
import { git, gitDirOf, scratchPrefix, writeCommit } from './git.ts';
import type { Author } from './model.ts';
import { followMain, headOf, moveRefs, treeAt } from './repository.ts';

/** A file that has the contents `sha` afterwards, or is gone. */
export type TreeChange = { path: string; sha?: string | undefined };

/** The commit that holds what was saved; `isNew` is false where it was so already. */
export type Saved = { commit: string; isNew: boolean };

/** The tree of `onto` with `changes`, written into the repository. */
export async function changeTree(
  contentDir: string,
  onto: string,
  changes: readonly TreeChange[],
): Promise<string> {
  const index = path.join(gitDirOf(contentDir), `${scratchPrefix}${randomUUID()}`);
  const variables = { GIT_INDEX_FILE: index };
  try {
    await git(contentDir, ['read-tree', onto], { variables });
    const lines = changes.map(({ path, sha }) =>
      sha ? `100644 ${sha}\t${path}\0` : `0 ${'0'.repeat(40)}\t${path}\0`,
    );
    await git(contentDir, ['update-index', '-z', '--index-info'], { variables, input: lines.join('') });
    return (await git(contentDir, ['write-tree'], { variables })).toString().trim();
  } finally {
    await rm(index, { force: true });
  }
}

/** Writes a file’s bytes into the repository and returns their id. */
export async function writeBlob(contentDir: string, bytes: Buffer): Promise<string> {
  return (await git(contentDir, ['hash-object', '-w', '--stdin', '--no-filters'], { input: bytes }))
    .toString()
    .trim();
}

/**
 * Commits `changes` on a branch, on disk when it returns; the folder follows where it is `main`. No commit where nothing
 * changes. Under the lock only.
 */
export async function commitChanges(
  contentDir: string,
  {
    author,
    now,
    message,
    changes,
  }: { author: Author; now: Date; message: string; changes: readonly TreeChange[] },
  branch: string,
): Promise<Saved> {
  const head = (await headOf(contentDir, branch))!;
  if (await holds(contentDir, head, changes)) return { commit: head, isNew: false };
  const tree = await changeTree(contentDir, head, changes);
  const commit = await writeCommit(contentDir, { tree, parents: [head], author, now, message });
  await moveRefs(contentDir, [{ ref: `refs/heads/${branch}`, to: commit, from: head }]);
  if (branch === 'main')
    await followMain(contentDir).catch((error: unknown) => log.error({ err: error }, 'content.folder-lags')); // the commit is there: the next save, or start, brings the folder after
  return { commit, isNew: true };
}

/** Whether a commit has all that `changes` make already. */
export async function holds(
  contentDir: string,
  commit: string,
  changes: readonly TreeChange[],
): Promise<boolean> {
  const has = new Map((await treeAt(contentDir, commit)).map((file) => [file.path, file.sha]));
  return changes.every(({ path, sha }) => has.get(path) === sha);
}
