import { createHash, randomUUID } from 'node:crypto';
import {
  access,
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
} from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { log } from '../../platform/log.ts';
import {
  ContentTrouble,
  git,
  gitAnswer,
  gitDirOf,
  inScratchFolder,
  readBlobs,
  scratchPrefix,
  troubleOf,
  writeCommit,
} from './git.ts';

/** In the repository: that it is one of ours, and the commit whose files stand in the folder. */
export const marker = 'content-repository';
export const checkedOut = 'checked-out';
/** Who changes what nobody signed. */
export const folderAuthor = { name: 'Changes in the folder', email: 'folder@localhost' };

/** Whether the content has a history of its own. Without one (in development) saves only write files. */
export async function isContentRepository(contentDir: string): Promise<boolean> {
  return exists(path.join(gitDirOf(contentDir), marker));
}

/** The commit that a branch is at; undefined when there is no such branch. Reads files only. */
export async function headOf(contentDir: string, branch = 'main'): Promise<string | undefined> {
  return readRef(gitDirOf(contentDir), `refs/heads/${branch}`);
}

/** The object that a ref names. A ref is a file of its own or a line in `packed-refs`; of both, the file counts. */
export async function readRef(gitDir: string, ref: string): Promise<string | undefined> {
  const loose = (await readFile(path.join(gitDir, ref), 'utf8').catch(() => '')).trim();
  if (isObjectId(loose)) return loose;
  const packed = await readFile(path.join(gitDir, 'packed-refs'), 'utf8').catch(() => '');
  return packed
    .split('\n')
    .find((line) => line.endsWith(` ${ref}`))
    ?.slice(0, 40);
}

export const isObjectId = (words: string) => /^[0-9a-f]{40}$/.test(words);

/** Writes all files of a commit into `into`, a folder that is made for them. Throws ContentTrouble. */
export async function checkOut(contentDir: string, commit: string, into: string): Promise<void> {
  const folder = path.resolve(into);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw troubleOf(error);
  });
  await inScratchFolder(contentDir, async (scratch) => {
    const variables = { GIT_INDEX_FILE: path.join(scratch, 'index') };
    await git(contentDir, ['read-tree', commit], { variables });
    await git(contentDir, ['checkout-index', '--all', '--force', `--prefix=${folder}/`], { variables });
  });
}

export type TreeFile = { path: string; sha: string; size: number; mode: string };

const trees = new Map<string, TreeFile[]>();

/** All files of a commit or tree. Throws ContentTrouble. */
export async function treeAt(contentDir: string, commit: string): Promise<TreeFile[]> {
  const key = `${contentDir}\0${commit}`;
  const known = trees.get(key);
  if (known) return known;
  const output = await git(contentDir, ['ls-tree', '-r', '-z', '-l', '--full-tree', commit]);
  const files = output
    .toString()
    .split('\0')
    .filter(Boolean)
    .map((line) => {
      const [, mode = '', sha = '', size = '0', file = ''] =
        /^(\d+) \w+ (\w+) +([\d-]+)\t([\s\S]+)$/.exec(line) ?? [];
      return { path: file, sha, size: Number(size) || 0, mode };
    });
  if (isObjectId(commit)) {
    if (trees.size >= 12) trees.delete(trees.keys().next().value as string);
    trees.set(key, files);
  }
  return files;
}

/** A file’s bytes as a commit or branch has them; undefined when it has no such file. Throws ContentTrouble. */
export async function fileAt(contentDir: string, at: string, file: string): Promise<Buffer | undefined> {
  const { code, output } = await gitAnswer(contentDir, ['cat-file', 'blob', `${commitish(at)}:${file}`], {
    answers: [0, 128],
  });
  return code === 0 ? output : undefined;
}

/** A commit as it is, and a branch by its full name, so that neither can be taken for the other or for an option. */
export const commitish = (at: string) => (isObjectId(at) ? at : `refs/heads/${at}`);

/** Whether the repository has this commit. */
export async function hasCommit(contentDir: string, commit: string): Promise<boolean> {
  if (!isObjectId(commit)) return false;
  if (trees.has(`${contentDir}\0${commit}`)) return true;
  return (
    (await gitAnswer(contentDir, ['cat-file', '-e', `${commit}^{commit}`], { answers: [0, 1, 128] })).code ===
    0
  );
}

/** Git’s object id of a file. */
export function blobSha(bytes: Buffer): string {
  return createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
}

