import { spawn } from 'node:child_process';

/** What `src/jobs/build-release.ts` says when it is done. */
type Done = { pages: number; changed: string[]; removed: string[]; isSame: boolean };

export type ReleaseRun = {
  code: number | null;
  /** Milliseconds from the start of the program to its end. */
  ms: number;
  steps: Record<string, number>;
  problems: { file: string; field?: string; message: string }[];
  done?: Done;
  /** What it said besides. */
  errors: string;
};

/** Makes a release with the code build in the folder `code`, in a process of its own, and tells how it went. */
export function buildRelease(
  options: { content: string; out: string; code: string; previous?: string },
  env: Record<string, string>,
): Promise<ReleaseRun> {
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const { NODE_ENV: _nodeEnv, VITEST: _vitest, NODE_OPTIONS: _options, ...inherited } = process.env;
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(process.execPath, ['src/jobs/build-release.ts', ...args], {
      env: { ...inherited, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (code) => {
      const run: ReleaseRun = { code, ms: performance.now() - started, steps: {}, problems: [], errors };
      for (const line of said.split('\n').filter(Boolean)) {
        const { step, state, ms, problem, done } = JSON.parse(line);
        if (state === 'done') run.steps[step] = ms;
        if (problem) run.problems.push(problem);
        if (done) run.done = done;
      }
      resolve(run);
    });
  });
}
