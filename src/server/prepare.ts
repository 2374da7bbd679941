import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { log } from '../platform/log.ts';

export type Prepared =
  /** Folder of the release to serve, and what is wrong all the same, as sentences. */
  | { release: string; troubles: string[]; isWhole: boolean }
  /** There is nothing to serve. */
  | { problem: string };

/**
 * What has to happen before this code serves anything: the database is brought up to date, and there is a release. Both happen in
 * processes of their own, which are gone afterwards. When the database cannot be brought up to date, or no newer release be made,
 * the release that was served last is served on: it works with the database as it was.
 */
export async function prepare(dataDir: string): Promise<Prepared> {
  const migrating = await runScript(['db/migrate.ts']);
  const current = currentFolder(dataDir);
  const notMigrated =
    'The database could not be brought up to date: it does not answer, or a migration failed; the log says which. It is tried again each minute.';
  if (migrating.code !== 0 && current) return { release: current, troubles: [notMigrated], isWhole: false };
  const preparing = await runScript(['src/jobs/prepare-release.ts']);
  const said = lastJson(preparing.output);
  if (preparing.code === 0 && said?.release)
    return {
      release: said.release,
      troubles: migrating.code === 0 ? [] : [notMigrated],
      isWhole: migrating.code === 0,
    };
  const problem = said?.problem ?? 'The release could not be prepared. The log says why.';
  return current ? { release: current, troubles: [problem], isWhole: migrating.code === 0 } : { problem };
}

/** The folder that `current` leads to; undefined where it leads nowhere. */
export function currentFolder(dataDir: string): string | undefined {
  const link = path.join(dataDir, 'releases', 'current');
  return existsSync(path.join(link, 'server', 'entry.mjs')) ? realpathSync(link) : undefined;
}

/** Runs a script of ours to its end. What it says on stderr goes on; what it prints is returned. */
function runScript(args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.once('error', (error) => {
      log.error({ err: error }, 'supervisor.cannot-run');
      resolve({ code: 1, output });
    });
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

function lastJson(output: string): { release?: string; problem?: string } | undefined {
  try {
    return JSON.parse(output.trim().split('\n').at(-1) ?? '');
  } catch {
    return undefined;
  }
}
