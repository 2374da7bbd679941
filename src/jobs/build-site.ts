import { rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'astro';
import { checkContent, problemLine } from '../domains/content/check-content.ts';
import { programOf, readCodeBuild } from '../domains/publishing/code-build.ts';
import { keepRenderer } from '../domains/publishing/keep-renderer.ts';
import { env } from '../platform/env.ts';

/**
 * Makes the code build and the first release of it, with the content in `--content` or else that which came with the code:
 * `--out` (default `dist`) is a folder that can be served, and its folder `code` is what later releases are made with. Stops
 * at the first step that fails. `--cache` gives Astro a cache of its own in place of the usual one.
 */
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: 'dist' },
    content: { type: 'string', default: env.shippedContentDir },
    cache: { type: 'string' },
  },
});
const outDir = path.resolve(values.out);
const codeDir = path.join(outDir, 'code');
const contentDir = path.resolve(values.content);
const cacheDir = values.cache && path.resolve(values.cache);
process.env['CONTENT_DIR'] = contentDir; // for Astro, which loads the settings anew

const steps: [string, number][] = [];

function begin(step: string) {
  const started = performance.now();
  return () => void steps.push([step, (performance.now() - started) / 1000]);
}

const checked = begin('check');
const problems = await checkContent(contentDir);
if (problems.length > 0) {
  for (const problem of problems) console.error(problemLine(problem));
  console.error('\nThe site was not built: the content needs mending first.');
  process.exit(1);
}
checked();

const bundled = begin('bundle');
await rm(outDir, { recursive: true, force: true });
await build({
  outDir: codeDir,
  ...(cacheDir && { cacheDir }),
  integrations: [keepRenderer()],
  logLevel: 'warn',
});
bundled();

const code = await readCodeBuild(codeDir);
const program = (await import(programOf(codeDir, code))) as typeof import('./release-program.ts');
const index = await program.openSiteIndex();
const { indexed } = await program.buildRelease({
  codeDir,
  contentDir,
  outDir,
  cacheDir: path.join(env.dataDir, 'cache', 'images'),
  siteUrl: env.siteUrl,
  now: new Date(),
  index,
  checked: Promise.resolve(),
  onStep: begin,
});
const times = steps.map(([step, seconds]) => `${step} ${seconds.toFixed(1)} s`).join(', ');
process.stdout.write(`Built: ${times}. Search covers ${indexed} pages.\n`);
process.exit(0); // bundlers keep threads
