import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { readEnv, servingProblems } from '../../src/platform/env.ts';

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
    stderr: `Port ${port} is taken by another program. Stop that one, or choose another with the variable PORT, for example PORT=${port + 1}.\n`,
  });
  expect(performance.now() - started).toBeLessThan(10_000);
});

test('a build of content that is not right stops, says what to mend, and leaves what was built before', async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'build-'));
  await cp('content', path.join(home, 'content'), { recursive: true });
  await rm(path.join(home, 'content/people/marisol-tanuwidjaya-reed.yaml'));
  await mkdir(path.join(home, 'site'));
  await writeFile(path.join(home, 'site/before'), 'still here');
  const failure = await run(process.execPath, [
    ...['src/jobs/build-site.ts', '--out', path.join(home, 'site')],
    ...['--content', path.join(home, 'content')],
  ]).catch((error: { code: number; stderr: string }) => error);
  expect(failure).toMatchObject({ code: 1 });
  expect(failure.stderr).toContain(
    'content/communities/school-librarians.mdoc, field “hosts › 1”: names “marisol-tanuwidjaya-reed”, but there is no such entry in People.\n',
  );
  expect(failure.stderr).toMatch(/The site was not built: the content needs mending first\.\n$/);
  expect(await readdir(path.join(home, 'site'))).toEqual(['before']);
  await rm(home, { recursive: true });
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
      previewCards: 'page',
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
    const ofTheSystem = ['NODE_ENV', 'PATH', 'HOME', 'SSH_AUTH_SOCK'];
    const known = [...source.matchAll(/^ {4}([A-Z_]+):/gm)]
      .map(([, name]) => name!)
      .filter((name) => !ofTheSystem.includes(name));
    expect(known.length).toBeGreaterThan(8);
    expect(explained.sort()).toEqual(known.sort());
  });
});

describe('serving people from elsewhere', () => {
  const complete = {
    SITE_URL: 'https://peers.example.org',
    APP_SECRET: 'x'.repeat(32),
    EMAIL_FROM: 'PeerSphere <hello@example.org>',
    RESEND_API_KEY: 're_x',
  };
  const problems = (variables: Record<string, string>) =>
    servingProblems(readEnv(variables)).map((problem) => problem.split(':')[0]);

  test('is possible with everything that it needs, by Resend or by SMTP', () => {
    expect(problems(complete)).toEqual([]);
    const { RESEND_API_KEY: _key, ...rest } = complete;
    expect(problems({ ...rest, SMTP_URL: 'smtp://mail.example.org:587' })).toEqual([]);
  });

  test('is not over a connection that can be overheard', () => {
    expect(problems({ ...complete, SITE_URL: 'http://peers.example.org' })).toEqual(['SITE_URL']);
  });

  test.each([
    ['APP_SECRET', 'APP_SECRET'],
    ['EMAIL_FROM', 'EMAIL_FROM'],
    ['RESEND_API_KEY', 'RESEND_API_KEY or SMTP_URL'],
  ])('is not without %s, nor with it empty', (name, problem) => {
    expect(problems({ ...complete, [name]: '' })).toEqual([problem]);
  });

  test('needs a secret of 32 bytes', () => {
    expect(() => readEnv({ ...complete, APP_SECRET: 'x'.repeat(31) })).toThrow(
      'APP_SECRET: must be at least 32 bytes long',
    );
  });

  test('on this machine only needs nothing', () => {
    for (const url of ['http://127.0.0.1:4321', 'http://localhost:4321', 'http://[::1]:4321'])
      expect(problems({ SITE_URL: url })).toEqual([]);
    for (const url of [
      'https://localhost.example.org',
      'https://127.0.0.1.example.org',
      'https://192.168.1.2',
    ])
      expect(problems({ SITE_URL: url })).not.toEqual([]);
  });

  test('without secrets stops before anything is opened, and lists every problem by name', async () => {
    const home = await mkdtemp(path.join(tmpdir(), 'start-'));
    const { APP_SECRET: _secret, ...env } = process.env;
    const failure = await run(process.execPath, ['src/server/start.ts'], {
      env: { ...env, SITE_URL: 'https://peers.example.org', DATA_DIR: path.join(home, 'data'), PORT: '0' },
    }).catch((error: { code: number; stderr: string; stdout: string }) => error);
    expect(failure).toMatchObject({ code: 1, stdout: '' });
    expect(failure.stderr).toBe(
      [
        'These environment variables need attention (.env.example explains each):',
        '  APP_SECRET: is missing; make one with: openssl rand -base64 48, and keep it',
        '  EMAIL_FROM: is missing; mails need an address of yours to come from',
        '  RESEND_API_KEY or SMTP_URL: one is needed, or no mail would ever arrive',
        '',
      ].join('\n'),
    );
    expect(await readdir(home)).toEqual([]);
    await rm(home, { recursive: true });
  });
});
