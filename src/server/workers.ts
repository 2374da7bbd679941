import type { Worker } from 'node:cluster';
import path from 'node:path';
import { log } from '../platform/log.ts';
import type { FromWorker, Moved, ToWorker } from './messages.ts';
import { pauses, startProcess, tellProcess } from './processes.ts';

export type Workers = {
  /** Where the site answers, once it does; or why it cannot. */
  started: Promise<{ url: string } | { problem: string }>;
  /**
   * Lets the site serve another release, one worker after the other: a new one is started, and once it answers, the old one takes
   * nothing new. When one cannot start, all serve the release before again. Moves happen one after the other.
   */
  move(release: string): Promise<Moved>;
  /** What is wrong with the site as a whole, for /readyz. */
  tellTroubles(troubles: string[]): void;
  /** Lets what is under way finish. */
  stop(): Promise<void>;
};

/** A place for one worker, whichever fills it at the moment. */
type Place = {
  worker: Worker | undefined;
  release: string;
  pause: (startedAtMs: number) => number;
  timer?: NodeJS.Timeout | undefined;
};

type Start = { worker: Worker; url: string } | { reason: string };

/** The longest that a worker may take until it answers. */
const longestStartMs = 60_000;
/** New workers that start at the same time during a move: the first answers while the second still loads. */
const mostStarting = 2;
/** Workers that answer their last requests. Beyond, the oldest are ended: somebody may take ten minutes for one film. */
const mostDraining = 16;

