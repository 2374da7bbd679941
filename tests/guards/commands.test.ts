import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { readEnv } from '../../src/platform/env.ts';

const run = promisify(execFile);

test('types, lint and format are right', { timeout: 180_000 }, async () => {
  const failure = await run('npm', ['run', '--silent', 'check']).then(
    () => '',
    (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
  );
  expect(failure).toBe('');
});

test('the demo on a taken port says so before it builds, and names the variable', async () => {
  const other = createServer();
  const port = await new Promise<number>((resolve) => {
    other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
  });
  const started = performance.now();
  const failure = await run(process.execPath, ['src/jobs/demo.ts'], {
    env: { ...process.env, PORT: String(port) },
  }).catch((error: { code: number; stderr: string }) => error);
  other.close();
  expect(failure).toMatchObject({
    code: 1,
    stderr: `Port ${port} is taken by another program. Stop that one, or choose another with the variable PORT: PORT=${port + 1} npm run demo\n`,
  });
  expect(performance.now() - started).toBeLessThan(10_000);
});

test('a Node that is too old is told in one line', () => {
  const source = readFileSync('src/platform/need-node.mjs', 'utf8');
  const said: string[] = [];
  let code: number | undefined;
  const fake = { versions: { node: '20.20.2' }, exit: (status: number) => (code = status) };
  new Function('process', 'console', source)(fake, { error: (line: string) => said.push(line) });
  expect(code).toBe(1);
  expect(said).toEqual([
    'PeerSphere needs Node 22.19 or newer; this is 20.20.2. On Linux, npm ci brings the right one; elsewhere install it from nodejs.org.',
  ]);
});

describe('the environment', () => {
  test('has defaults that work offline', () => {
    expect(readEnv({})).toMatchObject({
      port: 4321,
      host: '127.0.0.1',
      siteUrl: 'http://127.0.0.1:4321',
      shareCards: 'page',
    });
  });

  test('that is wrong is refused with every problem by name', () => {
    expect(() => readEnv({ PORT: 'many', SITE_URL: 'ftp://x', DATABASE_URL: 'mysql://x' })).toThrow(
      /PORT: [\s\S]*SITE_URL: [\s\S]*DATABASE_URL: must start with file:/,
    );
  });

  test('counts an empty variable as not set', () => {
    expect(readEnv({ PORT: '', SITE_URL: '' }).port).toBe(4321);
  });

  test('is explained in .env.example, variable by variable', () => {
    const explained = [...readFileSync('.env.example', 'utf8').matchAll(/^#? ?([A-Z_]+)=/gm)].map(
      ([, name]) => name,
    );
    const source = readFileSync('src/platform/env.ts', 'utf8');
    const known = [...source.matchAll(/^ {4}([A-Z_]+):/gm)]
      .map(([, name]) => name)
      .filter((name) => name !== 'NODE_ENV');
    expect(known.length).toBeGreaterThan(8);
    expect(explained.sort()).toEqual(known.sort());
  });
});
