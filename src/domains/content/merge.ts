import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { changeTree, type TreeChange } from './commits.ts';
import { entryFiles, entryKey } from './entry-files.ts';
import { git, gitAnswer, inScratchFolder, writeCommit } from './git.ts';
import { keepVersion } from './kept.ts';
import type { Author } from './model.ts';
import { followMain, hasCommit, headOf, moveRefs, type TreeFile, treeAt } from './repository.ts';

/** What of the other side comes in, and the entries that both sides have written on. */
export type Merge = { changes: TreeChange[]; conflicts: string[] };

/**
 * Merges by entry what `theirs` did since `base` into `ours`. What only one side changed is taken; a text that both changed is
 * merged by lines where that goes; else the entry is a conflict, and none of theirs is taken for it. `base` undefined: nothing in common.
 */
export async function mergeTrees(
  contentDir: string,
  { base, ours, theirs }: { base: string | undefined; ours: string; theirs: string },
): Promise<Merge> {
  const [before, mine, other] = await Promise.all([
    base ? treeAt(contentDir, base) : [],
    treeAt(contentDir, ours),
    treeAt(contentDir, theirs),
  ]);
  const sides = { before: byEntry(before), mine: byEntry(mine), other: byEntry(other) };
  const merge: Merge = { changes: [], conflicts: [] };
  for (const key of new Set([...sides.before.keys(), ...sides.other.keys()])) {
    const [was, is, wants] = [sides.before.get(key), sides.mine.get(key), sides.other.get(key)];
    if (same(was, wants) || same(is, wants)) continue;
    if (same(was, is)) merge.changes.push(...replacing(is, wants));
    else {
      const merged = await mergedText(contentDir, was, is, wants);
      if (merged) merge.changes.push(merged);
      else merge.conflicts.push(key);
    }
  }
  return merge;
}

type Files = TreeFile[];

function byEntry(files: readonly TreeFile[]): Map<string, Files> {
  const entries = new Map<string, Files>();
  for (const file of files) {
    const key = entryKey(file.path);
    entries.set(key, [...(entries.get(key) ?? []), file]);
  }
  return entries;
}

const signature = (files: Files = []) => files.map(({ path, sha }) => `${path}\0${sha}`).join('\0\0');
const same = (one: Files | undefined, other: Files | undefined) => signature(one) === signature(other);

/** All that makes an entry of `from` into that of `to`. */
function replacing(from: Files = [], to: Files = []): TreeChange[] {
  const stays = new Set(to.map((file) => file.path));
  return [
    ...to.map(({ path, sha }) => ({ path, sha })),
    ...from.filter((file) => !stays.has(file.path)).map(({ path }) => ({ path, sha: undefined })),
  ];
}

/** An entry of one text file, merged by lines; undefined where it is none, or both changed the same lines. */
async function mergedText(
  contentDir: string,
  was: Files = [],
  is: Files = [],
  wants: Files = [],
): Promise<TreeChange | undefined> {
  const [before, mine, other] = [was[0], is[0], wants[0]];
  if (!before || !mine || !other || [was, is, wants].some((files) => files.length !== 1)) return undefined;
  if (!/\.(?:mdoc|ya?ml)$/.test(mine.path) || mine.path !== other.path) return undefined;
  const texts = await Promise.all(
    [mine, before, other].map(({ sha }) => git(contentDir, ['cat-file', 'blob', sha])),
  );
  return inScratchFolder(contentDir, async (scratch) => {
    const places = ['mine', 'before', 'other'].map((name) => path.join(scratch, name));
    for (const [at, text] of texts.entries()) await writeFile(places[at]!, text);
    const { code, output } = await gitAnswer(contentDir, ['merge-file', '-p', '-q', ...places], {
      answers: Array.from({ length: 128 }, (_, count) => count),
    });
    if (code !== 0) return undefined;
    const sha = (await git(contentDir, ['hash-object', '-w', '--stdin'], { input: output }))
      .toString()
      .trim();
    return { path: mine.path, sha };
  });
}

/**
 * Brings a shipped version into `main`, once: `shipped` is at it afterwards. Entries that an editor has written on as well stay
 * the editor’s, and the shipped version of them is kept. Under the lock only.
 */
export async function mergeShipped(
  contentDir: string,
  { tree, author, now }: { tree: string; author: Author; now: Date },
): Promise<{ merged?: string; conflicts: string[] }> {
  const last = await headOf(contentDir, 'shipped');
  const lastTree = last && (await git(contentDir, ['rev-parse', `${last}^{tree}`])).toString().trim();
  if (tree === lastTree) return { conflicts: [] };
  const message = 'The content as it is shipped';
  const theirs = await writeCommit(contentDir, { tree, parents: last ? [last] : [], author, now, message });
  const shipped = { ref: 'refs/heads/shipped', to: theirs, from: last };
  return mergeIntoMain(contentDir, {
    base: last,
    theirs,
    from: 'shipped',
    author,
    now,
    message: 'Take in the new shipped content',
    moves: [shipped],
  });
}

export type MergeIntoMain = {
  base: string | undefined;
  theirs: string;
  from: 'shipped' | 'remote';
  author: Author;
  now: Date;
  message: string;
  /** Refs that move together with `main`. */
  moves?: { ref: string; to: string; from?: string | undefined }[];
};

/** Merges a commit into `main` and brings the folder there. Conflicts keep main’s version, and theirs are kept. Under the lock only. */
export async function mergeIntoMain(
  contentDir: string,
  { base, theirs, from, author, now, message, moves = [] }: MergeIntoMain,
): Promise<{ merged: string; conflicts: string[] }> {
  const ours = (await headOf(contentDir))!;
  const { changes, conflicts } = await mergeTrees(contentDir, { base, ours, theirs });
  for (const key of conflicts)
    await keepVersion(contentDir, {
      from,
      author,
      now,
      base: base && (await hasCommit(contentDir, base)) ? base : ours,
      onto: ours,
      changes: replacing(
        entryFiles(await treeAt(contentDir, ours), key),
        entryFiles(await treeAt(contentDir, theirs), key),
      ),
      message: `The ${from} version of ‘${key}’`,
    });
  const tree = await changeTree(contentDir, ours, changes);
  const merged = await writeCommit(contentDir, { tree, parents: [ours, theirs], author, now, message });
  await moveRefs(contentDir, [{ ref: 'refs/heads/main', to: merged, from: ours }, ...moves]);
  await followMain(contentDir);
  return { merged, conflicts };
}
