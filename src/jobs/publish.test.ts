import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { auditEvents } from '#db/schema/audit.ts';
import { useDatabase } from '../../tests/database.ts';
import { type SmallSite, useSmallSite } from '../../tests/publishing.ts';
import { mergePlanned, openPlannedBranch, plannedBranch } from '../domains/content/planned-branches.ts';
import { commitSave } from '../domains/content/saves.ts';
import { quietMs } from '../domains/publishing/model.ts';
import type { Moved } from '../domains/publishing/publisher.ts';
import { failedReleases, keptReleasesIn, liveState } from '../domains/publishing/releases.ts';
import { askPublisher, waitingRequests } from '../domains/publishing/requests.ts';
import { type PublisherJob, startPublisher } from './publish.ts';

const noor = { id: 'usr_noor', name: 'Noor Lindqvist' };
const now = new Date('2026-11-22T08:00:00Z');

/** Publishes the site for as long as the test runs; what the server was asked to serve is in the list. */
function publishing(site: SmallSite, given: Partial<PublisherJob> = {}) {
  const asked: string[] = [];
  const job = startPublisher({
    ...site.settings,
    db: () => undefined,
    move: async (folder): Promise<Moved> => {
      asked.push(path.basename(folder));
      return { moved: true };
    },
    ...given,
  });
  onTestFinished(() => job.stop());
  return { asked, stop: () => job.stop() };
}

const shown = async ({ dataDir }: SmallSite, page = 'about') =>
  readFile(path.join(dataDir, 'releases/current/client', page, 'index.html'), 'utf8');

const isLive = (commit: string) => (state: { live: { head: string | null } | null }) =>
  state.live?.head === commit;

async function liveSite(given: Partial<PublisherJob> = {}) {
  const site = await useSmallSite();
  const job = publishing(site, given);
  const first = (await site.until(({ live }) => live !== null)).live!;
  return { site, job, first };
}

test('the first start makes a release of what the site came with, and each save one of its own, with who saved what', async () => {
  const { site, first } = await liveSite();
  expect(await shown(site)).toBe('shipped');
  const commit = await site.save('written by an editor');
  const { live } = await site.until(isLive(commit));
  expect(await shown(site)).toBe('written by an editor');
  expect(live).toMatchObject({ commit, number: first.number + 1, how: 'published', by: null });
  const [release] = await keptReleasesIn(site.dataDir);
  expect(release).toMatchObject({
    isLive: true,
    cause: 'content',
    changed: ['/about'],
    pages: 1,
    saves: [{ commit, author: 'Noor Lindqvist', message: 'Change about.mdoc', paths: ['about.mdoc'] }],
  });
  expect(release?.steps.map(({ name }) => name)).toEqual([
    'check-out',
    'check',
    'render',
    'index',
    'compress',
    'try-out',
  ]);
});

// Again where the machine was so busy that a second went by between two saves.
test('saves within a second are one release, and a save while one is made is the next', {
  retry: 2,
}, async () => {
  const { site, job } = await liveSite();
  await site.save('one');
  await site.save('two');
  const third = await site.save('three, which takes two seconds');
  await site.until(
    (_, progress) =>
      progress?.run?.commit === third &&
      progress.run.steps.some(({ name, state }) => name === 'render' && state === 'begun'),
  );
  await sleep(quietMs);
  const fourth = await site.save('four');
  await site.until(isLive(fourth));
  const [second, first] = await keptReleasesIn(site.dataDir);
  expect(job.asked).toHaveLength(3);
  expect([first?.commit, first?.saves.length]).toEqual([third, 3]);
  expect([second?.commit, second?.saves.length]).toEqual([fourth, 1]);
});

test('content with a problem is not published, says where it is, and is not tried again before the next save', async () => {
  const { site, job, first } = await liveSite();
  const commit = await site.save('a problem');
  await site.until((_, progress) => progress?.state === 'failed');
  const [failure] = await failedReleases(site.dataDir);
  expect(failure).toMatchObject({
    commit,
    step: 'check',
    reason: 'content',
    problems: [{ file: 'about.mdoc', field: 'title', message: 'is missing.' }],
    retryAt: null,
    attempts: 1,
  });
  expect(failure?.error).toBe('The content has 1 problem that must be mended first.');
  expect((await liveState(site.dataDir)).live?.release).toBe(first.release);
  const mended = await site.save('mended');
  await site.until(isLive(mended));
  expect(job.asked).toHaveLength(2);
});

