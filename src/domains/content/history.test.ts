import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changesBetween, diffOf, historyOf, savesBetween } from './history.ts';
import { applyKept, dropKept, keptVersions } from './kept.ts';
import { openContentRepository } from './open-repository.ts';
import { checkOut, fileAt, headOf, treeAt } from './repository.ts';
import { commitSave, restoreVersion, type SaveInput } from './saves.ts';

const now = new Date('2026-11-22T09:00:00Z');
const ines = { name: 'Ines Fairweather', email: 'ines@example.test' };
const omar = { name: 'Omar Tidewell', email: 'omar@example.test' };

let home: string;
let shipped: string;
let dir: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'history-'));
  shipped = path.join(home, 'shipped');
  dir = path.join(home, 'content');
  await writeFiles(shipped, {
    'people/mei.yaml': 'name: Mei\njob: Librarian\n\n\n\n\ncity: Hanoi\n',
    'people/tom.yaml': 'name: Tom\n',
    'settings.yaml': 'name: PeerSphere\n',
  });
});
afterEach(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));

async function writeFiles(folder: string, files: Record<string, string>) {
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), text);
  }
}

const open = () => openContentRepository(dir, shipped, now);
const read = (file: string) => readFile(path.join(dir, file), 'utf8');
const gitSays = (...args: string[]) => execFileSync('git', ['-C', dir, ...args], { encoding: 'utf8' }).trim();

function save(files: Record<string, string | undefined>, rest: Partial<SaveInput> = {}, branch?: string) {
  const entries = Object.entries(files);
  const input: SaveInput = {
    author: ines,
    now,
    message: 'Change a person',
    additions: entries.flatMap(([path, text]) =>
      text === undefined ? [] : [{ path, bytes: Buffer.from(text) }],
    ),
    deletions: entries.flatMap(([path, text]) => (text === undefined ? [path] : [])),
    ...rest,
  };
  return commitSave(dir, input, branch);
}

async function saved(...args: Parameters<typeof save>) {
  const answer = await save(...args);
  if ('conflict' in answer) throw new Error('refused');
  return answer.commit;
}

describe('the first start', () => {
  test('makes a repository of the shipped content, with the files in the folder', async () => {
    expect(await open()).toEqual({ made: true, conflicts: [] });
    expect(await read('people/mei.yaml')).toContain('Mei');
    expect(await headOf(dir)).toBe(await headOf(dir, 'shipped'));
    expect(gitSays('status', '--porcelain')).toBe('');
  });

  test('again changes nothing', async () => {
    await open();
    const head = await headOf(dir);
    expect(await open()).toEqual({ made: false, conflicts: [] });
    expect(await headOf(dir)).toBe(head);
  });

  test('takes over an operator’s own folder with all that is in it', async () => {
    await writeFiles(dir, { 'people/ours.yaml': 'name: Ours\n', 'settings.yaml': 'name: Our site\n' });
    expect((await open()).made).toBe(true);
    expect(await read('settings.yaml')).toBe('name: Our site\n');
    expect((await treeAt(dir, (await headOf(dir))!)).map((file) => file.path)).toEqual([
      'people/ours.yaml',
      'settings.yaml',
    ]);
  });

  test('takes over a Git repository with its history, whatever its branch is called', async () => {
    await writeFiles(dir, { 'people/ours.yaml': 'name: Ours\n', '.gitignore': 'x\n' });
    execFileSync('git', ['init', '-q', '-b', 'master', dir]);
    gitSays('add', '-A');
    gitSays('-c', 'user.name=A', '-c', 'user.email=a@example.test', 'commit', '-qm', 'Ours');
    await open();
    expect(
      (await historyOf(dir, undefined, { page: 1, limit: 9 })).saves.map((each) => each.message),
    ).toEqual(['Ours']);
    expect((await treeAt(dir, (await headOf(dir))!)).map((file) => file.path)).toContain('.gitignore');
  });

  test.each(['after the marker', 'with half of the files', 'with the refs'])(
    'that was cut off %s is finished by the next',
    async (where) => {
      await mkdir(path.join(dir, '.git.making/refs/heads'), { recursive: true });
      await writeFile(path.join(dir, '.git.making/from-nothing'), '');
      if (where !== 'after the marker')
        await writeFiles(dir, { 'people/mei.yaml': 'name: M', 'people/old.yaml': 'x' });
      if (where === 'with the refs') await writeFile(path.join(dir, '.git.making/refs/heads/main'), 'broken');
      expect((await open()).made).toBe(true);
      expect(await read('people/mei.yaml')).toContain('city: Hanoi');
      expect(await readdir(path.join(dir, 'people'))).toEqual(['mei.yaml', 'tom.yaml']);
      expect(gitSays('status', '--porcelain')).toBe('');
    },
  );

  test('refuses to make the shipped content itself a repository', async () => {
    await expect(openContentRepository(shipped, shipped, now)).rejects.toThrow('choose another folder');
  });

  test('commits what was changed in the folder by hand', async () => {
    await open();
    await writeFiles(dir, { 'people/tom.yaml': 'name: Thomas\n' });
    await rm(path.join(dir, 'people/mei.yaml'));
    await open();
    const { saves } = await historyOf(dir, undefined, { page: 1, limit: 1 });
    expect(saves[0]).toMatchObject({
      message: 'Changes made in the folder',
      changes: [
        { path: 'people/mei.yaml', kind: 'deleted' },
        { path: 'people/tom.yaml', kind: 'changed' },
      ],
    });
    expect(await read('people/tom.yaml')).toBe('name: Thomas\n');
  });
});

