import type { Worker } from 'node:cluster';
import { log } from '../platform/log.ts';
import type { FromJobRunner, Moved, ToJobRunner } from './messages.ts';
import { pauses, startProcess, tellProcess } from './processes.ts';

export type JobRunner = { stop(): Promise<void> };

/** Keeps the one process going that runs the jobs and publishes, and does what it asks for. */
export function startJobRunner({ move }: { move: (release: string) => Promise<Moved> }): JobRunner {
  const pause = pauses();
  let running: Worker | undefined;
  let isStopping = false;
  let timer: NodeJS.Timeout | undefined;
  const { promise: stopped, resolve: nothingRuns } = Promise.withResolvers<void>();
  begin();

  function begin() {
    const startedAt = performance.now();
    const mine = startProcess('job-runner.ts', [], {});
    running = mine;
    mine.on('message', (message: Partial<FromJobRunner>) => {
      if (message.ask === 'move') void answer(mine, message as FromJobRunner);
    });
    mine.once('exit', (code, signal) => {
      running = undefined;
      if (isStopping) return nothingRuns();
      log.error({ code, signal }, 'supervisor.job-runner-died');
      timer = setTimeout(begin, pause(startedAt));
    });
  }

  async function answer(to: Worker, { id, release }: FromJobRunner) {
    const moved = await move(release);
    tellProcess(to, { answer: 'move', id, ...moved } satisfies ToJobRunner);
  }

  return {
    async stop() {
      isStopping = true;
      clearTimeout(timer);
      if (!running) return;
      tellProcess(running, { order: 'drain' });
      await stopped;
    },
  };
}
