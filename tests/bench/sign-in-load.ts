import { readFile } from 'node:fs/promises';
import { type Bench, type Measure, progress, quantile } from './measure.ts';
import {
  addPeople,
  addressOf,
  benchPassword,
  cookieFrom,
  emptyFolder,
  postForm,
  servePortal,
  withDatabase,
} from './portal.ts';

const people = 200;

/** What 200 people who sign in at the same moment do to everybody else, and to the memory of the server. */
export async function measureSignInLoad({ build, runs }: Bench): Promise<Measure[]> {
  const dist = await build();
  const folder = await emptyFolder('sign-in-load');
  await withDatabase(folder, (db) => addPeople(db, new Date(), people + 1));
  const server = await servePortal(dist, folder);
  const taken: number[] = [];
  const rise: number[] = [];
  const others = new Map<string, number[]>();
  try {
    const signIn = (place: number) =>
      postForm(`${server.url}/sign-in`, { email: addressOf(place), password: benchPassword, next: '' });
    const watcher = cookieFrom(await signIn(people), 'login') ?? '';
    for (let run = 1; run <= runs(5); run += 1) {
      progress(`Sign-in load ${run}: ${people} at once…`);
      const before = await residentMegabytes(server.pid);
      const load = { isOver: false };
      const watching = ['/sign-in', '/', '/me/menu'].map((path) =>
        watch(`${server.url}${path}`, watcher, load, valuesOf(others, path)),
      );
      const started = performance.now();
      const answers = await Promise.all(Array.from({ length: people }, (_, place) => signIn(place)));
      taken.push((performance.now() - started) / 1000);
      load.isOver = true;
      await Promise.all(watching);
      rise.push((await residentMegabytes(server.pid)) - before);
      const wrong = answers.filter((answer) => answer.status !== 303 || !cookieFrom(answer, 'login'));
      if (wrong.length > 0) throw new Error(`${wrong.length} sign-ins failed, with ${wrong[0]?.status}.`);
    }
  } finally {
    await server.stop();
  }
  return [
    { name: `sign-in load: ${people} sign-ins at once, all done`, unit: 's', values: taken },
    ...[...others].map(([path, values]) => ({
      name: `sign-in load: GET ${path} meanwhile, 95th percentile`,
      unit: 'ms',
      values: [quantile(values, 0.95)],
      target: { atMost: 300 },
      note: `${values.length} requests, longest ${Math.max(...values).toFixed(0)} ms`,
    })),
    { name: 'sign-in load: memory that stays', unit: 'MB', values: rise },
  ];
}

function valuesOf(all: Map<string, number[]>, path: string): number[] {
  const values = all.get(path) ?? [];
  all.set(path, values);
  return values;
}

/** Asks for one page again and again, as somebody does who is signed in, and notes how long each answer took. */
async function watch(url: string, cookie: string, load: { isOver: boolean }, into: number[]) {
  while (!load.isOver) {
    const started = performance.now();
    const response = await fetch(url, { headers: { Cookie: cookie } });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`${url} answered ${response.status}.`);
    into.push(performance.now() - started);
  }
}

/** Memory that a process holds, in MB; 0 where the system does not say. */
async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
}
