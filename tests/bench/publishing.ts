import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { commitSave } from '../../src/domains/content/saves.ts';
import { keptReleasesIn, liveState } from '../../src/domains/publishing/releases.ts';
import { askPublisher } from '../../src/domains/publishing/requests.ts';
import { type ProductionSite, startProductionSite } from '../production.ts';
import { ask } from '../whole-answer.ts';
import { generatedPage } from './generated-pages.ts';
import { type Bench, type Measure, progress, quantile } from './measure.ts';

const home = path.resolve('.data/bench/publishing');
const edited = { file: 'communities/school-librarians.mdoc', page: '/communities/school-librarians' };
const editor = { name: 'Noor Lindqvist', email: 'noor@example.test' };
const asker = { id: 'usr_bench', name: editor.name };
const manyPages = 2_000;

/** From the save of an editor to the site that shows it; what visitors notice of a switch; what fifty releases leave behind. */
export async function measurePublishing({ build, runs }: Bench): Promise<Measure[]> {
  const built = await build();
  const site = await startProductionSite(home, built, { PREVIEW_CARDS: 'site' });
  const measures: Measure[] = [];
  try {
    await saveAndSee(site); // the first one fills the caches
    const small = await repeated(runs(10), () => saveAndSee(site));
    measures.push({
      name: 'save to live, one entry',
      unit: 's',
      values: small,
      target: { atMost: 8 },
      note: await stepsOfLast(site),
    });
    measures.push(...(await measureSwitches(site, runs(20))));
    measures.push(...(await measureFlatness(site, runs(50))));
    progress(`Adding pages, ${manyPages} in all…`);
    await addPages(site);
    const large = await repeated(runs(5), () => saveAndSee(site));
    measures.push({
      name: `save to live, one entry of ${manyPages.toLocaleString('en-GB')} pages`,
      unit: 's',
      values: large,
      target: { atMost: 20 },
      note: await stepsOfLast(site),
    });
  } finally {
    await site.stop();
  }
  return measures;
}

async function repeated(times: number, measure: () => Promise<number>): Promise<number[]> {
  const values: number[] = [];
  for (let turn = 1; turn <= times; turn += 1) {
    values.push(await measure());
    progress(`Save ${turn} of ${times}: ${values.at(-1)?.toFixed(1)} s`);
  }
  return values;
}

let saves = 0;

/** Seconds from the moment an editor saves until a visitor reads it. */
async function saveAndSee({ url, contentDir, dataDir }: ProductionSite): Promise<number> {
  saves += 1;
  const words = `Saved for the ${saves}th time, at ${Date.now()}.`;
  const before = await readFile(path.join(contentDir, edited.file), 'utf8');
  const without = before.replace(/Saved for the \d+th time, at \d+\.\n\n/, '');
  const bodyAt = without.indexOf('\n---\n', 4) + 5;
  const text = `${without.slice(0, bodyAt)}${words}\n\n${without.slice(bodyAt)}`;
  const began = performance.now();
  await commitSave(contentDir, {
    author: editor,
    now: new Date(),
    message: 'Change the community ‘School librarians’',
    additions: [{ path: edited.file, bytes: Buffer.from(text) }],
    deletions: [],
  });
  for (;;) {
    const answer = await ask(url + edited.page);
    if (answer.body.includes(words)) break;
    if (performance.now() - began > 300_000) throw new Error('The save was not live after five minutes.');
    await sleep(20);
  }
  const seconds = (performance.now() - began) / 1000;
  await atRest(dataDir);
  return seconds;
}

/** Resolves once the publisher has recorded what it did. */
async function atRest(dataDir: string) {
  let known = '';
  for (let turn = 0; turn < 600; turn += 1) {
    const { live, moving } = await liveState(dataDir);
    const now = JSON.stringify([live, moving]);
    if (moving === null && now === known) return;
    known = now;
    await sleep(200);
  }
}

async function stepsOfLast({ dataDir }: ProductionSite): Promise<string> {
  const release = (await keptReleasesIn(dataDir)).find(({ isLive }) => isLive);
  return (release?.steps ?? []).map(({ name, ms }) => `${name} ${(ms / 1000).toFixed(1)}`).join(', ');
}

const visitors = 32;
const requestsInAll = 100_000;

