import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { historyOf } from './history.ts';
import { keptVersions } from './kept.ts';
import { openContentRepository } from './open-repository.ts';
import { closePlannedBranch, mergePlanned, openPlannedBranch, plannedConflicts } from './planned-branches.ts';
import {
  isPushDue,
  pullFromRemote,
  pushToRemote,
  remoteState,
  shownRemote,
  takePullRequest,
} from './remote.ts';
import { headOf } from './repository.ts';
import { commitSave } from './saves.ts';
import { receiveContentWebhook } from './webhook.ts';

const now = new Date('2026-11-22T09:00:00Z');
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const ines = { name: 'Ines Fairweather', email: 'ines@example.test' };

let home: string;
let dir: string;
let remote: string;
let elsewhere: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'remote-'));
  dir = path.join(home, 'content');
  elsewhere = path.join(home, 'elsewhere');
  await mkdir(path.join(home, 'shipped/people'), { recursive: true });
  await writeFile(path.join(home, 'shipped/people/mei.yaml'), 'name: Mei\n');
  await writeFile(path.join(home, 'shipped/people/tom.yaml'), 'name: Tom\n');
  await openContentRepository(dir, path.join(home, 'shipped'), now);
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', path.join(home, 'bare.git')]);
  remote = `file://${path.join(home, 'bare.git')}`;
});
afterEach(() => rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));

async function save(file: string, text: string, branch?: string) {
  const additions = [{ path: file, bytes: Buffer.from(text) }];
  const saved = await commitSave(
    dir,
    { author: ines, now, message: 'Save', additions, deletions: [] },
    branch,
  );
  return 'commit' in saved ? saved.commit : undefined;
}

const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.test', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();

/** Somebody else’s clone of the remote, with a change pushed to it. */
async function pushElsewhere(change: (folder: string) => Promise<void>) {
  execFileSync('git', ['clone', '-q', remote, elsewhere], { stdio: 'ignore' });
  await change(elsewhere);
  git(elsewhere, 'add', '-A');
  git(elsewhere, 'commit', '-qm', 'From elsewhere');
  git(elsewhere, 'push', '-q');
}

const read = (file: string) => readFile(path.join(dir, file), 'utf8');

describe('the remote', () => {
  test('gets what was saved, and once', async () => {
    const commit = await save('people/mei.yaml', 'name: M\n');
    expect((await remoteState(dir)).waiting).toBe(2);
    expect(await pushToRemote(dir, remote, now)).toBe('pushed');
    expect(await pushToRemote(dir, remote, now)).toBe('up-to-date');
    expect(git(path.join(home, 'bare.git'), 'rev-parse', 'main')).toBe(commit);
    expect(await remoteState(dir)).toEqual({ pushed: commit, pushedAt: now, waiting: 0 });
  });

  test('that is not there is said in a sentence, and tried again after a pause that doubles', async () => {
    const nowhere = `file://${home}/nowhere.git`;
    expect(await isPushDue(dir, now)).toBe(true);
    expect(await pushToRemote(dir, nowhere, now)).toBe('failed');
    expect((await remoteState(dir)).failed).toEqual({
      at: now,
      attempts: 1,
      says: 'There is no Git repository at the address of the remote copy.',
    });
    expect([await isPushDue(dir, later(4)), await isPushDue(dir, later(5))]).toEqual([false, true]);
    await pushToRemote(dir, nowhere, later(5));
    expect([await isPushDue(dir, later(14)), await isPushDue(dir, later(15))]).toEqual([false, true]);
    expect(await pushToRemote(dir, remote, later(15))).toBe('pushed');
    expect((await remoteState(dir)).failed).toBeUndefined();
  });

  test('with what others pushed meanwhile is merged and then pushed to, never by force', async () => {
    await pushToRemote(dir, remote, now);
    await pushElsewhere((folder) => writeFile(path.join(folder, 'people/tom.yaml'), 'name: Thomas\n'));
    await save('people/mei.yaml', 'name: M\n');
    expect(await pushToRemote(dir, remote, now)).toBe('pushed');
    expect([await read('people/mei.yaml'), await read('people/tom.yaml')]).toEqual([
      'name: M\n',
      'name: Thomas\n',
    ]);
    expect(git(path.join(home, 'bare.git'), 'rev-parse', 'main')).toBe(await headOf(dir));
  });

  test('that contradicts an editor here leaves the editor’s, and waits', async () => {
    await pushToRemote(dir, remote, now);
    await pushElsewhere((folder) => writeFile(path.join(folder, 'people/tom.yaml'), 'name: Thomas\n'));
    await save('people/tom.yaml', 'name: Tomás\n');
    expect(await pullFromRemote(dir, remote, now)).toMatchObject({ conflicts: ['people/tom.yaml'] });
    expect(await read('people/tom.yaml')).toBe('name: Tomás\n');
    expect(await keptVersions(dir)).toMatchObject([{ from: 'remote', path: 'people/tom.yaml' }]);
    expect(await pullFromRemote(dir, remote, now)).toEqual({ conflicts: [] });
  });

  test('that is ahead is followed', async () => {
    await pushToRemote(dir, remote, now);
    await pushElsewhere((folder) => rm(path.join(folder, 'people/tom.yaml')));
    expect(await pullFromRemote(dir, remote, now)).toEqual({ commit: await headOf(dir), conflicts: [] });
    await expect(read('people/tom.yaml')).rejects.toThrow('ENOENT');
    expect((await historyOf(dir, undefined, { page: 1, limit: 1 })).saves[0]).toMatchObject({
      message: 'From elsewhere',
    });
    expect(await isPushDue(dir, now)).toBe(false);
  });

  test('with a link in it is refused whole', async () => {
    await pushToRemote(dir, remote, now);
    const head = await headOf(dir);
    await pushElsewhere((folder) => symlink('/etc/passwd', path.join(folder, 'people/evil.yaml')));
    expect(await pullFromRemote(dir, remote, now)).toEqual({
      failed: expect.stringContaining('people/evil.yaml is a link'),
    });
    expect(await headOf(dir)).toBe(head);
  });

  test.each(['.content-lock', '.content-lock-journal', 'people/be\x01ll.yaml'])(
    'with the file %j in it is refused whole',
    async (file) => {
      await pushToRemote(dir, remote, now);
      const head = await headOf(dir);
      await pushElsewhere((folder) => writeFile(path.join(folder, file), 'name: Evil\n'));
      expect(await pullFromRemote(dir, remote, now)).toEqual({
        failed: expect.stringContaining('has a name that the content does not take'),
      });
      expect(await headOf(dir)).toBe(head);
    },
  );

  test.each(['ext::sh -c evil', '--upload-pack=evil', 'http://example.test/x.git'])(
    'may not be %s',
    async (evil) => {
      expect(await pullFromRemote(dir, evil, now)).toHaveProperty('failed');
    },
  );

  test('shows no password', () => {
    expect(shownRemote('https://bot:s3cret@example.test/content.git')).toBe(
      'https://example.test/content.git',
    );
  });
});

