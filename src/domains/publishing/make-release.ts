import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { contentFingerprint } from '../content/fingerprint.ts';
import { ContentTrouble, type TroubleReason } from '../content/git.ts';
import { checkOut } from '../content/repository.ts';
import type {
  FailureReason,
  PublishedSave,
  Release,
  ReleaseCause,
  ReleaseFault,
  ReleaseStep,
  StepState,
} from './model.ts';
import type { ReleaseBuilders } from './release-builders.ts';
import type { ChildOutcome } from './release-child.ts';
import { publishingPaths, readJson, removeFolder, settleFolder, writeJson } from './release-folders.ts';
import { copyShippedRelease, isRendered } from './shipped-release.ts';

type Problem = { file: string; field?: string; line?: number; message: string };

/** Where a release is made and of what. */
export type ReleaseOrder = {
  dataDir: string;
  contentDir: string;
  /** Content that the application came with: what is taken where there is no commit. */
  shippedContentDir: string;
  /** Folder of the built site, and the id of its code. */
  codeDir: string;
  codeBuild: string;
  /** Origin of the site. */
  siteUrl: string;
  id: string;
  number: number;
  commit: string | null;
  cause: ReleaseCause;
  saves: PublishedSave[];
  /** The release that is live, with which it shares what is the same. */
  previous: Release | undefined;
  signal: AbortSignal;
  /** Resolves once nothing newer can come that would take this release’s place: false when it has. */
  isStillWanted: () => Promise<boolean>;
  now: () => Date;
  /** Programs that build and try a release; and how long the first may take. */
  builders: ReleaseBuilders;
  buildLongestMs: number;
};

export type ReleaseHooks = {
  onStep: (name: ReleaseStep, state: StepState, ms?: number, of?: { done: number; of: number }) => void;
  onLine: (line: string) => void;
};

export type MadeRelease =
  | { made: 'release'; release: Release }
  /** Nothing that people could see is other than in the release before. */
  | { made: 'nothing-new' }
  | { made: 'interrupted' }
  | {
      made: 'failure';
      step: ReleaseStep;
      reason: FailureReason;
      error: string;
      problems: Problem[];
      faults: ReleaseFault[];
    };

const trialLongestMs = 60_000;
const mostPaths = 500;
const mostSaves = 100;

/**
 * Makes a release of a commit: checks it out, builds it, tries it, and gives its folder its name. Until then it is a folder
 * that nobody serves; when anything fails it is removed, and why is the result. Throws the system’s errors (a full disk).
 */
export async function makeRelease(order: ReleaseOrder, hooks: ReleaseHooks): Promise<MadeRelease> {
  const paths = publishingPaths(order.dataDir);
  const folder = paths.building(order.id);
  const content = `${folder}-content`;
  await removeFolder(folder);
  await removeFolder(content);
  await mkdir(paths.releases, { recursive: true });
  let isWhole = false;
  try {
    const made = await make(order, folder, content, hooks);
    if (!(await order.isStillWanted())) return { made: 'interrupted' };
    if (made.made !== 'release') return made;
    await writeJson(path.join(folder, 'release.json'), made.release);
    await settleFolder(folder, paths.release(order.id));
    isWhole = true;
    return made;
  } finally {
    await removeFolder(content).catch(() => {}); // the next start removes it
    if (!isWhole) await removeFolder(folder).catch(() => {});
  }
}

