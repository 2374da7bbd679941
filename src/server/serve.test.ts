import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Db } from '#db/client.ts';
import { addUser, useDatabase } from '../../tests/database.ts';
import { startLoginSession } from '../domains/accounts/login-sessions.ts';
import { type Serving, serve } from './serve.ts';
import { staticFiles } from './static-files.ts';

let dist: string;
let serving: Serving;

const page = `<!doctype html><title>Home</title>${'<p>peers</p>'.repeat(200)}`;
const film = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251));

beforeAll(async () => {
  dist = await mkdtemp(path.join(tmpdir(), 'dist-'));
  await mkdir(path.join(dist, 'client/about'), { recursive: true });
  await mkdir(path.join(dist, 'client/_astro'), { recursive: true });
  await mkdir(path.join(dist, 'server'));
  await writeFile(path.join(dist, 'client/index.html'), page);
  await writeFile(path.join(dist, 'client/about/index.html'), page);
  await writeFile(path.join(dist, 'client/_astro/site.abc123.css'), 'a{color:red}');
  await writeFile(path.join(dist, 'client/film.mp4'), film);
  await writeFile(path.join(dist, 'client/.hidden'), 'secret');
  await writeFile(
    path.join(dist, 'server/entry.mjs'),
    'export const handler = async (req, res, next, locals) => { if (req.url === "/boom") throw new Error("boom"); if (req.url === "/echo") return res.end(JSON.stringify({ forwardedFor: req.headers["x-forwarded-for"] ?? null, proto: req.headers["x-forwarded-proto"], body: String(req.body) })); res.writeHead(404, {"Content-Type": "text/plain"}); res.end("on demand " + JSON.stringify(locals)); };',
  );
  serving = await serve({ dist, host: '127.0.0.1', port: 0, siteUrl: 'http://127.0.0.1:4321' });
});
afterAll(async () => {
  await serving.close();
  await rm(dist, { recursive: true });
});

type Answer = { status: number; headers: IncomingHttpHeaders; body: Buffer };

/** A body given here is sent in chunks, without its length. */
function ask(
  address: string,
  options: { method?: string; headers?: Record<string, string> } = {},
  body?: Buffer,
): Promise<Answer> {
  const { hostname, port } = new URL(serving.url);
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ hostname, port, path: address, ...options }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.once('error', reject);
    for (let at = 0; body && at < body.length; at += 16_384) sent.write(body.subarray(at, at + 16_384));
    sent.end();
  });
}