test('a release in which something is wrong when it is tried is not published', async () => {
  const { site } = await liveSite();
  await site.save('a broken link');
  await site.until((_, progress) => progress?.state === 'failed');
  const [failure] = await failedReleases(site.dataDir);
  expect(failure).toMatchObject({
    step: 'try-out',
    reason: 'tried',
    faults: [{ page: '/about', message: 'links to /nowhere, which is not in the release.' }],
  });
  expect(await shown(site)).toBe('shipped');
  expect(await readdir(path.join(site.dataDir, 'releases'))).toHaveLength(3); // current, node_modules, the live one
});

test.each([
  ['throws', 'render', 'code', /Error: \/about could not be drawn\./],
  ['hangs', 'render', 'machine', /not done after 4 seconds/],
  ['eats memory', 'render', 'machine', /more than 64 MB of memory/],
])('a build that %s leaves the site as it is', async (what, step, reason, words) => {
  const { site } = await liveSite();
  await site.save(what);
  await site.until((_, progress) => progress?.state === 'failed');
  const [failure] = await failedReleases(site.dataDir);
  expect(failure).toMatchObject({ step, reason, error: expect.stringMatching(words) });
  expect(failure?.retryAt === null).toBe(reason !== 'machine');
  expect(failure?.log).toContain('drawing');
  expect(await shown(site)).toBe('shipped');
});

test('a retry that is asked for is made', async () => {
  const { site } = await liveSite();
  await site.save('it throws');
  await site.until((_, progress) => progress?.state === 'failed');
  expect(await askPublisher({ dataDir: site.dataDir, now }, noor, { ask: 'retry' })).toBe('asked');
  await site.until((_, progress) => progress?.failure?.startsWith('000003') ?? false);
  expect((await failedReleases(site.dataDir)).map(({ number }) => number)).toEqual([3]);
  expect(await waitingRequests(site.dataDir)).toEqual([]);
});

test('the site stays where it is when it cannot move', async () => {
  let refused = false;
  const { site, first } = await liveSite({
    move: async (folder) => {
      if (!folder.includes('000001') && !refused) {
        refused = true;
        return { moved: false, reason: 'A worker could not start.' };
      }
      return { moved: true };
    },
  });
  await site.save('new');
  const { live, moving, moves } = await site.until((_, progress) => progress?.state === 'failed');
  expect([live?.release, moving, moves[0]?.how]).toEqual([first.release, null, 'undone']);
  expect(await readlink(path.join(site.dataDir, 'releases/current'))).toBe(first.release);
  const [failure] = await failedReleases(site.dataDir);
  expect(failure).toMatchObject({ step: 'move', reason: 'machine', retryAt: expect.any(String) });
  expect(failure?.error).toContain('A worker could not start.');
  await askPublisher({ dataDir: site.dataDir, now }, noor, { ask: 'publish-now' });
  await site.until(({ live: next }) => next?.number === 2);
  expect(await shown(site)).toBe('new');
  expect(await failedReleases(site.dataDir)).toEqual([]);
});

test('who goes back stays there until the next save', async () => {
  const { site, job, first } = await liveSite();
  const second = await site.save('second');
  await site.until(isLive(second));
  const asked = { ask: 'roll-back', release: first.release } as const;
  expect(await askPublisher({ dataDir: site.dataDir, now }, noor, asked)).toBe('asked');
  const { live, held } = await site.until((_, progress) => progress?.state === 'held');
  expect(await shown(site)).toBe('shipped');
  expect(live).toMatchObject({ release: first.release, how: 'rolled-back', by: noor });
  expect(held).toMatchObject({ commit: second, by: noor });
  expect(job.asked).toHaveLength(3);
  const third = await site.save('third');
  const state = await site.until(isLive(third));
  expect(state.held).toBeNull();
});

test('what another branch brings does not undo that somebody went back', async () => {
  const { site, first } = await liveSite();
  const { contentDir } = site.settings;
  await openPlannedBranch(contentDir, 'chg_later');
  const author = { name: 'Noor Lindqvist', email: 'noor@example.test' };
  const addition = { path: 'later.mdoc', bytes: Buffer.from('planned') };
  const planned = { author, now, message: 'Plan', additions: [addition], deletions: [] };
  await commitSave(contentDir, planned, plannedBranch('chg_later'));
  await site.until(isLive(await site.save('second')));
  await askPublisher({ dataDir: site.dataDir, now }, noor, { ask: 'roll-back', release: first.release });
  await site.until((_, progress) => progress?.state === 'held');
  const merging = { author, now, title: 'Later', onConflict: 'stop' } as const;
  const merged = await mergePlanned(contentDir, 'chg_later', merging);
  if (merged.outcome !== 'merged') throw new Error('It was not merged.');
  await site.until((_, progress) => progress?.state === 'held' && progress.head === merged.commit);
  expect(await shown(site)).toBe('shipped');
  await site.until(isLive(await site.save('third')));
  expect(await shown(site)).toBe('third');
});