describe('a new shipped version', () => {
  beforeEach(open);

  test('is merged, also into a text that an editor changed elsewhere', async () => {
    await saved({ 'people/mei.yaml': 'name: Mei Lin\njob: Librarian\n\n\n\n\ncity: Hanoi\n' });
    await writeFiles(shipped, {
      'people/mei.yaml': 'name: Mei\njob: Librarian\n\n\n\n\ncity: Huế\n',
      'people/new.yaml': 'name: New\n',
    });
    await rm(path.join(shipped, 'people/tom.yaml'));
    const { merged, conflicts } = await open();
    expect(merged).toBe(await headOf(dir));
    expect(conflicts).toEqual([]);
    expect(await read('people/mei.yaml')).toBe('name: Mei Lin\njob: Librarian\n\n\n\n\ncity: Huế\n');
    expect(await readdir(path.join(dir, 'people'))).toEqual(['mei.yaml', 'new.yaml']);
  });

  test('that an editor contradicts waits beside the editor’s', async () => {
    await saved({ 'people/tom.yaml': 'name: Thomas\n' });
    await writeFiles(shipped, { 'people/tom.yaml': 'name: Tomás\n' });
    expect((await open()).conflicts).toEqual(['people/tom.yaml']);
    expect(await read('people/tom.yaml')).toBe('name: Thomas\n');
    const [kept] = await keptVersions(dir);
    expect(kept).toMatchObject({ from: 'shipped', path: 'people/tom.yaml', paths: ['people/tom.yaml'] });
    expect((await fileAt(dir, kept!.commit, 'people/tom.yaml'))?.toString()).toBe('name: Tomás\n');
    expect((await open()).conflicts).toEqual([]); // asked once
  });

  test('of a deleted entry waits, and can be taken', async () => {
    await saved({ 'people/tom.yaml': undefined });
    await writeFiles(shipped, { 'people/tom.yaml': 'name: Tomás\n' });
    await open();
    const [kept] = await keptVersions(dir);
    expect(await applyKept(dir, kept!.id, { author: omar, now })).toMatchObject({ isNew: true });
    expect(await read('people/tom.yaml')).toBe('name: Tomás\n');
    expect(await keptVersions(dir)).toEqual([]);
  });

  test('that waits is answered by the next save of the entry', async () => {
    await saved({ 'people/tom.yaml': 'name: Thomas\n' });
    await writeFiles(shipped, { 'people/tom.yaml': 'name: Tomás\n' });
    await open();
    await saved({ 'people/mei.yaml': 'name: M\n' });
    expect(await keptVersions(dir)).toHaveLength(1);
    await saved({ 'people/tom.yaml': 'name: Thomas T.\n' });
    expect(await keptVersions(dir)).toEqual([]);
  });
});