/** Keeps `count` processes going that serve `release`. */
export function startWorkers({ release, count }: { release: string; count: number }): Workers {
  const places: Place[] = Array.from({ length: count }, () => ({
    worker: undefined,
    release,
    pause: pauses(),
  }));
  const draining = new Set<Worker>();
  let troubles: string[] = [];
  let isStopping = false;
  let moving: Promise<unknown> = Promise.resolve();

  /** Starts a process that serves `toServe`; it fills no place yet. */
  function start(toServe: string): Promise<Start> {
    const worker = startProcess('worker.ts', [toServe], { WORKERS: String(count) });
    return new Promise((resolve) => {
      const tooLong = setTimeout(() => {
        worker.process.kill('SIGKILL');
        resolve({ reason: 'It did not answer within a minute.' });
      }, longestStartMs);
      const settle = (outcome: Start) => {
        clearTimeout(tooLong);
        resolve(outcome);
      };
      worker.on('message', (message: Partial<FromWorker>) => {
        if (message.worker === 'ready' && message.url) settle({ worker, url: message.url });
        if (message.worker === 'cannot-listen') settle({ reason: message.reason ?? '' });
      });
      worker.once('exit', () => settle({ reason: 'Its server could not start. The log says why.' }));
      tellProcess(worker, { tell: 'troubles', troubles } satisfies ToWorker);
    });
  }

  /** Gives a worker that answers its place, and watches over it. */
  function seat(place: Place, worker: Worker, served: string) {
    const startedAt = performance.now();
    place.worker = worker;
    place.release = served;
    tellProcess(worker, { tell: 'troubles', troubles } satisfies ToWorker);
    worker.on('message', (message: Partial<FromWorker>) => {
      if (message.worker === 'failing' && place.worker === worker) void replace(place);
    });
    worker.once('exit', (code, signal) => {
      if (place.worker !== worker) return;
      place.worker = undefined;
      if (isStopping) return;
      log.error({ code, signal }, 'supervisor.worker-died');
      place.timer = setTimeout(() => void fill(place), place.pause(startedAt));
    });
    if (worker.isDead() && !isStopping && place.worker === worker) {
      place.worker = undefined;
      place.timer = setTimeout(() => void fill(place), place.pause(startedAt));
    }
  }

  /** Fills an empty place, trying again and again. */
  async function fill(place: Place): Promise<Start> {
    const startedAt = performance.now();
    const toServe = place.release;
    const begun = await start(toServe);
    if ('reason' in begun) {
      if (!isStopping) place.timer = setTimeout(() => void fill(place), place.pause(startedAt));
    } else if (isStopping || place.worker || place.release !== toServe) drain(begun.worker, 'quickly');
    else seat(place, begun.worker, toServe);
    return begun;
  }

  /** Lets another worker take the place of one that is not well, and has said so. */
  async function replace(place: Place) {
    const old = place.worker;
    const toServe = place.release;
    const begun = await start(toServe);
    if (place.worker !== old || place.release !== toServe || isStopping) {
      if ('worker' in begun) drain(begun.worker, 'quickly');
      return;
    }
    if ('worker' in begun) seat(place, begun.worker, toServe);
    if (old) drain(old, 'quickly');
  }

  function drain(worker: Worker, how: 'patiently' | 'quickly') {
    draining.add(worker);
    worker.once('exit', () => draining.delete(worker));
    tellProcess(worker, { order: 'drain', how } satisfies ToWorker);
    const [oldest] = draining;
    if (draining.size > mostDraining && oldest) tellProcess(oldest, { order: 'drain', how: 'quickly' });
  }

  async function moveTo(next: string): Promise<Moved> {
    const before = places.map((place) => place.release);
    if (isStopping) return { moved: false, reason: 'The server is stopping.' };
    if (before.every((served) => served === next)) return { moved: true };
    const changed: Place[] = [];
    const upcoming = places.slice(0, mostStarting).map(() => start(next));
    for (const place of places) {
      const begun = await upcoming.shift()!;
      if ('reason' in begun || isStopping) {
        for (const other of [begun, ...upcoming]) void giveUp(other);
        await Promise.all(changed.map((done, at) => moveBack(done, before[at]!)));
        const reason = 'reason' in begun ? begun.reason : 'The server is stopping.';
        log.error({ release: path.basename(next), reason }, 'supervisor.move-undone');
        return { moved: false, reason };
      }
      take(place, begun.worker, next);
      changed.push(place);
      if (changed.length + upcoming.length < places.length) upcoming.push(start(next));
    }
    log.info({ release: path.basename(next) }, 'supervisor.moved');
    return { moved: true };
  }

  /** Lets a worker go that is not needed after all, as soon as it is there. */
  async function giveUp(starting: Start | Promise<Start>) {
    const begun = await starting;
    if ('worker' in begun) drain(begun.worker, 'quickly');
  }

  /** Puts a worker in a place, and lets the one before answer its last requests. */
  function take(place: Place, worker: Worker, served: string) {
    const old = place.worker;
    clearTimeout(place.timer);
    seat(place, worker, served);
    if (old) drain(old, 'patiently');
  }

  async function moveBack(place: Place, release: string) {
    const begun = await start(release);
    if ('worker' in begun && !isStopping) return take(place, begun.worker, release);
    place.release = release; // whatever serves it stays until it can be replaced; a new one serves the right release
    const old = place.worker;
    if (!isStopping && old) drain(old, 'patiently');
  }

  async function begin(): Promise<{ url: string } | { problem: string }> {
    const begun = await Promise.all(places.map(fill));
    const answering = begun.find((outcome) => 'url' in outcome);
    if (answering) return { url: answering.url };
    return { problem: begun.map((outcome) => ('reason' in outcome ? outcome.reason : ''))[0] ?? '' };
  }

  return {
    started: begin(),
    move(next) {
      const moved = moving.then(() => moveTo(next));
      moving = moved.catch(() => {});
      return moved;
    },
    tellTroubles(sentences) {
      troubles = sentences;
      for (const { worker } of places)
        if (worker) tellProcess(worker, { tell: 'troubles', troubles } satisfies ToWorker);
    },
    async stop() {
      isStopping = true;
      const ending = [...places.map(({ worker }) => worker), ...draining].filter(
        (worker) => worker !== undefined,
      );
      for (const { timer } of places) clearTimeout(timer);
      for (const worker of ending) tellProcess(worker, { order: 'drain', how: 'quickly' } satisfies ToWorker);
      await Promise.all(
        ending.map((worker) => worker.isDead() || new Promise((resolve) => worker.once('exit', resolve))),
      );
    },
  };
}
