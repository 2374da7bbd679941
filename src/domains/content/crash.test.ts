import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { saveThroughKills, shipForKills } from '../../../tests/save-crash.ts';
import { env } from '../../platform/env.ts';
import { openContentRepository } from './open-repository.ts';
import { headOf } from './repository.ts';
import { commitSave } from './saves.ts';

const now = new Date('2026-11-22T09:00:00Z');
let home: string;
let dir: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'crash-'));
  dir = await shipForKills(home);
});
afterEach(async () => {
  await chmod(dir, 0o755).catch(() => {});
  await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

const save = (text: string) =>
  commitSave(dir, {
    author: { name: 'Ines Fairweather', email: 'ines@example.test' },
    now,
    message: 'Change a person',
    additions: [{ path: 'people/mei.yaml', bytes: Buffer.from(text) }],
    deletions: [],
  });

test('of saves that are killed at any moment each is there whole or not at all, and the next goes through', {
  timeout: 300_000,
}, async () => {
  const report = await saveThroughKills(dir, 30);
  expect(report).toMatchObject({ kills: 30, lost: [], torn: [], damage: [] });
  expect(report.acknowledged).toBeGreaterThan(0);
});

describe('after a crash', () => {
  beforeEach(() => openContentRepository(dir, path.join(home, 'shipped'), now));

  test('the next save brings the folder where the history is', async () => {
    const stood = await readFile(path.join(dir, '.git/checked-out'), 'utf8');
    const before = await readFile(path.join(dir, 'people/mei.yaml'), 'utf8');
    await save('name: New\n');
    await writeFile(path.join(dir, '.git/checked-out'), stood); // killed between the commit and the folder
    await writeFile(path.join(dir, 'people/mei.yaml'), before);
    await writeFile(path.join(dir, 'people/.0a0b0c0d-1111-4222-8333-444455556666.tmp'), 'half');
    await openContentRepository(dir, path.join(home, 'shipped'), now);
    expect(await readFile(path.join(dir, 'people/mei.yaml'), 'utf8')).toBe('name: New\n');
    expect(await readdir(path.join(dir, 'people'))).toEqual(['mei.yaml']);
  });

  test('locks of Git that nobody holds are removed', async () => {
    await writeFile(path.join(dir, '.git/index.lock'), '');
    await writeFile(path.join(dir, '.git/refs/heads/main.lock'), '');
    expect(await save('name: New\n')).toMatchObject({ isNew: true });
    expect((await readdir(path.join(dir, '.git'))).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  test('files of a killed save that never became one are no content', async () => {
    execFileSync('git', ['-C', dir, 'hash-object', '-w', '--stdin'], { input: 'loose end' });
    await mkdir(path.join(dir, '.git/scratch-999999999-abc'));
    await rm(path.join(dir, '.git/checked-out'));
    expect(await save('name: New\n')).toMatchObject({ isNew: true });
    expect((await readdir(path.join(dir, '.git'))).filter((name) => name.startsWith('scratch-'))).toEqual([]);
  });
});

describe('where the machine cannot', () => {
  beforeEach(() => openContentRepository(dir, path.join(home, 'shipped'), now));

  test('a damaged branch is said, and nothing is written', async () => {
    await writeFile(path.join(dir, '.git/refs/heads/main'), `${'0'.repeat(39)}1\n`);
    await expect(save('name: New\n')).rejects.toMatchObject({ name: 'ContentTrouble', reason: 'damaged' });
    expect(await readFile(path.join(dir, 'people/mei.yaml'), 'utf8')).toContain('number: 0');
  });

  test.each([
    ['no-git', ''],
    ['disk-full', 'error: unable to write file: No space left on device'],
    ['read-only', 'error: insufficient permission for adding an object to repository database .git/objects'],
    ['damaged', 'fatal: bad object HEAD'],
  ])('trouble of the kind %s is said in a sentence, and nothing is written', async (reason, words) => {
    const bin = path.join(home, 'bin');
    await mkdir(bin);
    if (words)
      await writeFile(path.join(bin, 'git'), `#!/bin/sh\necho "${words}" >&2\nexit 128\n`, { mode: 0o755 });
    const head = await headOf(dir);
    const { PATH } = env.programs;
    env.programs['PATH'] = words ? `${bin}:/usr/bin:/bin` : bin;
    await expect(save('name: New\n')).rejects.toMatchObject({
      reason,
      message: expect.stringMatching(/ saved[.:]/),
    });
    env.programs['PATH'] = PATH!;
    expect(await headOf(dir)).toBe(head);
    expect(await readFile(path.join(dir, 'people/mei.yaml'), 'utf8')).toContain('number: 0');
    expect(await save('name: New\n')).toMatchObject({ isNew: true });
  });

  test.skipIf(process.getuid?.() === 0)('a folder that takes no files is said', async () => {
    await chmod(path.join(dir, '.git/objects'), 0o555);
    const head = await headOf(dir);
    await expect(save('name: New\n')).rejects.toMatchObject({ reason: 'read-only' });
    expect(await headOf(dir)).toBe(head);
  });
});
