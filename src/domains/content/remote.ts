import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'astro/zod';
import { log } from '../../platform/log.ts';
import { ContentTrouble, git, gitAnswer, gitDirOf } from './git.ts';
import { underContentLock } from './lock.ts';
import { mergeIntoMain } from './merge.ts';
import {
  followMain,
  hasCommit,
  headOf,
  isObjectId,
  moveRefs,
  repair,
  treeAt,
  writeWhole,
} from './repository.ts';

const remoteAuthor = { name: 'The remote copy', email: 'remote@localhost' };
const longestMs = 120_000;

const noted = z.object({
  pushed: z.string().optional(),
  pushedAt: z.iso.datetime().optional(),
  pulledAt: z.iso.datetime().optional(),
  failed: z.object({ at: z.iso.datetime(), says: z.string(), attempts: z.number() }).optional(),
});
type Noted = z.output<typeof noted>;

const noteFile = (contentDir: string) => path.join(gitDirOf(contentDir), 'remote.json');
const requestFile = (contentDir: string) => path.join(gitDirOf(contentDir), 'pull-asked');

async function readNote(contentDir: string): Promise<Noted> {
  const text = await readFile(noteFile(contentDir), 'utf8').catch(() => '{}');
  try {
    return noted.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

const writeNote = (contentDir: string, note: Noted) =>
  writeWhole(noteFile(contentDir), Buffer.from(JSON.stringify(note)));

export type RemoteState = {
  pushed?: string;
  pushedAt?: Date;
  pulledAt?: Date;
  /** Saves that the remote has not got yet. */
  waiting: number;
  failed?: { at: Date; says: string; attempts: number };
};

/** How the remote copy of the content stands. */
export async function remoteState(contentDir: string): Promise<RemoteState> {
  const { pushed, pushedAt, pulledAt, failed } = await readNote(contentDir);
  const head = await headOf(contentDir);
  return {
    ...(pushed && { pushed }),
    ...(pushedAt && { pushedAt: new Date(pushedAt) }),
    ...(pulledAt && { pulledAt: new Date(pulledAt) }),
    ...(failed && { failed: { ...failed, at: new Date(failed.at) } }),
    waiting: head && head !== pushed ? await countSince(contentDir, pushed, head) : 0,
  };
}

async function countSince(contentDir: string, from: string | undefined, to: string): Promise<number> {
  const without = from && (await hasCommit(contentDir, from)) ? [`^${from}`] : [];
  return Number(await git(contentDir, ['rev-list', '--count', '--first-parent', to, ...without]));
}

/**
 * The remote’s branch `main` has all that ours has afterwards, and ours what others had pushed there. Never by force. What fails
 * is written down in a sentence for `remoteState`; nothing is lost by it.
 */
export async function pushToRemote(
  contentDir: string,
  remote: string,
  now: Date,
): Promise<'pushed' | 'up-to-date' | 'failed'> {
  const note = await readNote(contentDir);
  const head = await headOf(contentDir);
  if (!head || head === note.pushed) return 'up-to-date';
  try {
    if (!(await push(contentDir, remote, head))) {
      const pulled = await pullFromRemote(contentDir, remote, now);
      if ('failed' in pulled) return 'failed';
      if (!(await push(contentDir, remote, (await headOf(contentDir))!)))
        throw new ContentTrouble('unreachable');
    }
    const { failed: _over, ...rest } = await readNote(contentDir);
    await writeNote(contentDir, {
      ...rest,
      pushed: (await headOf(contentDir))!,
      pushedAt: now.toISOString(),
    });
    return 'pushed';
  } catch (error) {
    await noteFailure(contentDir, now, error);
    return 'failed';
  }
}

/** Pushes; false where the remote has what we have not. */
async function push(contentDir: string, remote: string, commit: string): Promise<boolean> {
  const { code, output } = await gitAnswer(
    contentDir,
    ['push', '--porcelain', '--no-verify', 'content', `${commit}:refs/heads/main`],
    { variables: reaching(remote), timeoutMs: longestMs, answers: [0, 1] },
  );
  if (code === 0) return true;
  if (
    /\[(?:rejected|remote rejected)\]/.test(output.toString()) &&
    /fetch first|non-fast-forward/.test(output.toString())
  )
    return false;
  throw new Error(`The remote refused the push: ${output.toString().trim().slice(0, 300)}`);
}

/**
 * What others pushed to the remote’s `main` is merged into ours. Entries that editors here changed as well stay ours, and theirs
 * are kept. A remote with links, submodules, files of ours or names that Unicode writes in two ways is refused whole.
 */
export async function pullFromRemote(
  contentDir: string,
  remote: string,
  now: Date,
): Promise<{ commit?: string; conflicts: string[] } | { failed: string }> {
  const incoming = `refs/incoming/${randomUUID()}`;
  try {
    await git(
      contentDir,
      [
        'fetch',
        '--quiet',
        '--no-tags',
        '--no-write-fetch-head',
        '--no-recurse-submodules',
        'content',
        `refs/heads/main:${incoming}`,
      ],
      { variables: reaching(remote), timeoutMs: longestMs },
    );
    const theirs = (await git(contentDir, ['rev-parse', incoming])).toString().trim();
    await refuseStrange(contentDir, theirs);
    const merged = await underContentLock(contentDir, async () => {
      await repair(contentDir);
      return takeIn(contentDir, theirs, now);
    });
    const { failed: _over, ...rest } = await readNote(contentDir);
    const isSame = (await headOf(contentDir)) === theirs;
    await writeNote(contentDir, { ...rest, pulledAt: now.toISOString(), ...(isSame && { pushed: theirs }) });
    return merged;
  } catch (error) {
    return { failed: await noteFailure(contentDir, now, error) };
  } finally {
    await git(contentDir, ['update-ref', '-d', incoming]).catch(() => {});
  }
}

async function takeIn(
  contentDir: string,
  theirs: string,
  now: Date,
): Promise<{ commit?: string; conflicts: string[] }> {
  const ours = (await headOf(contentDir))!;
  const output = await git(contentDir, ['merge-base', ours, theirs], { answers: [0, 1] });
  const base = output.toString().trim().split('\n')[0] || undefined;
  if (base === theirs) return { conflicts: [] };
  if (base === ours) {
    await moveRefs(contentDir, [{ ref: 'refs/heads/main', to: theirs, from: ours }]);
    await followMain(contentDir);
    return { commit: theirs, conflicts: [] };
  }
  const message = 'Take in what was pushed to the remote';
  const { merged, conflicts } = await mergeIntoMain(contentDir, {
    base,
    theirs,
    from: 'remote',
    author: remoteAuthor,
    now,
    message,
  });
  return { commit: merged, conflicts };
}

async function refuseStrange(contentDir: string, commit: string) {
  for (const { path: file, mode } of await treeAt(contentDir, commit)) {
    if (mode !== '100644' && mode !== '100755')
      throw new Strange(`${file} is a link, which the content does not take.`);
    if (file !== file.normalize('NFC') || Buffer.byteLength(file) > 200 || isOurs.test(file))
      throw new Strange(`${file} has a name that the content does not take.`);
  }
}

/** Names of our own files beside the content, whose lock nobody may replace, and names with signs that nobody can see. */
const isOurs = /^\.(?:content-lock|git\.making)|(?:^|\/)\.[0-9a-f-]{36}\.tmp$|\p{Cc}/u;

class Strange extends Error {}

async function noteFailure(contentDir: string, now: Date, error: unknown): Promise<string> {
  const says = failureSentence(error);
  log.warn({ err: error }, 'content.remote-failed');
  const note = await readNote(contentDir);
  const attempts = (note.failed?.attempts ?? 0) + 1;
  await writeNote(contentDir, { ...note, failed: { at: now.toISOString(), says, attempts } }).catch(() => {});
  return says;
}

function failureSentence(error: unknown): string {
  if (error instanceof Strange) return `What was pushed to the remote was not taken in: ${error.message}`;
  const cause =
    error instanceof ContentTrouble
      ? String((error.cause as Error | undefined)?.message ?? '')
      : String(error);
  if (
    /authentication|could not read (?:username|password)|access denied|permission denied \(|403|401/i.test(
      cause,
    )
  )
    return 'The remote copy of the content refuses us: its password or key is missing or wrong.';
  if (/not found|does not appear to be a git repository|does not exist/i.test(cause))
    return 'There is no Git repository at the address of the remote copy.';
  if (/couldn't find remote ref/i.test(cause)) return 'The remote copy has no branch main yet.';
  if (error instanceof ContentTrouble && error.reason !== 'damaged') return error.message;
  if (/refused the push/.test(cause)) return 'The remote copy refused what was pushed.';
  return 'The remote copy of the content does not answer.';
}

/** How Git reaches the remote: the password that its address holds goes as a header, so that no list of processes shows it. */
function reaching(remote: string): Record<string, string> {
  const { address, password } = withoutPassword(remote);
  const settings = [
    ['remote.content.url', address],
    ['http.followRedirects', 'false'],
    ...(password
      ? [['http.extraHeader', `Authorization: Basic ${Buffer.from(password).toString('base64')}`]]
      : []),
  ] as [string, string][];
  return {
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(settings.map(([name], place) => [`GIT_CONFIG_KEY_${place}`, name])),
    ...Object.fromEntries(settings.map(([, value], place) => [`GIT_CONFIG_VALUE_${place}`, value])),
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes -o ConnectTimeout=15',
  };
}

function withoutPassword(remote: string): { address: string; password?: string } {
  if (!remote.startsWith('https://')) return { address: remote };
  const url = new URL(remote);
  if (!url.username) return { address: remote };
  const password = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  return { address: url.href, password };
}

/** The address of the remote as people may read it. */
export const shownRemote = (remote: string) => withoutPassword(remote).address;

/** Writes down that the remote has something new. Asked twice is asked once. */
export async function askToPull(contentDir: string): Promise<void> {
  await writeWhole(requestFile(contentDir), Buffer.from('1\n'));
}

/** Whether somebody asked to pull, and the asking is over. */
export async function takePullRequest(contentDir: string): Promise<boolean> {
  return rm(requestFile(contentDir)).then(
    () => true,
    () => false,
  );
}

/** When to try again after so many failures: 5 seconds, doubling, at most an hour. */
export const pauseAfterMs = (attempts: number) => Math.min(5_000 * 2 ** (attempts - 1), 3_600_000);

/** What the job looks at before it starts Git at all: reads files only. */
export async function isPushDue(contentDir: string, now: Date): Promise<boolean> {
  const [{ pushed, failed }, head] = [await readNote(contentDir), await headOf(contentDir)];
  if (!head || !isObjectId(head) || head === pushed) return false;
  return !failed || now.getTime() >= Date.parse(failed.at) + pauseAfterMs(failed.attempts);
}
