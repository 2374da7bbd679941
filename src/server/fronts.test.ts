import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Front, freePort, has, startCaddy, startNginx } from '../../tests/fronts.ts';
import { securityHeaders } from '../lib/security-policy.ts';
import { type Serving, serve } from './serve.ts';

const expected = securityHeaders('https://peers.example.org');

describe('the examples for servers in front', () => {
  test('forbid what we forbid: nginx', async () => {
    const example = await readFile('docs/deploy/nginx-security-headers.conf', 'utf8');
    const said = [...example.matchAll(/^add_header (\S+) "(.*)" always;$/gm)].map(([, name, value]) => [
      name,
      value,
    ]);
    expect(said).toEqual(expected);
  });

  test('forbid what we forbid: Caddy', async () => {
    const example = await readFile('docs/deploy/Caddyfile', 'utf8');
    const block = /\theader \{\n([\s\S]*?)\n\t\t\}/.exec(example)?.[1] ?? '';
    const said = [...block.matchAll(/^\s*([A-Z][\w-]+) "(.*)"$/gm)].map(([, name, value]) => [name, value]);
    expect(said).toEqual(expected);
  });
});

const page = `<!doctype html><title>Home</title>${'<p>peers</p>'.repeat(200)}`;
let dist: string;
let site: Serving;

beforeAll(async () => {
  dist = await mkdtemp(path.join(tmpdir(), 'front-'));
  await mkdir(path.join(dist, 'server'), { recursive: true });
  await mkdir(path.join(dist, 'client/about'), { recursive: true });
  await mkdir(path.join(dist, 'client/_astro'));
  await mkdir(path.join(dist, 'client/files'));
  for (const file of ['index.html', 'about/index.html', '404.html', '500.html', '_astro/site.abc123.css']) {
    await writeFile(path.join(dist, 'client', file), page);
    await writeFile(path.join(dist, 'client', `${file}.br`), brotliCompressSync(page));
    await writeFile(path.join(dist, 'client', `${file}.gz`), gzipSync(page));
  }
  for (const file of [
    'robots.txt',
    'favicon.svg',
    'files/plan.pdf',
    'files/film.mp4',
    '.hidden',
    'data.json',
    'sitemap.xml',
  ])
    await writeFile(path.join(dist, 'client', file), 'x'.repeat(100));
  await writeFile(
    path.join(dist, 'server/entry.mjs'),
    `export const handler = async (request, response) => {
      response.writeHead(request.url === '/me' ? 200 : 404, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(request.method + ' ' + request.url + ' ' + (request.headers['x-forwarded-for'] ?? ''));
    };`,
  );
  site = await serve({
    dist,
    host: '127.0.0.1',
    port: 0,
    siteUrl: 'http://127.0.0.1',
    trustedProxies: 1,
  });
});
afterAll(async () => {
  await site.close();
  await rm(dist, { recursive: true });
});

type Answer = { status: number; headers: IncomingHttpHeaders; body: string };

function ask(base: string, address: string, method = 'GET', headers: Record<string, string> = {}) {
  const { hostname, port } = new URL(base);
  return new Promise<Answer>((resolve, reject) => {
    const sent = httpRequest({ hostname, port, path: address, method, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(chunks).toString('latin1'),
        }),
      );
    });
    sent.once('error', reject);
    sent.end();
  });
}

const same = ['content-type', 'cache-control', 'content-encoding', 'location', 'vary'] as const;

/** What of an answer must not depend on who sends it. */
function gist({ status, headers, body }: Answer) {
  const kept = Object.fromEntries(same.map((name) => [name, headers[name]?.replaceAll(/\s*,\s*/g, ', ')]));
  const security = expected
    .map(([name]) => name.toLowerCase())
    .filter((name) => name !== 'strict-transport-security') // the site under test speaks http
    .map((name) => [name, headers[name]]);
  return { status, ...kept, security, length: body.length };
}

describe.each([
  ['nginx', startNginx],
  ['caddy', startCaddy],
] as const)('behind %s', (program, startFront) => {
  let front: Front;

  beforeAll(async () => {
    if (!has(program)) return;
    const sitePort = Number(new URL(site.url).port);
    front = await startFront({ port: await freePort(), sitePort, client: path.join(dist, 'client') });
  });
  afterAll(() => front?.stop());

  test.runIf(has(program)).each([
    ['/', 'GET'],
    ['/about', 'GET'],
    ['/about', 'HEAD'],
    ['/about?from=mail', 'GET'],
    ['/about/', 'GET'],
    ['/404', 'GET'],
    ['/500', 'GET'],
    ['/_astro/site.abc123.css', 'GET'],
    ['/_astro/nothing.css', 'GET'],
    ['/robots.txt', 'GET'],
    ['/favicon.svg', 'GET'],
    ['/data.json', 'GET'],
    ['/sitemap.xml', 'GET'],
    ['/files/plan.pdf', 'GET'],
    ['/files/film.mp4', 'GET'],
    ['/files', 'GET'],
    ['/.hidden', 'GET'],
    ['/index.html.br', 'GET'],
    ['/me', 'GET'],
    ['/about', 'POST'],
    ['/nothing', 'GET'],
  ])('%s answers %s as the site itself does', async (address, method) => {
    for (const accepts of ['br, gzip', 'gzip', 'identity']) {
      const headers = { 'Accept-Encoding': accepts };
      const [direct, fronted] = await Promise.all([
        ask(site.url, address, method, headers),
        ask(front.url, address, method, headers),
      ]);
      const wanted = gist(direct);
      if (!direct.headers.vary) delete fronted.headers.vary; // more than there need be does no harm
      if (direct.body.includes('127.0.0.1')) wanted.length = fronted.body.length; // who asked
      expect(gist(fronted), accepts).toEqual(wanted);
    }
  });

  test.runIf(has(program))('what a browser has already is not sent again', async () => {
    const first = await ask(front.url, '/about', 'GET', { 'Accept-Encoding': 'br' });
    const again = await ask(front.url, '/about', 'GET', {
      'Accept-Encoding': 'br',
      'If-None-Match': String(first.headers.etag),
    });
    expect([again.status, again.body]).toEqual([304, '']);
  });

  test.runIf(has(program))('the site hears who asked, whatever they say themselves', async () => {
    const answer = await ask(front.url, '/me', 'GET', { 'X-Forwarded-For': '6.6.6.6' });
    expect([answer.status, answer.body.includes('6.6.6.6')]).toEqual([200, false]);
  });
});

test.runIf(has('caddy'))(
  'behind caddy, who comes while the server is started again waits for it',
  async () => {
    const [port, sitePort] = [await freePort(), await freePort()];
    const front = await startCaddy({ port, sitePort, client: path.join(dist, 'client') });
    onTestFinished(() => front.stop());
    const answer = ask(front.url, '/me');
    await sleep(700);
    const server = createServer((_, response) => response.end('back again')).listen(sitePort, '127.0.0.1');
    onTestFinished(() => void server.close());
    expect(await answer).toMatchObject({ status: 200, body: 'back again' });
  },
);
