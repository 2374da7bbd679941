import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type SmallSite, smallSite } from '../../tests/publishing.ts';
import { keepLiveState } from '../domains/publishing/live-state.ts';
import { type Progress, type ReleaseStep, releaseSteps } from '../domains/publishing/model.ts';
import { publishingProgress } from '../domains/publishing/progress.ts';
import { currentRelease } from '../domains/publishing/release-folders.ts';
import { findRelease, keptReleasesIn } from '../domains/publishing/releases.ts';
import { askPublisher, waitingRequests } from '../domains/publishing/requests.ts';

/** A publisher in a process of its own, that can be killed as the power does. */
function startProcess(folder: string) {
  const child = spawn(process.execPath, ['tests/publisher-process.ts', folder], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(child, 'close');
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  return { kill };
}

async function useFolder() {
  const folder = await mkdtemp(path.join(tmpdir(), 'peersphere-crash-'));
  onTestFinished(async () => {
    await sleep(300); // builds of a killed publisher end by themselves
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return { folder, site: await smallSite(folder) };
}

/** Kills the publisher the moment that its progress on disk is so. */
async function killWhen(
  { dataDir }: SmallSite,
  publisher: { kill(): Promise<void> },
  isSo: (progress: Progress) => boolean,
) {
  for (let turn = 0; turn < 4000; turn += 1) {
    const progress = await publishingProgress(dataDir);
    if (progress && isSo(progress)) return publisher.kill();
    await sleep(3);
  }
  throw new Error('The publisher never came so far.');
}

const isAt = (step: ReleaseStep) => (progress: Progress) =>
  progress.run?.steps.some(({ name, state }) => name === step && state !== 'waiting') ?? false;

/** What the site shows: the text of one whole release, or it fails. */
async function shownWhole({ dataDir }: SmallSite): Promise<string> {
  const id = await currentRelease(dataDir);
  expect(await findRelease(dataDir, id ?? ''), `${id} is no whole release`).toBeDefined();
  return readFile(path.join(dataDir, 'releases/current/client/about/index.html'), 'utf8');
}

async function leftovers({ dataDir }: SmallSite): Promise<string[]> {
  const names = await readdir(path.join(dataDir, 'releases'));
  return names.filter((name) => /^\./.test(name));
}

test.each(releaseSteps)(
  'a publisher that is killed at the step “%s” leaves one whole release, and the next one publishes the save',
  async (step) => {
    const { folder, site } = await useFolder();
    const first = startProcess(folder);
    await site.until(({ live }, progress) => live !== null && progress?.state === 'resting');
    const commit = await site.save('second, slowly');
    await killWhen(site, first, isAt(step));
    expect(['shipped', 'second, slowly']).toContain(await shownWhole(site));
    startProcess(folder);
    const { live, moving } = await site.until(
      (state, progress) => state.live?.head === commit && progress?.state === 'resting',
    );
    expect(await shownWhole(site)).toBe('second, slowly');
    expect(live?.commit).toBe(commit);
    expect(moving).toBeNull();
    expect(await leftovers(site)).toEqual([]);
    expect((await keptReleasesIn(site.dataDir)).filter((release) => release.commit === commit)).toHaveLength(
      1,
    );
  },
  60_000,
);

test.each(['sync', 'move'] as const)(
  'a publisher that is killed at the step “%s” of going back has gone back once the next one ran, and stays there',
  async (step) => {
    const { folder, site } = await useFolder();
    const first = startProcess(folder);
    const { live } = await site.until(
      (state, progress) => state.live !== null && progress?.state === 'resting',
    );
    const commit = await site.save('second');
    await site.until((state, progress) => state.live?.head === commit && progress?.state === 'resting');
    const by = { id: 'usr_noor', name: 'Noor Lindqvist' };
    const now = new Date('2026-11-22T08:00:00Z');
    await askPublisher({ dataDir: site.dataDir, now }, by, { ask: 'roll-back', release: live!.release });
    await killWhen(site, first, (progress) => progress.run?.kind === 'roll-back' && isAt(step)(progress));
    expect(['shipped', 'second']).toContain(await shownWhole(site));
    startProcess(folder);
    const state = await site.until((_, progress) => progress?.state === 'held');
    expect(await shownWhole(site)).toBe('shipped');
    expect(state.live).toMatchObject({ release: live!.release, how: 'rolled-back', by });
    expect(state.moves.filter(({ how }) => how === 'rolled-back')).toHaveLength(1);
  },
  60_000,
);

test('a publisher that was killed on its way back, before anything was moved, leaves the request to the next one', async () => {
  const { folder, site } = await useFolder();
  const first = startProcess(folder);
  const { live } = await site.until(
    (state, progress) => state.live !== null && progress?.state === 'resting',
  );
  const commit = await site.save('second');
  const state = await site.until(
    (each, progress) => each.live?.head === commit && progress?.state === 'resting',
  );
  await first.kill();
  const by = { id: 'usr_noor', name: 'Noor Lindqvist' };
  const now = new Date('2026-11-22T08:00:00Z');
  const { release, number } = live!;
  await askPublisher({ dataDir: site.dataDir, now }, by, { ask: 'roll-back', release });
  const [request] = await waitingRequests(site.dataDir);
  await keepLiveState(site.dataDir, {
    ...state,
    moving: {
      release,
      number,
      commit: live!.commit,
      how: 'rolled-back',
      by,
      from: state.live!.release,
      request: request!.id,
    },
    held: { commit, codeBuild: state.live!.codeBuild, at: now.toISOString(), by },
    doneRequests: [request!.id],
  });
  startProcess(folder);
  await site.until((_, progress) => progress?.state === 'held');
  expect(await shownWhole(site)).toBe('shipped');
}, 60_000);
