import { request } from 'node:http';
import { describe, expect, inject, test } from 'vitest';
import { newPage, useBrowser } from '../browser.ts';
import { allResources, entriesIn } from '../content.ts';

useBrowser();

const slugsIn = (folder: string, base: string) => entriesIn(folder).map(({ slug }) => `${base}/${slug}`);
const handbooks = ['/handbooks/members', '/handbooks/sams', '/handbooks/hosts'];
const resourcePages = allResources().map(({ slug }) => `/resources/${slug}`);
const handbookPages = handbooks.flatMap((base) => slugsIn(base.slice(1), base));

/** Public pages that a search engine should list, from the contract’s list of paths and the content. */
const listedPages = [
  '/',
  '/how-it-works',
  '/communities',
  ...slugsIn('communities', '/communities'),
  '/handbooks',
  ...handbooks,
  ...handbookPages,
  '/resources',
  ...resourcePages,
  '/membership',
  '/about',
  '/contact',
  '/code-of-conduct',
  '/privacy',
];
const otherPaths = [
  '/search',
  ...handbooks.map((handbook) => `${handbook}/print`),
  '/sitemap-index.xml',
  '/robots.txt',
  '/resources/rss.xml',
];

const get = (path: string, init: RequestInit = {}) =>
  fetch(inject('siteUrl') + path, { redirect: 'manual', ...init });
const textOf = async (path: string) => (await get(path)).text();
const attribute = (html: string, pattern: RegExp) => pattern.exec(html)?.[1] ?? '';
const pathOf = (address: string) => new URL(address).pathname;

/** Those of the paths for which the check says something is wrong, with what. */
async function problems(paths: string[], check: (path: string) => Promise<string | undefined>) {
  const found = await Promise.all(paths.map(async (path) => [path, await check(path)] as const));
  return found.filter(([, problem]) => problem).map(([path, problem]) => `${path}: ${problem}`);
}

