import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findSave } from '../content/history.ts';
import { openContentRepository } from '../content/open-repository.ts';
import { commitSave } from '../content/saves.ts';
import type { LiveState, Progress, PublishedSave, Release } from './model.ts';
import {
  entryHistoryScreen,
  failureShown,
  historyScreen,
  keptScreen,
  pictureAt,
  publishingNow,
  publishingScreen,
  releaseShown,
  saveShown,
} from './queries.ts';
import { pointCurrentTo, publishingPaths, writeJson } from './release-folders.ts';

const now = new Date('2026-11-22T09:00:00Z');
const ines = { name: 'Ines Fairweather', email: 'ines@example.test' };
const omar = { name: 'Omar Tidewell', email: 'omar@example.test' };
const png = Buffer.from('89504e470d0a1a0a', 'hex');

let home: string;
let folders: { dataDir: string; contentDir: string };
let shippedCommit: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'screens-'));
  folders = { dataDir: path.join(home, 'data'), contentDir: path.join(home, 'content') };
  const shipped = path.join(home, 'shipped');
  await mkdir(path.join(shipped, 'people'), { recursive: true });
  await mkdir(path.join(shipped, 'images/map'), { recursive: true });
  await writeFile(path.join(shipped, 'people/mei.yaml'), 'name: Mei Talbot\ncity: Hanoi\n');
  await writeFile(path.join(shipped, 'images/map/index.yaml'), 'title: The map\n');
  await writeFile(path.join(shipped, 'images/map/map.png'), png);
  await openContentRepository(folders.contentDir, shipped, now);
  shippedCommit = (await historyScreen(folders.contentDir, asked)).saves[0]!.commit;
});
afterEach(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));

const asked = { page: 1, limit: 25, who: null };

async function save(author: typeof ines, files: Record<string, string | Buffer | null>, base?: string) {
  const entries = Object.entries(files);
  return commitSave(folders.contentDir, {
    author,
    now,
    message: 'A change',
    additions: entries.flatMap(([file, bytes]) =>
      bytes === null ? [] : [{ path: file, bytes: Buffer.from(bytes) }],
    ),
    deletions: entries.flatMap(([file, bytes]) => (bytes === null ? [file] : [])),
    base,
  });
}

async function saved(...args: Parameters<typeof save>): Promise<string> {
  const answer = await save(...args);
  if ('conflict' in answer) throw new Error('refused');
  return answer.commit;
}

async function published(commit: string): Promise<PublishedSave> {
  const found = (await findSave(folders.contentDir, commit))!;
  const paths = found.changes.map((change) => change.path);
  return { commit, author: found.author.name, at: now.toISOString(), message: found.message, paths };
}

async function release(number: number, commit: string, saves: string[] = []): Promise<string> {
  const id = `${String(number).padStart(6, '0')}-${commit.slice(0, 12)}`;
  const whole: Release = {
    format: 1,
    id,
    number,
    commit,
    codeBuild: 'code',
    content: 'content',
    cause: saves.length > 0 ? 'content' : 'first',
    madeAt: now.toISOString(),
    tookMs: 3000,
    steps: [],
    pages: 12,
    changed: [],
    changedCount: 0,
    removed: [],
    removedCount: 0,
    saves: await Promise.all(saves.map(published)),
  };
  await writeJson(path.join(publishingPaths(folders.dataDir).release(id), 'release.json'), whole);
  return id;
}

async function live(id: string, number: number, commit: string) {
  await pointCurrentTo(folders.dataDir, id);
  const state: LiveState = {
    format: 1,
    lastNumber: number,
    live: {
      release: id,
      number,
      commit,
      head: commit,
      at: now.toISOString(),
      how: 'published',
      by: null,
      codeBuild: 'code',
    },
    moving: null,
    held: null,
    moves: [],
    isUnsynced: false,
    unaudited: [],
    doneRequests: [],
  };
  await writeJson(publishingPaths(folders.dataDir).state, state);
}

