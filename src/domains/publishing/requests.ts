import { rm } from 'node:fs/promises';
import path from 'node:path';
import { newId } from '../../platform/ids.ts';
import type { Asker, PublishRequest } from './model.ts';
import { publishingPaths, readJsonFolder, writeJson } from './release-folders.ts';
import { findRelease } from './releases.ts';

/** What can be asked for: the newest content now, another try of what failed, or an earlier release. */
export type Asked = { ask: 'publish-now' } | { ask: 'retry' } | { ask: 'roll-back'; release: string };

/**
 * Leaves a request for the publisher, which does it within a second, once. Refused when the release to go back to is not
 * kept any more. Throws the system’s error when the disk takes no file.
 */
export async function askPublisher(
  { dataDir, now }: { dataDir: string; now: Date },
  by: Asker,
  asked: Asked,
): Promise<'asked' | 'no-such-release'> {
  if (asked.ask === 'roll-back' && !(await findRelease(dataDir, asked.release))) return 'no-such-release';
  const id = newId('req', now);
  const request: PublishRequest = { format: 1, id, at: now.toISOString(), by, ...asked };
  await writeJson(path.join(publishingPaths(dataDir).requests, `${id}.json`), request);
  return 'asked';
}

/** Requests that wait, in the order they were made. */
export function waitingRequests(dataDir: string): Promise<PublishRequest[]> {
  return readJsonFolder<PublishRequest>(publishingPaths(dataDir).requests);
}

/** Forgets a request that was done. */
export async function forgetRequest(dataDir: string, id: string): Promise<void> {
  await rm(path.join(publishingPaths(dataDir).requests, `${id}.json`), { force: true });
}
