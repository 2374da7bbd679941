import { copyFile, mkdir, open, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { git, gitDirOf, troubleOf, writeCommit } from './git.ts';
import { lockFile, underContentLock } from './lock.ts';
import { mergeShipped } from './merge.ts';
import {
  checkedOut,
  commitFolder,
  exists,
  folderAuthor,
  isContentRepository,
  marker,
  plainFiles,
  readRef,
  removeFile,
  repair,
  syncFolder,
  treeOfFolder,
  writeWhole,
} from './repository.ts';

/** The repository while it is made; in it, that the folder was empty, so that all files in the folder are ours. */
const half = '.git.making';
const fromNothing = 'from-nothing';

const shippedAuthor = { name: 'PeerSphere', email: 'shipped@localhost' };

/**
 * The folder is a whole content repository afterwards: made from the shipped content where there was nothing; taken over, with
 * all that is in it, where an operator had put content of their own or a Git repository whose branch can be `main`. What was
 * changed by hand in the folder is committed, and what the shipped content brings anew is merged into `main`; where an editor
 * has written on the same, the editor’s version stays and the shipped one waits as a kept version. What a crash left half done
 * is finished or made again. Harmless when all is as it should be. Throws ContentTrouble.
 */
export async function openContentRepository(
  contentDir: string,
  shippedDir: string,
  now: Date,
): Promise<{ made: boolean; merged?: string; conflicts: string[] }> {
  try {
    await mkdir(contentDir, { recursive: true });
    if ((await realpath(contentDir)) === (await realpath(shippedDir)))
      throw new Error(
        'CONTENT_DIR is the shipped content itself: choose another folder for what editors write.',
      );
    return await underContentLock(contentDir, async () => {
      const made = !(await isContentRepository(contentDir));
      if (made) await makeRepository(contentDir, shippedDir, now);
      await repair(contentDir);
      await commitFolder(contentDir, now);
      const shipped = await treeOfFolder(contentDir, shippedDir);
      const merge = await mergeShipped(contentDir, { tree: shipped, author: shippedAuthor, now });
      return { made, ...merge };
    });
  } catch (error) {
    throw troubleOf(error);
  }
}

/** Makes the repository under another name and renames it once it is whole, with the marker inside. */
async function makeRepository(contentDir: string, shippedDir: string, now: Date) {
  if (await exists(gitDirOf(contentDir))) return adopt(contentDir, shippedDir, now);
  const gitDir = path.join(contentDir, half);
  const isFresh = (await exists(path.join(gitDir, fromNothing))) || (await isEmpty(contentDir));
  await rm(path.join(gitDir, 'refs'), { recursive: true, force: true });
  await mkdir(gitDir, { recursive: true });
  if (isFresh) await writeWhole(path.join(gitDir, fromNothing), Buffer.alloc(0));
  await initialise(contentDir, gitDir);
  const shipped = await commitTree(
    contentDir,
    gitDir,
    shippedDir,
    shippedAuthor,
    now,
    'The content as it is shipped',
  );
  const main = isFresh
    ? shipped
    : await commitTree(contentDir, gitDir, contentDir, folderAuthor, now, 'The content as it was found');
  if (isFresh) await placeAll(contentDir, shippedDir);
  await git(contentDir, ['update-ref', '--stdin'], {
    gitDir,
    input: `update refs/heads/shipped ${shipped}\nupdate refs/heads/main ${main}\n`,
  });
  await writeWhole(path.join(gitDir, checkedOut), Buffer.from(`${main}\n`));
  await git(contentDir, ['read-tree', main], { gitDir });
  await writeWhole(path.join(gitDir, marker), Buffer.from('1\n'));
  await rm(path.join(gitDir, fromNothing), { force: true });
  await rename(gitDir, gitDirOf(contentDir));
  await syncFolder(contentDir);
}

async function initialise(contentDir: string, gitDir: string) {
  await git(contentDir, ['init', '--quiet', '--template='], { gitDir });
  await git(contentDir, ['symbolic-ref', 'HEAD', 'refs/heads/main'], { gitDir });
  await mkdir(path.join(gitDir, 'info'), { recursive: true });
  await writeWhole(path.join(gitDir, 'info', 'exclude'), Buffer.from(`${lockFile}*\n${half}/\n.*.tmp\n`));
  await writeWhole(path.join(gitDir, 'info', 'attributes'), Buffer.from('* -text -filter -ident -merge\n'));
}

async function commitTree(
  contentDir: string,
  gitDir: string,
  folder: string,
  author: { name: string; email: string },
  now: Date,
  message: string,
) {
  const tree = await treeOfFolder(contentDir, folder, undefined, gitDir);
  return writeCommit(contentDir, { tree, parents: [], author, now, message }, gitDir);
}

/** The shipped files, and none of an earlier try with another shipped content: all on disk before the repository counts. */
async function placeAll(contentDir: string, shippedDir: string) {
  const wanted = await plainFiles(shippedDir);
  const stays = new Set(wanted);
  for (const file of await plainFiles(contentDir)) if (!stays.has(file)) await removeFile(contentDir, file);
  for (const file of wanted) {
    await mkdir(path.dirname(path.join(contentDir, file)), { recursive: true });
    await copyFile(path.join(shippedDir, file), path.join(contentDir, file));
  }
  await Promise.all(wanted.map((file) => syncFile(path.join(contentDir, file))));
}

async function syncFile(file: string) {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A Git repository that somebody put there becomes ours, with its branch and all its history. */
async function adopt(contentDir: string, shippedDir: string, now: Date) {
  const gitDir = gitDirOf(contentDir);
  if (!(await stat(gitDir)).isDirectory())
    throw new Error(
      'CONTENT_DIR belongs to a Git repository elsewhere. Give the content a repository of its own.',
    );
  const branch = (await readFile(path.join(gitDir, 'HEAD'), 'utf8'))
    .trim()
    .replace(/^ref: refs\/heads\//, '');
  if (branch !== 'main') {
    if ((await readRef(gitDir, 'refs/heads/main')) || !(await readRef(gitDir, `refs/heads/${branch}`)))
      throw new Error(
        'CONTENT_DIR is a Git repository whose branch main is not checked out. Check it out, and start again.',
      );
    await git(contentDir, ['branch', '-m', branch, 'main']);
  }
  const kept = await readRef(gitDir, 'refs/heads/shipped');
  await initialise(contentDir, gitDir);
  const head = await readRef(gitDir, 'refs/heads/main');
  if (!head) {
    const main = await commitTree(
      contentDir,
      gitDir,
      contentDir,
      folderAuthor,
      now,
      'The content as it was found',
    );
    await git(contentDir, ['update-ref', 'refs/heads/main', main]);
  }
  if (!kept) {
    const shipped = await commitTree(
      contentDir,
      gitDir,
      shippedDir,
      shippedAuthor,
      now,
      'The content as it is shipped',
    );
    await git(contentDir, ['update-ref', 'refs/heads/shipped', shipped]);
  }
  await writeWhole(
    path.join(gitDir, checkedOut),
    Buffer.from(`${await readRef(gitDir, 'refs/heads/main')}\n`),
  );
  await writeWhole(path.join(gitDir, marker), Buffer.from('1\n'));
}

async function isEmpty(folder: string): Promise<boolean> {
  return (await readdir(folder)).every(
    (name) => name.startsWith(lockFile) || name === half || name === 'lost+found',
  );
}