const progress = (rest: Partial<Progress>) =>
  writeJson(publishingPaths(folders.dataDir).progress, {
    format: 1,
    revision: 1,
    state: 'resting',
    writtenAt: now.toISOString(),
    pid: process.pid,
    head: null,
    run: null,
    failure: null,
    trouble: null,
    ...rest,
  } satisfies Progress);

describe('what is live, on its way or waiting', () => {
  test('is nothing before the publisher ever ran', async () => {
    expect(await publishingNow(folders)).toMatchObject({
      progress: undefined,
      run: undefined,
      failure: undefined,
      live: undefined,
      waiting: [],
      requests: [],
    });
  });

  test('names what is live by its entries, and what was saved since', async () => {
    const first = await saved(ines, { 'people/mei.yaml': 'name: Mei Talbot\ncity: Hue\n' });
    await live(await release(2, first, [first]), 2, first);
    await progress({});
    const second = await saved(omar, { 'images/map/map.png': Buffer.concat([png, png]) });
    const board = await publishingNow(folders);
    expect(board.progress).toMatchObject({ state: 'resting', isRunning: true });
    expect(board.live).toMatchObject({ number: 2, pages: 12 });
    expect(board.live?.saves[0]?.entries).toMatchObject([{ words: 'People: Mei Talbot' }]);
    expect(board.waiting).toMatchObject([
      { commit: second, who: 'Omar Tidewell', entries: [{ words: 'Images: The map', kind: 'changed' }] },
    ]);
  });

  test('says a problem with its entry, its field as the CMS names it, and who saved it last', async () => {
    const bad = await saved(omar, { 'people/mei.yaml': 'name: Mei Talbot\n' });
    await live(await release(1, shippedCommit), 1, shippedCommit);
    const id = `000002-${bad.slice(0, 12)}`;
    await writeJson(path.join(publishingPaths(folders.dataDir).failed, `${id}.json`), {
      format: 1,
      id,
      number: 2,
      commit: bad,
      codeBuild: 'code',
      cause: 'content',
      startedAt: now.toISOString(),
      at: now.toISOString(),
      step: 'check',
      reason: 'content',
      error: 'The content has a problem.',
      problems: [{ file: 'people/mei.yaml', field: 'city', message: 'is missing.' }],
      faults: [],
      log: [],
      saves: [await published(bad)],
      attempts: 1,
      retryAt: null,
    });
    await progress({ state: 'failed', failure: id });
    const { failure, waiting } = await publishingNow(folders);
    expect(failure?.problems).toMatchObject([
      {
        words: 'People: Mei Talbot',
        fieldLabel: 'City',
        who: 'Omar Tidewell',
        cmsHref: '/keystatic/collection/people/item/mei',
      },
    ]);
    expect(waiting).toEqual([]); // what failed stands with the failure
    expect(await failureShown(folders, id)).toMatchObject({ id, saves: [{ who: 'Omar Tidewell' }] });
    expect(await failureShown(folders, '000009-000000000000')).toBeUndefined();
  });

  test('says that the publisher does not run when its process is gone', async () => {
    await progress({ pid: 2 ** 22 + 1 });
    expect((await publishingNow(folders)).progress).toMatchObject({ isRunning: false });
  });
});

test('a release says what people would see no more if the site went back to it', async () => {
  const one = await saved(ines, { 'people/mei.yaml': 'name: Mei Talbot\ncity: Hue\n' });
  const two = await saved(omar, { 'people/mei.yaml': 'name: Mei Talbot\ncity: Vinh\n' });
  const old = await release(1, shippedCommit);
  await release(2, one, [one]);
  const current = await release(3, two, [two]);
  await live(current, 3, two);
  expect((await releaseShown(folders, old))?.lost.map(({ commit }) => commit)).toEqual([two, one]);
  expect(await releaseShown(folders, current)).toMatchObject({ isLive: true, lost: [] });
  expect(await releaseShown(folders, '000009-000000000000')).toBeUndefined();
});

