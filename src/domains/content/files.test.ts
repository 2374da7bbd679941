import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { contentBlob, contentTree, isEditablePath, saveContent, saveInput } from './files.ts';

let home: string;
let dir: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'files-'));
  dir = path.join(home, 'content');
  await mkdir(path.join(dir, 'people'), { recursive: true });
  await cp('content/images', path.join(dir, 'images'), { recursive: true });
  await writeFile(path.join(dir, 'people/mei.yaml'), 'name: Mei\n');
});
afterEach(() => rm(home, { recursive: true }));

const base64 = (text: string) => Buffer.from(text).toString('base64url');

test('the paths that collections use can be edited', () => {
  for (const good of [
    'content/people/mei-lin.yaml',
    'content/handbooks/members/welcome.mdoc',
    'content/settings.yaml',
    'content/images/season/index.yaml',
    'content/images/season/Season 2.png'.replace(' ', '-'),
    'content/files/deck/deck.pptx',
  ])
    expect(isEditablePath(good), good).toBe(true);
});

test.each([
  'content/people/mei.ts',
  'content/people/mei.yaml/../../../astro.config.mjs',
  'content/../astro.config.mjs',
  'content/people/../../package.json',
  'content/people/./mei.yaml',
  'content//people/mei.yaml',
  'content\\people\\mei.yaml',
  'content/people/mei.yaml\0.ts',
  'content/people-evil/mei.yaml',
  'content/peoplex.yaml',
  'content/people/.env.yaml',
  'content/people/Mei.yaml',
  'content/people/me i.yaml',
  'content/people/me\u0301i.yaml',
  'content/images/season/evil.svg',
  'content/images/season/evil.html',
  'content/images/season/nested/more.png',
  'content/handbooks/members.mdoc',
  'content/handbooks/strangers/welcome.mdoc',
  `content/people/${'x'.repeat(220)}.yaml`,
  '/content/people/mei.yaml',
  'people/mei.yaml',
  'src/pages/evil.ts',
  '',
])('%s can not', (bad) => {
  expect(isEditablePath(bad)).toBe(false);
});

test('no path that can be edited leads out of the content', () => {
  const part = fc.constantFrom(
    'content',
    'people',
    'images',
    'settings',
    '..',
    '.',
    '',
    'mei',
    '.yaml',
    '.png',
    'index.yaml',
    '\\',
    '%2e%2e',
    '~',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.constantFrom('/', '', '//'), (parts, joint) => {
      const candidate = parts.join(joint);
      if (!isEditablePath(candidate)) return;
      expect(path.posix.normalize(candidate)).toBe(candidate);
      expect(candidate.startsWith('content/')).toBe(true);
    }),
  );
});

test('the tree has the ids that Git gives the same files', async () => {
  execFileSync('git', ['init', '-q'], { cwd: home });
  execFileSync('git', ['add', 'content'], { cwd: home });
  const tree = execFileSync('git', ['write-tree'], { cwd: home }).toString().trim();
  const listed = execFileSync('git', ['ls-tree', '-r', '-t', tree], { cwd: home })
    .toString()
    .trim()
    .split('\n');
  const ours = (await contentTree(dir)).map(({ mode, type, sha, path }) => `${mode} ${type} ${sha}\t${path}`);
  expect(ours.sort()).toEqual(listed.sort());
});

test('files that are none of the CMS’s business are not listed', async () => {
  await writeFile(path.join(dir, 'people/.secret.yaml'), 'x');
  await writeFile(path.join(dir, 'notes.txt'), 'x');
  const paths = (await contentTree(dir)).map((entry) => entry.path);
  expect(paths).toContain('content/people/mei.yaml');
  expect(paths.filter((entry) => /secret|notes/.test(entry))).toEqual([]);
});

test('a file is read only in the version that was asked for', async () => {
  const { sha } = (await contentTree(dir)).find((entry) => entry.path === 'content/people/mei.yaml')!;
  expect((await contentBlob(dir, sha, 'content/people/mei.yaml'))?.toString()).toBe('name: Mei\n');
  expect(await contentBlob(dir, sha.replace(/^./, '0'), 'content/people/mei.yaml')).toBeUndefined();
  expect(await contentBlob(dir, sha, 'content/../package.json')).toBeUndefined();
});

test('a save writes, creates and removes, and leaves nothing behind', async () => {
  await writeFile(path.join(dir, 'people/old.yaml'), 'name: Old\n');
  await saveContent(dir, {
    additions: [
      { path: 'content/people/mei.yaml', contents: base64('name: Mei Lin\n') },
      { path: 'content/faqs/new.mdoc', contents: base64('---\nquestion: é\n---\n') },
    ],
    deletions: [{ path: 'content/people/old.yaml' }, { path: 'content/seasons/never.yaml' }],
  });
  expect(await readFile(path.join(dir, 'people/mei.yaml'), 'utf8')).toBe('name: Mei Lin\n');
  expect(await readFile(path.join(dir, 'faqs/new.mdoc'), 'utf8')).toContain('é');
  expect(await readdir(path.join(dir, 'people'))).toEqual(['mei.yaml']);
});

test('a save through a link that leads out of the content changes nothing', async () => {
  await mkdir(path.join(home, 'outside'));
  await symlink(path.join(home, 'outside'), path.join(dir, 'faqs'));
  await expect(
    saveContent(dir, {
      additions: [
        { path: 'content/people/mei.yaml', contents: base64('changed') },
        { path: 'content/faqs/new.mdoc', contents: base64('x') },
      ],
      deletions: [],
    }),
  ).rejects.toThrow('leads to');
  expect(await readdir(path.join(home, 'outside'))).toEqual([]);
  expect(await readFile(path.join(dir, 'people/mei.yaml'), 'utf8')).toBe('name: Mei\n');
});

test('what is sent must be a change and nothing else', () => {
  const good = { additions: [{ path: 'content/people/mei.yaml', contents: base64('x') }], deletions: [] };
  expect(saveInput.safeParse(good).success).toBe(true);
  for (const bad of [
    undefined,
    {},
    { ...good, extra: 1 },
    { ...good, additions: [{ path: 'src/evil.ts', contents: '' }] },
    { ...good, additions: [{ path: 'content/people/mei.yaml', contents: 'not base64!' }] },
    { ...good, deletions: [{ path: 'content/../package.json' }] },
  ])
    expect(saveInput.safeParse(bad).success, JSON.stringify(bad)).toBe(false);
});
