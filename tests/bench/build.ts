import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { runNode } from '../site.ts';
import { writeGeneratedPages } from './generated-pages.ts';
import { type Bench, type Measure, median, progress } from './measure.ts';

const place = path.resolve('.data/bench/build');
const generated = 5_000;

type Timed = { total: number; steps: [string, number][] };

/** Seconds that a full build of the site takes, cold and warm, and one of 5,000 handbook pages more. */
export async function measureBuild({ runs }: Bench): Promise<Measure[]> {
  await rm(place, { recursive: true, force: true });
  const cold: Timed[] = [];
  const warm: Timed[] = [];
  for (let run = 1; run <= runs(3); run += 1) {
    progress(`Build ${run}: cold, then warm…`);
    const folder = path.join(place, `run-${run}`);
    cold.push(await timedBuild(folder));
    warm.push(await timedBuild(folder));
    await rm(folder, { recursive: true });
  }
  progress(`Build with ${generated} generated pages…`);
  const content = path.join(place, 'content');
  await cp('content', content, { recursive: true });
  await writeGeneratedPages(content, generated);
  const large = await timedBuild(path.join(place, 'large'), { PREVIEW_CARDS: 'site' }, content);
  await rm(place, { recursive: true });
  return [
    measure('full build, nothing cached', cold, 25),
    measure('full build, again', warm, 25),
    measure(`full build with ${generated.toLocaleString('en-GB')} generated pages`, [large], 60),
  ];
}

/** One build as an editor or a server runs it, with output, Astro’s cache and preview cards in `folder`. */
async function timedBuild(
  folder: string,
  env: Record<string, string> = {},
  content = 'content',
): Promise<Timed> {
  const started = performance.now();
  const said = await runNode(
    [
      'src/jobs/build-site.ts',
      ...['--out', path.join(folder, 'site'), '--cache', path.join(folder, 'cache'), '--content', content],
    ],
    { ...env, DATA_DIR: path.join(folder, 'kept') },
  );
  const total = (performance.now() - started) / 1000;
  const line = /^Built: .*$/m.exec(said)?.[0] ?? '';
  const steps = [...line.matchAll(/(\w+) ([\d.]+) s/g)].map(([, step = '', seconds]): [string, number] => [
    step,
    Number(seconds),
  ]);
  return { total, steps };
}

function measure(name: string, builds: Timed[], atMost: number): Measure {
  const names = builds[0]?.steps.map(([step]) => step) ?? [];
  const note = names
    .map((step, place) => `${step} ${median(builds.map(({ steps }) => steps[place]![1])).toFixed(1)}`)
    .join(', ');
  return { name, unit: 's', values: builds.map(({ total }) => total), target: { atMost }, note };
}
