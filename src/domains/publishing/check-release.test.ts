import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as pagefind from 'pagefind';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { type Serving, serve } from '../../server/serve.ts';
import { checkRelease, type ReleaseOnTrial } from './check-release.ts';

const secret = 'The quiet corner behind the atlas shelf is where every newcomer finally starts to talk.';

let folder: string;
let serving: Serving | undefined;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'release-'));
  await put('server/entry.mjs', 'export const handler = (req, res) => { res.writeHead(404); res.end(); };');
  await put('client/_astro/site.css', 'a{color:red}');
  await put('client/index.html', page({ title: 'Home', body: '<a href="/about#team">About us</a>' }));
  await put(
    'client/about/index.html',
    page({ title: 'About', body: '<h2 id="team">Team</h2><a href="/sign-in">in</a>' }),
  );
  await put('client/404.html', page({ title: 'Not here', body: 'Sorry.' }));
  await put(
    'content/member-resources/corner.mdoc',
    `---\ntitle: A corner\nsummary: Where newcomers talk.\n---\n${secret} It needs two chairs.\n`,
  );
  await put(
    'content/resources/open.mdoc',
    '---\ntitle: Open\n---\nEverybody may read this sentence, and many people do so every day.\n',
  );
});
afterEach(async () => {
  await serving?.close();
  serving = undefined;
  await rm(folder, { recursive: true });
});

async function put(file: string, text: string) {
  await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
  await writeFile(path.join(folder, file), text);
}

async function indexSite(client: string) {
  const { index } = await pagefind.createIndex({ keepIndexUrl: false });
  await index!.addDirectory({ path: client });
  await index!.writeFiles({ outputPath: path.join(client, 'pagefind') });
}
afterAll(() => pagefind.close());

const policy = `<meta http-equiv="content-security-policy" content="default-src 'self'; script-src 'self'">`;

const page = ({ title, body, head = policy }: { title: string; body: string; head?: string }) =>
  `<!doctype html><html lang="en"><head>${head}<title>${title}</title><link rel="stylesheet" href="/_astro/site.css"></head>` +
  `<body><main data-pagefind-body><h1>${title}</h1>${body}</main></body></html>`;

/** What is found wrong with the release as it stands, its search made of its pages unless told otherwise. */
async function faults(given: Partial<ReleaseOnTrial> = {}, { index = true } = {}) {
  if (index) await indexSite(path.join(folder, 'client'));
  serving = await serve({ dist: folder, host: '127.0.0.1', port: 0, siteUrl: 'http://127.0.0.1' });
  return checkRelease({
    folder,
    url: serving.url,
    changed: ['/', '/about'],
    removed: [],
    isOnDemand: (pathname) => pathname === '/sign-in',
    ...given,
  });
}

test('a release in which everything is there may go live', async () => {
  expect(await faults()).toEqual([]);
});

test('a page that should be there and is not is told', async () => {
  expect(await faults({ changed: ['/', '/people'] })).toEqual([
    { page: '/people', message: 'is not in the release, though it should be.' },
  ]);
});

test.each([
  ['/nowhere', 'links to /nowhere, which is not in the release.'],
  ['/about#nobody', 'links to the place #nobody of /about, which is not there.'],
  ['#nothing', 'links to the place #nothing of /about, which is not there.'],
  ['/_astro/gone.css', 'needs the file /_astro/gone.css, which is not in the release.'],
])('a changed page that leads to %s is told', async (target, message) => {
  await put(
    'client/about/index.html',
    page({ title: 'About', body: `<h2 id="team">Team</h2><a href="${target}">x</a>` }),
  );
  expect(await faults()).toEqual([{ page: '/about', message }]);
});

test('pictures in several sizes and the preview card are looked for', async () => {
  const head = `${policy}<meta property="og:image" content="https://peers.example.test/og/about.png">`;
  const body = '<h2 id="team">Team</h2><img src="/_astro/site.css" srcset="/a.webp 480w, /b.webp 960w">';
  await put('client/about/index.html', page({ title: 'About', body, head }));
  expect((await faults()).map(({ message }) => message)).toEqual([
    'needs the file /og/about.png, which is not in the release.',
    'needs the file /a.webp, which is not in the release.',
    'needs the file /b.webp, which is not in the release.',
  ]);
});

test('a page that did not change and leads to one that was removed is told', async () => {
  await put('client/people/index.html', page({ title: 'People', body: '<a href="/old">Old</a>' }));
  expect(await faults({ removed: ['/old'] })).toEqual([
    { page: '/people', message: 'links to /old, which was removed.' },
  ]);
});

test.each([
  [
    'without a policy',
    () => page({ title: 'About', body: '<h2 id="team">x</h2>', head: '' }),
    'has no security policy of its own.',
  ],
  [
    'that is cut off',
    () => page({ title: 'About', body: '<h2 id="team">x</h2>' }).slice(0, -20),
    'is cut off before its end.',
  ],
])('a page %s is told', async (_, html, message) => {
  await put('client/about/index.html', html());
  expect(await faults()).toEqual([{ page: '/about', message }]);
});

test('a search that is not there, or cannot find a page, is told', async () => {
  expect(await faults({}, { index: false })).toEqual([
    { page: '/search', message: 'cannot work: /pagefind/pagefind.js is not in the release.' },
  ]);
  await serving?.close();
  serving = undefined;
  await indexSite(path.join(folder, 'client'));
  await put('client/novel/index.html', page({ title: 'Zymurgy', body: 'New.' }));
  expect(await faults({ changed: ['/novel'] }, { index: false })).toEqual([
    { page: '/search', message: 'does not find /novel by its title, “Zymurgy”.' },
  ]);
});

test('members’ text on a page, and so in the search, is told', async () => {
  await put(
    'client/about/index.html',
    page({ title: 'About', body: `<h2 id="team">Team</h2><p>${secret}</p>` }),
  );
  const found = await faults();
  expect(found.map(({ page: where }) => where)).toContain('/about');
  expect(found.some(({ page: where }) => where.startsWith('/pagefind/fragment/'))).toBe(true);
  expect(found[0]?.message).toContain('text of the members’ resource “corner” public: “The quiet corner');
});

test('text that became members’ only is looked for on pages that did not change, too', async () => {
  const before = path.join(folder, 'before');
  await put('before/content/resources/open.mdoc', '---\ntitle: Open\n---\nOther.\n');
  await put('client/stale/index.html', page({ title: 'Stale', body: `<p>${secret}</p>` }));
  const found = await faults({ changed: ['/about'], previous: before });
  expect(found).toContainEqual({
    page: '/stale',
    message: expect.stringContaining('members’ resource “corner”'),
  });
});

test('a sentence that also stands in open content is no secret', async () => {
  await put('content/pages/about.mdoc', `---\ntitle: About\n---\n${secret}\n`);
  await put(
    'client/about/index.html',
    page({ title: 'About', body: `<h2 id="team">Team</h2><p>${secret}</p>` }),
  );
  expect(await faults()).toEqual([]);
});

test('a file that only members may have is told', async () => {
  await put('content/member-resources/plan.mdoc', '---\ntitle: Plan\nfile: season-plan\n---\nA plan.\n');
  await put('client/files/season-plan/season-plan.pdf', 'pdf');
  expect(await faults()).toEqual([
    {
      page: '/files/season-plan/season-plan.pdf',
      message: 'is a file for members only, and would be public.',
    },
  ]);
});
