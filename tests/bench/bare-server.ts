import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openDb } from '../../db/client.ts';
import { findViewer, loginCookieName } from '../../src/domains/accounts/login-sessions.ts';
import { env } from '../../src/platform/env.ts';

/**
 * The least that could answer the same: `node tests/bench/bare-server.ts <packed page> <menu>` sends the bytes of the first file
 * from memory and, at /me/menu, those of the second after the one query that says whose cookie it is.
 */
const [packed = '', menu = ''] = process.argv.slice(2);
const page = await readFile(packed);
const part = await readFile(menu);
const db = await openDb(env.databaseUrl);

const server = createServer((request, response) => {
  if (request.url === '/me/menu')
    return void answerMenu(request.headers.cookie ?? '').then((found) => end(found));
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Encoding': 'br',
    'Content-Length': page.length,
  });
  return response.end(page);

  function end(found: boolean) {
    response.writeHead(found ? 200 : 401, {
      'Content-Type': 'application/json',
      'Content-Length': found ? part.length : 0,
    });
    response.end(found ? part : undefined);
  }
});

async function answerMenu(cookies: string): Promise<boolean> {
  const cookie = new RegExp(`${loginCookieName}=([^;]+)`).exec(cookies)?.[1] ?? '';
  return (await findViewer({ db, now: new Date() }, cookie)) !== undefined;
}

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
process.once('SIGTERM', () => process.exit());