describe('a save', () => {
  beforeEach(open);

  test('is one commit of the editor, and the folder follows', async () => {
    const commit = await saved(
      { 'people/mei.yaml': 'name: Mei Lin\n', 'faqs/new.mdoc': 'é\n', 'people/tom.yaml': undefined },
      { note: 'Tom left.', fields: ['Name', 'Job title'] },
    );
    expect(await headOf(dir)).toBe(commit);
    expect(gitSays('status', '--porcelain')).toBe('');
    expect(await readdir(path.join(dir, 'people'))).toEqual(['mei.yaml']);
    const { saves, total } = await historyOf(dir, undefined, { page: 1, limit: 1 });
    expect(total).toBe(2);
    expect(saves).toEqual([
      {
        commit,
        at: now,
        author: ines,
        message: 'Change a person',
        note: 'Tom left.',
        fields: ['Name', 'Job title'],
        changes: [
          { path: 'faqs/new.mdoc', kind: 'added' },
          { path: 'people/mei.yaml', kind: 'changed' },
          { path: 'people/tom.yaml', kind: 'deleted' },
        ],
        isMerge: false,
      },
    ]);
  });

  test('over somebody’s unseen change is refused, and kept once, however often it is sent', async () => {
    const base = (await headOf(dir))!;
    await saved({ 'people/mei.yaml': 'name: Mei from Omar\n' }, { author: omar, base });
    const first = await save({ 'people/mei.yaml': 'name: Mei from Ines\n' }, { base });
    const second = await save({ 'people/mei.yaml': 'name: Mei from Ines\n' }, { base });
    expect(first).toEqual(second);
    expect(first).toMatchObject({
      conflict: { author: ines, path: 'people/mei.yaml', from: 'editor', base },
    });
    expect(await read('people/mei.yaml')).toBe('name: Mei from Omar\n');
    const [kept, ...others] = await keptVersions(dir);
    expect(others).toEqual([]);
    expect((await fileAt(dir, kept!.commit, 'people/mei.yaml'))?.toString()).toBe('name: Mei from Ines\n');
    expect(await applyKept(dir, kept!.id, { author: omar, now })).toMatchObject({ isNew: true });
    expect(await read('people/mei.yaml')).toBe('name: Mei from Ines\n');
  });

  test('beside somebody’s change of another entry goes through', async () => {
    const base = (await headOf(dir))!;
    await saved({ 'people/mei.yaml': 'name: M\n' }, { author: omar, base });
    expect(await save({ 'people/tom.yaml': 'name: T\n' }, { base })).toMatchObject({ isNew: true });
  });

  test('that was made already, and sent again for want of an answer, is the same save', async () => {
    const base = (await headOf(dir))!;
    const commit = await saved({ 'people/mei.yaml': 'name: M\n' }, { base });
    expect(await save({ 'people/mei.yaml': 'name: M\n' }, { base })).toEqual({ commit, isNew: false });
  });

  test.each<[string, Record<string, string | undefined>, Record<string, string | undefined>]>([
    ['creates what another created', { 'people/ann.yaml': 'name: A\n' }, { 'people/ann.yaml': 'name: B\n' }],
    ['changes what another deleted', { 'people/tom.yaml': undefined }, { 'people/tom.yaml': 'name: T\n' }],
    ['deletes what another changed', { 'people/tom.yaml': 'name: T\n' }, { 'people/tom.yaml': undefined }],
    [
      'renames what another changed',
      { 'people/tom.yaml': 'name: T\n' },
      { 'people/tom.yaml': undefined, 'people/thomas.yaml': 'name: Tom\n' },
    ],
    [
      'renames to what another created',
      { 'people/thomas.yaml': 'name: T\n' },
      { 'people/tom.yaml': undefined, 'people/thomas.yaml': 'name: Tom\n' },
    ],
    [
      'changes the words beside a picture that another replaced',
      { 'images/year/b.png': 'b', 'images/year/a.png': undefined },
      { 'images/year/index.yaml': 'alt: new' },
    ],
  ])('that %s is refused', async (_what, first, second) => {
    await saved({ 'images/year/a.png': 'a', 'images/year/index.yaml': 'alt: old' });
    const base = (await headOf(dir))!;
    await saved(first, { author: omar, base });
    const head = await headOf(dir);
    expect(await save(second, { base })).toHaveProperty('conflict');
    expect(await headOf(dir)).toBe(head);
  });

  test('of whom both delete it is no conflict', async () => {
    const base = (await headOf(dir))!;
    await saved({ 'people/tom.yaml': undefined }, { author: omar, base });
    expect(await save({ 'people/tom.yaml': undefined }, { base })).toMatchObject({ isNew: false });
  });

  test('from a base that nobody knows is refused', async () => {
    expect(await save({ 'people/tom.yaml': 'name: T\n' }, { base: 'f'.repeat(40) })).toHaveProperty(
      'conflict',
    );
  });

  test('over a change made in the folder by hand is refused, and the change is committed', async () => {
    const base = (await headOf(dir))!;
    await writeFiles(dir, { 'people/tom.yaml': 'name: By hand\n' });
    expect(await save({ 'people/tom.yaml': 'name: T\n' }, { base })).toHaveProperty('conflict');
    expect((await fileAt(dir, 'main', 'people/tom.yaml'))?.toString()).toBe('name: By hand\n');
  });

  test('through a link in the folder writes nothing outside', async () => {
    await mkdir(path.join(home, 'outside'));
    await symlink(path.join(home, 'outside'), path.join(dir, 'faqs'));
    await save({ 'faqs/new.mdoc': 'x' });
    expect(await readdir(path.join(home, 'outside'))).toEqual([]);
  });

  test('of twenty editors at once is a commit each', async () => {
    const base = (await headOf(dir))!;
    const names = Array.from({ length: 20 }, (_, place) => `people/person-${place}.yaml`);
    await Promise.all(names.map((name) => saved({ [name]: name }, { base })));
    expect(await savesBetween(dir, base, (await headOf(dir))!)).toHaveLength(20);
    expect(gitSays('status', '--porcelain')).toBe('');
  });
});

