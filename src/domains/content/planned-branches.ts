import { changeTree, type TreeChange } from './commits.ts';
import { entryFiles } from './entry-files.ts';
import { git, writeCommit } from './git.ts';
import { underContentLock } from './lock.ts';
import { mergeTrees } from './merge.ts';
import type { Author } from './model.ts';
import { followMain, headOf, moveRefs, repair, treeAt } from './repository.ts';

/** Name of the branch that a planned change is written on. */
export const plannedBranch = (id: string) => `planned/${id}`;

/** A branch of its own for a planned change, from the head of `main`; the one that is there where there is one. */
export async function openPlannedBranch(contentDir: string, id: string): Promise<{ base: string }> {
  refuseName(id);
  return underContentLock(contentDir, async () => {
    await repair(contentDir);
    const head = (await headOf(contentDir))!;
    const present = await headOf(contentDir, plannedBranch(id));
    if (present) return { base: (await commonBase(contentDir, present, head)) ?? head };
    await moveRefs(contentDir, [{ ref: `refs/heads/${plannedBranch(id)}`, to: head }]);
    return { base: head };
  });
}

/**
 * The branch is gone afterwards, and with it what was not merged; where `at` is given only if that is its newest commit, so that a
 * save which came in meanwhile is not lost: false then. Harmless when it is gone already.
 */
export async function closePlannedBranch(contentDir: string, id: string, at?: string): Promise<boolean> {
  refuseName(id);
  return underContentLock(contentDir, async () => {
    const head = await headOf(contentDir, plannedBranch(id));
    if (head && at && head !== at) return false;
    if (head)
      await moveRefs(contentDir, [{ ref: `refs/heads/${plannedBranch(id)}`, to: undefined, from: head }]);
    return true;
  });
}

function refuseName(id: string) {
  if (!/^[\w-]+$/.test(id)) throw new Error(`${id} is no planned change.`);
}

type Common = { base: string | undefined; ours: string; theirs: string };

async function sides(contentDir: string, id: string): Promise<Common | undefined> {
  const [ours, theirs] = [await headOf(contentDir), await headOf(contentDir, plannedBranch(id))];
  if (!ours || !theirs) return undefined;
  return { ours, theirs, base: await commonBase(contentDir, ours, theirs) };
}

async function commonBase(contentDir: string, one: string, other: string): Promise<string | undefined> {
  const output = await git(contentDir, ['merge-base', one, other], { answers: [0, 1] });
  return output.toString().trim().split('\n')[0] || undefined;
}

/** Main files of the entries that could not be merged now, because `main` changed them as well. */
export async function plannedConflicts(contentDir: string, id: string): Promise<string[]> {
  refuseName(id);
  const found = await sides(contentDir, id);
  return found ? (await mergeTrees(contentDir, found)).conflicts : [];
}

export type MergedPlan =
  | { outcome: 'merged'; commit: string }
  | { outcome: 'nothing' }
  | { outcome: 'conflict'; paths: string[] };

/**
 * What was planned is on `main` afterwards, as one merge by `author`. Where `main` changed the same entries nothing is merged
 * (`stop`), or the planned version of them is taken. The branch stays; `closePlannedBranch` removes it. Throws ContentTrouble.
 */
export async function mergePlanned(
  contentDir: string,
  id: string,
  {
    author,
    now,
    title,
    onConflict,
  }: { author: Author; now: Date; title: string; onConflict: 'stop' | 'take-planned' },
): Promise<MergedPlan> {
  refuseName(id);
  return underContentLock(contentDir, async () => {
    await repair(contentDir);
    const found = await sides(contentDir, id);
    if (!found || found.base === found.theirs) return { outcome: 'nothing' };
    const { ours, theirs } = found;
    const { changes, conflicts } = await mergeTrees(contentDir, found);
    if (conflicts.length > 0 && onConflict === 'stop') return { outcome: 'conflict', paths: conflicts };
    for (const key of conflicts) changes.push(...(await taken(contentDir, ours, theirs, key)));
    const tree = await changeTree(contentDir, ours, changes);
    const message = `Bring in the planned change ‘${title}’`;
    const commit = await writeCommit(contentDir, { tree, parents: [ours, theirs], author, now, message });
    await moveRefs(contentDir, [{ ref: 'refs/heads/main', to: commit, from: ours }]);
    await followMain(contentDir);
    return { outcome: 'merged', commit };
  });
}

async function taken(contentDir: string, ours: string, theirs: string, key: string): Promise<TreeChange[]> {
  const wanted = entryFiles(await treeAt(contentDir, theirs), key);
  const stays = new Set(wanted.map(({ path }) => path));
  const gone = entryFiles(await treeAt(contentDir, ours), key).filter(({ path }) => !stays.has(path));
  return [...wanted.map(({ path, sha }) => ({ path, sha })), ...gone.map(({ path }) => ({ path }))];
}
