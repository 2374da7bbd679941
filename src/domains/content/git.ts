import { spawn } from 'node:child_process';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { env } from '../../platform/env.ts';
import type { Author } from './model.ts';

export type TroubleReason = 'no-git' | 'disk-full' | 'read-only' | 'busy' | 'damaged' | 'unreachable';

const sentences: Record<TroubleReason, string> = {
  'no-git': 'Git is not installed on the server, and without it nothing can be saved.',
  'disk-full': 'The server’s disk is full, so nothing was saved.',
  'read-only': 'The server may not write into the folder of the content, so nothing was saved.',
  busy: 'The content is busy with another change. Nothing was saved: please try again in a minute.',
  damaged: 'The history of the content cannot be read or written, so nothing was saved.',
  unreachable: 'The remote copy of the content does not answer.',
};

/** The content repository cannot do its work. The message is a sentence for staff; `cause` says what Git or the system said. */
export class ContentTrouble extends Error {
  readonly reason: TroubleReason;
  constructor(reason: TroubleReason, cause?: unknown) {
    super(sentences[reason], { cause });
    this.name = 'ContentTrouble';
    this.reason = reason;
  }
}

/** What of the machine’s troubles an error means; errors that mean none stay what they are. */
export function troubleOf(error: unknown): unknown {
  if (error instanceof ContentTrouble) return error;
  const { code, syscall = '' } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new ContentTrouble('disk-full', error);
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM')
    return new ContentTrouble('read-only', error);
  if (code === 'ENOENT' && syscall.startsWith('spawn')) return new ContentTrouble('no-git', error);
  if (code === 'EIO') return new ContentTrouble('damaged', error);
  return error;
}

/** Where the repository of the content keeps what Git needs. */
export const gitDirOf = (contentDir: string) => path.join(contentDir, '.git');

/** Nothing of the user’s or the machine’s settings, no hooks, no programs, and on disk before it answers. */
const settings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.fsync=all',
  'core.fsyncMethod=fsync',
  'core.symlinks=false',
  'core.autocrlf=false',
  'core.fileMode=false',
  'core.quotePath=false',
  'core.precomposeUnicode=true',
  'core.attributesFile=/dev/null',
  'core.excludesFile=/dev/null',
  'gc.auto=0',
  'maintenance.auto=false',
  'commit.gpgSign=false',
  'diff.external=',
  'diff.renames=false',
  'log.showSignature=false',
  'protocol.allow=never',
  'protocol.file.allow=always',
  'protocol.https.allow=always',
  'protocol.ssh.allow=always',
  'transfer.fsckObjects=true',
  'submodule.recurse=false',
].flatMap((setting) => ['-c', setting]);

export type GitOptions = {
  /** Where the repository is, when it is not yet in its place. */
  gitDir?: string;
  workTree?: string;
  input?: string | Buffer;
  variables?: Record<string, string>;
  /** Exit codes that are an answer and no failure. */
  answers?: readonly number[];
  timeoutMs?: number;
  /** For many files at once: they are on disk together when it returns, not one by one. */
  inBulk?: boolean;
};

/**
 * Runs the system’s Git on the repository of `contentDir`, with fixed arguments and no shell, and returns what it wrote.
 * Throws ContentTrouble.
 */
