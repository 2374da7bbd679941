import cluster, { type Worker } from 'node:cluster';
import path from 'node:path';
import { log } from '../platform/log.ts';

// Each worker takes connections from the one socket by itself. In turns, which is the default, each connection waits until a
// busy worker has said that it took the one before: of 64 that come at once, the last waits a second.
cluster.schedulingPolicy = cluster.SCHED_NONE;

/** Starts a process of ours. It ends by itself should the supervisor be killed: `node:cluster` sees to that. */
export function startProcess(file: string, args: string[], variables: Record<string, string>): Worker {
  cluster.setupPrimary({ exec: path.join(import.meta.dirname, file), args });
  const started = cluster.fork(variables);
  started.on('error', (error) => log.error({ err: error, file }, 'supervisor.cannot-start'));
  return started;
}

/** Sends a message to a process that may be gone by now. */
export function tellProcess(to: Worker, message: object): void {
  if (to.isConnected()) to.send(message, () => {});
}

const firstPauseMs = 100;
const longestPauseMs = 10_000;
const longEnoughMs = 10_000;

/**
 * How long to wait before starting again what died: not at all when it had run for a while, then ever longer, up to ten seconds,
 * so that what cannot run does not keep the machine busy.
 */
export function pauses(clock: () => number = () => performance.now()) {
  let failures = 0;
  return (startedAtMs: number): number => {
    failures = clock() - startedAtMs > longEnoughMs ? 0 : failures + 1;
    return failures === 0 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1));
  };
}
