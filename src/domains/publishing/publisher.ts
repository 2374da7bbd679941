import { log } from '../../platform/log.ts';
import { contentFingerprint } from '../content/fingerprint.ts';
import { savesBetween } from '../content/history.ts';
import { checkOut, headOf } from '../content/repository.ts';
import {
  forgetFailure,
  keepFailure,
  keepLiveState,
  recordMove,
  recordRequest,
  recoverLiveState,
  removeOldReleases,
} from './live-state.ts';
import {
  type MadeRelease,
  machineTrouble,
  makeRelease,
  NoBuiltSite,
  type ReleaseOrder,
} from './make-release.ts';
import {
  type Asker,
  type FailedRelease,
  type LiveState,
  type PublishedSave,
  type PublishRequest,
  type Release,
  type ReleaseCause,
  type Run,
  releaseSteps,
} from './model.ts';
import { openProgressFile, type ProgressFile } from './progress-file.ts';
import { type ReleaseScripts, releaseBuilders } from './release-builders.ts';
import { linkModules, pointCurrentTo, publishingPaths, removeFolder } from './release-folders.ts';
import { failedReleases, findRelease, keptReleasesIn, liveRelease } from './releases.ts';
import { builtCode, isRendered } from './shipped-release.ts';

/** `isUnsure`: the site did not say where it is, so it is told to go back. */
export type Moved = { moved: true } | { moved: false; reason: string; isUnsure?: boolean };

export type PublisherOptions = {
  dataDir: string;
  contentDir: string;
  /** Folder of the built site, and of the application with its packages. */
  codeDir: string;
  appDir: string;
  /** Origin of the site. */
  siteUrl: string;
  /** Content that this version of the application came with. */
  shippedContentDir: string;
  scripts: ReleaseScripts;
  now: () => Date;
  /** Brings what else knows of the content up to date with a release’s folder. When it throws, it is tried again later. */
  sync: (folder: string) => Promise<void>;
  /** Lets the site serve a release’s folder, to which `current` points already. */
  move: (folder: string) => Promise<Moved>;
};

/** What the site should show: the newest content, with the code at hand. */
export type Target = { head: string | null; codeBuild: string };

/** Why a release is made, and what ends that. See `ReleaseOrder`. */
type PublishOrder = { cause: ReleaseCause } & Pick<ReleaseOrder, 'signal' | 'isStillWanted'>;

type Outcome = 'live' | 'unchanged' | 'interrupted' | 'failed';

export type Publisher = {
  readonly state: LiveState;
  readonly progress: ProgressFile;
  /** Content and code as they are on disk now. Throws NoBuiltSite. */
  target(): Promise<Target>;
  /** Whether `target` is what the built site already shows, so that nothing has to be rendered. */
  isQuick(target: Target): Promise<boolean>;
  /** The failure that keeps `target` from being live; undefined when nothing does. */
  failureOf(target: Target): FailedRelease | undefined;
  /** Another release may soon be asked for. */
  getReady(target: Target): void;
  /** Makes a release of `target`, or takes the one that is kept, and lets the site serve it. */
  publish(target: Target, order: PublishOrder): Promise<Outcome>;
  rollBack(request: PublishRequest & { ask: 'roll-back' }, target: Target | undefined): Promise<Outcome>;
  /** Forgets what keeps `target` from being published: a failure, or that somebody went back. */
  letGo(target: Target, requestId: string): Promise<void>;
  keepState(): Promise<void>;
  /** Ends what was got ready. */
  end(): void;
};

/**
 * Finishes or discards what a crash left, and returns what publishes from then on. The caller holds the publisher’s lock and
 * calls one thing at a time.
 */