export async function git(
  contentDir: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<Buffer> {
  return (await gitAnswer(contentDir, args, options)).output;
}

/** As `git`, with the exit code, for commands that answer by it. */
export async function gitAnswer(
  contentDir: string,
  args: readonly string[],
  options: GitOptions = {},
): Promise<{ code: number; output: Buffer }> {
  const { answers = [0], timeoutMs = 60_000 } = options;
  const gitDir = path.resolve(options.gitDir ?? gitDirOf(contentDir));
  const workTree = path.resolve(options.workTree ?? contentDir);
  const places = [
    '--no-pager',
    '--no-replace-objects',
    '-C',
    workTree,
    `--git-dir=${gitDir}`,
    `--work-tree=${workTree}`,
  ];
  const bulk = options.inBulk ? ['-c', 'core.fsyncMethod=batch'] : [];
  const child = spawn('git', [...settings, ...bulk, ...places, ...args], {
    cwd: '/',
    env: {
      ...env.programs,
      LC_ALL: 'C',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: '/bin/false',
      GIT_OPTIONAL_LOCKS: '0',
      GIT_LITERAL_PATHSPECS: '1',
      ...options.variables,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(troubleOf(error)));
    child.once('close', (code) => resolve(code ?? -1));
  });
  child.stdin.on('error', () => {}); // it may refuse before it has read everything
  child.stdin.end(options.input);
  const [output, complaint, code] = await Promise.all([buffer(child.stdout), buffer(child.stderr), ended]);
  if (answers.includes(code)) return { code, output };
  throw await gitTrouble(contentDir, args, code, complaint.toString());
}

async function gitTrouble(
  contentDir: string,
  args: readonly string[],
  code: number,
  complaint: string,
): Promise<ContentTrouble> {
  const cause = new Error(`git ${args[0]} ended with ${code}: ${withoutSecrets(complaint).trim()}`);
  if (/no space left|disk quota|disk full/i.test(complaint) || (await isFull(contentDir)))
    return new ContentTrouble('disk-full', cause);
  if (
    /read-only file system|permission denied|insufficient permission|operation not permitted/i.test(complaint)
  )
    return new ContentTrouble('read-only', cause);
  if (/\.lock': file exists|cannot lock ref/i.test(complaint) || code === -1)
    return new ContentTrouble('busy', cause);
  return new ContentTrouble('damaged', cause);
}

/** Git does not always say that it was for want of room. */
async function isFull(contentDir: string): Promise<boolean> {
  const disk = await statfs(contentDir).catch(() => undefined);
  return disk !== undefined && disk.bavail * disk.bsize < 64 * 1024;
}

/** The bytes of files by their ids, read at once. Throws ContentTrouble where one is missing. */
export async function readBlobs(
  contentDir: string,
  shas: Iterable<string>,
  gitDir = gitDirOf(contentDir),
): Promise<Map<string, Buffer>> {
  const wanted = [...new Set(shas)];
  const blobs = new Map<string, Buffer>();
  if (wanted.length === 0) return blobs;
  const output = await git(contentDir, ['cat-file', '--batch', '--buffer'], {
    gitDir,
    input: `${wanted.join('\n')}\n`,
  });
  let at = 0;
  for (const sha of wanted) {
    const end = output.indexOf('\n', at);
    const size = Number(/^\w+ blob (\d+)$/.exec(output.toString('latin1', at, end))?.[1] ?? Number.NaN);
    if (Number.isNaN(size)) throw new ContentTrouble('damaged', new Error(`The file ${sha} is missing.`));
    blobs.set(sha, output.subarray(end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  return blobs;
}

/** What Git says about an address may hold the password in it. */
const withoutSecrets = (words: string) => words.replace(/(\w+:\/\/)[^\s/@]+@/g, '$1');

/** A commit of `tree` by `author`, on disk and on no branch yet. */
export async function writeCommit(
  contentDir: string,
  commit: { tree: string; parents: readonly string[]; author: Author; now: Date; message: string },
  gitDir?: string,
): Promise<string> {
  const at = `${Math.floor(commit.now.getTime() / 1000)} +0000`;
  const output = await git(
    contentDir,
    ['commit-tree', commit.tree, ...commit.parents.flatMap((parent) => ['-p', parent]), '-F', '-'],
    {
      ...(gitDir && { gitDir }),
      input: commit.message,
      variables: {
        GIT_AUTHOR_NAME: nameFor(commit.author.name),
        GIT_AUTHOR_EMAIL: nameFor(commit.author.email),
        GIT_AUTHOR_DATE: at,
        GIT_COMMITTER_NAME: 'PeerSphere',
        GIT_COMMITTER_EMAIL: 'content@localhost',
        GIT_COMMITTER_DATE: at,
      },
    },
  );
  return output.toString().trim();
}

/** Git ends a name at these, and takes none that is empty. */
const nameFor = (name: string) =>
  name
    .replace(/[<>\p{Cc}]/gu, ' ')
    .trim()
    .slice(0, 200) || 'Somebody';

/** A folder for work under way, inside of the repository; what a crash leaves there is removed by the next repair. */
export async function inScratchFolder<T>(
  contentDir: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(path.join(gitDirOf(contentDir), scratchPrefix)).catch((error: unknown) => {
    throw troubleOf(error);
  });
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Says whose work under way it is, so that nobody removes it under them. */
export const scratchPrefix = `scratch-${process.pid}-`;
