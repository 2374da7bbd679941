import { serve } from '../src/server/serve.ts';

/**
 * Serves a build on any free port, for tests: `node tests/serve-site.ts <dist> [open-cms]`. That the CMS is open can
 * only be said here, in a call of our own; a server that is started with `npm start` has no way to it.
 */
const [dist = '', cms] = process.argv.slice(2);
const serving = await serve({
  dist,
  host: '127.0.0.1',
  port: 0,
  siteUrl: 'http://127.0.0.1:4321',
  ...(cms === 'open-cms' ? { cms: 'open' as const } : {}),
});
process.stdout.write(`ready ${serving.url}\n`);
process.once('SIGTERM', () => void serving.close().then(() => process.exit(0)));
