import { entryKey } from './entry-files.ts';
import { entryOfPath } from './entry-of-path.ts';
import { git, gitAnswer, readBlobs } from './git.ts';
import type { Author, Change, FileChange, Save } from './model.ts';
import { commitish, hasCommit, headOf, isObjectId, treeAt } from './repository.ts';

export type HistoryAsked = {
  /** From 1. */
  page: number;
  limit: number;
  /** Address of whoever made the saves. */
  author?: string | undefined;
  branch?: string | undefined;
};

const format = '--format=%x01%H%x00%P%x00%at%x00%an%x00%ae%x00%B%x00';

/**
 * Saves of an entry (by any of its files), or of all content, newest first, a page at a time, and how many there are. An entry
 * that got another address is followed to its earlier one. Throws ContentTrouble.
 */
export async function historyOf(
  contentDir: string,
  path: string | undefined,
  { page, limit, author, branch = 'main' }: HistoryAsked,
): Promise<{ saves: Save[]; total: number }> {
  if (!(await headOf(contentDir, branch))) return { saves: [], total: 0 };
  const by = author ? [`--author=<${escaped(author)}>`] : [];
  const range = ['--first-parent', ...by, commitish(branch)];
  if (path !== undefined && !path) return { saves: [], total: 0 };
  if (path === undefined) {
    const total = Number(await git(contentDir, ['rev-list', '--count', ...range]));
    const saves = await log(contentDir, [`--skip=${(page - 1) * limit}`, `--max-count=${limit}`, ...range]);
    return { saves, total };
  }
  const saves = await followed(contentDir, path, by, branch);
  return { saves: saves.slice((page - 1) * limit, page * limit), total: saves.length };
}

const escaped = (words: string) => words.replace(/[.*[\]^$\\]/g, '\\$&');

/** The saves of an entry and of those it was before, by whatever address. */
async function followed(
  contentDir: string,
  path: string,
  by: readonly string[],
  branch: string,
): Promise<Save[]> {
  const found: Save[] = [];
  const seen = new Set<string>();
  let [key, from]: [string | undefined, string] = [entryKey(path), commitish(branch)];
  while (key && !seen.has(key)) {
    seen.add(key);
    const saves = await log(contentDir, ['--first-parent', ...by, from, '--', entryFolder(key)]);
    found.push(...saves);
    const born = saves.at(-1);
    const isBorn = born?.changes.some((change) => change.path === key && change.kind === 'added');
    key = isBorn ? earlierAddress(born!, key) : undefined;
    from = born ? `${born.commit}^` : from;
    if (born && !(await hasParent(contentDir, born.commit))) break;
  }
  return found;
}

/** Of an entry in a folder of its own, the folder. */
const entryFolder = (key: string) =>
  key.endsWith('/index.yaml') ? key.slice(0, -'/index.yaml'.length) : key;

/** A save that takes one entry of a collection away and adds another gave it another address. */
function earlierAddress(save: Save, key: string): string | undefined {
  const here = entryOfPath(key);
  const gone = new Set(
    save.changes
      .filter(({ kind, path }) => kind === 'deleted' && entryKey(path) === path)
      .map(({ path }) => path)
      .filter((path) => entryOfPath(path)?.list === here?.list),
  );
  return gone.size === 1 ? [...gone][0] : undefined;
}

async function hasParent(contentDir: string, commit: string): Promise<boolean> {
  const { code } = await gitAnswer(contentDir, ['rev-parse', '--verify', '--quiet', `${commit}^`], {
    answers: [0, 1, 128],
  });
  return code === 0;
}

/** One save; undefined where there is no such commit. */
export async function findSave(contentDir: string, commit: string): Promise<Save | undefined> {
  if (!(await hasCommit(contentDir, commit))) return undefined;
  return (await log(contentDir, ['--max-count=1', '--first-parent', commit]))[0];
}

/** What `to` has that `from` has not, newest first, along the line of `to`; all of it where `from` is null. */
export async function savesBetween(contentDir: string, from: string | null, to: string): Promise<Save[]> {
  if (!(await hasCommit(contentDir, to))) return [];
  const without = from && (await hasCommit(contentDir, from)) ? [`^${from}`] : [];
  return log(contentDir, ['--first-parent', to, ...without]);
}

/** Everybody who ever saved, by name. */
export async function authorsOf(contentDir: string): Promise<Author[]> {
  if (!(await headOf(contentDir))) return [];
  const output = await git(contentDir, ['log', '--first-parent', '--format=%an%x00%ae', 'refs/heads/main']);
  const authors = new Map<string, Author>();
  for (const line of output.toString().split('\n')) {
    const [name = '', email = ''] = line.split('\0');
    if (email && !authors.has(email)) authors.set(email, { name, email });
  }
  return [...authors.values()].sort((a, b) => a.name.localeCompare(b.name));
}

