import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { env } from '../../platform/env.ts';
import { programOf, readCodeBuild } from './code-build.ts';
import type { RenderedPage } from './render-one-page.ts';

const program = `
  process.env['NODE_ENV'] = 'production';
  const { enableCompileCache } = await import('node:module');
  const [cache, program, ...args] = process.argv.slice(1);
  enableCompileCache(cache);
  const { renderOnePage } = await import(program);
  const page = await renderOnePage(...args);
  process.stdout.write(JSON.stringify(page), () => process.exit(0));
`;

let turn: Promise<unknown> = Promise.resolve();

/**
 * The static page at `pathname` as it looks with the content in `contentDir`, whether that is published or not: what the code
 * build in `codeBuild` (a folder like `dist`) makes of it, in a process of its own, one at a time. `status` is 404 where there is no
 * such page, with the page that says so. Rejects where the page cannot be rendered, or not within half a minute.
 */
export function renderPage(page: {
  codeBuild: string;
  contentDir: string;
  pathname: string;
}): Promise<RenderedPage> {
  const rendered = turn.then(() => renderInProcess(page));
  turn = rendered.catch(() => {});
  return rendered;
}

async function renderInProcess({
  codeBuild,
  contentDir,
  pathname,
}: Parameters<typeof renderPage>[0]): Promise<RenderedPage> {
  const codeDir = path.resolve(codeBuild, 'code');
  const url = programOf(codeDir, await readCodeBuild(codeDir));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--max-old-space-size=1024',
      '--input-type=module',
      '--eval',
      program,
      path.join(env.dataDir, 'cache', 'code'),
      url,
      codeDir,
      path.resolve(contentDir),
      pathname,
      env.siteUrl,
    ],
    { maxBuffer: 64 * 1024 * 1024, timeout: 30_000, killSignal: 'SIGKILL' },
  );
  return JSON.parse(stdout) as RenderedPage;
}
