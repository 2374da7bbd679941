import { copyFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import type { Db } from '../../db/client.ts';
import { loginCookieName, startLoginSession } from '../../src/domains/accounts/login-sessions.ts';
import type { Id } from '../../src/platform/ids.ts';
import { runNode } from '../site.ts';
import { type Bench, type Measure, median, progress, quantile } from './measure.ts';
import { emptyFolder, postForm, servePortal, withDatabase } from './portal.ts';
import { findSamWorld, samWorldFolder } from './sam-world.ts';

/** What a SAM waits for at a million records of attendance, in a school of 500 people. */
export async function measureSamDashboard({ build, runs }: Bench): Promise<Measure[]> {
  const dist = await build();
  const seeded = await samWorldFolder((words) => progress(`SAM dashboard: ${words}`));
  const folder = await emptyFolder('sam-dashboard');
  await copyFile(path.join(seeded, 'peersphere.db'), path.join(folder, 'peersphere.db'));
  const { usual, wide, cookie, wideCookie } = await withDatabase(folder, async (db) => {
    const world = await findSamWorld(db);
    const [usualCookie, cookieOfWide] = [
      await cookieOf(db, world.usualSam),
      await cookieOf(db, world.wideSam),
    ];
    return { ...world, cookie: usualCookie, wideCookie: cookieOfWide };
  });
  const pages = [
    ['/sam/[school]', `/sam/${usual}`],
    ['/sam/[school], by attended', `/sam/${usual}?sort=-attended`],
    ['Session Attendance', `/sam/${usual}/attendance`],
    ['Session Attendance, one state', `/sam/${usual}/attendance?state=absent`],
    ['charts', `/sam/${usual}/charts`],
  ] as const;
  const measures: Measure[] = [];
  const server = await servePortal(dist, folder);
  try {
    for (const [name, where] of pages) {
      progress(`SAM dashboard: ${name}…`);
      const ask = () => timed(server.url + where, cookie);
      const bytes = brotliCompressSync((await ask()).body).length;
      for (let warm = 0; warm < 20; warm += 1) await ask();
      const times: number[] = [];
      for (let turn = 0; turn < runs(5) * 20; turn += 1) times.push((await ask()).ms);
      measures.push(
        {
          name: `SAM: ${name}, 95th percentile`,
          ...{ unit: 'ms', values: [quantile(times, 0.95)], target: { atMost: 60 } },
          note: `median ${median(times).toFixed(1)} ms`,
        },
        {
          name: `SAM: ${name}, HTML in Brotli`,
          ...{ unit: 'KB', values: [bytes / 1000], target: { atMost: 150 } },
        },
      );
    }
    for (const [name, where] of [
      ['500 people, CSV', 'members.csv'],
      ['500 people, XLSX', 'members.xlsx'],
      ['500 × 24 rows, CSV', 'attendance.csv'],
      ['500 × 24 rows, XLSX', 'attendance.xlsx'],
    ] as const) {
      progress(`SAM dashboard: ${name}…`);
      const times: number[] = [];
      for (let turn = 0; turn <= runs(6); turn += 1) {
        const started = performance.now();
        const response = await postForm(`${server.url}/sam/${wide}/${where}`, {}, { cookie: wideCookie });
        await response.arrayBuffer();
        if (response.status !== 200) throw new Error(`${where} answered ${response.status}.`);
        if (turn > 0) times.push(performance.now() - started);
      }
      measures.push({ name: `SAM: export, ${name}`, unit: 'ms', values: times, target: { atMost: 500 } });
    }
  } finally {
    await server.stop();
  }
  progress('SAM dashboard: counting queries…');
  const told = await runNode(
    ['tests/bench/sam-queries-http.ts', dist, cookie, ...pages.map(([, where]) => where)],
    { DATA_DIR: folder, LOG_LEVEL: 'error' },
  );
  const { counts } = JSON.parse(told.slice(told.lastIndexOf('{"counts"'))) as {
    counts: Record<string, number>;
  };
  for (const [name, where] of pages)
    measures.push({
      name: `SAM: ${name}, queries with the viewer’s`,
      ...{ unit: '', values: [counts[where]!], target: { atMost: 8 } },
    });
  await rm(folder, { recursive: true, force: true }); // some hundred megabytes
  return measures;
}

async function cookieOf(db: Db, userId: Id<'usr'>): Promise<string> {
  const cookies = await startLoginSession({ db, now: new Date() }, userId, 'Bench', undefined);
  return `login=${cookies.find(({ name }) => name === loginCookieName)!.value}`;
}

/** Milliseconds until the whole answer is there. Throws when it is no page. */
async function timed(url: string, cookie: string): Promise<{ ms: number; body: Buffer }> {
  const started = performance.now();
  const response = await fetch(url, { headers: { Cookie: cookie }, redirect: 'manual' });
  const body = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}.`);
  return { ms: performance.now() - started, body };
}
