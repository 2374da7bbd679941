import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Front, freePort, has, startNginx, startPlainNginx } from '../fronts.ts';
import { startServer } from '../site.ts';
import { type Bench, type Measure, median, progress } from './measure.ts';
import {
  addPeople,
  addressOf,
  benchPassword,
  cookieFrom,
  databaseUrl,
  emptyFolder,
  postForm,
  withDatabase,
} from './portal.ts';
import { loadTool, press } from './pressure.ts';

const page = '/how-it-works';
const seconds = 4;

/**
 * How fast the site answers on one worker, beside the least that could answer the same and beside nginx, all on this machine and
 * in turns: what else the machine does then slows down all of them.
 */
export async function measureServing({ build, runs }: Bench): Promise<Measure[]> {
  const dist = await build();
  const folder = await emptyFolder('serving');
  await withDatabase(folder, (db) => addPeople(db, new Date(), 1));
  const client = path.join(dist, 'client');
  const sitePort = await freePort();
  const variables = { DATA_DIR: folder, LOG_LEVEL: 'error', PORT: String(sitePort) };
  const site = await startServer(['tests/supervise.ts', dist, '1'], variables);
  const stops: (() => Promise<void>)[] = [() => site.stop()];
  try {
    const signedIn = await postForm(`${site.url}/sign-in`, {
      email: addressOf(0),
      password: benchPassword,
      next: '',
    });
    const cookie = { Cookie: cookieFrom(signedIn, 'login') ?? '' };
    const menu = path.join(folder, 'menu.json');
    await writeFile(menu, await (await fetch(`${site.url}/me/menu`, { headers: cookie })).text());
    if ((await readFile(menu)).length < 100)
      throw new Error(`The menu is not what a member sees (${signedIn.status}).`);
    const bare = await startServer(
      ['tests/bench/bare-server.ts', path.join(client, `${page}/index.html.br`), menu],
      { ...variables, DATABASE_URL: databaseUrl(folder) },
    );
    stops.push(() => bare.stop());
    const packed = { 'Accept-Encoding': 'br' };
    const subjects: Subject[] = [
      { name: 'bare', url: `${bare.url}${page}`, headers: packed },
      { name: 'site', url: `${site.url}${page}`, headers: packed },
      { name: 'bare menu', url: `${bare.url}/me/menu`, headers: cookie },
      { name: 'site menu', url: `${site.url}/me/menu`, headers: cookie },
    ];
    if (has('nginx')) {
      const front = await started(stops, startNginx, { port: await freePort(), sitePort, client });
      const nginx = await started(stops, startPlainNginx, { port: await freePort(), sitePort, client });
      subjects.push({ name: 'nginx', url: `${nginx.url}${page}`, headers: packed });
      subjects.push({ name: 'front', url: `${front.url}${page}`, headers: packed });
    }
    return report(await inTurns(subjects, runs(5)));
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

type Subject = { name: string; url: string; headers: Record<string, string> };
type Figures = { perSecond: number[]; p99Ms: number[]; failed: number };

async function started<T>(
  stops: (() => Promise<void>)[],
  start: (options: T) => Promise<Front>,
  options: T,
): Promise<Front> {
  const front = await start(options);
  stops.push(() => front.stop());
  return front;
}

/** All subjects once, then all again, so that nobody has a quiet minute to itself. */
async function inTurns(subjects: Subject[], turns: number): Promise<Map<string, Figures>> {
  const found = new Map<string, Figures>();
  for (const { name, url, headers } of subjects) {
    await press(url, headers, 1); // warm
    found.set(name, { perSecond: [], p99Ms: [], failed: 0 });
  }
  for (let turn = 1; turn <= turns; turn += 1) {
    for (const { name, url, headers } of subjects) {
      const { perSecond, p99Ms, failed } = await press(url, headers, seconds);
      const figures = found.get(name)!;
      figures.perSecond.push(perSecond);
      figures.p99Ms.push(p99Ms);
      figures.failed += failed;
      progress(`Serving ${turn}, ${name}: ${Math.round(perSecond)}/s, 99 % in ${p99Ms.toFixed(1)} ms`);
    }
  }
  const wrong = [...found].filter(([, { failed }]) => failed > 0);
  if (wrong.length > 0) throw new Error(`${wrong[0]![0]}: ${wrong[0]![1].failed} requests failed.`);
  return found;
}

function report(found: Map<string, Figures>): Measure[] {
  const of = (name: string) => found.get(name)!.perSecond;
  const share = (one: string, other: string) =>
    of(one).map((perSecond, turn) => (100 * perSecond) / of(other)[turn]!);
  const per = (name: string) => `${Math.round(median(of(name)))}/s`;
  const measures: Measure[] = [
    {
      name: `serving: static page, one worker, of a bare node:http server`,
      unit: '%',
      values: share('site', 'bare'),
      target: { atLeast: 85 },
      note: `${loadTool}, 64 connections; ${per('site')} of ${per('bare')}`,
    },
    {
      name: 'serving: static page, 99th percentile',
      unit: 'ms',
      values: found.get('site')!.p99Ms,
      target: { atMost: 5 },
      note: `bare node:http ${median(found.get('bare')!.p99Ms).toFixed(1)} ms`,
    },
    {
      name: 'serving: /me/menu, one query, of a bare node:http server with the same query',
      unit: '%',
      values: share('site menu', 'bare menu'),
      target: { atLeast: 60 },
      note: `${per('site menu')} of ${per('bare menu')}`,
    },
  ];
  if (found.has('nginx'))
    measures.push(
      {
        name: 'serving: static page, one worker, of nginx alone',
        unit: '%',
        values: share('site', 'nginx'),
        note: `nginx ${per('nginx')}`,
      },
      {
        name: 'serving: static page behind the nginx of docs/deploy, of nginx alone',
        unit: '%',
        values: share('front', 'nginx'),
        target: { atLeast: 95 },
        note: per('front'),
      },
    );
  return measures;
}
