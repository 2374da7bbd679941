import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../fronts.ts';
import { startServer } from '../site.ts';
import { type Bench, type Measure, progress, quantile } from './measure.ts';
import { emptyFolder, withDatabase } from './portal.ts';

/** What people notice while somebody does the site harm: how long others wait, and whether a process ends. */
export async function measureHostile({ build, runs }: Bench): Promise<Measure[]> {
  const dist = await build();
  const folder = await emptyFolder('hostile');
  await withDatabase(folder, async () => {});
  const port = await freePort();
  const site = await startServer(['tests/supervise.ts', dist, '1'], {
    DATA_DIR: folder,
    LOG_LEVEL: 'silent',
    PORT: String(port),
  });
  const [worker = 0] = childrenOf(site.pid);
  const measures: Measure[] = [];
  try {
    const turns = runs(3);
    measures.push(...(await measured('500 slow connections', turns, port, worker, slowloris)));
    measures.push(...(await measured('headers of 10 MB', turns, port, worker, hugeHeaders)));
    measures.push(...(await measured('bodies of 10 MB', turns, port, worker, hugeBodies)));
    measures.push(...(await measured('1,000 malformed requests', turns, port, worker, malformed)));
    const survived = childrenOf(site.pid)[0] === worker;
    measures.push({
      name: 'hostile: processes that ended',
      unit: '',
      values: [survived ? 0 : 1],
      target: { atMost: 0 },
    });
  } finally {
    await site.stop();
  }
  return measures;
}

async function measured(
  name: string,
  turns: number,
  port: number,
  worker: number,
  attack: (port: number) => Promise<void>,
): Promise<Measure[]> {
  const p99: number[] = [];
  const rise: number[] = [];
  let asked = 0;
  for (let turn = 1; turn <= turns; turn += 1) {
    progress(`Hostile ${turn}: ${name}…`);
    const before = await residentMegabytes(worker);
    const load = { isOver: false };
    const others = Promise.all(
      ['/', '/how-it-works', '/sign-in', '/healthz'].map((path) => watch(port, path, load)),
    );
    await attack(port);
    load.isOver = true;
    const times = (await others).flat();
    asked += times.length;
    p99.push(quantile(times, 0.99));
    rise.push((await residentMegabytes(worker)) - before);
  }
  return [
    {
      name: `hostile: others during ${name}, 99th percentile`,
      unit: 'ms',
      values: p99,
      target: { atMost: 100 },
      note: `${asked} requests`,
    },
    { name: `hostile: memory that ${name} leave behind`, unit: 'MB', values: rise, target: { atMost: 150 } },
  ];
}

/** Asks again and again as one person does, and notes how long each answer took; throws when one is not right. */
async function watch(port: number, path: string, load: { isOver: boolean }): Promise<number[]> {
  const times: number[] = [];
  while (!load.isOver) {
    const started = performance.now();
    const status = await ask(port, path);
    times.push(performance.now() - started);
    if (status !== 200) throw new Error(`${path} answered ${status}.`);
    await sleep(5);
  }
  return times;
}

const ask = (port: number, path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (answer) => {
      answer.resume();
      answer.once('end', () => resolve(answer.statusCode ?? 0));
    }).once('error', reject);
  });

const host = (port: number) => `Host: 127.0.0.1:${port}\r\n`;

/** Requests that never end, a byte now and then. */
async function slowloris(port: number) {
  const sockets = Array.from({ length: 500 }, (_, place) => {
    const socket = open(port);
    socket.write(
      place % 2
        ? `GET / HTTP/1.1\r\n${host(port)}`
        : `POST /x HTTP/1.1\r\n${host(port)}Content-Length: 1000\r\n\r\n`,
    );
    return socket;
  });
  for (let second = 0; second < 15; second += 1) {
    for (const socket of sockets) if (socket.writable) socket.write('X');
    await sleep(1_000);
  }
  for (const socket of sockets) socket.destroy();
}

async function hugeHeaders(port: number) {
  const line = `X-Long: ${'x'.repeat(64 * 1024)}\r\n`;
  await inLanes(1_000, 10, () => pour(port, `GET / HTTP/1.1\r\n${host(port)}`, line, 160));
}

async function hugeBodies(port: number) {
  const part = 'x'.repeat(64 * 1024);
  await inLanes(200, 10, (turn) => {
    const chunked = turn % 2 === 0;
    const length = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${160 * part.length}`;
    const path = ['/sign-in', '/api/keystatic/update', '/me/picture', '/join'][turn % 4];
    const start = `POST ${path} HTTP/1.1\r\n${host(port)}${length}\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n`;
    return pour(port, start, chunked ? `10000\r\n${part}\r\n` : part, 160);
  });
}

async function malformed(port: number) {
  const odd = [
    'GET / HTTP/9.9\r\n\r\n',
    'GET /\r\n\r\n',
    '\0\0\0\0',
    `GET / HTTP/1.1\r\n\r\n`,
    `GET / HTTP/1.1\r\n${host(port)}${host(port)}\r\n`,
    `TRACE / HTTP/1.1\r\n${host(port)}\r\n`,
    `GET /%zz%00/../.. HTTP/1.1\r\n${host(port)}\r\n`,
    `GET http://evil.example.test/ HTTP/1.1\r\n${host(port)}\r\n`,
    `POST /sign-in HTTP/1.1\r\n${host(port)}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `POST /sign-in HTTP/1.1\r\n${host(port)}Content-Length: -1\r\n\r\n`,
    `POST /sign-in HTTP/1.1\r\n${host(port)}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
    `GET / HTTP/1.1\r\n${host(port)}Range: bytes=9-1,--,\r\nAccept-Encoding: ;;q=,\r\n\r\n`,
    `CONNECT x:1 HTTP/1.1\r\n${host(port)}\r\n`,
    `GET / HTTP/1.1\r\n${host(port)}Upgrade: websocket\r\nConnection: upgrade\r\n\r\n`,
    `GET ${'/x'.repeat(10_000)} HTTP/1.1\r\n${host(port)}\r\n`,
  ];
  await inLanes(1_000, 20, (turn) => pour(port, odd[turn % odd.length]!, '', 0));
}

/** Sends `start` and then `part` so many times, until all is sent or the other end closes; five seconds at most. */
function pour(port: number, start: string, part: string, times: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = open(port);
    const done = () => {
      clearTimeout(timer);
      socket.destroy();
      resolve();
    };
    const timer = setTimeout(done, 5_000);
    let left = times;
    const more = () => {
      while (left > 0 && socket.writable) {
        left -= 1;
        if (!socket.write(part)) return;
      }
      if (left === 0) socket.end();
    };
    socket.on('drain', more);
    socket.once('close', done);
    socket.write(start);
    more();
  });
}

function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  return socket;
}

async function inLanes(count: number, lanes: number, run: (turn: number) => Promise<void>) {
  let next = 0;
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (next < count) {
        next += 1;
        await run(next - 1);
      }
    }),
  );
}

function childrenOf(pid: number): number[] {
  return execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(Number);
}

async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
}
