import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export type ChildOutcome = {
  /** What ended it: its exit code, a signal, our patience, or somebody who wanted something else. */
  ended: 'whole' | 'failed' | 'out-of-memory' | 'too-slow' | 'interrupted' | 'killed';
  /** A sentence where it was not whole. */
  error: string;
};

type ChildTask = {
  order: object;
  longestMs: number;
  signal: AbortSignal;
  /** Hears of each line of JSON; and of every other line it says. */
  onMessage: (message: Record<string, unknown>) => void;
  onLine: (line: string) => void;
};

/** A process that is ready, or about to be, for one task. */
export type ReadyChild = {
  /** What it was started with, to tell whether it still is the right one. */
  readonly key: string;
  /** Whether it can still be given its task. */
  isReady(): boolean;
  /** Gives it its task and resolves when it has ended; never throws. */
  run(task: ChildTask): Promise<ChildOutcome>;
  /** Ends it without a task. */
  end(): void;
};

/**
 * Starts a script of ours in a process group of its own, with `--wait`: it gets ready and takes its task as a line of JSON on
 * its standard input. When time is up or the task’s signal fires, the whole group is killed. Its standard input ends when we
 * end, whatever ends us, which tells it to end as well.
 */
export function startReleaseChild(script: string, args: readonly string[], memoryMb: number): ReadyChild {
  const child = spawn(process.execPath, [`--max-old-space-size=${memoryMb}`, script, '--wait', ...args], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let task: ChildTask | undefined;
  let cut: 'too-slow' | 'interrupted' | undefined;
  let saidMemory = false;
  let timer: NodeJS.Timeout | undefined;
  const early: string[] = []; // what it said before it had a task
  const { promise: ended, resolve } = Promise.withResolvers<ChildOutcome>();

  const hear = (line: string) => {
    if (/heap out of memory|ERR_WORKER_OUT_OF_MEMORY|allocation failed/i.test(line)) saidMemory = true;
    if (!line.trim()) return;
    if (task) task.onLine(line);
    else early.push(line);
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = parsed(line);
    if (message) task?.onMessage(message);
    else hear(line);
  });
  createInterface({ input: child.stderr }).on('line', hear);
  child.stdin.on('error', () => {}); // it ended before us
  child.once('error', (error) =>
    finish({ ended: 'killed', error: `It could not be started: ${error.message}` }),
  );
  child.once('close', (code, signal) => finish(outcomeOf(code, signal)));

  function outcomeOf(code: number | null, signal: NodeJS.Signals | null): ChildOutcome {
    if (cut === 'interrupted') return { ended: 'interrupted', error: 'It was interrupted.' };
    if (cut === 'too-slow') {
      const seconds = Math.round((task?.longestMs ?? 0) / 1000);
      return { ended: 'too-slow', error: `It was not done after ${seconds} seconds and was ended.` };
    }
    if (code === 0) return { ended: 'whole', error: '' };
    if (saidMemory || code === 134 || signal === 'SIGABRT')
      return { ended: 'out-of-memory', error: `It needed more than ${memoryMb} MB of memory.` };
    if (signal) return { ended: 'killed', error: `It was ended by the system (${signal}).` };
    return { ended: 'failed', error: `It ended with an error (${code}).` };
  }

  function finish(outcome: ChildOutcome) {
    clearTimeout(timer);
    task?.signal.removeEventListener('abort', interrupt);
    killGroup(child); // whatever it left behind
    resolve(outcome);
  }
  function cutOff(reason: typeof cut) {
    cut ??= reason;
    killGroup(child);
  }
  function interrupt() {
    cutOff('interrupted');
  }

  return {
    key: [script, ...args].join('\n'),
    isReady: () => task === undefined && child.exitCode === null && child.signalCode === null,
    run(given) {
      task = given;
      for (const line of early) given.onLine(line);
      if (given.signal.aborted) interrupt();
      given.signal.addEventListener('abort', interrupt, { once: true });
      timer = setTimeout(() => cutOff('too-slow'), given.longestMs);
      child.stdin.write(`${JSON.stringify(given.order)}\n`);
      return ended;
    },
    end: interrupt,
  };
}

function killGroup(child: ChildProcess) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // the group is gone
  }
}

function parsed(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
