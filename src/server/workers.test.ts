import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { freePort } from '../../tests/fronts.ts';

let home: string;
let port: number;
let running: Running | undefined;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'workers-'));
  port = await freePort();
  await release('one');
  await release('two');
});
afterEach(async () => {
  await running?.kill();
  running = undefined;
  await rm(home, { recursive: true, force: true });
});

/** A release that says its name in a page and on demand. /slow takes a second, /die ends the process as a bug does. */
async function release(name: string, entry = '') {
  const folder = path.join(home, name);
  await mkdir(path.join(folder, 'client'), { recursive: true });
  await mkdir(path.join(folder, 'server'));
  await writeFile(path.join(folder, 'client', 'index.html'), name);
  await writeFile(
    path.join(folder, 'server', 'entry.mjs'),
    entry ||
      `export const handler = async (request, response) => {
        if (request.url === '/slow') await new Promise((done) => setTimeout(done, 1000));
        if (request.url === '/die') setTimeout(() => { throw new Error('a bug'); });
        response.end('${name} ' + process.pid);
      };`,
  );
  return folder;
}

type Running = {
  url: string;
  child: ChildProcess;
  move(folder: string): Promise<{ moved: boolean; reason?: string }>;
  end(signal: NodeJS.Signals): Promise<number | null>;
  kill(): Promise<unknown>;
};

async function start(count: number): Promise<Running> {
  const child = spawn(process.execPath, ['tests/supervise.ts', path.join(home, 'one'), String(count)], {
    env: {
      PATH: process.env['PATH'],
      DATA_DIR: path.join(home, 'data'),
      PORT: String(port),
      LOG_LEVEL: 'silent',
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await mkdir(path.join(home, 'data'), { recursive: true });
  const lines = createInterface({ input: child.stdout });
  const nextLine = () =>
    new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      child.once('exit', (code) => reject(new Error(`It ended with ${code}.`)));
    });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const url = (await nextLine()).replace('ready ', '');
  running = {
    url,
    child,
    async move(folder) {
      child.stdin.write(`move ${folder}\n`);
      return JSON.parse(await nextLine());
    },
    end(signal) {
      child.kill(signal);
      return exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
  return running;
}

const ask = (address: string, agent?: Agent): Promise<{ status: number; body: string; closes: boolean }> =>
  new Promise((resolve, reject) => {
    get(`http://127.0.0.1:${port}${address}`, { agent }, (answer) => {
      let body = '';
      answer.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      answer.once('end', () =>
        resolve({ status: answer.statusCode ?? 0, body, closes: answer.headers.connection === 'close' }),
      );
      answer.once('aborted', () => reject(new Error('The answer broke off.')));
    }).once('error', reject);
  });

/** Asks on eight connections again and again, resting now and then for as long as they may stay open. */
function visitors() {
  const agent = new Agent({ keepAlive: true });
  const seen: string[] = [];
  const failures: string[] = [];
  let isOver = false;
  const lanes = Array.from({ length: 8 }, async (_, lane) => {
    for (let turn = lane; !isOver; turn += 1) {
      const answer = await ask(turn % 3 ? '/' : '/name', agent).catch((error: Error) => error);
      if (answer instanceof Error) failures.push(answer.message);
      else seen.push(answer.body.split(' ')[0] ?? '');
      await sleep(turn % 17 === 0 ? (turn * 37) % 1500 : 1);
    }
  });
  return {
    async done() {
      isOver = true;
      await Promise.all(lanes);
      agent.destroy();
      return { seen, failures };
    },
  };
}

const until = async (isSo: () => Promise<boolean>, ms = 20_000) => {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(50)) if (await isSo()) return true;
  return false;
};

describe('workers', () => {
  test('move to another release without one failed request, and new visitors see only that', async () => {
    const site = await start(2);
    const load = visitors();
    await sleep(300);
    expect(await site.move(path.join(home, 'two'))).toEqual({ moved: true });
    expect((await ask('/')).body).toBe('two');
    expect((await ask('/name')).body).toMatch(/^two /);
    expect(await site.move(path.join(home, 'one'))).toEqual({ moved: true });
    await sleep(2_000);
    const { seen, failures } = await load.done();
    expect(failures).toEqual([]);
    expect(new Set(seen)).toEqual(new Set(['one', 'two']));
    expect(seen.slice(-8)).toEqual(Array(8).fill('one'));
  }, 60_000);

  test('say on an old connection that it closes, and answer what it brings once more', async () => {
    const site = await start(1);
    const agent = new Agent({ keepAlive: true });
    expect(await ask('/', agent)).toMatchObject({ body: 'one', closes: false });
    await site.move(path.join(home, 'two'));
    expect(await ask('/', agent)).toMatchObject({ body: 'one', closes: true });
    expect(await ask('/', agent)).toMatchObject({ body: 'two', closes: false });
    agent.destroy();
  }, 60_000);

  test('stay with the release they serve when another cannot start', async () => {
    await release('broken', 'throw new Error("this code is broken");');
    const site = await start(2);
    const load = visitors();
    expect(await site.move(path.join(home, 'broken'))).toEqual({
      moved: false,
      reason: 'Its server could not start. The log says why.',
    });
    const { seen, failures } = await load.done();
    expect([failures, new Set(seen)]).toEqual([[], new Set(['one'])]);
    expect(await site.move(path.join(home, 'two'))).toEqual({ moved: true });
  }, 60_000);

  test('that die are started again with the release that is served', async () => {
    const site = await start(2);
    await site.move(path.join(home, 'two'));
    const first = (await ask('/name')).body;
    process.kill(Number(first.split(' ')[1]), 'SIGKILL');
    const pids = new Set([first]);
    expect(
      await until(async () => {
        const answer = await ask('/name', new Agent()).catch(() => undefined); // each on a connection of its own
        if (answer) pids.add(answer.body);
        return pids.size >= 3;
      }),
    ).toBe(true);
    expect([...pids].every((answer) => answer.startsWith('two '))).toBe(true);
  }, 60_000);

  test('that meet a bug nobody caught are replaced before they stop, and no request fails', async () => {
    await start(1);
    const first = (await ask('/name')).body;
    const load = visitors();
    await ask('/die');
    expect(await until(async () => (await ask('/name')).body !== first)).toBe(true);
    expect((await load.done()).failures).toEqual([]);
  }, 60_000);

  test('answer what is under way when the site is stopped, and are gone within ten seconds', async () => {
    const site = await start(2);
    const agent = new Agent({ keepAlive: true });
    await ask('/', agent);
    const slow = Array.from({ length: 4 }, () => ask('/slow'));
    await sleep(300);
    const stopping = performance.now();
    const code = site.end('SIGTERM');
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await code).toBe(0);
    expect(performance.now() - stopping).toBeLessThan(10_000);
    agent.destroy();
  }, 60_000);

  test('end by themselves when the supervisor is killed, so that another can listen at once', async () => {
    const site = await start(2);
    const workers = childrenOf(site.child.pid ?? 0);
    expect(workers.length).toBe(2);
    await site.end('SIGKILL');
    expect(await until(async () => workers.every((pid) => !isAlive(pid)), 5_000)).toBe(true);
    await start(1);
    expect((await ask('/')).body).toBe('one');
  }, 60_000);

  test('say why they cannot listen', async () => {
    const other = createServer().listen(port, '127.0.0.1');
    await expect(start(1)).rejects.toThrow('ended with 1');
    other.close();
  }, 60_000);
});

function childrenOf(pid: number): number[] {
  return execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(Number);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