describe('the history', () => {
  test('is of all content, of one entry, or of one person', async () => {
    await saved(ines, { 'people/mei.yaml': 'name: Mei Talbot\ncity: Hue\n' });
    await saved(omar, { 'images/map/index.yaml': 'title: Another map\n' });
    const { contentDir } = folders;
    const all = await historyScreen(contentDir, asked);
    expect(all.saves.map(({ who }) => who).slice(0, 2)).toEqual(['Omar Tidewell', 'Ines Fairweather']);
    expect(all.total).toBe(3);
    expect(await historyScreen(contentDir, { ...asked, who: ines.email })).toMatchObject({ total: 1 });
    expect(await historyScreen(contentDir, { ...asked, who: 'nobody@example.test' })).toMatchObject({
      total: 3,
    });
    const entry = await entryHistoryScreen(contentDir, 'people/mei.yaml', asked);
    expect(entry).toMatchObject({ total: 2, entry: { words: 'People: Mei Talbot' } });
    for (const none of ['README.md', '../x.yaml', 'images/map/map.png'])
      expect(await entryHistoryScreen(contentDir, none, asked)).toBeUndefined();
  });

  test('of a folder without one is empty', async () => {
    expect(await historyScreen(home, asked)).toEqual({ saves: [], total: 0, authors: [] });
    expect(await publishingScreen({ ...folders, contentDir: home, contentRemote: undefined })).toMatchObject({
      isKept: false,
      kept: [],
    });
  });

  test('shows what a save changed, entry by entry, with pictures before and after', async () => {
    const other = Buffer.concat([png, png]);
    const commit = await saved(ines, {
      'people/mei.yaml': 'name: Mei Talbot\ncity: Hue\n',
      'images/map/map.png': other,
    });
    const shown = (await saveShown(folders.contentDir, commit, null))!;
    expect(shown.changes.map(({ words }) => words).sort()).toEqual(['Images: The map', 'People: Mei Talbot']);
    const image = shown.changes.find(({ words }) => words.startsWith('Images'))!;
    expect(image.files).toMatchObject([{ isPicture: true, before: { bytes: 8 }, after: { bytes: 16 } }]);
    expect(await pictureAt(folders.contentDir, commit, 'images/map/map.png', true)).toEqual(png);
    expect(await pictureAt(folders.contentDir, commit, 'images/map/map.png', false)).toEqual(other);
    const only = await saveShown(folders.contentDir, commit, 'people/mei.yaml');
    expect(only?.changes).toMatchObject([{ fields: [{ label: 'City' }] }]);
  });

  test('has no picture that is none, and no save that there is not', async () => {
    const { contentDir } = folders;
    expect(await pictureAt(contentDir, shippedCommit, 'people/mei.yaml', false)).toBeUndefined();
    expect(await pictureAt(contentDir, 'main', 'images/map/map.png', false)).toBeUndefined();
    expect(await pictureAt(contentDir, '0'.repeat(40), 'images/map/map.png', false)).toBeUndefined();
    expect(await saveShown(contentDir, '0'.repeat(40), null)).toBeUndefined();
    expect(await saveShown(contentDir, 'main', null)).toBeUndefined();
    expect(await saveShown(contentDir, shippedCommit, 'people/tom.yaml')).toBeUndefined();
  });
});

test('a kept version stands beside what counts, with only what differs', async () => {
  await saved(ines, { 'people/mei.yaml': 'name: Mei Talbot\ncity: Hue\n' });
  const refused = await save(omar, { 'people/mei.yaml': 'name: Mei Talbot\ncity: Vinh\n' }, shippedCommit);
  if (!('conflict' in refused)) throw new Error('It was not refused.');
  const shown = (await keptScreen(folders.contentDir, refused.conflict.id))!;
  expect(shown.changes).toMatchObject([
    {
      words: 'People: Mei Talbot',
      fields: [
        {
          label: 'City',
          lines: [
            { is: 'removed', text: 'Hue' },
            { is: 'added', text: 'Vinh' },
          ],
        },
      ],
    },
  ]);
  expect(await keptScreen(folders.contentDir, 'nothing')).toBeUndefined();
  const screen = await publishingScreen({ ...folders, contentRemote: undefined });
  expect(screen.kept).toMatchObject([{ entry: { words: 'People: Mei Talbot' }, author: omar }]);
});