/** Moves branches at once, each from the commit it is thought to be at; on disk when it returns. Under the lock only. */
export async function moveRefs(
  contentDir: string,
  moves: readonly { ref: string; to: string | undefined; from?: string | undefined }[],
): Promise<void> {
  const lines = moves.map(({ ref, to, from }) =>
    to === undefined
      ? `delete ${ref}${from ? ` ${from}` : ''}`
      : `update ${ref} ${to} ${from ?? '0'.repeat(40)}`,
  );
  await git(contentDir, ['update-ref', '--stdin'], {
    input: ['start', ...lines, 'prepare', 'commit', ''].join('\n'),
  });
  for (const { ref } of moves) await syncFolder(path.dirname(path.join(gitDirOf(contentDir), ref)));
}

/**
 * Ends what a crash left half done: locks of Git whose holder is dead are removed, and the folder is brought to the head of
 * `main`. Under the lock only.
 */
export async function repair(contentDir: string): Promise<void> {
  const gitDir = gitDirOf(contentDir);
  await removeDeadLocks(gitDir);
  await removeScratch(gitDir);
  const head = await headOf(contentDir);
  if (!head) throw new ContentTrouble('damaged', new Error('The content repository has no branch main.'));
  const stands = await readFile(path.join(gitDir, checkedOut), 'utf8').catch(() => '');
  if (stands.trim() === head) return;
  await removeDrafts(contentDir);
  await followMain(contentDir);
}

/** A lock that stays for a second and a half while we hold ours belongs to nobody. */
async function removeDeadLocks(gitDir: string) {
  const found = await gitLocks(gitDir);
  if (found.length === 0) return;
  const before = await Promise.all(found.map((file) => stat(file).catch(() => undefined)));
  await sleep(1_500);
  for (const [place, file] of found.entries()) {
    const after = await stat(file).catch(() => undefined);
    if (after && after.ino === before[place]?.ino && after.mtimeMs === before[place].mtimeMs) {
      log.warn({ file: path.relative(gitDir, file) }, 'content.dead-lock-removed');
      await rm(file, { force: true });
    }
  }
}

async function gitLocks(gitDir: string): Promise<string[]> {
  const here = (await readdir(gitDir)).filter((name) => name.endsWith('.lock'));
  const refs = await readdir(path.join(gitDir, 'refs'), { recursive: true }).catch(() => []);
  return [
    ...here.map((name) => path.join(gitDir, name)),
    ...refs.filter((name) => name.endsWith('.lock')).map((name) => path.join(gitDir, 'refs', name)),
  ];
}

/**
 * The folder holds what the head of `main` holds afterwards. Each file changes at once, so a reader sees it as it was or as it
 * is; files that Git does not know stay. Under the lock only.
 */
export async function followMain(contentDir: string): Promise<void> {
  const gitDir = gitDirOf(contentDir);
  const head = await headOf(contentDir);
  if (!head) throw new ContentTrouble('damaged');
  const stands = (await readFile(path.join(gitDir, checkedOut), 'utf8').catch(() => '')).trim();
  const before = (await hasCommit(contentDir, stands)) ? await treeAt(contentDir, stands) : [];
  const wanted = new Map((await treeAt(contentDir, head)).map((file) => [file.path, file]));
  const had = new Map(before.map((file) => [file.path, file]));
  const changed = [...wanted.values()].filter((file) => had.get(file.path)?.sha !== file.sha);
  const blobs = await readBlobs(
    contentDir,
    changed.map(({ sha }) => sha),
  );
  for (const file of changed) await placeFile(contentDir, file.path, blobs.get(file.sha)!);
  for (const file of had.keys()) if (!wanted.has(file)) await removeFile(contentDir, file);
  await writeWhole(path.join(gitDir, checkedOut), Buffer.from(`${head}\n`));
  await git(contentDir, ['read-tree', head]).catch((error: unknown) =>
    log.warn({ err: error }, 'content.index-not-written'),
  ); // only for people who look with Git
}

/** Work under way of processes that are no more. */
async function removeScratch(gitDir: string) {
  for (const name of await readdir(gitDir)) {
    const pid = /^scratch-(\d+)-/.exec(name)?.[1];
    if (pid && !isRunning(Number(pid))) await rm(path.join(gitDir, name), { recursive: true, force: true });
  }
}

/** Drafts of files that never got their name. */
async function removeDrafts(contentDir: string) {
  for (const name of await readdir(contentDir, { recursive: true }))
    if (isDraft.test(name) && !name.startsWith('.git'))
      await rm(path.join(contentDir, name), { force: true });
}

const isDraft = /(?:^|\/)\.[0-9a-f-]{36}\.tmp$/;

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Writes a file whole and lasting; a link on the way that leads out of the content is refused. */
export async function placeFile(contentDir: string, file: string, bytes: Buffer): Promise<void> {
  const to = path.join(contentDir, file);
  await refuseLinks(contentDir, file);
  await mkdir(path.dirname(to), { recursive: true });
  await writeWhole(to, bytes);
}

