import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'astro';
import { checkContent, problemLine } from '../domains/publishing/check-content.ts';
import { indexSite } from '../domains/search/index-site.ts';
import { env } from '../platform/env.ts';

/** Checks the content, renders the site into `--out` (default `dist`) and indexes it. Stops at the first step that fails. */
const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist' } } });
const outDir = path.resolve(values.out);

const steps: [string, number][] = [];
async function timed<T>(step: string, run: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await run();
  steps.push([step, (performance.now() - started) / 1000]);
  return result;
}

const problems = await timed('check', () => checkContent(env.contentDir));
if (problems.length > 0) {
  for (const problem of problems) console.error(problemLine(problem));
  console.error('\nThe site was not built: the content needs mending first.');
  process.exit(1);
}
await timed('render', () => build({ outDir, logLevel: 'warn' }));
const pages = await timed('index', () => indexSite(path.join(outDir, 'client')));
const times = steps.map(([step, seconds]) => `${step} ${seconds.toFixed(1)} s`).join(', ');
process.stdout.write(`Built: ${times}. Search covers ${pages} pages.\n`);
