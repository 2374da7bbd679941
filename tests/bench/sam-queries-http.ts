import { openRecorded } from '../record-queries.ts';

/**
 * Serves a build with the database in `DATA_DIR`, asks for pages one after the other and prints as JSON how many queries and
 * statements each took, the viewer included: `node tests/bench/sam-queries-http.ts <dist> <cookie> <path> …`.
 */
const [dist = '', cookie = '', ...paths] = process.argv.slice(2);
const { env } = await import('../../src/platform/env.ts');
const { serve } = await import('../../src/server/serve.ts');
const { db, queries } = await openRecorded(env.databaseUrl.replace(/^file:/, ''));
const serving = await serve({
  ...{ dist, db, host: '127.0.0.1', port: 0, siteUrl: env.siteUrl },
  trustedProxies: env.trustedProxies,
});
const counts: Record<string, number> = {};
for (const path of paths) {
  // The first request of somebody signed in may also keep that they were here.
  for (let turn = 0; turn < 2; turn += 1) {
    queries.length = 0;
    const response = await fetch(serving.url + path, { headers: { Cookie: cookie } });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}.`);
    counts[path] = queries.length;
  }
}
await serving.close();
await db.close();
process.stdout.write(`${JSON.stringify({ counts })}\n`);
