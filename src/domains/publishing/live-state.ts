import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Asker, FailedRelease, LiveState, Move, Release } from './model.ts';
import { keptReleases } from './model.ts';
import {
  currentRelease,
  isReleaseId,
  namesIn,
  pointCurrentTo,
  publishingPaths,
  removeFolder,
  writeJson,
} from './release-folders.ts';
import { failedReleases, findRelease, keptReleasesIn, liveState } from './releases.ts';

const mostMoves = 100;
const mostFailures = 20;
const mostRequests = 20;

/** Writes down what the publisher must not forget. */
export function keepLiveState(dataDir: string, state: LiveState): Promise<void> {
  return writeJson(publishingPaths(dataDir).state, state);
}

/**
 * Finishes or discards what a crash left, and returns what is true now: half-built folders are gone; a move that had reached
 * `current` has happened, any other has not; `current` leads to a whole release if there is one. Nothing else may publish
 * meanwhile.
 */
export async function recoverLiveState(dataDir: string, now: Date): Promise<LiveState> {
  await removeLeftovers(dataDir);
  const state = structuredClone(await liveState(dataDir));
  const kept = await keptReleasesIn(dataDir);
  const failed = await failedReleases(dataDir);
  state.lastNumber = Math.max(state.lastNumber, ...[...kept, ...failed].map(({ number }) => number));
  let live = kept.find(({ isLive }) => isLive);
  if (!live && kept[0]) {
    live = kept.find(({ id }) => id === state.live?.release) ?? kept[0];
    await pointCurrentTo(dataDir, live.id);
  }
  const { moving } = state;
  if (moving && live?.id === moving.release)
    recordMove(state, live, { how: moving.how, by: moving.by, at: now });
  else {
    if (moving?.request) {
      // The way back was not gone: who asked for it is still waiting.
      state.held = null;
      state.doneRequests = state.doneRequests.filter((id) => id !== moving.request);
    }
    if (!live) state.live = null;
    else if (state.live?.release !== live.id)
      recordMove(state, live, { how: 'published', by: null, at: now });
  }
  state.moving = null;
  await keepLiveState(dataDir, state);
  return state;
}

/** Folders and files that were being made or removed when a process ended. */
async function removeLeftovers(dataDir: string) {
  const { releases, publishing, failed, requests } = publishingPaths(dataDir);
  for (const name of await namesIn(releases)) {
    const isHalf = /^\.(?:building|removing|current|modules)-/.test(name);
    const isNone = isReleaseId(name) && !(await findRelease(dataDir, name));
    if (isHalf || isNone) await removeFolder(path.join(releases, name));
  }
  for (const folder of [publishing, failed, requests])
    for (const name of await namesIn(folder))
      if (/^\..*\.tmp$/.test(name)) await rm(path.join(folder, name), { force: true });
}

/** Changes `state` to what is true once the site serves `release`, and notes that the audit log has to hear of it. */
export function recordMove(
  state: LiveState,
  release: Release,
  { how, by, at }: { how: Move['how']; by: Asker | null; at: Date },
): void {
  const { id, number, commit, codeBuild } = release;
  const move: Move = { release: id, number, commit, at: at.toISOString(), how, by };
  state.moving = null;
  state.moves = [move, ...state.moves].slice(0, mostMoves);
  if (how === 'undone') return;
  const from = state.live?.release ?? null;
  state.live = { ...move, codeBuild, head: commit };
  state.unaudited.push({
    at: move.at,
    actorId: by?.id ?? null,
    action: how === 'rolled-back' ? 'site.rolled-back' : 'site.published',
    release: id,
    detail: { commit, from, pagesChanged: release.changedCount, saves: release.saves.length },
  });
}

/** Notes that a request was done, so that it is not done again after a crash. */
export function recordRequest(state: LiveState, id: string): void {
  state.doneRequests = [id, ...state.doneRequests].slice(0, mostRequests);
}

/** Removes releases beyond those that are kept: never the live one, nor one in `alsoKeep`. */
export async function removeOldReleases(
  dataDir: string,
  alsoKeep: readonly string[] = [],
): Promise<string[]> {
  const kept = await keptReleasesIn(dataDir);
  const live = await currentRelease(dataDir);
  const isNeeded = (id: string) => id === live || alsoKeep.includes(id);
  const room = keptReleases - kept.filter(({ id }) => isNeeded(id)).length;
  const gone = kept
    .filter(({ id }) => !isNeeded(id))
    .slice(Math.max(0, room))
    .map(({ id }) => id);
  for (const id of gone) await removeFolder(publishingPaths(dataDir).release(id));
  return gone;
}

/** Keeps a failure, in place of an earlier one of the same release, and forgets the oldest. */
export async function keepFailure(dataDir: string, failure: FailedRelease): Promise<void> {
  const { failed } = publishingPaths(dataDir);
  await writeJson(path.join(failed, `${failure.id}.json`), failure);
  for (const { id } of (await failedReleases(dataDir)).slice(mostFailures)) await forgetFailure(dataDir, id);
}

/** Forgets a failure: its release came to be, or was asked for again. */
export async function forgetFailure(dataDir: string, id: string): Promise<void> {
  await rm(path.join(publishingPaths(dataDir).failed, `${id}.json`), { force: true });
}
