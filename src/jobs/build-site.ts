import path from 'node:path';
import { build } from 'astro';
import { checkContent, problemLine } from '../domains/publishing/check-content.ts';
import { indexSite } from '../domains/search/index-site.ts';
import { env } from '../platform/env.ts';

/** Checks the content, renders the site into `dist` and indexes it. Stops at the first step that fails. */
const started = performance.now();
const seconds = () => `${((performance.now() - started) / 1000).toFixed(1)} s`;

const problems = await checkContent(env.contentDir);
if (problems.length > 0) {
  for (const problem of problems) console.error(problemLine(problem));
  console.error('\nThe site was not built: the content needs mending first.');
  process.exit(1);
}
await build({ logLevel: 'warn' });
const pages = await indexSite(path.resolve('dist/client'));
console.warn(`Built in ${seconds()}; ${pages} pages can be searched.`);
