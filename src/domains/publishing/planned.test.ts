import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openContentRepository } from '../content/open-repository.ts';
import { plannedBranch } from '../content/planned-branches.ts';
import { headOf } from '../content/repository.ts';
import { commitSave } from '../content/saves.ts';
import {
  changePlannedChange,
  dropPlannedChange,
  findPlannedChange,
  mostPlannedChanges,
  openPlannedChange,
  plannedChangeOfCookie,
  plannedChanges,
  plannedCookie,
  publishDuePlanned,
  publishPlannedChange,
  publishPlannedChangeOverOthers,
} from './planned.ts';
import { plannedScreen } from './queries.ts';

const now = new Date('2026-11-22T09:00:00Z');
const later = (minutes: number) => new Date(now.getTime() + minutes * 60_000);
const ines = { id: 'usr_ines', name: 'Ines Fairweather', email: 'ines@example.test' };
const omar = { id: 'usr_omar', name: 'Omar Tidewell', email: 'omar@example.test' };
const prices: { title: string; at: Date | null; timeZone: string } = {
  title: 'Prices for next year',
  at: later(60),
  timeZone: 'Asia/Shanghai',
};

let home: string;
let folders: { dataDir: string; contentDir: string };

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'planned-'));
  folders = { dataDir: path.join(home, 'data'), contentDir: path.join(home, 'content') };
  const shipped = path.join(home, 'shipped', 'people');
  await mkdir(shipped, { recursive: true });
  await writeFile(path.join(shipped, 'mei.yaml'), 'name: Mei\ncity: Hanoi\n');
  await openContentRepository(folders.contentDir, path.dirname(shipped), now);
});
afterEach(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));

async function opened(change = prices) {
  const answer = await openPlannedChange(folders, now, ines, change);
  if ('refused' in answer) throw new Error(answer.refused);
  return answer.id;
}

function save(text: string, branch = 'main') {
  const additions = [{ path: 'people/mei.yaml', bytes: Buffer.from(text) }];
  const input = { author: omar, now, message: 'Change a person', additions, deletions: [] };
  return commitSave(folders.contentDir, input, branch);
}

const live = () => readFile(path.join(folders.contentDir, 'people/mei.yaml'), 'utf8');

describe('a planned change', () => {
  test('waits with what was saved in it, and nothing on the site changes', async () => {
    const id = await opened();
    await save('name: Mei\ncity: Da Nang\n', plannedBranch(id));
    expect(await live()).toContain('Hanoi');
    const screen = await plannedScreen(folders, id);
    expect(screen?.change).toMatchObject({ title: 'Prices for next year', state: 'open', createdBy: ines });
    expect(screen?.conflicts).toEqual([]);
    expect(screen?.changes.map(({ words }) => words)).toEqual(['People: Mei']);
    expect(screen?.changes[0]?.fields.map(({ label }) => label)).toEqual(['City']);
  });

  test('goes live at its time and not before, once', async () => {
    const id = await opened();
    await save('name: Mei\ncity: Da Nang\n', plannedBranch(id));
    expect(await publishDuePlanned({ ...folders, now: later(59) })).toEqual([]);
    expect(await publishDuePlanned({ ...folders, now: later(60) })).toEqual([
      { id, title: prices.title, outcome: 'published' },
    ]);
    expect(await live()).toContain('Da Nang');
    expect(await publishDuePlanned({ ...folders, now: later(61) })).toEqual([]);
    expect(await findPlannedChange(folders.dataDir, id)).toMatchObject({
      state: 'published',
      published: { by: null },
    });
    expect(await headOf(folders.contentDir, plannedBranch(id))).toBeUndefined();
  });

  test('without a time waits for ever, and goes live when somebody says so', async () => {
    const id = await opened({ ...prices, at: null });
    await save('name: Mei\ncity: Da Nang\n', plannedBranch(id));
    expect(await publishDuePlanned({ ...folders, now: later(1e6) })).toEqual([]);
    expect(await publishPlannedChange(folders, now, id, omar)).toBe('published');
    expect(await live()).toContain('Da Nang');
    expect(await findPlannedChange(folders.dataDir, id)).toMatchObject({
      published: { by: 'Omar Tidewell' },
    });
  });

  test('loses no save that was made while it went live, and is published once', async () => {
    const id = await opened();
    const saves = Array.from({ length: 12 }, (_, place) => async () => {
      await sleep(place * 40);
      const file = `people/person-${place}.yaml`;
      const additions = [{ path: file, bytes: Buffer.from(`name: P${place}\n`) }];
      const input = { author: omar, now, message: 'Add a person', additions, deletions: [] };
      return commitSave(folders.contentDir, input, plannedBranch(id)).then(
        () => file,
        () => undefined, // told to the editor, who still has it
      );
    });
    const first = await saves.shift()?.(); // or there might be nothing to publish yet
    const [outcomes, ...made] = await Promise.all([
      sleep(100).then(() =>
        Promise.all([
          publishPlannedChange(folders, now, id, ines),
          publishPlannedChange(folders, now, id, omar),
        ]),
      ),
      ...saves.map((one) => one()),
    ]);
    expect(outcomes).toContain('published');
    const kept = [first, ...made].filter((file) => file !== undefined);
    for (const file of kept)
      expect(await readFile(path.join(folders.contentDir, file), 'utf8')).toContain('name');
    expect((await findPlannedChange(folders.dataDir, id))?.published?.commit).toEqual(expect.any(String));
  });

  test('that holds nothing is done with at its time', async () => {
    const id = await opened();
    expect(await publishDuePlanned({ ...folders, now: later(60) })).toMatchObject([
      { id, outcome: 'nothing' },
    ]);
    expect(await findPlannedChange(folders.dataDir, id)).toMatchObject({ state: 'published' });
  });

  test('stays, and says with what, when others have changed the same entry', async () => {
    const id = await opened();
    await save('name: Mei\ncity: Da Nang\n', plannedBranch(id));
    await save('name: Mei\ncity: Hue\n');
    expect((await plannedScreen(folders, id))?.conflicts.map(({ words }) => words)).toEqual(['People: Mei']);
    expect(await publishDuePlanned({ ...folders, now: later(60) })).toMatchObject([{ outcome: 'conflict' }]);
    expect(await live()).toContain('Hue');
    expect(await findPlannedChange(folders.dataDir, id)).toMatchObject({
      state: 'conflict',
      conflict: { paths: ['people/mei.yaml'] },
    });
    expect(await publishDuePlanned({ ...folders, now: later(61) })).toEqual([]);
    expect(await publishPlannedChangeOverOthers(folders, now, id, ines)).toBe('published');
    expect(await live()).toContain('Da Nang');
  });

  test('is given another title, another time, or none', async () => {
    const id = await opened();
    const changed = { title: 'Prices from August', at: null, timeZone: 'Europe/Madrid' };
    expect(await changePlannedChange(folders.dataDir, now, id, changed)).toBe('changed');
    expect(await findPlannedChange(folders.dataDir, id)).toMatchObject(changed);
  });

  test('that is dropped is gone with what was saved in it', async () => {
    const id = await opened();
    await save('name: Mei\ncity: Da Nang\n', plannedBranch(id));
    expect(await dropPlannedChange(folders, id)).toBe('dropped');
    expect(await headOf(folders.contentDir, plannedBranch(id))).toBeUndefined();
    expect(await publishDuePlanned({ ...folders, now: later(60) })).toEqual([]);
  });
});

