import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ContentProblem } from '../content/check-content.ts';
import { entryDiff, type FieldDiff, fieldWords } from '../content/entry-diff.ts';
import { entryOfPath, entryWords, isPicturePath, titleIn } from '../content/entry-of-path.ts';
import { authorsOf, changesBetween, diffOf, findSave, historyOf, savesBetween } from '../content/history.ts';
import { findKept, keptVersions } from '../content/kept.ts';
import type { Change, FileChange, KeptVersion, Save } from '../content/model.ts';
import { plannedBranch, plannedConflicts } from '../content/planned-branches.ts';
import { remoteState, shownRemote } from '../content/remote.ts';
import { fileAt, headOf, isContentRepository } from '../content/repository.ts';
import type { FailedRelease, Move, Progress, PublishedSave, PublishRequest, Run } from './model.ts';
import { findPlannedChange, isWaiting, type PlannedChange, plannedChanges } from './planned.ts';
import { publishingProgress } from './progress.ts';
import { failedReleases, type KeptRelease, keptReleasesIn, liveState } from './releases.ts';
import { waitingRequests } from './requests.ts';

/** Reads of the screens of publishing. Nothing here needs the database. */

type Folders = { dataDir: string; contentDir: string };

/** An entry that a save touched, as people call it. */
export type TouchedEntry = {
  /** Its own file, `people/mei.yaml`. */
  path: string;
  words: string;
  kind: Change['kind'];
  cmsHref: string | undefined;
  pageHref: string | undefined;
};

export type ShownSave = {
  commit: string;
  at: Date;
  who: string;
  message: string;
  entries: TouchedEntry[];
};

/** A problem that keeps content from being published, with whose save brought it, as far as that is known. */
export type ShownProblem = ContentProblem & {
  words: string;
  fieldLabel: string | undefined;
  cmsHref: string | undefined;
  who: string | undefined;
};

export type ShownFailure = Omit<FailedRelease, 'saves' | 'problems'> & {
  saves: ShownSave[];
  problems: ShownProblem[];
};

/** What is live, on its way, failed or waiting. */
export type PublishingNow = {
  progress: (Progress & { isRunning: boolean }) | undefined;
  run: (Omit<Run, 'saves'> & { saves: ShownSave[] }) | undefined;
  failure: ShownFailure | undefined;
  live: (Move & { pages: number | undefined; saves: ShownSave[] }) | undefined;
  /** Saves that no release holds, and none on its way or failed does. */
  waiting: ShownSave[];
  requests: PublishRequest[];
};

/** The part of the screen that changes while somebody watches. */
export async function publishingNow({ dataDir, contentDir }: Folders): Promise<PublishingNow> {
  const [progress, { live }, releases, failures, requests] = await Promise.all([
    publishingProgress(dataDir),
    liveState(dataDir),
    keptReleasesIn(dataDir),
    failedReleases(dataDir),
    waitingRequests(dataDir),
  ]);
  const failure = failures.find(({ id }) => id === progress?.failure);
  const run = progress?.run ?? undefined;
  const release = releases.find(({ id }) => id === live?.release);
  const known = run?.commit ?? failure?.commit ?? live?.head ?? live?.commit;
  const waiting = known ? await savesSince(contentDir, known) : [];
  const name = await namesOf(
    contentDir,
    [run, failure, release].flatMap((one) => one?.saves ?? []),
    waiting,
    failure?.problems.map(({ file }) => file),
  );
  return {
    progress,
    run: run && { ...run, saves: run.saves.map(name.published) },
    failure: failure && shownFailure(failure, name),
    live: live
      ? { ...live, pages: release?.pages, saves: release?.saves.map(name.published) ?? [] }
      : undefined,
    waiting: waiting.map(name.save),
    requests,
  };
}

async function savesSince(contentDir: string, commit: string): Promise<Save[]> {
  const head = (await isContentRepository(contentDir)) ? await headOf(contentDir) : undefined;
  return head && head !== commit ? savesBetween(contentDir, commit, head) : [];
}