async function make(
  order: ReleaseOrder,
  folder: string,
  content: string,
  hooks: ReleaseHooks,
): Promise<MadeRelease> {
  const began = performance.now();
  const paths = publishingPaths(order.dataDir);
  const steps: Release['steps'] = [];
  const before = order.previous && paths.release(order.previous.id);

  hooks.onStep('check-out', 'begun');
  const checkOutBegan = performance.now();
  if (order.commit) await checkOut(order.contentDir, order.commit, content);
  else await cp(order.shippedContentDir, content, { recursive: true });
  const fingerprint = await contentFingerprint(content);
  if (fingerprint === order.previous?.content && order.previous.codeBuild === order.codeBuild)
    return { made: 'nothing-new' };
  const checkOutMs = Math.round(performance.now() - checkOutBegan);
  steps.push({ name: 'check-out', ms: checkOutMs });
  hooks.onStep('check-out', 'done', checkOutMs);

  const isShipped =
    order.previous?.codeBuild !== order.codeBuild &&
    (await isRendered(order.codeDir, fingerprint, order.siteUrl));
  const built = isShipped
    ? await copyRendered(order, folder, before)
    : await build(order, folder, content, before, hooks, steps);
  if ('made' in built) return built;

  hooks.onStep('try-out', 'begun');
  const trialBegan = performance.now();
  const tried = await tryOut(order, folder, before, built, hooks);
  if (tried) return tried;
  const trialMs = Math.round(performance.now() - trialBegan);
  steps.push({ name: 'try-out', ms: trialMs });
  hooks.onStep('try-out', 'done', trialMs);

  const release: Release = {
    format: 1,
    id: order.id,
    number: order.number,
    commit: order.commit,
    codeBuild: order.codeBuild,
    content: fingerprint,
    cause: order.cause,
    madeAt: order.now().toISOString(),
    tookMs: Math.round(performance.now() - began),
    steps,
    pages: built.pages,
    changed: built.changed.slice(0, mostPaths),
    changedCount: built.changed.length,
    removed: built.removed.slice(0, mostPaths),
    removedCount: built.removed.length,
    saves: order.saves.slice(0, mostSaves),
  };
  return { made: 'release', release };
}

/** What the built site shows, as a release, without rendering it again. */
async function copyRendered(order: ReleaseOrder, folder: string, before: string | undefined): Promise<Built> {
  await copyShippedRelease(order.codeDir, folder);
  const [here, there] = await Promise.all([
    pagesIn(folder),
    before ? pagesIn(before) : new Map<string, string>(),
  ]);
  return {
    pages: here.size,
    changed: [...here.keys()].filter((address) => here.get(address) !== there.get(address)),
    removed: [...there.keys()].filter((address) => !here.has(address)),
  };
}

/** Pages of a release by address, and what tells one version from another. */
async function pagesIn(folder: string): Promise<Map<string, string>> {
  const list = (await readJson<Record<string, { print: string }>>(path.join(folder, 'files.json'))) ?? {};
  return new Map(
    Object.entries(list).flatMap(([file, { print }]) =>
      /^client\/.*\.html$/.test(file)
        ? [[file.slice('client'.length).replace(/\/index\.html$|\.html$/, '') || '/', print] as const]
        : [],
    ),
  );
}

type Built = { pages: number; changed: string[]; removed: string[] };

async function build(
  order: ReleaseOrder,
  folder: string,
  content: string,
  before: string | undefined,
  hooks: ReleaseHooks,
  steps: Release['steps'],
): Promise<Built | Exclude<MadeRelease, { made: 'release' }>> {
  const problems: Problem[] = [];
  let step: ReleaseStep = 'check';
  let done: (Built & { isSame?: boolean }) | undefined;
  let said = '';
  const outcome = await order.builders.takeBuilder(order.codeBuild).run({
    order: { content, out: folder, ...(before && { previous: before }) },
    longestMs: order.buildLongestMs,
    signal: order.signal,
    onLine: (line) => {
      if (/^\w*Error:|^\S.*Error:/.test(line)) said ||= line;
      hooks.onLine(line);
    },
    onMessage: (message) => {
      if (isStep(message)) {
        step = message.step;
        hooks.onStep(
          step,
          message.state,
          message.ms,
          message.of ? { done: message.done ?? 0, of: message.of } : undefined,
        );
        if (message.state === 'done') steps.push({ name: step, ms: Math.round(message.ms ?? 0) });
      } else if (isProblem(message)) problems.push(message.problem);
      else if (isDone(message)) done = message.done;
    },
  });
  if (outcome.ended === 'interrupted') return { made: 'interrupted' };
  if (outcome.ended === 'whole' && done)
    return done.isSame
      ? { made: 'nothing-new' }
      : { pages: done.pages, changed: done.changed, removed: done.removed };
  const failure = { made: 'failure' as const, step: step as ReleaseStep, problems, faults: [] };
  if (problems.length > 0)
    return {
      ...failure,
      step: 'check',
      reason: 'content',
      error: `The content has ${counted(problems.length, 'problem')} that must be mended first.`,
    };
  const what = `The build stopped at “${step}”. ${outcome.ended === 'whole' ? 'It did not say that it is whole.' : outcome.error}`;
  return {
    ...failure,
    reason: machineFault(outcome) ? 'machine' : 'code',
    error: said ? `${what} ${said}` : what,
  };
}

