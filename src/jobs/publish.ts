import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { and, eq } from 'drizzle-orm';
import type { Db } from '#db/client.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { recordAuditEvent } from '../domains/audit/record.ts';
import { savesBetween } from '../domains/content/history.ts';
import { openContentRepository } from '../domains/content/open-repository.ts';
import { machineTrouble } from '../domains/publishing/make-release.ts';
import { quietMs } from '../domains/publishing/model.ts';
import { publishDuePlanned } from '../domains/publishing/planned.ts';
import { openProgressFile } from '../domains/publishing/progress-file.ts';
import {
  type Moved,
  openPublisher,
  type Publisher,
  type PublisherOptions,
  type Target,
} from '../domains/publishing/publisher.ts';
import { holdPublisherLock } from '../domains/publishing/publisher-lock.ts';
import { publishingPaths } from '../domains/publishing/release-folders.ts';
import { forgetRequest, waitingRequests } from '../domains/publishing/requests.ts';
import { env } from '../platform/env.ts';
import { log } from '../platform/log.ts';
import { syncCommunitiesWithContent } from './sync-communities.ts';

export type PublisherJob = {
  /** The database, while it is there. */
  db: () => Db | undefined;
} & Omit<PublisherOptions, 'sync'>;

const lookEveryMs = 200;
const plannedEveryMs = 1000;
const databaseEveryMs = 10_000;
const longestDatabaseMs = 5000;
const longestMoveMs = 180_000;
const firstPauseMs = 2000;
const longestPauseMs = 60_000;

/** What the publisher of this machine works with. */
export function publisherSettings(): Omit<PublisherJob, 'db' | 'move'> {
  const appDir = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
  const script = (name: string) => path.join(appDir, 'src', 'jobs', name);
  return {
    dataDir: env.dataDir,
    contentDir: env.contentDir,
    shippedContentDir: env.shippedContentDir,
    codeDir: path.resolve('dist'),
    appDir,
    siteUrl: env.siteUrl,
    scripts: {
      build: script('build-release.ts'),
      trial: script('try-release.ts'),
      buildMemoryMb: 2048,
      buildLongestMs: 5 * 60_000,
    },
    now: () => new Date(),
  };
}

/**
 * Publishes from now on: each save becomes live, together with those that come within a second, requests of editors are done, planned changes
 * come at their time. What is wrong stands in `progress.json` and is tried again. `stop` ends what is being built, which the
 * next start begins anew, and resolves when nothing is under way.
 */
