import { rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'astro';
import { checkContent, problemLine } from '../domains/publishing/check-content.ts';
import { removeUnusedImages } from '../domains/publishing/remove-unused-images.ts';
import { indexSite } from '../domains/search/index-site.ts';
import { env } from '../platform/env.ts';

/**
 * Checks the content, renders the site into `--out` (default `dist`) and indexes it. Stops at the first step that fails.
 * `--cache` gives Astro a cache of its own in place of the usual one.
 */
const { values } = parseArgs({
  options: { out: { type: 'string', default: 'dist' }, cache: { type: 'string' } },
});
const outDir = path.resolve(values.out);
const cacheDir = values.cache && path.resolve(values.cache);

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
// Astro keeps this list of images outside its cache, and renews it only when the cache changed. After a build with
// another cache or CONTENT_DIR it would name the images of that one.
await rm('.astro/content-assets.mjs', { force: true });
await timed('render', () => build({ outDir, ...(cacheDir && { cacheDir }), logLevel: 'warn' }));
await rm('.astro/content-assets.mjs', { force: true });
const client = path.join(outDir, 'client');
const [pages] = await timed('index', () => Promise.all([indexSite(client), removeUnusedImages(client)]));
const times = steps.map(([step, seconds]) => `${step} ${seconds.toFixed(1)} s`).join(', ');
process.stdout.write(`Built: ${times}. Search covers ${pages} pages.\n`);