/** A failure of a release with names of its entries; undefined where there is none of this id. */
export async function failureShown({ dataDir, contentDir }: Folders, id: string) {
  const failure = (await failedReleases(dataDir)).find((one) => one.id === id);
  return (
    failure &&
    shownFailure(
      failure,
      await namesOf(
        contentDir,
        failure.saves,
        [],
        failure.problems.map(({ file }) => file),
      ),
    )
  );
}

/** A release with names of its entries, and its newer sister releases; undefined where it is not kept. */
export async function releaseShown({ dataDir, contentDir }: Folders, id: string) {
  const releases = await keptReleasesIn(dataDir);
  const release = releases.find((one) => one.id === id);
  if (!release) return undefined;
  const live = releases.find(({ isLive }) => isLive);
  const lost =
    live && live.number > release.number
      ? releases.filter(({ number }) => number > release.number && number <= live.number)
      : [];
  const name = await namesOf(
    contentDir,
    [release, ...lost].flatMap(({ saves }) => saves),
  );
  return {
    ...release,
    saves: release.saves.map(name.published),
    /** What people would see no more if the site went back to it. */
    lost: lost.flatMap(({ saves }) => saves.map(name.published)),
  };
}

export type ShownRelease = Omit<KeptRelease, 'saves'> & { saves: ShownSave[] };

/** Everything beside what changes by the second. */
export async function publishingScreen({
  dataDir,
  contentDir,
  contentRemote,
}: Folders & { contentRemote: string | undefined }) {
  const isKept = await isContentRepository(contentDir);
  const [releases, failures, planned, kept, remote] = await Promise.all([
    keptReleasesIn(dataDir),
    failedReleases(dataDir),
    plannedChanges(dataDir),
    isKept ? keptVersions(contentDir) : [],
    isKept && contentRemote ? remoteState(contentDir) : undefined,
  ]);
  const name = await namesOf(
    contentDir,
    releases.flatMap(({ saves }) => saves),
    [],
    kept.map((one) => one.path),
  );
  return {
    isKept,
    releases: releases.map(
      (release): ShownRelease => ({ ...release, saves: release.saves.map(name.published) }),
    ),
    failures: failures.map(({ id, at, error }) => ({ id, at, error })),
    planned: planned.filter(isWaiting),
    kept: kept.map((one) => ({ ...one, entry: name.entry({ path: one.path, kind: 'changed' }) })),
    remote: remote && contentRemote ? { ...remote, address: shownRemote(contentRemote) } : undefined,
  };
}

type Names = Awaited<ReturnType<typeof namesOf>>;

/** How entries are called now, or were when they were still there. */
async function namesOf(
  contentDir: string,
  published: readonly PublishedSave[],
  saves: readonly Save[] = [],
  paths: readonly string[] = [],
) {
  const all = [
    ...paths,
    ...published.flatMap((save) => save.paths),
    ...saves.flatMap(({ changes }) => changes.map((change) => change.path)),
  ];
  const own = new Set(all.map((one) => entryOfPath(one)?.entryPath ?? one));
  const titles = new Map<string, string | undefined>();
  for (const file of own)
    titles.set(
      file,
      titleIn(file, await readFile(path.join(contentDir, file), 'utf8').catch(() => undefined)),
    );
  const entry = ({ path: file, kind }: Change): TouchedEntry => {
    const found = entryOfPath(file);
    const ownPath = found?.entryPath ?? file;
    return {
      path: ownPath,
      words: entryWords(ownPath, titles.get(ownPath)),
      kind,
      cmsHref: kind === 'deleted' ? undefined : found?.cmsHref,
      pageHref: kind === 'deleted' ? undefined : found?.pageHref,
    };
  };
  /** One of each entry: its own file says what became of it. */
  const entries = (changes: readonly Change[]): TouchedEntry[] => {
    const byPath = new Map<string, TouchedEntry>();
    for (const change of changes) {
      const made = entry(change);
      const isOwn = change.path === made.path;
      if (isOwn || !byPath.has(made.path)) byPath.set(made.path, isOwn ? made : { ...made, kind: 'changed' });
    }
    return [...byPath.values()];
  };
  return {
    entry,
    save: ({ commit, at, author, message, changes }: Save): ShownSave => ({
      commit,
      at,
      who: author.name,
      message,
      entries: entries(changes),
    }),
    published: ({ commit, at, author, message, paths: files }: PublishedSave): ShownSave => ({
      commit,
      at: new Date(at),
      who: author,
      message,
      entries: entries(files.map((file) => ({ path: file, kind: 'changed' }))),
    }),
  };
}

