import { fstatSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { checkInThread } from '../domains/content/check-in-thread.ts';
import { programOf, readCodeBuild } from '../domains/publishing/code-build.ts';

/**
 * Makes a release of the content in `--content` in the folder `--out`, which must be empty or not there but for `content/`,
 * with the code build in `--code` (default `dist`). What is as in the release `--previous` (default that in `--code`) is taken
 * from there. Prints its steps, what is wrong with the content and what came of it as lines of JSON, and ends with 0 only
 * when the release is whole. Nothing is written but `--out` and DATA_DIR/cache. Ends when its standard input does, if that
 * is a pipe.
 *
 * With `--wait` it gets ready, prints `{"ready":true}`, and takes `content`, `out` and `previous` from a line of JSON on its
 * standard input.
 */
const { values } = parseArgs({
  options: {
    content: { type: 'string' },
    out: { type: 'string' },
    previous: { type: 'string' },
    code: { type: 'string', default: 'dist' },
    wait: { type: 'boolean', default: false },
  },
});
process.env['NODE_ENV'] = 'production';

const code = path.resolve(values.code);
const codeDir = path.join(code, 'code');
const programUrl = programOf(codeDir, await readCodeBuild(codeDir));
const program = (await import(programUrl)) as typeof import('./release-program.ts'); // with all that it needs, in one
const { env } = program;
const openedIndex = program.openSiteIndex();

type Order = { content?: string | undefined; out?: string | undefined; previous?: string | undefined };
const order: Order = values.wait ? await orderFromInput() : values;
if (!order.content || !order.out) {
  console.error(
    'Usage: build-release.ts --content <dir> --out <dir> [--previous <dir>] [--code <dir>] [--wait]',
  );
  process.exit(2);
}
const input = fstatSync(0);
if (input.isFIFO() || input.isSocket()) endWithInput();

const contentDir = path.resolve(order.content);
const outDir = path.resolve(order.out);
await mkdir(outDir, { recursive: true });
if ((await readdir(outDir)).some((name) => name !== 'content')) {
  console.error(`${outDir} is not empty.`);
  process.exit(2);
}

const index = await openedIndex;
const built = await program
  .buildRelease({
    codeDir,
    contentDir,
    outDir,
    previous: path.resolve(order.previous ?? code),
    cacheDir: path.join(env.dataDir, 'cache', 'images'),
    siteUrl: env.siteUrl,
    now: new Date(),
    index,
    checked: check(),
    onStep: begin,
  })
  .catch(failed);
const { pages, changed, removed, isSame } = built;
say({ done: { pages, changed, removed, isSame } });
await index.close();
process.exit(0);

function failed(error: Error): never {
  console.error(`Error: ${error.message}`);
  console.error(error.cause ?? error);
  process.exit(1);
}

function say(line: object) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function begin(step: 'check' | 'render' | 'index' | 'compress') {
  const started = performance.now();
  say({ step, state: 'begun', ms: 0 });
  return () => say({ step, state: 'done', ms: Math.round(performance.now() - started) });
}

/** Content that is not right ends the process: nothing that was begun is of use. */
async function check() {
  const done = begin('check');
  const problems = await checkInThread(programUrl, contentDir);
  if (problems.length > 0) {
    for (const problem of problems) say({ problem });
    process.exit(1);
  }
  done();
}

async function orderFromInput(): Promise<Order> {
  say({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) return JSON.parse(line) as Order;
  process.exit(1);
}

/** Whoever asked for this release is gone: so are we, and Pagefind, whose input is ours. */
function endWithInput() {
  process.stdin.once('end', () => process.exit(1));
  process.stdin.once('error', () => process.exit(1));
  process.stdin.resume();
}
