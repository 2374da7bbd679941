import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { buildRelease, type ReleaseRun } from '../releases.ts';
import { writeGeneratedPages } from './generated-pages.ts';
import { type Bench, type Measure, median, progress } from './measure.ts';

const place = path.resolve('.data/bench/publishing-build');
const pages = 2_000;

/** Seconds that a release takes after one text was changed, from the start of the program to its end: as shipped, and with 2,000 pages. */
export async function measurePublishingBuild({ build, runs }: Bench): Promise<Measure[]> {
  const code = await build();
  await rm(place, { recursive: true, force: true });
  const shipped = path.join(place, 'shipped');
  await cp('content', shipped, { recursive: true });
  const small = await timed(code, shipped, code, runs(5));
  const large = path.join(place, 'large');
  await cp('content', large, { recursive: true });
  await writeGeneratedPages(large, pages - (small[0]?.done?.pages ?? 0));
  progress(`First release of ${pages} pages…`);
  const first = await release(code, large, path.join(place, 'first'), code);
  const many = await timed(code, large, path.join(place, 'first'), runs(3));
  await rm(place, { recursive: true });
  return [
    measure('release of one changed text', small, 4),
    measure(`first release of ${first.done?.pages.toLocaleString('en-GB')} pages`, [first]),
    measure(`release of one changed text, ${first.done?.pages.toLocaleString('en-GB')} pages`, many, 17),
  ];
}

/** Releases of content in which one text is another each time. */
async function timed(code: string, content: string, previous: string, times: number): Promise<ReleaseRun[]> {
  const changed = path.join(content, 'pages/about.mdoc');
  const text = await readFile(changed, 'utf8');
  const done: ReleaseRun[] = [];
  for (let run = 1; run <= times; run += 1) {
    progress(`Release ${run} of ${times}…`);
    await writeFile(changed, text.replace(/^lead: /m, `lead: Change ${run}. `));
    const out = path.join(place, 'out');
    done.push(await release(code, content, out, previous));
    await rm(out, { recursive: true });
  }
  return done;
}

async function release(code: string, content: string, out: string, previous: string): Promise<ReleaseRun> {
  const kept = path.join(place, 'kept');
  const run = await buildRelease(
    { content, out, code, previous },
    { DATA_DIR: kept, PREVIEW_CARDS: 'site', NODE_COMPILE_CACHE: path.join(kept, 'cache', 'code') },
  );
  if (!run.done) throw new Error(`The release was not made: ${run.errors}`);
  return run;
}

function measure(name: string, runs: ReleaseRun[], atMost?: number): Measure {
  const steps = Object.keys(runs[0]?.steps ?? {});
  const note = steps
    .map((step) => `${step} ${(median(runs.map((run) => run.steps[step] ?? 0)) / 1000).toFixed(1)}`)
    .join(', ');
  return {
    name,
    unit: 's',
    values: runs.map(({ ms }) => ms / 1000),
    ...(atMost && { target: { atMost } }),
    note,
  };
}