export function startPublisher(given: { db: () => Db | undefined } & Partial<PublisherJob>): {
  stop(): Promise<void>;
} {
  const job: PublisherJob = { ...publisherSettings(), move: moveSite, ...given };
  const stopping = new AbortController();
  const running = run(job, stopping.signal).catch((error: unknown) =>
    log.fatal({ err: error }, 'publisher.ended'),
  );
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function run(job: PublisherJob, signal: AbortSignal) {
  let pauseMs = firstPauseMs;
  while (!signal.aborted) {
    let lock: { release(): void } | undefined;
    try {
      lock = await holdPublisherLock(job.dataDir);
      if (lock) await publishUntilTrouble(job, signal, () => (pauseMs = firstPauseMs));
      else await tellTrouble(job, 'Another process publishes from this data directory.');
    } catch (error) {
      log.error({ err: error }, 'publisher.failed');
      await tellTrouble(job, machineTrouble(error));
    } finally {
      lock?.release();
    }
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}

/** Publishes until `signal`; throws when the machine does not let it. */
async function publishUntilTrouble(job: PublisherJob, signal: AbortSignal, isWell: () => void) {
  const options: PublisherOptions = { ...job, sync: (folder) => syncWith(job, folder) };
  await openContentRepository(job.contentDir, job.shippedContentDir, job.now());
  const publisher = await openPublisher(options);
  publisher.state.isUnsynced = true; // whatever the database knew when it was last here
  if (publisher.state.live) {
    // The publisher before may have been killed after `current` was moved and before the site was asked.
    const moved = await job.move(publishingPaths(job.dataDir).release(publisher.state.live.release));
    if (!moved.moved) log.error({ reason: moved.reason }, 'release.not-moved-to');
  }
  const due = { planned: everyMs(plannedEveryMs), database: everyMs(databaseEveryMs) };
  const watch = watchHead();
  while (!signal.aborted) {
    await doRequests(job, publisher);
    // Where somebody went back, nothing comes by itself.
    if (due.planned() && !publisher.state.held) await publishPlanned(job);
    if (due.database()) await tellDatabase(job, publisher);
    const wanted = await publisher.target();
    const worked = await publishIfNeeded(job, publisher, wanted, watch(wanted.head), signal);
    isWell();
    if (worked) await tellDatabase(job, publisher);
    else await pause(lookEveryMs, signal);
  }
  await publisher.progress.settled();
  publisher.end();
}

let lastLook = { range: '', found: false };

/** Whether somebody saved something after `commit`: what another branch brought is no reason to undo that somebody went back. */
async function savedSince(contentDir: string, commit: string | null, head: string | null): Promise<boolean> {
  if (!head || commit === head) return false;
  const range = `${commit}..${head}`;
  if (lastLook.range !== range) {
    const saves = await savesBetween(contentDir, commit, head);
    lastLook = { range, found: saves.some(({ isMerge }) => !isMerge) };
  }
  return lastLook.found;
}

/** Whether something was published, or tried to be. */
async function publishIfNeeded(
  job: PublisherJob,
  publisher: Publisher,
  wanted: Target,
  quietForMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  const { state, progress } = publisher;
  const { live, held } = state;
  const { head } = wanted;
  const show = (change: Parameters<typeof progress.show>[0]) =>
    progress.show({ head, failure: null, trouble: null, ...change });
  if (live && live.head === head && live.codeBuild === wanted.codeBuild) {
    show({ state: 'resting' });
    return false;
  }
  if (held && held.codeBuild === wanted.codeBuild && !(await savedSince(job.contentDir, held.commit, head))) {
    show({ state: 'held' });
    return false;
  }
  const failure = publisher.failureOf(wanted);
  if (failure && !retryIsDue(failure.id, failure.attempts, failure.retryAt !== null)) {
    show({ state: 'failed', failure: failure.id });
    return false;
  }
  show({});
  const cause = !live ? 'first' : live.codeBuild === wanted.codeBuild ? 'content' : 'code';
  const watch = watchWhileMaking(job, publisher, wanted, quietForMs, signal);
  try {
    await publisher.publish(wanted, { cause, signal: watch.signal, isStillWanted: watch.isStillWanted });
  } finally {
    watch.end();
  }
  publisher.getReady(wanted);
  return true;
}

/**
 * Ends a release that is being made when somebody asks to go back, or saves within a second of the save that it is for: those
 * are one release. Later saves are the next.
 */
function watchWhileMaking(
  { dataDir }: PublisherJob,
  publisher: Publisher,
  { head }: Target,
  quietForMs: number,
  stopping: AbortSignal,
) {
  const ending = new AbortController();
  const end = () => ending.abort();
  if (stopping.aborted) end();
  stopping.addEventListener('abort', end, { once: true });
  const quietAt = performance.now() + quietMs - quietForMs;
  const hasNewer = async () => (await publisher.target()).head !== head;
  const look = async () => {
    const requests = await waitingRequests(dataDir);
    const isSuperseded = performance.now() < quietAt && (await hasNewer());
    if (isSuperseded || requests.some(({ ask }) => ask === 'roll-back')) end();
  };
  const looking = setInterval(() => void look().catch(() => {}), lookEveryMs);
  return {
    signal: ending.signal,
    async isStillWanted() {
      const leftMs = quietAt - performance.now();
      if (leftMs > 0) await pause(leftMs, ending.signal);
      return !ending.signal.aborted && (leftMs <= 0 || !(await hasNewer()));
    },
    end() {
      clearInterval(looking);
      stopping.removeEventListener('abort', end);
    },
  };
}

const retries = new Map<string, { attempts: number; at: number }>();

/**
 * Whether a failure that may go away by itself is to be tried again. By a clock that does not jump: a failure from before this
 * process began waits as long as a new one.
 */
function retryIsDue(id: string, attempts: number, mayGoAway: boolean): boolean {
  if (!mayGoAway) return false;
  const known = retries.get(id);
  if (known?.attempts === attempts) return performance.now() >= known.at;
  const firstOfProcess = retries.size === 0 && attempts > 0 && performance.now() < 10_000;
  retries.set(id, {
    attempts,
    at: performance.now() + (firstOfProcess ? 0 : Math.min(5_000 * 2 ** attempts, 600_000)),
  });
  return false;
}

/** Does what editors asked for, each request once, in their order. */
async function doRequests(job: PublisherJob, publisher: Publisher) {
  for (const request of await waitingRequests(job.dataDir)) {
    const isDone = publisher.state.doneRequests.includes(request.id);
    if (!isDone) {
      const wanted = await publisher.target().catch(() => undefined);
      if (request.ask === 'roll-back') await publisher.rollBack(request, wanted);
      else if (wanted) await publisher.letGo(wanted, request.id);
      log.info({ request: request.id, ask: request.ask }, 'publishing.asked');
    }
    await forgetRequest(job.dataDir, request.id);
    await tellDatabase(job, publisher);
  }
}

async function publishPlanned({ dataDir, contentDir, now }: PublisherJob) {
  try {
    for (const { id, outcome } of await publishDuePlanned({ dataDir, contentDir, now: now() }))
      log.info({ change: id, outcome }, 'planned-change.due');
  } catch (error) {
    log.error({ err: error }, 'planned-changes.failed'); // saves go live nevertheless
  }
}

/** Tells the database what it has not heard yet. While it is away, later. */
async function tellDatabase(job: PublisherJob, { state, keepState }: Publisher) {
  const db = job.db();
  if (!db || (state.unaudited.length === 0 && !state.isUnsynced)) return;
  try {
    if (state.isUnsynced && state.live) {
      await syncWith(job, publishingPaths(job.dataDir).release(state.live.release));
      state.isUnsynced = false;
      await keepState();
    }
    for (let event = state.unaudited[0]; event; event = state.unaudited[0]) {
      await inTime(recordOnce(db, event));
      state.unaudited.shift();
      await keepState();
    }
  } catch (error) {
    log.warn({ err: error }, 'publishing.database-not-told');
  }
}

/** Records an event of the publisher, unless it was recorded before a crash. */
async function recordOnce(db: Db, event: Publisher['state']['unaudited'][number]) {
  const { action, release, actorId, detail } = event;
  const at = new Date(event.at);
  await db.write(async (tx) => {
    const same = and(
      eq(auditEvents.at, at),
      eq(auditEvents.action, action),
      eq(auditEvents.subjectId, release),
    );
    if ((await tx.$count(auditEvents, same)) > 0) return;
    await recordAuditEvent(tx, { at, actorId, action, subjectType: 'release', subjectId: release, detail });
  });
}

async function syncWith({ db, now }: PublisherJob, folder: string): Promise<void> {
  const there = db();
  if (!there) throw new Error('The database is away.');
  await inTime(syncCommunitiesWithContent({ db: there, now: now() }, path.join(folder, 'content')));
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('The database did not answer in time.')), longestDatabaseMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {}); // too late to matter
  }
}