describe('a page', () => {
  test('is served at its address without a slash, compressed as asked', async () => {
    const plain = await ask('/about');
    expect([plain.status, plain.headers['content-type'], plain.body.toString()]).toEqual([
      200,
      'text/html; charset=utf-8',
      page,
    ]);
    const brotli = await ask('/about', { headers: { 'Accept-Encoding': 'gzip, br' } });
    expect(brotli.headers['content-encoding']).toBe('br');
    expect(brotliDecompressSync(brotli.body).toString()).toBe(page);
    const gzip = await ask('/about', { headers: { 'Accept-Encoding': 'gzip, br;q=0' } });
    expect(gunzipSync(gzip.body).toString()).toBe(page);
    expect(gzip.headers.vary).toBe('Accept-Encoding');
  });

  test('with a slash at its end is sent to the address without', async () => {
    const answer = await ask('/about/?a=b');
    expect([answer.status, answer.headers.location]).toEqual([308, '/about?a=b']);
    expect((await ask('//evil.example.test/')).headers.location).toBeUndefined();
  });

  test('that the reader has already is not sent again', async () => {
    const first = await ask('/', { headers: { 'Accept-Encoding': 'br' } });
    const again = await ask('/', {
      headers: { 'Accept-Encoding': 'br', 'If-None-Match': `"x", ${first.headers.etag}` },
    });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });

  test('that was packed when the release was made is sent as it was packed, best form first', async () => {
    await writeFile(path.join(dist, 'client/packed.html'), page);
    for (const [ending, bytes] of [
      ['br', 'brotli'],
      ['zst', 'zstd'],
      ['gz', 'gzip'],
    ] as const)
      await writeFile(path.join(dist, `client/packed.html.${ending}`), bytes);
    const sent = async (accepts: string) => {
      const { headers, body } = await ask('/packed', { headers: { 'Accept-Encoding': accepts } });
      return [headers['content-encoding'], body.toString(), headers.vary];
    };
    for (const _turn of ['from disk', 'from memory']) {
      expect(await sent('gzip, zstd, br')).toEqual(['br', 'brotli', 'Accept-Encoding']);
      expect(await sent('gzip, zstd')).toEqual(['zstd', 'zstd', 'Accept-Encoding']);
      expect(await sent('zstd;q=0, gzip')).toEqual(['gzip', 'gzip', 'Accept-Encoding']);
      expect(await sent('deflate')).toEqual([undefined, page, 'Accept-Encoding']);
    }
    expect((await ask('/packed.html.br')).status).toBe(404);
  });

  test('comes from memory as it does from disk', async () => {
    await writeFile(path.join(dist, 'client/twice.html'), page);
    const asked = { headers: { 'Accept-Encoding': 'br' } };
    const [first, second] = [await ask('/twice', asked), await ask('/twice', asked)];
    const withoutDate = ({ date: _date, ...headers }: IncomingHttpHeaders) => headers;
    expect(withoutDate(second.headers)).toEqual(withoutDate(first.headers));
    expect(second.body).toEqual(first.body);
    expect((await ask('/twice', { method: 'HEAD', ...asked })).body.length).toBe(0);
    const unchanged = await ask('/twice', {
      headers: { 'Accept-Encoding': 'br', 'If-None-Match': String(first.headers.etag) },
    });
    expect([
      unchanged.status,
      unchanged.headers['content-length'],
      unchanged.headers['cache-control'],
    ]).toEqual([304, undefined, first.headers['cache-control']]);
    expect((await ask('/twice', { headers: { Host: 'evil.example.test' } })).status).toBe(421);
    expect((await ask('/twice', { method: 'POST' })).body.toString()).toContain('on demand');
  });

  test('answers HEAD with its headers alone', async () => {
    const answer = await ask('/', { method: 'HEAD' });
    expect([answer.status, answer.headers['content-length'], answer.body.length]).toEqual([
      200,
      String(page.length),
      0,
    ]);
  });
});

test('an asset whose name holds its hash is kept for good, a page is asked for again', async () => {
  expect((await ask('/_astro/site.abc123.css')).headers['cache-control']).toContain('immutable');
  expect((await ask('/')).headers['cache-control']).toContain('must-revalidate');
});

test('a film can be asked for in parts', async () => {
  const part = await ask('/film.mp4', { headers: { Range: 'bytes=10-19' } });
  expect([part.status, part.headers['content-range']]).toEqual([206, 'bytes 10-19/1000']);
  expect(part.body).toEqual(film.subarray(10, 20));
  expect((await ask('/film.mp4', { headers: { Range: 'bytes=-5' } })).body).toEqual(film.subarray(995));
  expect((await ask('/film.mp4', { headers: { Range: 'bytes=990-5000' } })).headers['content-range']).toBe(
    'bytes 990-999/1000',
  );
  const beyond = await ask('/film.mp4', { headers: { Range: 'bytes=1000-' } });
  expect([beyond.status, beyond.headers['content-range']]).toEqual([416, 'bytes */1000']);
});

test('a part of an older version of a film is not sent as one of the new', async () => {
  const stale = await ask('/film.mp4', { headers: { Range: 'bytes=10-19', 'If-Range': '"old"' } });
  expect([stale.status, stale.body.length]).toEqual([200, 1000]);
  expect((await ask('/film.mp4', { method: 'HEAD', headers: { Range: 'bytes=10-19' } })).status).toBe(200);
});

test('one address can not take all the sockets', async () => {
  const small = await serve({
    dist,
    host: '127.0.0.1',
    port: 0,
    siteUrl: 'http://127.0.0.1:4321',
    mostSocketsAnAddress: 3,
  });
  const { hostname, port } = new URL(small.url);
  const sockets = Array.from({ length: 5 }, () => connect(Number(port), hostname));
  const closed = await Promise.all(
    sockets.slice(3).map(
      (socket) =>
        new Promise<boolean>((resolve) => {
          socket.once('close', () => resolve(true));
          socket.on('error', () => undefined);
        }),
    ),
  );
  expect(closed).toEqual([true, true]);
  for (const socket of sockets) socket.destroy();
  await small.close();
});

