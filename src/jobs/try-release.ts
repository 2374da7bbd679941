import { createInterface } from 'node:readline';
import { checkRelease } from '../domains/publishing/check-release.ts';
import type { ReleaseFault } from '../domains/publishing/model.ts';
import { access } from '../middleware/access.ts';
import { serve } from '../server/serve.ts';

/**
 * Serves a release that is not live yet on a spare port of this machine, checks it, and prints `{"faults":[…]}`. Takes what to
 * look at from a line of JSON on its standard input, and ends when that ends.
 */
type Trial = { folder: string; changed: string[]; removed: string[]; previous: string | null };

const onDemand = Object.keys(access).map(
  (pattern) =>
    new RegExp(
      `^${pattern
        .replace(/[.+?^$()|\\]/g, '\\$&')
        .replace(/\[\\\.\\\.\\\.\w+\]/g, '.+')
        .replace(/\[\w+\]/g, '[^/]+')}$`,
    ),
);

const input = createInterface({ input: process.stdin });
input.once('close', () => process.exit(1));
input.once('line', async (line) => {
  const faults = await faultsOf(JSON.parse(line) as Trial);
  process.stdout.write(`${JSON.stringify({ faults })}\n`, () => process.exit(0));
});

async function faultsOf({ folder, changed, removed, previous }: Trial): Promise<ReleaseFault[]> {
  try {
    const { url } = await serve({ dist: folder, host: '127.0.0.1', port: 0, siteUrl: 'http://127.0.0.1' });
    return await checkRelease({
      folder,
      url,
      changed,
      removed,
      previous: previous ?? undefined,
      isOnDemand: (pathname) => onDemand.some((pattern) => pattern.test(pathname)),
    });
  } catch (error) {
    return [
      {
        page: '/',
        message: `could not be asked for, because the release does not start: ${(error as Error).message}`,
      },
    ];
  }
}