test('who goes back may publish the newest again, which is not built a second time', async () => {
  const { site, first } = await liveSite();
  const second = await site.save('second');
  const { live } = await site.until(isLive(second));
  await askPublisher({ dataDir: site.dataDir, now }, noor, { ask: 'roll-back', release: first.release });
  await site.until((_, progress) => progress?.state === 'held');
  await askPublisher({ dataDir: site.dataDir, now }, noor, { ask: 'publish-now' });
  const again = await site.until(isLive(second));
  expect(again.live?.release).toBe(live?.release);
  expect(again.lastNumber).toBe(2);
  expect(await shown(site)).toBe('second');
});

test('going back to what is not kept is refused, and a request is done once', async () => {
  const { site, job } = await liveSite();
  const gone = { ask: 'roll-back', release: '000099-abcdef' } as const;
  expect(await askPublisher({ dataDir: site.dataDir, now }, noor, gone)).toBe('no-such-release');
  expect(await askPublisher({ dataDir: site.dataDir, now }, noor, { ...gone, release: '../../etc' })).toBe(
    'no-such-release',
  );
  expect(job.asked).toHaveLength(1);
});

test('a save that changes nothing makes no release and is known', async () => {
  const { site, job: before, first } = await liveSite();
  await before.stop();
  await site.save('another');
  const back = await site.save('shipped');
  const job = publishing(site);
  const { live, moves } = await site.until(isLive(back));
  expect(live?.release).toBe(first.release);
  expect(moves[0]).toMatchObject({ how: 'unchanged', commit: back });
  expect(job.asked).toEqual([first.release]); // where it is already
});

test('five releases are kept, and numbers are not used again', async () => {
  const { site } = await liveSite();
  for (const text of ['2', '3', '4', '5', '6', '7']) await site.until(isLive(await site.save(text)));
  const kept = async () => (await keptReleasesIn(site.dataDir)).map(({ number }) => number);
  await expect.poll(kept).toEqual([7, 6, 5, 4, 3]);
}, 60_000);

test('new code makes a release of the same content', async () => {
  const { site, first, job } = await liveSite();
  await job.stop();
  await site.newCode('code-2');
  publishing(site);
  const { live } = await site.until(({ live: next }) => next?.codeBuild.startsWith('code-2-') ?? false);
  expect(live?.commit).toBe(first.commit);
  expect((await keptReleasesIn(site.dataDir))[0]).toMatchObject({ cause: 'code', saves: [] });
});

test('what is published, gone back from and failed is in the audit log, also when the database was away meanwhile', async () => {
  const db = await useDatabase();
  let isThere = false;
  const { site, first, job } = await liveSite({ db: () => (isThere ? db : undefined) });
  await site.until(isLive(await site.save('second')));
  await askPublisher({ dataDir: site.dataDir, now }, noor, { ask: 'roll-back', release: first.release });
  await site.until((_, progress) => progress?.state === 'held');
  isThere = true;
  await site.save('a problem');
  await site.until((_, progress) => progress?.state === 'failed');
  await site.until(({ unaudited }) => unaudited.length === 0);
  await job.stop();
  const rows = await db.read
    .select({ action: auditEvents.action, actorId: auditEvents.actorId, subjectId: auditEvents.subjectId })
    .from(auditEvents)
    .orderBy(auditEvents.position);
  expect(rows.map(({ action, actorId }) => [action, actorId])).toEqual([
    ['site.published', null],
    ['site.published', null],
    ['site.rolled-back', noor.id],
    ['site.publish-failed', null],
  ]);
  expect(rows[2]?.subjectId).toBe(first.release);
});

test('of two publishers of one data directory, one waits', async () => {
  const { site } = await liveSite();
  const other = publishing(site);
  const commit = await site.save('new');
  await site.until(isLive(commit));
  expect(other.asked).toEqual([]);
});