export async function openPublisher(options: PublisherOptions): Promise<Publisher> {
  const { dataDir, contentDir, codeDir, now } = options;
  const paths = publishingPaths(dataDir);
  await linkModules(dataDir, options.appDir);
  const state = await recoverLiveState(dataDir, now());
  const progress = await openProgressFile(dataDir, now);
  const failures = new Map(
    (await failedReleases(dataDir)).reverse().map((failure) => [keyOf(failure), failure]),
  );
  const builders = releaseBuilders(options.scripts, codeDir);
  const keepState = () => keepLiveState(dataDir, state);

  async function target(): Promise<Target> {
    const codeBuild = await builtCode(codeDir, options.siteUrl);
    if (!codeBuild) throw new NoBuiltSite();
    return { head: (await headOf(contentDir)) ?? null, codeBuild };
  }

  async function isQuick({ head }: Target): Promise<boolean> {
    const folder = `${paths.building('look')}-content`;
    try {
      if (head) await checkOut(contentDir, head, folder);
      const fingerprint = await contentFingerprint(head ? folder : options.shippedContentDir);
      return await isRendered(codeDir, fingerprint, options.siteUrl);
    } finally {
      await removeFolder(folder);
    }
  }

  async function publish(wanted: Target, { cause, signal, isStillWanted }: PublishOrder): Promise<Outcome> {
    const previous = await liveRelease(dataDir);
    const kept = (await keptReleasesIn(dataDir)).find(
      ({ id, commit, codeBuild }) =>
        id !== previous?.id && commit === wanted.head && codeBuild === wanted.codeBuild,
    );
    if (kept) {
      if (!(await isStillWanted())) return 'interrupted';
      return goLive(
        kept,
        'published',
        null,
        beginRun(cause, kept.id, kept.commit, kept.saves, null, ['sync', 'move']),
      );
    }
    const earlier = failures.get(keyOf({ commit: wanted.head, codeBuild: wanted.codeBuild }));
    const number = earlier?.number ?? state.lastNumber + 1;
    const id = `${String(number).padStart(6, '0')}-${(wanted.head ?? 'shipped').slice(0, 12)}`;
    state.lastNumber = Math.max(number, state.lastNumber);
    await keepState();
    const saves = await newSaves(previous, wanted.head);
    const run = beginRun(cause, id, wanted.head, saves, null, releaseSteps);
    let made: MadeRelease;
    try {
      made = await makeRelease(
        {
          ...options,
          builders,
          buildLongestMs: options.scripts.buildLongestMs,
          codeBuild: wanted.codeBuild,
          id,
          number,
          commit: wanted.head,
          cause,
          saves,
          previous,
          signal,
          isStillWanted,
        },
        { onStep: progress.showStep, onLine: progress.showLine },
      );
    } catch (error) {
      log.error({ err: error, release: id }, 'release.not-made');
      made = {
        made: 'failure',
        step: stepOf(progress),
        reason: 'machine',
        error: machineTrouble(error),
        problems: [],
        faults: [],
      };
    }
    if (made.made === 'release') return goLive(made.release, 'published', null, run);
    if (made.made === 'nothing-new' && previous) {
      recordUnchanged(wanted, previous);
      await keepState();
      endRun();
      return 'unchanged';
    }
    if (made.made === 'failure') {
      await fail(run, number, wanted, cause, made);
      return 'failed';
    }
    if (!earlier) state.lastNumber = number - 1; // nobody has seen it
    await keepState();
    endRun();
    return 'interrupted';
  }

  async function rollBack(
    request: PublishRequest & { ask: 'roll-back' },
    wanted: Target | undefined,
  ): Promise<Outcome> {
    const release = await findRelease(dataDir, request.release);
    const isThere = release && release.id !== state.live?.release;
    if (!isThere) {
      recordRequest(state, request.id);
      await keepState();
      return 'unchanged';
    }
    const run = beginRun('roll-back', release.id, release.commit, [], request.by, ['sync', 'move']);
    return goLive(release, 'rolled-back', request.by, run, () => {
      recordRequest(state, request.id);
      if (state.moving) state.moving.request = request.id;
      state.held = wanted
        ? { commit: wanted.head, codeBuild: wanted.codeBuild, at: now().toISOString(), by: request.by }
        : null;
    });
  }

  /**
   * Moves the site to a whole release. Until `current` points to it, a crash leaves everything as it was; from then on the
   * move has happened, unless the site says it cannot, and then `current` points back.
   */
  async function goLive(
    release: Release,
    how: 'published' | 'rolled-back',
    by: Asker | null,
    run: Run,
    andKeep: () => void = () => {},
  ): Promise<Outcome> {
    const folder = paths.release(release.id);
    const from = await liveRelease(dataDir);
    const { id, number, commit, codeBuild } = release;
    state.moving = { release: id, number, commit, how, by, from: from?.id ?? null };
    andKeep();
    await keepState();
    await syncWith(folder);
    progress.showStep('move', 'begun');
    const began = performance.now();
    let moved: Moved;
    try {
      await pointCurrentTo(dataDir, id);
      moved = await options.move(folder);
    } catch (error) {
      log.error({ err: error, release: id }, 'release.not-moved-to');
      moved = { moved: false, reason: machineTrouble(error) };
    }
    if (!moved.moved) {
      if (from) {
        await pointCurrentTo(dataDir, from.id);
        if (moved.isUnsure) await options.move(paths.release(from.id));
        await syncWith(paths.release(from.id));
      }
      recordMove(state, release, { how: 'undone', by, at: now() });
      if (how === 'rolled-back') state.held = null;
      await keepState();
      const error = `The site could not move to the release, and stays at the one before. ${moved.reason}`;
      const failure = { step: 'move' as const, reason: 'machine' as const, error, problems: [], faults: [] };
      await fail(run, number, { head: commit, codeBuild }, run.kind, failure);
      return 'failed';
    }
    progress.showStep('move', 'done', Math.round(performance.now() - began));
    recordMove(state, release, { how, by, at: now() });
    if (how === 'published') state.held = null;
    await keepState();
    failures.delete(keyOf(release));
    await forgetFailure(dataDir, id);
    endRun();
    log.info({ release: id, how, tookMs: release.tookMs }, 'release.live');
    await removeOldReleases(dataDir, from ? [from.id] : []).catch((error: unknown) =>
      log.warn({ err: error }, 'releases.not-removed'),
    );
    return 'live';
  }

  async function syncWith(folder: string) {
    const began = performance.now();
    progress.showStep('sync', 'begun');
    try {
      await options.sync(folder);
      state.isUnsynced = false;
    } catch (error) {
      log.warn({ err: error }, 'release.not-synced');
      state.isUnsynced = true;
    }
    progress.showStep('sync', 'done', Math.round(performance.now() - began));
  }

  function recordUnchanged({ head, codeBuild }: Target, { id, number }: Release) {
    const at = now().toISOString();
    state.moves = [
      { release: id, number, commit: head, at, how: 'unchanged' as const, by: null },
      ...state.moves,
    ].slice(0, 100);
    if (state.live) state.live = { ...state.live, head, codeBuild };
    state.held = null;
  }

  async function newSaves(previous: Release | undefined, head: string | null): Promise<PublishedSave[]> {
    if (!head) return [];
    const from = state.live?.head ?? previous?.commit ?? null;
    if (!from || from === head) return [];
    try {
      const saves = await savesBetween(contentDir, from, head);
      return saves.slice(0, 100).map(({ commit, author, at, message, changes }) => ({
        commit,
        author: author.name,
        at: at.toISOString(),
        message,
        paths: changes.map((change) => change.path),
      }));
    } catch (error) {
      log.warn({ err: error }, 'release.saves-unknown'); // a release is worth more than the list of what it brings
      return [];
    }
  }

  function beginRun(
    kind: Run['kind'],
    release: string,
    commit: string | null,
    saves: PublishedSave[],
    by: Asker | null,
    steps: readonly Run['steps'][number]['name'][],
  ): Run {
    const startedAt = now().toISOString();
    const waiting = steps.map((name) => ({ name, state: 'waiting' as const, ms: null }));
    const run: Run = { id: release, kind, release, commit, startedAt, saves, by, steps: waiting, log: [] };
    progress.show({ state: 'working', run, failure: null, trouble: null });
    return run;
  }

  function endRun() {
    progress.show({ run: null, state: 'resting' });
  }

  async function fail(
    run: Run,
    number: number,
    wanted: Target,
    cause: FailedRelease['cause'],
    {
      step,
      reason,
      error,
      problems,
      faults,
    }: Pick<FailedRelease, 'step' | 'reason' | 'error' | 'problems' | 'faults'>,
  ) {
    const key = keyOf({ commit: wanted.head, codeBuild: wanted.codeBuild });
    const attempts = (failures.get(key)?.attempts ?? 0) + 1;
    const waitMs = reason === 'machine' ? Math.min(5_000 * 2 ** attempts, 600_000) : undefined;
    const at = now();
    const failure: FailedRelease = {
      format: 1,
      id: run.release,
      number,
      commit: wanted.head,
      codeBuild: wanted.codeBuild,
      cause,
      startedAt: run.startedAt,
      at: at.toISOString(),
      step,
      reason,
      error,
      problems,
      faults,
      log: progress.current.run?.log ?? [],
      saves: run.saves,
      attempts,
      retryAt: waitMs === undefined ? null : new Date(at.getTime() + waitMs).toISOString(),
    };
    failures.set(key, failure);
    log.warn({ release: run.release, step, reason, attempts }, 'release.failed');
    progress.showStep(step, 'failed');
    if (attempts === 1)
      state.unaudited.push({
        at: failure.at,
        actorId: run.by?.id ?? null,
        action: 'site.publish-failed',
        release: run.release,
        detail: { commit: wanted.head, step, reason, problems: problems.length },
      });
    await keepFailure(dataDir, failure);
    await keepState();
    progress.show({ run: null, state: 'failed', failure: failure.id });
  }

  return {
    state,
    progress,
    target,
    isQuick,
    getReady: ({ codeBuild }) => builders.getReady(codeBuild),
    end: builders.end,
    publish,
    rollBack,
    keepState,
    failureOf: ({ head, codeBuild }) => failures.get(keyOf({ commit: head, codeBuild })),
    async letGo({ head, codeBuild }, requestId) {
      const key = keyOf({ commit: head, codeBuild });
      const failure = failures.get(key);
      failures.delete(key);
      state.held = null;
      recordRequest(state, requestId);
      await keepState();
      if (failure) await forgetFailure(dataDir, failure.id);
    },
  };
}

const keyOf = ({ commit, codeBuild }: { commit: string | null; codeBuild: string }) =>
  `${commit} ${codeBuild}`;

const stepOf = ({ current }: ProgressFile) =>
  current.run?.steps.find(({ state }) => state === 'begun')?.name ?? 'check-out';