function shownFailure(failure: FailedRelease, name: Names): ShownFailure {
  return {
    ...failure,
    saves: failure.saves.map(name.published),
    problems: failure.problems.map((problem) => shownProblem(problem, name, failure.saves)),
  };
}

function shownProblem(problem: ContentProblem, name: Names, saves: readonly PublishedSave[]): ShownProblem {
  const { words, cmsHref } = name.entry({ path: problem.file, kind: 'changed' });
  return {
    ...problem,
    words,
    cmsHref,
    fieldLabel: problem.field && fieldWords(problem.file, problem.field),
    who: saves.find(({ paths }) => paths.includes(problem.file))?.author,
  };
}

/** What the content check says of a folder, as people read it. */
export async function shownProblems(contentDir: string, problems: readonly ContentProblem[]) {
  const name = await namesOf(
    contentDir,
    [],
    [],
    problems.map(({ file }) => file),
  );
  return problems.map((problem) => shownProblem(problem, name, []));
}

type Asked = { page: number; limit: number /** Address of who saved. */; who: string | null };

/** A page of the history of all content. `page` counts from 1. Empty where the content has no history. */
export async function historyScreen(contentDir: string, asked: Asked, entryPath?: string) {
  if (!(await isContentRepository(contentDir))) return { saves: [], total: 0, authors: [] };
  const authors = await authorsOf(contentDir);
  const author = authors.find(({ email }) => email === asked.who)?.email;
  const { page, limit } = asked;
  const { saves, total } = await historyOf(contentDir, entryPath, { page, limit, ...(author && { author }) });
  const name = await namesOf(contentDir, [], saves);
  return { saves: saves.map(name.save), total, authors };
}

/** The same of one entry; undefined for a path that is none. */
export async function entryHistoryScreen(contentDir: string, entryPath: string, asked: Asked) {
  if (entryOfPath(entryPath)?.entryPath !== entryPath) return undefined;
  const name = await namesOf(contentDir, [], [], [entryPath]);
  return {
    ...(await historyScreen(contentDir, asked, entryPath)),
    entry: name.entry({ path: entryPath, kind: 'changed' }),
  };
}

/** As many entries of a save are shown with what changed in them; of more, only their names. */
const mostShown = 12;

/**
 * A save, the entries it touched, and what it changed: in the entry that `only` names, else in all of them unless they are too
 * many to read. Undefined where there is no such save, or it did not touch that entry.
 */
export async function saveShown(contentDir: string, commit: string, only: string | null) {
  if (!isCommit(commit) || !(await isContentRepository(contentDir))) return undefined;
  const save = await findSave(contentDir, commit);
  if (!save) return undefined;
  const { entries } = (await namesOf(contentDir, [], [save])).save(save);
  if (only !== null && !entries.some((entry) => entry.path === only)) return undefined;
  const isShort = only !== null || entries.length <= mostShown;
  const files = isShort ? await diffOf(contentDir, commit, only ?? undefined) : [];
  const changes = await shownChanges(contentDir, files, (file, side) =>
    fileHref(commit, file, side === 'before'),
  );
  return { save, entries, changes, only };
}

const isCommit = (text: string) => /^[0-9a-f]{40}$/.test(text);

/** How one entry differs between two versions, or that it came or went. */
export type ShownChange = TouchedEntry & {
  fields: FieldDiff[];
  /** Files beside it: pictures can be looked at, of others only the size is known. */
  files: {
    path: string;
    kind: Change['kind'];
    isPicture: boolean;
    /** Where each version can be seen, and its bytes. */
    before?: { href: string; bytes: number };
    after?: { href: string; bytes: number };
  }[];
};

type Side = 'before' | 'after';
/** Where a file’s version is shown, at a commit. A save’s version before it is asked for by that save. */
const fileHref = (commit: string, file: string, before = false) =>
  `/staff/publishing/file/${commit}/${file.split('/').map(encodeURIComponent).join('/')}${before ? '?before' : ''}`;