/** Goes back and forth between two releases while visitors read, and looks whether every answer is that of one whole release. */
async function measureSwitches({ url, dataDir }: ProductionSite, switches: number): Promise<Measure[]> {
  const [newest, older] = await keptReleasesIn(dataDir);
  if (!newest || !older) throw new Error('Two releases are needed to switch between.');
  const pages = ['/', edited.page, '/about', '/handbooks/members', '/search'];
  const known = new Map<string, Set<string>>();
  for (const page of pages)
    known.set(
      page,
      new Set(
        await Promise.all(
          [newest, older].map(({ id }) =>
            readFile(path.join(dataDir, 'releases', id, 'client', page, 'index.html'), 'utf8'),
          ),
        ),
      ),
    );
  const wrong: string[] = [];
  const failed: string[] = [];
  const times: number[] = [];
  let sent = 0;
  let isOver = false;
  const perSwitch = requestsInAll / 20;
  const visit = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!isOver || sent < switches * perSwitch) {
      const page = sent % 10 === 9 ? '/sign-in' : pages[sent % pages.length]!;
      sent += 1;
      const began = performance.now();
      try {
        const { status, body } = await ask(url + page, agent);
        times.push(performance.now() - began);
        const isRight = known.get(page)?.has(body) ?? (status === 200 && body.includes('</html>'));
        if (status !== 200 || !isRight) wrong.push(`${page}: ${status}, ${body.length} bytes`);
      } catch (error) {
        failed.push(`${page}: ${(error as Error).message}`);
      }
    }
    agent.destroy();
  };
  const visiting = Promise.all(Array.from({ length: visitors }, visit));
  const moved: number[] = [];
  for (let turn = 0; turn < switches; turn += 1) {
    const release = turn % 2 === 0 ? older.id : newest.id;
    const began = performance.now();
    const now = new Date();
    await askPublisher({ dataDir, now }, asker, { ask: 'roll-back', release });
    while ((await liveState(dataDir)).live?.release !== release) {
      if (performance.now() - began > 240_000) throw new Error(`The site did not go to ${release}.`);
      await sleep(50);
    }
    moved.push((performance.now() - began) / 1000);
    progress(
      `Switch ${turn + 1} of ${switches}: ${sent} requests, ${failed.length} failed, ${wrong.length} wrong`,
    );
  }
  isOver = true;
  await visiting;
  const first = [...failed, ...wrong][0];
  return [
    { name: `going to another kept release under load, ${switches} times`, unit: 's', values: moved },
    {
      name: `failed or wrong answers of ${sent.toLocaleString('en-GB')}`,
      unit: '',
      values: [failed.length + wrong.length],
      target: { atMost: 0 },
      ...(first && { note: first }),
    },
    { name: 'answers meanwhile, p99', unit: 'ms', values: [quantile(times, 0.99)] },
  ];
}

/** What the processes hold in memory and the data directory on disk, before and after so many releases. */
async function measureFlatness(site: ProductionSite, releases: number): Promise<Measure[]> {
  for (let turn = 0; turn < Math.min(5, releases); turn += 1) await saveAndSee(site); // as many as are kept
  const before = { memory: await memoryOf(site), disk: diskOf(site) };
  await repeated(releases, () => saveAndSee(site));
  const after = { memory: await memoryOf(site), disk: diskOf(site) };
  const change = (key: keyof typeof before) => ((after[key] - before[key]) / before[key]) * 100;
  return [
    {
      name: `memory of all processes after ${releases} releases, more than before`,
      unit: '%',
      values: [change('memory')],
      target: { atMost: 10 },
      note: `${Math.round(before.memory)} MB, then ${Math.round(after.memory)} MB`,
    },
    {
      name: `releases on disk after ${releases} releases, more than before`,
      unit: '%',
      values: [change('disk')],
      target: { atMost: 10 },
      note: `${Math.round(before.disk)} MB, then ${Math.round(after.disk)} MB`,
    },
  ];
}

/** Resident memory of the supervisor and what it started, in MB, once what was replaced has ended. */
async function memoryOf({ pid }: ProductionSite): Promise<number> {
  await sleep(35_000);
  const rows = execFileSync('ps', ['-e', '-o', 'pid=,ppid=,rss='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number) as [number, number, number]);
  const mine = new Set([pid]);
  for (let size = 0; size !== mine.size; ) {
    size = mine.size;
    for (const [child, parent] of rows) if (mine.has(parent)) mine.add(child);
  }
  return rows.filter(([child]) => mine.has(child)).reduce((sum, [, , rss]) => sum + rss, 0) / 1024;
}

/** Releases on disk, in MB; what several releases share counts once. */
function diskOf({ dataDir }: ProductionSite): number {
  const said = execFileSync('du', ['-sk', path.join(dataDir, 'releases')], { encoding: 'utf8' });
  return Number.parseInt(said, 10) / 1024;
}

async function addPages(site: ProductionSite) {
  const { dataDir, contentDir } = site;
  const there = (await keptReleasesIn(dataDir))[0]?.pages ?? (await readdir(contentDir)).length;
  const count = manyPages - there;
  const additions = Array.from({ length: count }, (_, index) => {
    const { file, text } = generatedPage(index + 1, count);
    return { path: file, bytes: Buffer.from(text) };
  });
  const message = `Add ${count} pages`;
  await commitSave(contentDir, { author: editor, now: new Date(), message, additions, deletions: [] });
  await saveAndSee(site);
}
