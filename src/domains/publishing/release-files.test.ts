import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { packedForms, packFiles } from './pack-files.ts';
import { releaseFiles } from './release-files.ts';

let dir: string;
const at = (...parts: string[]) => path.join(dir, ...parts);

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'release-files-'));
});
afterEach(() => rm(dir, { recursive: true }));

const page = (words: string) => `<p>${words.repeat(200)}</p>`;

async function release(name: string, previous: string | undefined, pages: Record<string, string>) {
  const files = await releaseFiles(at(name), previous && at(previous));
  for (const [file, text] of Object.entries(pages)) await files.put(file, text);
  await packFiles(at(name), files, Object.keys(pages));
  await files.finish();
  return files;
}

const inode = async (...parts: string[]) => (await stat(at(...parts))).ino;

test('what is as it was before is one file on disk with it, packed forms too', async () => {
  await release('one', undefined, { 'client/a.html': page('old '), 'client/b.html': page('same ') });
  await release('two', 'one', { 'client/a.html': page('new '), 'client/b.html': page('same ') });
  for (const file of ['client/b.html', ...packedForms('client/b.html')])
    expect(await inode('two', file), file).toBe(await inode('one', file));
  for (const file of ['client/a.html', ...packedForms('client/a.html')])
    expect(await inode('two', file), file).not.toBe(await inode('one', file));
  expect(await readFile(at('one/client/a.html'), 'utf8')).toBe(page('old '));
});

test('a place is filled once: nothing is written into a file that another release has too', async () => {
  await release('one', undefined, { 'client/a.html': page('same ') });
  const files = await releaseFiles(at('two'), at('one'));
  await files.put('client/a.html', page('same '));
  await expect(files.put('client/a.html', page('other '))).rejects.toThrow(/EEXIST/);
  expect(await readFile(at('one/client/a.html'), 'utf8')).toBe(page('same '));
});

test('a release whose list is missing is none to take from', async () => {
  await release('one', undefined, { 'client/a.html': page('same ') });
  await rm(at('one/files.json'));
  await release('two', 'one', { 'client/a.html': page('same ') });
  expect(await inode('two/client/a.html')).not.toBe(await inode('one/client/a.html'));
});

test('a file that vanished from the release before is written anew', async () => {
  await release('one', undefined, { 'client/a.html': page('same ') });
  await rm(at('one/client/a.html'));
  await release('two', 'one', { 'client/a.html': page('same ') });
  expect(await readFile(at('two/client/a.html'), 'utf8')).toBe(page('same '));
});

test('a small file has no packed forms, and a picture none', async () => {
  await mkdir(at('one/client'), { recursive: true });
  const { list } = await release('one', undefined, {
    'client/a.html': '<p>short</p>',
    'client/b.png': page('x'),
  });
  expect(Object.keys(list).sort()).toEqual(['client/a.html', 'client/b.png']);
});

test('a hashed file may stay for a while, with the moment since when', async () => {
  await release('one', undefined, { 'client/_astro/a.123.js': page('let a;') });
  const files = await releaseFiles(at('two'), at('one'));
  await files.retain('client/_astro/a.123.js', '2026-11-22T10:00:00.000Z');
  expect(files.list['client/_astro/a.123.js']?.keptSince).toBe('2026-11-22T10:00:00.000Z');
  expect(await inode('two/client/_astro/a.123.js')).toBe(await inode('one/client/_astro/a.123.js'));
});
