import { createHash } from 'node:crypto';
import { z } from 'astro/zod';
import { changeTree, commitChanges, type Saved, type TreeChange } from './commits.ts';
import { entryKey } from './entry-files.ts';
import { git, gitDirOf, writeCommit } from './git.ts';
import { underContentLock } from './lock.ts';
import type { Author, KeptVersion } from './model.ts';
import { moveRefs, readRef, repair, treeAt } from './repository.ts';

const noted = z.strictObject({
  from: z.enum(['editor', 'shipped', 'remote']),
  base: z.string(),
  path: z.string(),
  changes: z.array(z.strictObject({ path: z.string(), sha: z.string().optional() })),
});

type KeepInput = {
  from: KeptVersion['from'];
  author: Author;
  now: Date;
  base: string;
  /** The commit that the version is laid over, so that its commit holds whole content. */
  onto: string;
  changes: readonly TreeChange[];
  message: string;
};

const refOf = (id: string) => `refs/kept/${id}`;
const isKeptId = (id: string) => /^[0-9a-f]{20}$/.test(id);

/** Keeps a version of an entry beside the content. The same version of the same person is kept once. Under the lock only. */
export async function keepVersion(contentDir: string, kept: KeepInput): Promise<KeptVersion> {
  const { from, author, now, base, onto, changes, message } = kept;
  const path = entryKey((changes.find(({ sha }) => sha) ?? changes[0])!.path);
  const id = createHash('sha256')
    .update(JSON.stringify([from, author.email, changes.map(({ path, sha = '' }) => [path, sha]).sort()]))
    .digest('hex')
    .slice(0, 20);
  const known = await findKept(contentDir, id);
  if (known) return known;
  const tree = await changeTree(contentDir, onto, changes);
  const note = JSON.stringify({ from, base, path, changes });
  const parents = [...new Set([onto, base])];
  const commit = await writeCommit(contentDir, {
    tree,
    parents,
    author,
    now,
    message: `${message}\n\nKept: ${note}\n`,
  });
  await moveRefs(contentDir, [{ ref: refOf(id), to: commit }]);
  return (await findKept(contentDir, id))!;
}

/** All versions that wait, newest first: refused saves, and what shipped or remote content wanted otherwise. */
export async function keptVersions(contentDir: string): Promise<KeptVersion[]> {
  const format =
    '%(refname:lstrip=2)%00%(objectname)%00%(authorname)%00%(authoremail:trim)%00%(authordate:unix)%00%(contents)%01';
  const output = await git(contentDir, [
    'for-each-ref',
    `--format=${format}`,
    '--sort=-authordate',
    'refs/kept',
  ]);
  return output
    .toString()
    .split('\x01')
    .flatMap((line) => keptFrom(line.replace(/^\n/, '')) ?? []);
}

/** A kept version by its id; undefined when there is none. */
export async function findKept(contentDir: string, id: string): Promise<KeptVersion | undefined> {
  if (!isKeptId(id) || !(await readRef(gitDirOf(contentDir), refOf(id)))) return undefined;
  return (await keptVersions(contentDir)).find((kept) => kept.id === id);
}

function keptFrom(line: string): KeptVersion | undefined {
  const [id = '', commit = '', name = '', email = '', at = '', words = ''] = line.split('\0');
  const note = /\nKept: (.+)\s*$/.exec(words)?.[1];
  const parsed = note ? noted.safeParse(JSON.parse(note)) : undefined;
  if (!parsed?.success) return undefined;
  const { from, base, path, changes } = parsed.data;
  return {
    id,
    from,
    at: new Date(Number(at) * 1000),
    author: { name, email },
    path,
    paths: changes.map((change) => change.path),
    message: words.split('\n', 1)[0]!,
    base,
    commit,
  };
}

/** The kept version is what the site has of this entry afterwards, as a save of `author`, and no longer waits. Throws ContentTrouble. */
export async function applyKept(
  contentDir: string,
  id: string,
  { author, now }: { author: Author; now: Date },
): Promise<Saved | 'no-such-version'> {
  return underContentLock(contentDir, async () => {
    await repair(contentDir);
    const kept = await findKept(contentDir, id);
    if (!kept) return 'no-such-version';
    const has = new Map((await treeAt(contentDir, kept.commit)).map((file) => [file.path, file.sha]));
    const changes = kept.paths.map((path) => ({ path, sha: has.get(path) }));
    const message = `Take the kept version: ${kept.message}`;
    const saved = await commitChanges(contentDir, { author, now, message, changes }, 'main');
    await moveRefs(contentDir, [{ ref: refOf(id), to: undefined }]);
    return saved;
  });
}

/** The kept version no longer waits; what the site has stays. Throws ContentTrouble. */
export async function dropKept(contentDir: string, id: string): Promise<'dropped' | 'no-such-version'> {
  return underContentLock(contentDir, async () => {
    if (!(await findKept(contentDir, id))) return 'no-such-version';
    await moveRefs(contentDir, [{ ref: refOf(id), to: undefined }]);
    return 'dropped';
  });
}

/** An entry that was saved anew answers what shipped or remote content wanted of it. Under the lock only. */
export async function dropAnswered(contentDir: string, paths: readonly string[]): Promise<void> {
  const saved = new Set(paths.map(entryKey));
  const answered = (await keptVersions(contentDir)).filter(
    ({ from, path }) => from !== 'editor' && saved.has(path),
  );
  await Promise.all(answered.map(({ id }) => moveRefs(contentDir, [{ ref: refOf(id), to: undefined }])));
}
