import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** Origin of the site under test. */
    siteUrl: string;
    /** Folder of its build, with `client` and `server`. */
    siteDir: string;
  }
}

const siteDir = path.resolve('.data/test/site');
/** What vitest.config.ts tells the tests as well: they seal and open like the site. */
export const appSecret = 'only for tests, and long enough for one';
/** Builds of the same content are the same. */
const astroKey = Buffer.alloc(32, 'only for tests').toString('base64');
/** Database, mails and pictures of the site under test: the same folder that vitest.config.ts names to the tests. */
const dataDir = path.resolve('.data/test/portal');

/** Builds the site once for all browser tests and serves it on a free port. */
export default async function setup(project: TestProject) {
  await runNode(['src/jobs/build-site.ts', '--out', siteDir, '--cache', '.data/test/cache']);
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(dataDir, { recursive: true });
  const server = await serveSite(siteDir);
  project.provide('siteUrl', server.url);
  project.provide('siteDir', siteDir);
  return () => server.stop();
}

/** Serves a build with the database that the tests look into. */
export function serveSite(dist: string, env: Record<string, string> = {}): Promise<RunningServer> {
  return startServer(['tests/serve-site.ts', dist], { DATA_DIR: dataDir, APP_SECRET: appSecret, ...env });
}

/** Runs a script to its end; rejects with its output when it fails. */
export function runNode(args: string[], env: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env: childEnv(env) });
    const output = collect(child);
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(output());
      else reject(new Error(`${args.join(' ')} ended with ${code}:\n${output()}`));
    });
  });
}

export type RunningServer = {
  url: string;
  pid: number;
  /** What it has printed so far. */
  said(): string;
  stop(): Promise<void>;
  /** Ends it as a power cut does: nothing is finished, nothing said. */
  kill(): Promise<void>;
};

/** Starts a script that prints `ready <url>`, in the folder `cwd`. */
export function startServer(
  args: string[],
  env: Record<string, string> = {},
  cwd = '.',
): Promise<RunningServer> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env: childEnv(env), cwd });
    const output = collect(child);
    const ended = new Promise<void>((done) => child.once('close', () => done()));
    child.stdout?.on('data', () => {
      const url = /^ready (\S+)$/m.exec(output())?.[1];
      const end = (signal: NodeJS.Signals) => {
        child.kill(signal);
        return ended;
      };
      if (url)
        resolve({
          url,
          pid: child.pid ?? 0,
          said: output,
          stop: () => end('SIGTERM'),
          kill: () => end('SIGKILL'),
        });
    });
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`${args.join(' ')} ended with ${code}:\n${output()}`)));
  });
}

/** The variables of this process without those that a test runner sets for itself. */
function childEnv(extra: Record<string, string>): NodeJS.ProcessEnv {
  const { NODE_ENV: _nodeEnv, VITEST: _vitest, NODE_OPTIONS: _options, ...env } = process.env;
  return { ASTRO_KEY: astroKey, ...env, ...extra };
}

function collect(child: ChildProcess): () => string {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  return () => output;
}
