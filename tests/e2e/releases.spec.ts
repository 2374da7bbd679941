import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { renderPage } from '../../src/domains/publishing/render-page.ts';
import { buildRelease } from '../releases.ts';
import { runNode } from '../site.ts';

vi.setConfig({ testTimeout: 180_000 }); // whole releases, and a build

let home: string;
let code: string;
let content: string;
let count = 0;

beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'releases-'));
  code = inject('siteDir');
});
afterAll(() => rm(home, { recursive: true }));

beforeEach(async () => {
  count += 1;
  content = path.join(home, `content-${count}`);
  await cp('content', content, { recursive: true });
});

async function edit(file: string, change: (source: string) => string) {
  const place = path.join(content, file);
  const before = await readFile(place, 'utf8');
  expect(change(before), 'the test changed nothing').not.toBe(before);
  await writeFile(place, change(before));
}

const env = () => ({ DATA_DIR: path.join(home, 'data') });
const out = (name = 'release') => path.join(home, `${name}-${count}`);
const release = (previous = code, name = 'release') =>
  buildRelease({ content, out: out(name), code, previous }, env());
const page = (name: string, at: string) => readFile(path.join(name, 'client', at, 'index.html'), 'utf8');
const inode = async (...parts: string[]) => (await stat(path.join(...parts))).ino;

describe('a release', () => {
  test('of the same content is the same, and one on disk with the one before', async () => {
    const run = await release();
    expect(run.errors).toBe('');
    expect(run.done).toMatchObject({ changed: [], removed: [], isSame: true });
    for (const file of [
      'client/about/index.html',
      'client/index.html',
      'client/index.html.br',
      'server/entry.mjs',
    ])
      expect(await inode(out(), file), file).toBe(await inode(code, file));
  });

  test('of one changed text changes its page, and search finds the new words', async () => {
    await edit(
      'pages/about.mdoc',
      (source) => `${source}\nQuokkas are welcome, all of them, on every page of ours.\n`,
    );
    await edit('pages/about.mdoc', (source) => source.replace(/^lead: /m, 'lead: Truly. '));
    const run = await release();
    expect(run.done).toMatchObject({ changed: ['/about'], removed: [], isSame: false });
    expect(await page(out(), 'about')).toContain('Truly.');
    expect(await inode(out(), 'client/index.html')).toBe(await inode(code, 'client/index.html'));
    expect(await readFile(path.join(out(), 'content/pages/about.mdoc'), 'utf8')).toContain('Quokkas');
    expect(await readFile(path.join(out(), 'content.json'), 'utf8')).toContain('Quokkas');
  });

  test('has new pages, and none for what was removed; hashed files of before stay a while', async () => {
    await edit('pages/about.mdoc', (source) => source.replace(/^lead: /m, 'lead: First. '));
    await writeFile(
      path.join(content, 'pages/extra.mdoc'),
      await readFile(path.join(content, 'pages/about.mdoc')),
    );
    await edit('pages/extra.mdoc', (source) => source.replace(/^title: .*$/m, 'title: An extra page'));
    const first = await release();
    expect(first.done?.changed).toContain('/extra');
    await rm(path.join(content, 'pages/extra.mdoc'));
    const second = await release(out(), 'second');
    expect(second.done?.removed).toEqual(['/extra']);
    expect(existsSync(path.join(out('second'), 'client/extra'))).toBe(false);
    const index = 'client/pagefind/index';
    const [before, after] = await Promise.all([
      readdir(path.join(out(), index)),
      readdir(path.join(out('second'), index)),
    ]);
    expect(after).toEqual(expect.arrayContaining(before));
  });

  test('shows a picture that an editor just uploaded', async () => {
    await mkdir(path.join(content, 'images/new-picture'));
    await writeFile(
      path.join(content, 'images/new-picture/index.yaml'),
      'title: New picture\nalt: A red square\nimage: red.png\n',
    );
    await sharp({ create: { width: 1000, height: 500, channels: 3, background: 'red' } })
      .png()
      .toFile(path.join(content, 'images/new-picture/red.png'));
    await edit('pages/about.mdoc', (source) => `${source}\n\n{% figure image="new-picture" /%}\n`);
    expect((await release()).done?.changed).toEqual(['/about']);
    const [, src = ''] =
      /<img[^>]* src="(\/_astro\/images\/new-picture\.[^"]+)"/.exec(await page(out(), 'about')) ?? [];
    expect(await sharp(path.join(out(), 'client', src)).metadata()).toMatchObject({
      format: 'webp',
      width: 1000,
    });
  });

  test('is not made of content that is wrong: it is said which file and field', async () => {
    await edit('communities/school-librarians.mdoc', (source) =>
      source.replace(/^area: .*$/m, 'area: catering'),
    );
    await edit('pages/about.mdoc', (source) => source.replace(/^title: .*\n/m, ''));
    const run = await release();
    expect(run.code).toBe(1);
    expect(run.done).toBeUndefined();
    expect(run.problems).toMatchObject([
      { file: 'communities/school-librarians.mdoc', field: 'area' },
      { file: 'pages/about.mdoc', field: 'title' },
    ]);
  });

  test('needs an empty folder', async () => {
    await mkdir(out());
    await writeFile(path.join(out(), 'something'), '');
    expect(await release()).toMatchObject({ code: 2, errors: expect.stringContaining('is not empty') });
  });

  test('writes nowhere else: the release before can be read-only', async () => {
    const before = await stat(path.join(code, 'client/about/index.html'));
    await edit('pages/about.mdoc', (source) => source.replace(/^lead: /m, 'lead: Truly. '));
    await chmod(path.join(code, 'client/about/index.html'), 0o444);
    await release();
    const after = await stat(path.join(code, 'client/about/index.html'));
    expect([after.size, after.mtimeMs]).toEqual([before.size, before.mtimeMs]);
    expect(await page(code, 'about')).not.toContain('Truly.');
  });

  test('ends with the process that asked for it, and takes its order late', async () => {
    const child = spawn(process.execPath, ['src/jobs/build-release.ts', '--wait', '--code', code], {
      env: { ...process.env, ...env() },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const [ready] = await once(child.stdout, 'data');
    expect(JSON.parse(String(ready))).toEqual({ ready: true });
    child.stdin.write(`${JSON.stringify({ content, out: out(), previous: code })}\n`);
    await once(child.stdout, 'data');
    child.stdin.end();
    const [exitCode] = await once(child, 'close');
    expect(exitCode).toBe(1);
    expect(existsSync(path.join(out(), 'files.json'))).toBe(false);
  });
});