describe('the history', () => {
  beforeEach(open);

  test('of an entry follows it through a new address', async () => {
    await saved({ 'people/tom.yaml': 'name: Tom\njob: Cook\n' });
    await saved(
      { 'people/tom.yaml': undefined, 'people/thomas.yaml': 'name: Thomas\n' },
      { message: 'Rename' },
    );
    await saved({ 'people/thomas.yaml': 'name: Thomas T.\n' });
    await saved({ 'people/mei.yaml': 'name: M\n' });
    const { saves, total } = await historyOf(dir, 'people/thomas.yaml', { page: 1, limit: 10 });
    expect(saves.map((each) => each.message)).toEqual([
      'Change a person',
      'Rename',
      'Change a person',
      'The content as it is shipped',
    ]);
    expect(total).toBe(4);
    expect((await historyOf(dir, 'people/thomas.yaml', { page: 2, limit: 3 })).saves).toHaveLength(1);
  });

  test('can be asked for one editor', async () => {
    await saved({ 'people/tom.yaml': 'a' });
    await saved({ 'people/tom.yaml': 'b' }, { author: omar });
    const { saves, total } = await historyOf(dir, undefined, { page: 1, limit: 10, author: omar.email });
    expect([saves.length, total]).toEqual([1, 1]);
  });

  test('is not led astray by what stands in a message', async () => {
    const evil = `see \x01${'a'.repeat(40)}`;
    await saved({ 'people/tom.yaml': 'a' }, { note: `a\0b ${evil}` });
    const { commit } = await historyOf(dir, undefined, { page: 1, limit: 1 }).then(({ saves }) => saves[0]!);
    const tree = gitSays('rev-parse', 'HEAD^{tree}');
    const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.test'];
    const pushed = gitSays(...who, 'commit-tree', tree, '-p', commit, '-m', `From elsewhere, ${evil}`);
    gitSays('update-ref', 'refs/heads/main', pushed);
    const { saves } = await historyOf(dir, undefined, { page: 1, limit: 10 });
    expect(saves.map((each) => each.commit)).toEqual(
      gitSays('log', '--first-parent', '--format=%H').split('\n'),
    );
    expect(saves[1]).toMatchObject({ note: `a b see  ${'a'.repeat(40)}`, author: ines });
    expect(saves[1]?.changes).toEqual([{ path: 'people/tom.yaml', kind: 'changed' }]);
  });

  test('shows each file of a save before and after', async () => {
    const commit = await saved({ 'people/tom.yaml': 'name: T\n', 'people/mei.yaml': undefined });
    expect(await diffOf(dir, commit, 'people/tom.yaml')).toEqual([
      {
        path: 'people/tom.yaml',
        kind: 'changed',
        before: Buffer.from('name: Tom\n'),
        after: Buffer.from('name: T\n'),
      },
    ]);
    expect((await changesBetween(dir, 'shipped', 'main')).map(({ path, kind }) => [path, kind])).toEqual([
      ['people/mei.yaml', 'deleted'],
      ['people/tom.yaml', 'changed'],
    ]);
  });

  test('of a commit can be laid out in a folder', async () => {
    const before = (await headOf(dir))!;
    await saved({ 'people/tom.yaml': 'name: T\n' });
    await checkOut(dir, before, path.join(home, 'out'));
    expect(await readFile(path.join(home, 'out/people/tom.yaml'), 'utf8')).toBe('name: Tom\n');
    expect(await readdir(path.join(home, 'out'))).toEqual(['people', 'settings.yaml']);
  });
});