export async function removeFile(contentDir: string, file: string): Promise<void> {
  await refuseLinks(contentDir, file);
  await rm(path.join(contentDir, file), { force: true });
  let folder = path.dirname(file);
  while (folder !== '.') {
    const isGone = await rmdir(path.join(contentDir, folder)).then(
      () => true,
      () => false, // a folder that still holds something stays
    );
    if (!isGone) return;
    folder = path.dirname(folder);
  }
}

/** A folder on the way that is a link, or a file that is one, is none of the content. */
async function refuseLinks(contentDir: string, file: string) {
  const parts = file.split('/');
  for (let count = 1; count <= parts.length; count += 1) {
    const place = path.join(contentDir, ...parts.slice(0, count));
    const found = await lstat(place).catch(() => undefined);
    if (!found) return;
    if (found.isSymbolicLink())
      throw new ContentTrouble(
        'damaged',
        new Error(`${place} is a link. The content takes none: remove it.`),
      );
  }
}

/** Writes a file whole and lasting, or not at all. */
export async function writeWhole(file: string, bytes: Buffer) {
  const draft = path.join(path.dirname(file), `.${randomUUID()}.tmp`);
  let handle: FileHandle | undefined;
  try {
    handle = await open(draft, 'wx');
    await handle.writeFile(bytes);
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(draft, file);
    await syncFolder(path.dirname(file));
  } catch (error) {
    await handle?.close().catch(() => {});
    await rm(draft, { force: true });
    throw troubleOf(error);
  }
}

/** A name that a file was given outlasts a loss of power only once its folder is on disk. */
export async function syncFolder(folder: string) {
  const handle = await open(folder, 'r').catch(() => undefined);
  if (!handle) return;
  await handle.sync().catch(() => {});
  await handle.close();
}

/** Commits what people changed in the folder itself, beside the CMS. Returns whether there was anything. Under the lock only. */
export async function commitFolder(contentDir: string, now: Date): Promise<boolean> {
  const head = await headOf(contentDir);
  const tree = await treeOfFolder(contentDir, contentDir, head);
  const headTree = (await git(contentDir, ['rev-parse', `${head}^{tree}`])).toString().trim();
  if (!head || tree === headTree) return false;
  const message = 'Changes made in the folder';
  const commit = await writeCommit(contentDir, { tree, parents: [head], author: folderAuthor, now, message });
  await moveRefs(contentDir, [{ ref: 'refs/heads/main', to: commit, from: head }]);
  await writeWhole(path.join(gitDirOf(contentDir), checkedOut), Buffer.from(`${commit}\n`));
  return true;
}

/** The tree of all files in a folder, written into the repository. Links and hidden files are left out. */
export async function treeOfFolder(
  contentDir: string,
  folder: string,
  startFrom?: string,
  gitDir = gitDirOf(contentDir),
): Promise<string> {
  const index = path.join(gitDir, `${scratchPrefix}${randomUUID()}`);
  const variables = { GIT_INDEX_FILE: index };
  try {
    if (startFrom) await git(contentDir, ['read-tree', startFrom], { gitDir, variables });
    const files = await plainFiles(folder);
    const there = new Set(files);
    const known = startFrom ? await treeAt(contentDir, startFrom) : [];
    const gone = known.map((file) => file.path).filter((file) => !there.has(file) && isPlainName(file));
    if (gone.length > 0)
      await git(contentDir, ['update-index', '-z', '--force-remove', '--stdin'], {
        gitDir,
        variables,
        input: gone.map((file) => `${file}\0`).join(''),
      });
    await git(contentDir, ['update-index', '-z', '--add', '--replace', '--stdin'], {
      inBulk: true,
      gitDir,
      workTree: folder,
      variables,
      input: files.map((file) => `${file}\0`).join(''),
    });
    return (await git(contentDir, ['write-tree'], { gitDir, variables })).toString().trim();
  } finally {
    await rm(index, { force: true });
  }
}

/** All files below a folder; hidden ones, links, and names that Unicode writes in two ways are none. */
export async function plainFiles(folder: string, below = ''): Promise<string[]> {
  const items = await readdir(path.join(folder, below), { withFileTypes: true });
  const found = await Promise.all(
    items
      .filter(({ name }) => isPlainName(name))
      .map((item) => {
        const place = below ? `${below}/${item.name}` : item.name;
        if (item.isDirectory()) return plainFiles(folder, place);
        return item.isFile() ? [place] : [];
      }),
  );
  return found.flat();
}

const isPlainName = (file: string) => !/(?:^|\/)\./.test(file) && file === file.normalize('NFC');

export async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
