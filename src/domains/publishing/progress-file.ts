import { log } from '../../platform/log.ts';
import type { Progress, ReleaseStep, Run, StepState } from './model.ts';
import { publishingPaths, readJson, writeJson } from './release-folders.ts';

const mostLines = 60;
const linePauseMs = 300;

export type ProgressFile = {
  readonly current: Progress;
  /** Shows what is true now. What cannot be written is in the log, and written with the next change. */
  show(change: Partial<Omit<Progress, 'format' | 'revision' | 'pid' | 'writtenAt'>>): void;
  showStep(name: ReleaseStep, state: StepState, ms?: number, of?: { done: number; of: number }): void;
  showLine(line: string): void;
  /** Resolves once everything shown so far is on disk, or was tried. */
  settled(): Promise<void>;
};

/** Keeps `progress.json` true to what this process does. */
export async function openProgressFile(dataDir: string, now: () => Date): Promise<ProgressFile> {
  const file = publishingPaths(dataDir).progress;
  const before = await readJson<Progress>(file);
  let current: Progress = {
    format: 1,
    revision: (before?.revision ?? 0) + 1,
    state: 'resting',
    writtenAt: now().toISOString(),
    pid: process.pid,
    head: before?.head ?? null,
    run: null,
    failure: null,
    trouble: null,
  };
  let writing: Promise<void> = Promise.resolve();
  let isDue = false;
  let timer: NodeJS.Timeout | undefined;

  function write() {
    clearTimeout(timer);
    timer = undefined;
    if (isDue) return; // the write that waits takes this along
    isDue = true;
    writing = writing.then(async () => {
      isDue = false;
      try {
        await writeJson(file, current);
      } catch (error) {
        log.warn({ err: error }, 'publishing.progress-not-written');
      }
    });
  }

  function change(changes: Partial<Progress>) {
    current = { ...current, ...changes, revision: current.revision + 1, writtenAt: now().toISOString() };
  }

  function changeRun(changes: (run: Run) => Partial<Run>) {
    if (current.run) change({ run: { ...current.run, ...changes(current.run) } });
  }

  write(); // what a process before us did is over
  return {
    get current() {
      return current;
    },
    show(changes) {
      const isNew = Object.entries(changes).some(
        ([name, value]) => value !== current[name as keyof Progress],
      );
      if (!isNew) return;
      change(changes);
      write();
    },
    showStep(name, state, ms, of) {
      changeRun(({ steps }) => ({
        steps: steps.map((step) =>
          step.name === name ? { name, state, ms: ms ?? null, ...(state === 'begun' && of ? of : {}) } : step,
        ),
      }));
      write();
    },
    showLine(line) {
      changeRun((run) => ({ log: [...run.log, line.slice(0, 500)].slice(-mostLines) }));
      timer ??= setTimeout(write, linePauseMs);
    },
    async settled() {
      if (timer) write();
      await writing;
    },
  };
}