/** A request exactly as written: nothing resolves dots, slashes or percent signs on the way. */
function rawRequest(path: string, options: { method?: string; headers?: Record<string, string> } = {}) {
  const { hostname, port } = new URL(inject('siteUrl'));
  return new Promise<{ status: number; location: string; body: string }>((resolve, reject) => {
    const asked = request({ hostname, port, path, ...options }, (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        body += chunk;
      });
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, location: answer.headers.location ?? '', body }),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('addresses', () => {
  test('every public address answers', async () => {
    const failing = await problems([...listedPages, ...otherPaths], async (path) => {
      const { status } = await get(path);
      return status === 200 ? undefined : String(status);
    });
    expect(failing).toEqual([]);
  });

  test('a slash at the end leads to the address without', async () => {
    const { status, location } = await rawRequest('/handbooks/members/?q=1');
    expect([status, location]).toEqual([308, '/handbooks/members?q=1']);
  });

  test.each(['//', '///', '//example.org/', '/\\example.org/'])(
    '%s never leads to another site',
    async (path) => {
      const { location } = await rawRequest(path);
      expect(new URL(location, inject('siteUrl')).origin).toBe(inject('siteUrl'));
    },
  );

  test('a page has one address: doubled slashes are not another', async () => {
    expect((await rawRequest('//communities')).status).toBe(404);
  });

  test('an address of nothing is answered with 404', async () => {
    expect((await get('/no-such-page')).status).toBe(404);
  });

  test('an address of nothing shows a page that leads on', async () => {
    const page = await newPage({ expected: /404/ });
    await page.goto('/no-such-page');
    await page.getByRole('heading', { level: 1, name: 'There is no such page' }).waitFor();
    await page.getByRole('main').getByRole('link', { name: 'Find a community' }).click();
    await page.waitForURL('**/communities');
  });
});

describe('for search engines and feed readers', () => {
  const locations = (xml: string) => [...xml.matchAll(/<loc>([^<]+)<\/loc>/g)].map(([, address]) => address!);

  test('the sitemap lists every public page', async () => {
    const maps = locations(await textOf('/sitemap-index.xml'));
    const listed = (await Promise.all(maps.map((map) => textOf(pathOf(map))))).flatMap(locations).map(pathOf);
    expect(listedPages.filter((path) => !listed.includes(path))).toEqual([]);
  });

  test('the sitemap lists no address that a search engine may not keep', async () => {
    const maps = locations(await textOf('/sitemap-index.xml'));
    const listed = (await Promise.all(maps.map((map) => textOf(pathOf(map))))).flatMap(locations).map(pathOf);
    const wrong = await problems(listed, async (path) => {
      const answer = await get(path);
      const hidden = /<meta name="robots" content="noindex"/.test(await answer.text());
      return answer.status !== 200 || hidden ? `${answer.status}${hidden ? ', noindex' : ''}` : undefined;
    });
    expect(wrong).toEqual([]);
  });

  test('robots.txt leads to the sitemap and away from the editor', async () => {
    const robots = await textOf('/robots.txt');
    expect(robots).toMatch(/^Disallow: \/keystatic$[\s\S]+^Sitemap: https?:\/\/.+\/sitemap-index\.xml$/m);
  });

  test('the feed is sound XML with an absolute link for each resource', async () => {
    const page = await newPage();
    await page.goto('/');
    const links = await page.evaluate(async () => {
      const xml = await (await fetch('/resources/rss.xml')).text();
      const feed = new DOMParser().parseFromString(xml, 'application/xml');
      if (feed.querySelector('parsererror')) return ['not XML'];
      return [...feed.querySelectorAll('item > link')].map((link) => link.textContent);
    });
    expect(links.map(pathOf).sort()).toEqual([...resourcePages].sort());
  });

  test('every page names its own address', async () => {
    const wrong = await problems(listedPages, async (path) => {
      const canonical = attribute(await textOf(path), /<link rel="canonical" href="([^"]+)"/);
      return canonical && pathOf(canonical) === path ? undefined : canonical || 'none';
    });
    expect(wrong).toEqual([]);
  });

  test('every page has a preview card of 1200 by 630', async () => {
    const wrong = await problems(listedPages, async (path) => {
      const card = attribute(await textOf(path), /<meta property="og:image" content="([^"]+)"/);
      if (!card) return 'no card';
      const png = Buffer.from(await (await get(pathOf(card))).arrayBuffer());
      const isPng = png.subarray(1, 4).toString('latin1') === 'PNG';
      const size = isPng ? `${png.readUInt32BE(16)} x ${png.readUInt32BE(20)}` : 'not a PNG';
      return size === '1200 x 630' ? undefined : size;
    });
    expect(wrong).toEqual([]);
  });

  test('every page has a title and a description of its own', async () => {
    const seen = await Promise.all(
      listedPages.map(async (path) => {
        const html = await textOf(path);
        return [/<title>([^<]+)</, /<meta name="description" content="([^"]+)"/].map((one) =>
          attribute(html, one),
        );
      }),
    );
    const repeated = [0, 1].flatMap((which) => {
      const values = seen.map((page) => page[which]!);
      return values.filter((value, index) => !value || values.indexOf(value) !== index);
    });
    expect(repeated).toEqual([]);
  });

  async function structured(path: string) {
    const html = await textOf(path);
    return [...html.matchAll(/<script type="application\/ld\+json">(.*?)<\/script>/gs)].map(
      ([, json]) => JSON.parse(json!) as Record<string, unknown>,
    );
  }

  test.each([
    ['/', ['Organization']],
    ['/communities/school-librarians', ['BreadcrumbList']],
    ['/handbooks/members', ['BreadcrumbList']],
    ['/handbooks/members/welcome', ['BreadcrumbList', 'Article']],
    ['/resources/three-networks-every-educator-needs', ['BreadcrumbList', 'Article']],
    ['/membership', ['BreadcrumbList']],
  ])('%s describes itself as %j', async (path, types) => {
    expect((await structured(path)).map((one) => one['@type'])).toEqual(types);
  });

  test('an article says who wrote it and when', async () => {
    const [, article] = await structured('/resources/three-networks-every-educator-needs');
    expect(article).toMatchObject({
      '@context': 'https://schema.org',
      author: { name: expect.stringMatching(/\S/) },
      datePublished: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    });
  });
});