describe('a page that is not published yet', () => {
  test('is rendered as it will look', async () => {
    await edit('pages/about.mdoc', (source) => source.replace(/^lead: /m, 'lead: Truly. '));
    const seen = await renderPage({ codeBuild: code, contentDir: content, pathname: '/about' });
    expect(seen.status).toBe(200);
    expect(seen.html).toContain('Truly.');
  });

  test('is the page for what is not there, where there is none', async () => {
    const seen = await renderPage({ codeBuild: code, contentDir: content, pathname: '/nothing/here' });
    expect(seen.status).toBe(404);
    expect(seen.html).toContain('There is no such page');
  });
});

test('a release has byte for byte the pages that Astro’s own build of the same content has', async () => {
  const plain = path.resolve('.data/test/plain');
  await rm(plain, { recursive: true, force: true });
  await runNode(['node_modules/astro/bin/astro.mjs', 'build', '--outDir', plain], {
    CONTENT_DIR: path.resolve('content'),
  });
  const files = async (folder: string) =>
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
      .filter((file) => !/\.(?:br|gz|zst)$|^pagefind\/|^sitemap-|^_astro\/images\//.test(file)) // only ours has these
      .sort();
  const [ours, theirs] = [path.join(code, 'client'), path.join(plain, 'client')];
  expect(await files(ours)).toEqual(await files(theirs));
  const differing: string[] = [];
  for (const file of await files(ours)) {
    const [a, b] = await Promise.all([readFile(path.join(ours, file)), readFile(path.join(theirs, file))]);
    if (!a.equals(b) && !(file.endsWith('.html') && withoutLots(a) === withoutLots(b))) differing.push(file);
  }
  expect(differing).toEqual([]);
});

/** A page without what Astro draws by lot for its islands, and the hashes of scripts that hold it. */
function withoutLots(html: Buffer): string {
  return html
    .toString()
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'id')
    .replace(/(_server-islands\/\w+\?)[^"'\\]*/g, '$1')
    .replace(/'sha256-[^']*'/g, 'hash');
}