/** A release that was tried and may go live: undefined. Otherwise what is wrong with it. */
async function tryOut(
  order: ReleaseOrder,
  folder: string,
  before: string | undefined,
  { changed, removed }: Built,
  hooks: ReleaseHooks,
): Promise<Exclude<MadeRelease, { made: 'release' }> | undefined> {
  const faults: ReleaseFault[] = [];
  let isTried = false;
  const outcome = await order.builders.takeTrier().run({
    order: { folder, changed, removed, previous: before ?? null },
    longestMs: trialLongestMs,
    signal: order.signal,
    onLine: hooks.onLine,
    onMessage: (message) => {
      if (Array.isArray(message['faults'])) {
        isTried = true;
        faults.push(...(message['faults'] as ReleaseFault[]));
      }
    },
  });
  if (outcome.ended === 'interrupted') return { made: 'interrupted' };
  const failure = { made: 'failure' as const, step: 'try-out' as const, problems: [], faults };
  if (faults.length > 0)
    return {
      ...failure,
      reason: 'tried',
      error: `The new release was tried and ${counted(faults.length, 'thing')} went wrong, so it was not published.`,
    };
  if (outcome.ended === 'whole' && isTried) return undefined;
  const error = `The new release could not be tried. ${outcome.error}`;
  return { ...failure, reason: machineFault(outcome) ? 'machine' : 'code', error };
}

/** Whether trying again later may help although nothing changed. */
const machineFault = ({ ended }: ChildOutcome) => ended !== 'failed' && ended !== 'whole';

/** There is nothing to publish with. */
export class NoBuiltSite extends Error {
  constructor() {
    super('There is no built site to publish with: npm run build makes it.');
    this.name = 'NoBuiltSite';
  }
}

const diskFull = 'The server’s disk is full.';
const readOnly = 'The server may not write into its data directory.';

/** What an editor who saves is told is other than what one is told whose save is there and not live. */
const contentTroubles: Partial<Record<TroubleReason, string>> = {
  'no-git': 'Git is not installed on the server, and without it nothing can be published.',
  'disk-full': diskFull,
  'read-only': readOnly,
  busy: 'The content is busy with another change.',
  damaged: 'The history of the content cannot be read.',
};

/** Why an error that was thrown while releasing is the machine’s, as a sentence. */
export function machineTrouble(error: unknown): string {
  if (error instanceof ContentTrouble) return contentTroubles[error.reason] ?? error.message;
  if (error instanceof NoBuiltSite) return error.message;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return diskFull;
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return readOnly;
    case 'EMFILE':
    case 'ENFILE':
      return 'The server has too many files open.';
    default:
      return 'Something went wrong on the server; its log says what.';
  }
}

const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;

type StepMessage = {
  step: ReleaseStep;
  state: 'begun' | 'done';
  ms?: number;
  done?: number;
  of?: number;
};

const isStep = (message: object): message is StepMessage =>
  'step' in message &&
  'state' in message &&
  ['check', 'render', 'index', 'compress'].includes(String(message.step));
const isProblem = (message: object): message is { problem: Problem } => 'problem' in message;
const isDone = (message: object): message is { done: Built & { isSame?: boolean } } =>
  'done' in message && typeof message.done === 'object' && !('step' in message);