describe('the editor, in production', () => {
  const ways = [
    '/keystatic',
    '/KEYSTATIC',
    '/%6beystatic',
    '//keystatic',
    '/./keystatic',
    '/keystatic/x',
    '//keystatic/x',
    '/keystatic/collection/pages',
    '/api/keystatic/tree',
    '/api//keystatic/tree',
    '//api/keystatic/tree',
    '/API/keystatic/tree',
    '/api/keystatic/blob/x/content/home.yaml',
  ];

  test.each(ways)('%s is not there for anybody', async (path) => {
    const { status } = await rawRequest(path, { headers: { 'no-cors': '1' } });
    expect(status).toBe(404);
  });

  test.each(['/keystatic/', '/api/keystatic/tree/'])('%s leads only to where nothing is', async (path) => {
    const { location } = await rawRequest(path, { headers: { 'no-cors': '1' } });
    expect((await rawRequest(location, { headers: { 'no-cors': '1' } })).status).toBe(404);
  });

  test('its answer is the same as for an address that never was', async () => {
    const [editor, nothing] = await Promise.all(
      ['/keystatic', '/no-such-page'].map((path) => rawRequest(path)),
    );
    expect(editor).toEqual(nothing);
  });

  test('nobody can save through it', async () => {
    const { status } = await rawRequest('/api/keystatic/update', {
      method: 'POST',
      headers: { 'no-cors': '1', Origin: inject('siteUrl') },
    });
    expect(status).toBe(404);
  });
});

describe('the server', () => {
  test.each(['/', '/favicon.svg', '/no-such-page', '/resources/vendor-data-review-starter/read'])(
    'sends its security headers with %s',
    async (path) => {
      const { headers } = await get(path);
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'strict-origin-when-cross-origin',
        'cross-origin-opener-policy': 'same-origin',
        'permissions-policy': expect.stringContaining('camera=()'),
        'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
      });
    },
  );

  test('lets a page load nothing but its own', async () => {
    const policy = attribute(
      await textOf('/'),
      /<meta http-equiv="content-security-policy" content="([^"]+)"/i,
    );
    expect(policy).toMatch(/default-src 'self'/);
    expect(policy).not.toMatch(/'unsafe-inline'|'unsafe-eval'|https?:|\*/);
  });

  test('refuses TRACE', async () => {
    expect((await rawRequest('/', { method: 'TRACE' })).status).toBe(405);
  });

  test('refuses a host that is not its own', async () => {
    expect((await rawRequest('/', { headers: { Host: 'elsewhere.example' } })).status).toBe(421);
  });

  test('refuses an address beyond what a browser sends', async () => {
    expect((await rawRequest(`/${'a'.repeat(9000)}`)).status).toBe(414);
  });

  test('sends a page that has not changed only once', async () => {
    const etag = (await get('/')).headers.get('etag')!;
    expect((await get('/', { headers: { 'If-None-Match': etag } })).status).toBe(304);
  });

  test('compresses pages', async () => {
    expect((await get('/', { headers: { 'Accept-Encoding': 'br' } })).headers.get('content-encoding')).toBe(
      'br',
    );
  });

  test('lets browsers keep what has its hash in its name', async () => {
    const script = attribute(await textOf('/'), /<script type="module" src="([^"]+)"/);
    expect((await get(script)).headers.get('cache-control')).toContain('immutable');
  });
});
