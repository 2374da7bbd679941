import path from 'node:path';
import type { FailedRelease, LiveState, Release } from './model.ts';
import {
  currentRelease,
  isReleaseId,
  namesIn,
  publishingPaths,
  readJson,
  readJsonFolder,
} from './release-folders.ts';

/** A release that is kept, and whether the site serves it. */
export type KeptRelease = Release & { isLive: boolean };

/** The releases that are kept, newest first. */
export async function keptReleasesIn(dataDir: string): Promise<KeptRelease[]> {
  const { releases } = publishingPaths(dataDir);
  const [names, live] = await Promise.all([namesIn(releases), currentRelease(dataDir)]);
  const read = await Promise.all(names.filter(isReleaseId).map((id) => findRelease(dataDir, id)));
  return read
    .filter((release) => release !== undefined)
    .map((release) => ({ ...release, isLive: release.id === live }))
    .sort((a, b) => b.number - a.number);
}

/** A release that is whole; undefined where there is none of this id. */
export async function findRelease(dataDir: string, id: string): Promise<Release | undefined> {
  if (!isReleaseId(id)) return undefined;
  const release = await readJson<Release>(path.join(publishingPaths(dataDir).release(id), 'release.json'));
  return release?.format === 1 && release.id === id ? release : undefined;
}

/** The release that the site serves; undefined before the first. */
export async function liveRelease(dataDir: string): Promise<Release | undefined> {
  const id = await currentRelease(dataDir);
  return id === undefined ? undefined : findRelease(dataDir, id);
}

/** What the publisher remembers: since when what is live, whether it was gone back to and by whom, the last moves. */
export async function liveState(dataDir: string): Promise<LiveState> {
  const kept = await readJson<LiveState>(publishingPaths(dataDir).state);
  return kept?.format === 1 ? kept : emptyState;
}

const emptyState: LiveState = {
  format: 1,
  lastNumber: 0,
  live: null,
  moving: null,
  held: null,
  moves: [],
  isUnsynced: false,
  doneRequests: [],
  unaudited: [],
};

/** The last releases that failed, newest first; at most 20 are kept. */
export async function failedReleases(dataDir: string): Promise<FailedRelease[]> {
  const failed = await readJsonFolder<FailedRelease>(publishingPaths(dataDir).failed);
  return failed.sort((a, b) => b.number - a.number);
}