test('a kept version that is dropped waits no more, and one that is gone can be neither taken nor dropped', async () => {
  await open();
  const base = (await headOf(dir))!;
  await saved({ 'people/mei.yaml': 'a' }, { author: omar, base });
  await save({ 'people/mei.yaml': 'b' }, { base });
  const [kept] = await keptVersions(dir);
  expect(await dropKept(dir, kept!.id)).toBe('dropped');
  expect(await keptVersions(dir)).toEqual([]);
  expect(await dropKept(dir, kept!.id)).toBe('no-such-version');
  expect(await applyKept(dir, '../../heads/main', { author: ines, now })).toBe('no-such-version');
  expect(await read('people/mei.yaml')).toBe('a');
});

describe('restoring', () => {
  const file = 'communities/school-librarians.mdoc';

  test('brings an earlier version back as a new save, but none that is not right or not there', {
    timeout: 60_000,
  }, async () => {
    await cp('content', shipped, { recursive: true });
    await open();
    const whole = (await headOf(dir))!;
    const text = await read(file);
    const broken = await saved({ [file]: text.replace(/^name: .*\n/m, '') });
    await saved({ [file]: text.replace(/^summary: .*$/m, 'summary: Short.') });
    const head = await headOf(dir);

    const refused = await restoreVersion(dir, { path: file, commit: broken, author: omar, now });
    expect(refused).toEqual({ problems: [expect.objectContaining({ file, field: 'name' })] });
    expect(await restoreVersion(dir, { path: file, commit: 'a'.repeat(40), author: omar, now })).toBe(
      'no-such-version',
    );
    expect(await restoreVersion(dir, { path: 'people/no.yaml', commit: whole, author: omar, now })).toBe(
      'no-such-version',
    );
    expect(await headOf(dir)).toBe(head);

    expect(await restoreVersion(dir, { path: file, commit: whole, author: omar, now })).toMatchObject({
      isNew: true,
    });
    expect(await read(file)).toBe(text);
    const [latest] = (await historyOf(dir, file, { page: 1, limit: 1 })).saves;
    expect(latest).toMatchObject({ author: omar, fields: [] });
    expect(latest!.message).toMatch(/^Restore an earlier version of ‘.*Librarians.*’$/i);
  });
});