async function log(contentDir: string, args: readonly string[]): Promise<Save[]> {
  const [options, paths] = [args, args.includes('--') ? [] : ['--']];
  const output = await git(contentDir, [
    'log',
    format,
    '-z',
    '--raw',
    '--no-renames',
    '--no-abbrev',
    '--diff-merges=first-parent',
    '--full-diff',
    '--root',
    ...options,
    ...paths,
  ]);
  return savesIn(output.toString().split('\0'));
}

/**
 * What stands between NULs, which no message and no path can hold: six parts of each save, then those of its changes, up to the
 * mark of the next save. A message may hold that mark, so it is looked for only where a save can begin.
 */
function savesIn(parts: readonly string[]): Save[] {
  const saves: Save[] = [];
  for (let place = 0; place < parts.length; ) {
    if (!beginsSave(parts[place]!)) {
      place += 1;
      continue;
    }
    let end = place + 6;
    while (end < parts.length && !beginsSave(parts[end]!)) end += isChange.test(parts[end]!) ? 2 : 1;
    saves.push(saveFrom(parts.slice(place, end)));
    place = end;
  }
  return saves;
}

function beginsSave(part: string): boolean {
  const mark = part.trimStart();
  return mark.startsWith('\x01') && isObjectId(mark.slice(1));
}

function saveFrom(parts: readonly string[]): Save {
  const [commit = '', parents = '', at = '', name = '', email = '', words = '', ...raw] = parts;
  return {
    commit: commit.trim().slice(1),
    at: new Date(Number(at) * 1000),
    author: { name, email },
    ...readMessage(words),
    changes: changesFrom(raw),
    isMerge: parents.includes(' '),
  };
}

/** A message taken apart: its line, what the editor said, the fields. */
function readMessage(words: string): Pick<Save, 'message' | 'note' | 'fields'> {
  const [message = '', ...rest] = words.trim().split(/\n{2,}/);
  const fields = rest.find((part) => part.startsWith('Fields: '));
  const note = rest.filter((part) => part !== fields && !/^(?:Version|Kept): /.test(part)).join('\n\n');
  return {
    message: message.replace(/\s+/g, ' '),
    ...(note && { note }),
    fields: fields ? fields.slice('Fields: '.length).split('; ') : [],
  };
}

const kinds: Record<string, Change['kind']> = { A: 'added', M: 'changed', T: 'changed', D: 'deleted' };

/** `:100644 100644 <sha> <sha> M`, then the path, each ended by NUL. */
const isChange = /^\s*:\d+ \d+ \w+ \w+ ([AMTD])$/;

function changesFrom(raw: readonly string[]): Change[] {
  const changes: Change[] = [];
  for (let place = 0; place + 1 < raw.length; place += 1) {
    const kind = isChange.exec(raw[place]!)?.[1];
    if (!kind) continue;
    changes.push({ path: raw[place + 1]!, kind: kinds[kind]! });
    place += 1;
  }
  return changes;
}

/** What a save changed, with each file before and after; of one entry where `path` is given. Throws ContentTrouble. */
export async function diffOf(contentDir: string, commit: string, path?: string): Promise<FileChange[]> {
  if (!(await hasCommit(contentDir, commit))) return [];
  const parents = (await git(contentDir, ['rev-list', '--max-count=1', '--parents', commit]))
    .toString()
    .trim()
    .split(' ');
  return changesBetween(contentDir, parents[1] ?? null, commit, path);
}

/** What differs from one commit or branch to another, with each file before and after. Throws ContentTrouble. */
export async function changesBetween(
  contentDir: string,
  from: string | null,
  to: string,
  path?: string,
): Promise<FileChange[]> {
  const [before, after] = await Promise.all([
    from === null ? [] : treeAt(contentDir, await resolved(contentDir, from)),
    treeAt(contentDir, await resolved(contentDir, to)),
  ]);
  const [had, has] = [before, after].map((files) => new Map(files.map((file) => [file.path, file.sha])));
  const wanted = (file: string) => path === undefined || entryKey(file) === entryKey(path);
  const changed = [...new Set([...had!.keys(), ...has!.keys()])]
    .filter((file) => had!.get(file) !== has!.get(file) && wanted(file))
    .sort();
  const shas = changed.flatMap((file) => [had!.get(file), has!.get(file)].filter((sha) => sha !== undefined));
  const blobs = await readBlobs(contentDir, shas);
  return changed.map((file): FileChange => {
    const [before, after] = [blobs.get(had!.get(file) ?? ''), blobs.get(has!.get(file) ?? '')];
    const kind = !before ? 'added' : after ? 'changed' : 'deleted';
    return { path: file, kind, ...(before && { before }), ...(after && { after }) };
  });
}

const resolved = async (contentDir: string, at: string) =>
  isObjectId(at) ? at : ((await headOf(contentDir, at)) ?? at);
