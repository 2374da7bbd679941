import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { openDb } from '#db/client.ts';
import { migrate } from '#db/migrate.ts';
import { startJobs } from '../jobs/run.ts';
import { syncCommunitiesWithContent } from '../jobs/sync-communities.ts';
import { env, servingProblems } from '../platform/env.ts';
import { log } from '../platform/log.ts';
import { listenProblem } from './port.ts';
import { type Serving, serve } from './serve.ts';

/**
 * `npm start`: brings the database up to date, serves the built site and runs the jobs, until SIGTERM or SIGINT; then lets
 * requests, jobs and writes under way finish.
 */
const problems = servingProblems(env);
if (problems.length > 0) {
  console.error(
    `These environment variables need attention (.env.example explains each):\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
  );
  process.exit(1);
}

const dist = path.resolve('dist');
if (!existsSync(path.join(dist, 'server', 'entry.mjs'))) {
  console.error('There is no built site in dist/ yet. Run npm run build first.');
  process.exit(1);
}

await mkdir(env.dataDir, { recursive: true });
await migrate(env.databaseUrl, { authToken: env.databaseAuthToken });
const db = await openDb(env.databaseUrl, { authToken: env.databaseAuthToken });
await syncCommunitiesWithContent({ db, now: new Date() }, env.contentDir);
const serving = await started();
const jobs = startJobs(db);
process.stdout.write(`ready ${serving.url}\n`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(0));

process.on('uncaughtException', (error) => {
  log.fatal({ err: error }, 'process.uncaught');
  stop(1);
});
process.on('unhandledRejection', (reason) => log.error({ err: reason }, 'process.rejected'));

/** Lets what is under way finish, for ten seconds at most. */
function stop(exitCode: number) {
  setTimeout(() => process.exit(exitCode || 1), 10_000).unref();
  finish().then(
    () => process.exit(exitCode),
    () => process.exit(1),
  );
}

async function finish() {
  await serving.close();
  await jobs.stop();
  await db.close();
}

async function started(): Promise<Serving> {
  try {
    return await serve({
      dist,
      host: env.host,
      port: env.port,
      siteUrl: env.siteUrl,
      db,
      trustedProxies: env.trustedProxies,
    });
  } catch (error) {
    const reason = listenProblem(error, env.host, env.port);
    if (!reason) throw error;
    console.error(reason);
    process.exit(1);
  }
}