test('the pages for errors say so in their status as well', async () => {
  await writeFile(path.join(dist, 'client/404.html'), page);
  expect((await ask('/404')).status).toBe(404);
});

test('what is answered on demand is not kept by anybody on the way', async () => {
  expect((await ask('/nothing')).headers['cache-control']).toBe('no-store');
});

test.each([
  '/.hidden',
  '/%2ehidden',
  '/../server/entry.mjs',
  '/%2e%2e/server/entry.mjs',
  '/..%2fserver%2fentry.mjs',
  '/..%5cserver',
  '/%00',
  '/%',
])('the address %s reaches no file', async (address) => {
  const answer = await ask(address);
  expect(answer.status).toBe(404);
  expect(answer.body.toString()).not.toMatch(/secret|export/);
});

describe('a request', () => {
  test('for another host is refused', async () => {
    expect((await ask('/', { headers: { Host: 'evil.example.test' } })).status).toBe(421);
    expect(
      (await ask('/', { headers: { Host: '127.0.0.1:4321', 'X-Forwarded-Host': 'evil.example.test' } }))
        .status,
    ).toBe(200);
  });

  test('with a method the site does not take is refused', async () => {
    expect((await ask('/', { method: 'TRACE' })).status).toBe(405);
    expect((await ask('/', { method: 'PROPFIND' })).status).toBe(405);
  });

  test('that says its body is larger than the site takes is refused before it is read', async () => {
    const answer = await ask('/x', { method: 'POST', headers: { 'Content-Length': '100000000' } });
    expect(answer.status).toBe(413);
  });

  test('whose body grows larger than the site takes is refused, however it is sent', async () => {
    const answer = await ask('/x', { method: 'POST' }, Buffer.alloc(300 * 1024));
    expect(answer.status).toBe(413);
  });

  test('of 100 MB gets its answer although all of it is sent', async () => {
    const answer = await ask('/x', { method: 'POST' }, Buffer.alloc(100_000_000));
    expect([answer.status, answer.body.toString()]).toEqual([
      413,
      expect.stringContaining('more than the site takes'),
    ]);
  });

  test('to a page with a picture may be larger only where it is of the kind that holds files', async () => {
    const post = (type: string) =>
      ask('/activate/x', { method: 'POST', headers: { 'Content-Type': type } }, Buffer.alloc(300 * 1024));
    expect((await post('application/x-www-form-urlencoded')).status).toBe(413);
    expect((await post('multipart/form-data; boundary=x')).status).toBe(404);
  });

  test('that names two hosts is refused', async () => {
    const { hostname, port } = new URL(serving.url);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () =>
        socket.write('GET / HTTP/1.1\r\nHost: 127.0.0.1:4321\r\nHost: evil.example.test\r\n\r\n'),
      );
      socket.once('data', (data) => resolve(data.toString()));
      socket.once('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });

  test('is not believed about who sent it or how', async () => {
    const answer = await ask(
      '/echo',
      { method: 'POST', headers: { 'X-Forwarded-For': '6.6.6.6', 'X-Forwarded-Proto': 'https' } },
      Buffer.from('hello'),
    );
    expect(JSON.parse(answer.body.toString())).toEqual({ forwardedFor: null, proto: 'http', body: 'hello' });
  });

  test('with an endless address is refused', async () => {
    expect((await ask(`/${'x'.repeat(9000)}`)).status).toBe(414);
  });

  test('that breaks the program gets a sentence, and the next one is answered', async () => {
    const answer = await ask('/boom');
    expect([answer.status, answer.body.toString()]).toEqual([
      500,
      'Something went wrong on our side. Please try again in a minute.',
    ]);
    expect((await ask('/')).status).toBe(200);
  });
});

test('every answer carries the security headers', async () => {
  for (const address of ['/', '/_astro/site.abc123.css', '/nothing', '/boom', '/healthz', '/about/']) {
    const { headers } = await ask(address);
    expect(headers['x-content-type-options'], address).toBe('nosniff');
    expect(headers['content-security-policy'], address).toContain("frame-ancestors 'none'");
    expect(headers['referrer-policy'], address).toBe('strict-origin-when-cross-origin');
  }
});

describe('saves of large files in the CMS', () => {
  const save = (cookie?: string) =>
    ask(
      '/api/keystatic/update',
      { method: 'POST', ...(cookie && { headers: { Cookie: cookie } }) },
      Buffer.alloc(300 * 1024),
    );

  test('are taken from editors, and from nobody else before it is known who they are', async () => {
    const db = await useDatabase();
    const cookieOf = async (...roles: ['editor'][]) => {
      const { id } = await addUser(db, new Date(), { roles });
      const cookies = await startLoginSession({ db, now: new Date() }, id, 'a browser', undefined);
      return cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    };
    const before = serving;
    serving = await serve({ dist, host: '127.0.0.1', port: 0, siteUrl: 'http://127.0.0.1:4321', db });
    try {
      expect((await save()).status).toBe(413);
      expect((await save('login=made-up')).status).toBe(413);
      expect((await save('login=%')).status).toBe(413);
      expect((await save(await cookieOf())).status).toBe(413);
      expect((await save(await cookieOf(['editor']))).status).toBe(404); // Astro's to answer
    } finally {
      await serving.close();
      serving = before;
    }
  });
});

describe('without its database', () => {
  test('the site serves its files, says to come again, and goes on as soon as it is there', async () => {
    let db: Db | undefined;
    const before = serving;
    serving = await serve({
      dist,
      host: '127.0.0.1',
      port: 0,
      siteUrl: 'http://127.0.0.1:4321',
      database: () => db,
    });
    try {
      expect((await ask('/about')).status).toBe(200);
      const away = await ask('/me');
      expect([away.status, away.headers['retry-after']]).toEqual([503, '10']);
      expect(away.body.toString()).toContain('Please try again in a minute');
      db = await useDatabase();
      expect((await ask('/me')).status).toBe(404); // as Astro answers here
    } finally {
      await serving.close();
      serving = before;
    }
  });
});

test('/readyz says what was looked at, with the status that probes go by', async () => {
  const before = serving;
  let ready = true;
  serving = await serve({
    dist,
    host: '127.0.0.1',
    port: 0,
    siteUrl: 'https://peers.example.org',
    readiness: async () => ({ ready, checks: [{ name: 'disk', ok: ready, says: 'A sentence.' }] }),
  });
  try {
    const fine = await ask('/readyz');
    expect([fine.status, fine.headers['content-type'], fine.headers['cache-control']]).toEqual([
      200,
      'application/json; charset=utf-8',
      'no-store',
    ]);
    ready = false;
    const wrong = await ask('/readyz');
    expect([wrong.status, JSON.parse(wrong.body.toString())]).toEqual([
      503,
      { ready: false, checks: [{ name: 'disk', ok: false, says: 'A sentence.' }] },
    ]);
  } finally {
    await serving.close();
    serving = before;
  }
});

test('files that were not asked for the longest leave memory, and come back from disk', async () => {
  for (const name of ['one', 'two', 'three'])
    await writeFile(path.join(dist, `client/${name}.bin`), name.repeat(200));
  const files = staticFiles(path.join(dist, 'client'), [], 1500);
  const server = createServer((request, response) => {
    const asked = { isHead: false, accepts: undefined, ifNoneMatch: undefined };
    const atOnce = files.serveAtOnce(response, request.url ?? '', asked);
    if (!atOnce) void files.serve(request, response, request.url ?? '');
    seen.push(`${request.url} ${atOnce ? 'memory' : 'disk'}`);
  });
  const seen: string[] = [];
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const name of ['one', 'one', 'two', 'two', 'three', 'three', 'one'])
    expect(await (await fetch(`${base}/${name}.bin`)).text()).toBe(name.repeat(200));
  expect(seen).toEqual([
    '/one.bin disk',
    '/one.bin memory',
    '/two.bin disk',
    '/two.bin memory',
    '/three.bin disk',
    '/three.bin memory',
    '/one.bin disk',
  ]);
  server.close();
  server.closeAllConnections();
});

test('two servers can not listen on one port', async () => {
  const port = Number(new URL(serving.url).port);
  await expect(serve({ dist, host: '127.0.0.1', port, siteUrl: 'http://127.0.0.1' })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});

/** Sends `bytes` as they are and resolves once the server has answered or closed, or half a second is over. */
function send(bytes: Buffer | string): Promise<void> {
  const { hostname, port } = new URL(serving.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.end(bytes));
    const done = () => {
      socket.destroy();
      resolve();
    };
    socket.setTimeout(500, done);
    socket.once('data', done);
    socket.once('close', done);
    socket.once('error', done);
  });
}