describe('the webhook', () => {
  const secret = 'a secret of ours';
  const sign = (body: string, by = secret) => `sha256=${createHmac('sha256', by).update(body).digest('hex')}`;
  const send = (headers: Record<string, string>, body = '{}', by: string | undefined = secret) =>
    receiveContentWebhook(dir, by, body, new Headers(headers));

  test('that is signed asks to pull, and sent twice asks once', async () => {
    expect(await send({ 'x-hub-signature-256': sign('{}') })).toBe('asked');
    expect(await send({ 'x-hub-signature-256': sign('{}') })).toBe('asked');
    expect([await takePullRequest(dir), await takePullRequest(dir)]).toEqual([true, false]);
  });

  test.each<[string, Record<string, string>]>([
    ['without a signature', {}],
    ['signed with another secret', { 'x-hub-signature-256': sign('{}', 'another') }],
    ['signed for another body', { 'x-hub-signature-256': sign('{"a":1}') }],
    ['signed in another way', { 'x-hub-signature-256': sign('{}').replace('sha256=', 'sha1=') }],
  ])('%s is refused and asks nothing', async (_how, headers) => {
    expect(await send(headers)).toBe('not-signed');
    expect(await takePullRequest(dir)).toBe(false);
  });

  test('that only says hello does nothing', async () => {
    expect(await send({ 'x-hub-signature-256': sign('{}'), 'x-github-event': 'ping' })).toBe('nothing-to-do');
    expect(await takePullRequest(dir)).toBe(false);
  });

  test('is not there without a secret', async () => {
    expect(await receiveContentWebhook(dir, undefined, '{}', new Headers())).toBe('not-configured');
  });
});

describe('a planned change', () => {
  const merge = (onConflict: 'stop' | 'take-planned') =>
    mergePlanned(dir, 'chg_1', { author: ines, now, title: 'The spring', onConflict });

  test('is merged as one commit, with what was changed on the site meanwhile', async () => {
    await openPlannedBranch(dir, 'chg_1');
    await save('people/mei.yaml', 'name: In spring\n', 'planned/chg_1');
    await save('people/tom.yaml', 'name: Now\n');
    expect(await read('people/mei.yaml')).toBe('name: Mei\n');
    expect(await merge('stop')).toMatchObject({ outcome: 'merged' });
    expect([await read('people/mei.yaml'), await read('people/tom.yaml')]).toEqual([
      'name: In spring\n',
      'name: Now\n',
    ]);
    expect(await merge('stop')).toEqual({ outcome: 'nothing' });
    const [save_] = (await historyOf(dir, undefined, { page: 1, limit: 1 })).saves;
    expect(save_).toMatchObject({
      message: 'Bring in the planned change ‘The spring’',
      isMerge: true,
      changes: [{ path: 'people/mei.yaml', kind: 'changed' }],
    });
  });

  test('that the site contradicts stays where it is, until somebody says to take it', async () => {
    await openPlannedBranch(dir, 'chg_1');
    await save('people/mei.yaml', 'name: In spring\n', 'planned/chg_1');
    await save('people/mei.yaml', 'name: Now\n');
    expect(await plannedConflicts(dir, 'chg_1')).toEqual(['people/mei.yaml']);
    expect(await merge('stop')).toEqual({ outcome: 'conflict', paths: ['people/mei.yaml'] });
    expect(await read('people/mei.yaml')).toBe('name: Now\n');
    expect(await merge('take-planned')).toMatchObject({ outcome: 'merged' });
    expect(await read('people/mei.yaml')).toBe('name: In spring\n');
  });

  test('without a change is nothing, opened twice is one, and closed is gone', async () => {
    const first = await openPlannedBranch(dir, 'chg_1');
    await save('people/tom.yaml', 'name: Now\n');
    expect(await openPlannedBranch(dir, 'chg_1')).toEqual(first);
    expect(await merge('stop')).toEqual({ outcome: 'nothing' });
    await closePlannedBranch(dir, 'chg_1');
    await closePlannedBranch(dir, 'chg_1');
    expect(await headOf(dir, 'planned/chg_1')).toBeUndefined();
    expect(await merge('stop')).toEqual({ outcome: 'nothing' });
  });

  test('has no name that leads elsewhere', async () => {
    await expect(openPlannedBranch(dir, '../main')).rejects.toThrow('is no planned change');
  });
});
