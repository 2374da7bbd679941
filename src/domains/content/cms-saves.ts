import { entryFiles, entryKey } from './entry-files.ts';
import { ContentTrouble } from './git.ts';
import type { Author, KeptVersion } from './model.ts';
import { fileAt, hasCommit, headOf, treeAt } from './repository.ts';
import { saveMessage } from './save-message.ts';
import { commitSave, keepUnsaved } from './saves.ts';
import { uploadProblem } from './uploads.ts';

/** A save as the CMS sends it, with paths of the content repository. */
export type CmsSave = {
  additions: readonly { path: string; bytes: Buffer }[];
  deletions: readonly string[];
  /** The version that the form shows: what `formVersion` said when its tree was read. */
  version: string | undefined;
  /** What the editor says about the change. */
  note?: string | undefined;
};

export type CmsSaved =
  | { saved: string; isNew: boolean; message: string }
  | { refused: string }
  /** The form shows another branch than the one that the editor writes on now, or an unknown version. */
  | { outdated: true }
  | { conflict: KeptVersion };

/** What a form has to send back with its save: which branch and commit it was made from. */
export const formVersion = (branch: string, commit: string) => `${branch}@${commit}`;

/**
 * Saves what the CMS sends as one commit of `author` on `branch`. Refused with a sentence: uploads that are too large or not what they
 * say, and a save that takes away what its form does not show. Never over somebody’s unseen change: then the version is
 * kept. Throws ContentTrouble.
 */
export async function saveFromCms(
  contentDir: string,
  save: CmsSave,
  { author, now, branch }: { author: Author; now: Date; branch: string },
): Promise<CmsSaved> {
  const [onBranch, base] = splitVersion(save.version);
  if (onBranch !== branch || !base || !(await hasCommit(contentDir, base))) return { outdated: true };
  for (const { path, bytes } of save.additions) {
    const problem = await uploadProblem(path, bytes);
    if (problem) return { refused: problem };
  }
  const before = await treeAt(contentDir, base);
  const problem = shapeProblem(
    save,
    before.map(({ path }) => path),
  );
  if (problem) return { refused: problem };
  const head = await headOf(contentDir, branch);
  if (!head) throw new ContentTrouble('damaged');
  const words = saveMessage(await touchedFiles(contentDir, save, base));
  const { additions, deletions, note } = save;
  const answer = await commitSave(
    contentDir,
    { author, now, ...words, note, additions, deletions, base },
    branch,
  );
  return 'conflict' in answer
    ? answer
    : { saved: answer.commit, isNew: answer.isNew, message: words.message };
}

/**
 * Keeps what a form held beside the content, for an editor to take or drop; `id` is undefined where the content has it so
 * already. Throws ContentTrouble.
 */
export async function keepFromCms(
  contentDir: string,
  { additions }: Pick<CmsSave, 'additions'>,
  { author, now }: { author: Author; now: Date },
): Promise<{ id: string | undefined } | { refused: string }> {
  for (const { path, bytes } of additions) {
    const problem = await uploadProblem(path, bytes);
    if (problem) return { refused: problem };
  }
  if (additions.length === 0 || new Set(additions.map(({ path }) => entryKey(path))).size > 1)
    return { refused: awry };
  const head = await headOf(contentDir);
  if (!head) throw new ContentTrouble('damaged');
  const words = saveMessage(await touchedFiles(contentDir, { additions, deletions: [] }, head));
  const kept = await keepUnsaved(contentDir, { author, now, message: words.message, additions });
  return { id: kept?.id };
}

/** `main@<commit>` or `planned/<id>@<commit>`, taken apart. */
function splitVersion(version: string | undefined): [string?, string?] {
  const [, branch, commit] = /^(main|planned\/[\w-]+)@([0-9a-f]{40})$/.exec(version ?? '') ?? [];
  return branch && commit ? [branch, commit] : [];
}

const texts = /\.(?:mdoc|yaml)$/;

async function touchedFiles(
  contentDir: string,
  { additions, deletions }: Pick<CmsSave, 'additions' | 'deletions'>,
  base: string,
) {
  const after = new Map<string, Buffer | undefined>(additions.map(({ path, bytes }) => [path, bytes]));
  for (const path of deletions) after.set(path, undefined);
  return Promise.all(
    [...after].map(async ([path, bytes]) => ({
      path,
      after: bytes,
      before: texts.test(path) ? await fileAt(contentDir, base, path) : undefined,
    })),
  );
}

const awry =
  'Nothing was saved: the editor was about to take away something that this form does not show. Reload the page and make your change again.';

/**
 * Why a save is not one that a form makes; undefined when it is. A form writes one entry, or takes one away, or does both when
 * it gives one another address. It takes a picture or file away only with its entry, or when another takes its place:
 * Keystatic has been seen to drop pictures when only the words beside them changed (Thinkmill/keystatic#1394).
 */
export function shapeProblem(
  { additions, deletions }: Pick<CmsSave, 'additions' | 'deletions'>,
  present: readonly string[],
): string | undefined {
  const added = additions.map(({ path }) => path);
  if (new Set([...added, ...deletions]).size !== added.length + deletions.length) return awry;
  if (added.length + deletions.length === 0) return awry;
  const all = present.map((path) => ({ path }));
  const gone = new Set(deletions.filter((path) => present.includes(path)));
  const written = new Set(added.map(entryKey));
  const removed = new Set([...gone].map(entryKey).filter((key) => !written.has(key)));
  if (written.size > 1 || removed.size > 1) return awry;
  for (const key of removed) if (entryFiles(all, key).some(({ path }) => !gone.has(path))) return awry;
  for (const key of written) {
    const lost = [...gone].filter((path) => entryKey(path) === key);
    const isReplaced = added.filter((path) => path !== key).length >= lost.length;
    if (lost.includes(key) || !isReplaced) return awry;
  }
  return undefined;
}
