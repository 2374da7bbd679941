import { createServer } from 'node:net';

/** Serves a build with a database and jobs, for tests, on any free port: `node tests/serve-site.ts <dist> [<port>]`. */
const [dist = '', chosen = ''] = process.argv.slice(2);
const port = Number(chosen) || (await freePort());
process.env['SITE_URL'] = `http://127.0.0.1:${port}`; // mails lead to this very server
const { migrate } = await import('../db/migrate.ts');
const { openDb } = await import('../db/client.ts');
const { startJobs } = await import('../src/jobs/run.ts');
const { syncCommunitiesWithContent } = await import('../src/jobs/sync-communities.ts');
const { env } = await import('../src/platform/env.ts');
const { serve } = await import('../src/server/serve.ts');

await migrate(env.databaseUrl);
const db = await openDb(env.databaseUrl);
await syncCommunitiesWithContent({ db, now: new Date() }, env.contentDir);
const serving = await serve({
  dist,
  host: '127.0.0.1',
  port,
  siteUrl: env.siteUrl,
  db,
  trustedProxies: env.trustedProxies,
});
const jobs = startJobs(db);
process.stdout.write(`ready ${serving.url}\n`);
process.once('SIGTERM', () => {
  void serving
    .close()
    .then(() => jobs.stop())
    .then(() => db.close())
    .then(() => process.exit(0));
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address() as { port: number };
      probe.close(() => resolve(free));
    });
  });
}