/** A planned change, what it holds, and what stands against it; undefined where there is none. */
export async function plannedScreen({ dataDir, contentDir }: Folders, id: string) {
  const change = await findPlannedChange(dataDir, id);
  if (!change) return undefined;
  if (!isWaiting(change)) return { change, changes: [], conflicts: [] };
  const [changes, paths] = await Promise.all([
    changesOfPlanned(contentDir, change),
    plannedConflicts(contentDir, change.id),
  ]);
  const name = await namesOf(contentDir, [], [], paths);
  return { change, changes, conflicts: paths.map((file) => name.entry({ path: file, kind: 'changed' })) };
}

/** What a planned change holds against where it began, entry by entry. */
async function changesOfPlanned(contentDir: string, { id, base }: PlannedChange): Promise<ShownChange[]> {
  const head = await headOf(contentDir, plannedBranch(id));
  if (!head) return [];
  return shownChanges(contentDir, await changesBetween(contentDir, base, head), (file, side) =>
    fileHref(side === 'before' ? base : head, file),
  );
}

/** A kept version beside the one that counts; undefined where there is none. */
export async function keptScreen(contentDir: string, id: string) {
  const kept = (await isContentRepository(contentDir)) ? await findKept(contentDir, id) : undefined;
  return kept && { kept, changes: await keptShown(contentDir, kept) };
}

async function keptShown(contentDir: string, kept: KeptVersion) {
  const changes: FileChange[] = await Promise.all(
    kept.paths.map(async (file) => {
      const [before, after] = await Promise.all([
        fileAt(contentDir, 'main', file),
        fileAt(contentDir, kept.commit, file),
      ]);
      const kind = before === undefined ? 'added' : after === undefined ? 'deleted' : 'changed';
      return { path: file, kind, ...(before && { before }), ...(after && { after }) } as const;
    }),
  );
  const differing = changes.filter(({ before, after }) => !(before && after && before.equals(after)));
  const head = (await headOf(contentDir)) ?? '';
  return shownChanges(contentDir, differing, (file, side) =>
    fileHref(side === 'before' ? head : kept.commit, file),
  );
}

/** The bytes of a picture at a commit, or before it; undefined for anything else. */
export async function pictureAt(contentDir: string, commit: string, file: string, isBefore: boolean) {
  if (!isCommit(commit) || !isPicturePath(file) || !entryOfPath(file)) return undefined;
  if (!isBefore) return fileAt(contentDir, commit, file);
  return (await diffOf(contentDir, commit, file)).find((change) => change.path === file)?.before;
}

async function shownChanges(
  contentDir: string,
  changes: readonly FileChange[],
  hrefOf: (file: string, side: Side) => string,
): Promise<ShownChange[]> {
  const name = await namesOf(
    contentDir,
    [],
    [],
    changes.map((change) => change.path),
  );
  const byEntry = new Map<string, FileChange[]>();
  for (const change of changes) {
    const own = entryOfPath(change.path)?.entryPath ?? change.path;
    byEntry.set(own, [...(byEntry.get(own) ?? []), change]);
  }
  return [...byEntry].map(([own, files]) => {
    const main = files.find((file) => file.path === own);
    const text = (bytes: Buffer | undefined) => bytes?.toString('utf8');
    const title = titleIn(own, text(main?.after) ?? text(main?.before));
    const entry = name.entry({ path: own, kind: main?.kind ?? 'changed' });
    return {
      ...entry,
      words: title === undefined ? entry.words : entryWords(own, title),
      fields: main && isText(own) ? entryDiff(own, text(main.before), text(main.after)) : [],
      files: files
        .filter((file) => !isText(file.path))
        .map(({ path: file, kind, before, after }) => ({
          path: file,
          kind,
          isPicture: isPicturePath(file),
          ...(before && { before: { href: hrefOf(file, 'before'), bytes: before.length } }),
          ...(after && { after: { href: hrefOf(file, 'after'), bytes: after.length } }),
        })),
    };
  });
}

const isText = (file: string) => /\.(?:mdoc|yaml)$/.test(file);