/** Says how long, in milliseconds, the head has been what it is; a head that is seen for the first time always was. */
function watchHead(): (head: string | null) => number {
  let seen: { head: string | null; at: number } | undefined;
  return (head) => {
    seen ??= { head, at: Number.NEGATIVE_INFINITY };
    if (seen.head !== head) seen = { head, at: performance.now() };
    return performance.now() - seen.at;
  };
}

/** Says true at most once in so many milliseconds. */
function everyMs(ms: number): () => boolean {
  let last = Number.NEGATIVE_INFINITY;
  return () => {
    if (performance.now() - last < ms) return false;
    last = performance.now();
    return true;
  };
}

async function tellTrouble(job: PublisherJob, trouble: string) {
  try {
    const progress = await openProgressFile(job.dataDir, job.now);
    progress.show({ state: 'stuck', trouble });
    await progress.settled();
  } catch (error) {
    log.error({ err: error }, 'publishing.trouble-not-written');
  }
}

async function pause(ms: number, signal: AbortSignal) {
  await sleep(ms, undefined, { signal }).catch(() => {}); // woken by `stop`
}

let questions = 0;

/** Asks the supervisor to let the workers serve a release. Where there is none, whoever looks at `current` next sees it. */
function moveSite(folder: string): Promise<Moved> {
  if (!process.send) return Promise.resolve({ moved: true });
  questions += 1;
  const id = `${process.pid}-${questions}`;
  return new Promise((resolve) => {
    const timer = setTimeout(
      () =>
        finish({
          moved: false,
          reason: `The server did not answer within ${longestMoveMs / 1000} seconds.`,
          isUnsure: true,
        }),
      longestMoveMs,
    );
    function hear(message: unknown) {
      if (isAnswer(message) && message.id === id)
        finish(message.moved ? { moved: true } : { moved: false, reason: message.reason ?? '' });
    }
    function finish(moved: Moved) {
      clearTimeout(timer);
      process.off('message', hear);
      resolve(moved);
    }
    process.on('message', hear);
    process.send?.({ ask: 'move', id, release: folder });
  });
}

type Answer = { answer: 'move'; id: string; moved: boolean; reason?: string };

const isAnswer = (message: unknown): message is Answer =>
  typeof message === 'object' && message !== null && 'answer' in message && message.answer === 'move';