describe('is refused:', () => {
  test('a time that is over, for a new change and for one that waits', async () => {
    expect(await openPlannedChange(folders, now, ines, { ...prices, at: now })).toEqual({ refused: 'past' });
    const id = await opened();
    expect(await changePlannedChange(folders.dataDir, now, id, { ...prices, at: later(-1) })).toBe('past');
    expect(await findPlannedChange(folders.dataDir, id)).toMatchObject({ at: prices.at?.toISOString() });
  });

  test('one more than may wait', async () => {
    for (let count = 0; count < mostPlannedChanges; count += 1) await opened();
    expect(await openPlannedChange(folders, now, ines, prices)).toEqual({ refused: 'full' });
  }, 20_000);

  test('whatever is done to a change that is over, or that there never was', async () => {
    const over = await opened();
    await dropPlannedChange(folders, over);
    for (const id of [over, 'chg_0', '../state', `chg_${'0'.repeat(32)}`]) {
      expect(await publishPlannedChange(folders, now, id, ines)).toBe('unknown');
      expect(await publishPlannedChangeOverOthers(folders, now, id, ines)).toBe('unknown');
      expect(await changePlannedChange(folders.dataDir, now, id, prices)).toBe('unknown');
      expect(await dropPlannedChange(folders, id)).toBe('unknown');
    }
  });
});

test('changes stand in the order of their times, then those without one, then those that are over', async () => {
  const last = await opened();
  await dropPlannedChange(folders, last);
  const none = await opened({ ...prices, at: null });
  const second = await opened({ ...prices, at: later(90) });
  const first = await opened({ ...prices, at: later(30) });
  expect((await plannedChanges(folders.dataDir)).map(({ id }) => id)).toEqual([first, second, none, last]);
});

test('the cookie leads to a change as long as it waits, and to nothing for anything else', async () => {
  const id = await opened();
  expect(plannedCookie(id)).toMatchObject({
    value: id,
    attributes: { httpOnly: true, sameSite: 'lax', path: '/' },
  });
  expect(plannedCookie('').attributes.maxAge).toBe(0);
  expect(await plannedChangeOfCookie(folders.dataDir, id)).toMatchObject({ id });
  expect(await plannedChangeOfCookie(folders.dataDir, undefined)).toBeUndefined();
  expect(await plannedChangeOfCookie(folders.dataDir, '../../etc')).toBeUndefined();
  await dropPlannedChange(folders, id);
  expect(await plannedChangeOfCookie(folders.dataDir, id)).toBeUndefined();
});