describe('whatever comes in', () => {
  const host = `Host: 127.0.0.1:4321\r\n`;
  const spiteful = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc
      .tuple(
        fc.constantFrom(
          'GET',
          'HEAD',
          'POST',
          'PUT',
          'DELETE',
          'OPTIONS',
          'TRACE',
          'CONNECT',
          'PRI',
          'get',
          '',
        ),
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 60 }),
          fc.webPath(),
          fc.constantFrom(
            '*',
            '//evil.example.test',
            '/%',
            '/%00',
            '/..%2f..',
            'http://evil.example.test/',
            '/boom',
            '/?',
            '/\\x',
          ),
        ),
        fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9', ''),
        fc.constantFrom(host, '', `${host}${host}`, 'Host: x\0y\r\n', 'Host:\r\n'),
        fc.array(
          fc.constantFrom(
            'Content-Length: 5',
            'Content-Length: -1',
            'Content-Length: 99999999999999999999',
            'Transfer-Encoding: chunked',
            'Transfer-Encoding: x, chunked',
            'Expect: 100-continue',
            'Expect: x',
            'Upgrade: websocket\r\nConnection: upgrade',
            'Range: bytes=-',
            'Range: bytes=9-1',
            'Accept-Encoding: br;q=x,,gzip',
            'If-None-Match: W/',
            'X-Forwarded-For: ,,,',
            'Content-Type: multipart/form-data; boundary=',
            `Cookie: login=${'a'.repeat(5000)}`,
          ),
          { maxLength: 4 },
        ),
        fc.string({ unit: 'binary', maxLength: 100 }),
      )
      .map(([method, target, version, named, headers, body]) =>
        Buffer.from(
          `${method} ${target} ${version}\r\n${named}${headers.map((line) => `${line}\r\n`).join('')}\r\n${body}`,
          'latin1',
        ),
      ),
  );

  test('three thousand broken requests later the same process answers as before', async () => {
    const requests = fc.sample(spiteful, { numRuns: 3000, seed: 20261122 });
    const lane = async () => {
      for (let next = requests.pop(); next; next = requests.pop()) await send(next);
    };
    await Promise.all(Array.from({ length: 60 }, lane));
    expect((await ask('/')).status).toBe(200);
    expect((await ask('/boom')).status).toBe(500);
  }, 60_000);

  test('who sends a request for ever holds up nobody, and is cut off', async () => {
    const { hostname, port } = new URL(serving.url);
    const slow = Array.from({ length: 200 }, (_, place) => {
      const socket = connect(Number(port), hostname);
      const start = `POST /x HTTP/1.1\r\n${host}`;
      socket.on('error', () => {});
      socket.resume();
      socket.write(place % 2 ? start : `${start}Content-Length: 1000\r\n\r\na`);
      return socket;
    });
    const closed = slow.filter((_, place) => place % 2).map((socket) => once(socket, 'close'));
    const times = [];
    for (let turn = 0; turn < 100; turn += 1) {
      const startedAt = performance.now();
      expect((await ask('/')).status).toBe(200);
      times.push(performance.now() - startedAt);
    }
    expect(times.toSorted((one, other) => one - other)[94]).toBeLessThan(500);
    await Promise.all(closed); // after ten seconds without whole headers, looked at every two
    for (const socket of slow) socket.destroy();
  }, 20_000);
});
