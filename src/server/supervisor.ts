import cluster from 'node:cluster';
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { env, servingProblems } from '../platform/env.ts';
import { log } from '../platform/log.ts';
import { serveMetrics } from './metrics-port.ts';
import { portProblem } from './port.ts';
import { currentFolder, type Prepared, prepare } from './prepare.ts';
import { type JobRunner, startJobRunner } from './run-job-runner.ts';
import { startWorkers, type Workers } from './workers.ts';

/**
 * What `npm start` is: serves what was served last, brings the database up to date, sees to it that there is a release of this
 * code, starts one process a core that serves it and one that runs the jobs, starts again what dies, and on SIGTERM lets all of
 * them finish. Does nothing else itself, so that nothing can go wrong with it.
 */
const longestStopMs = 10_000;
const againMs = 60_000;

function fail(words: string): never {
  console.error(words);
  process.exit(1);
}

const problems = servingProblems(env);
if (problems.length > 0)
  fail(
    `These environment variables need attention (.env.example explains each):\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
  );
if (!existsSync(path.join('dist', 'server', 'entry.mjs')) && !currentFolder(env.dataDir))
  fail('There is no built site in dist/ yet. Run npm run build first.');
const taken = await portProblem(env.host, env.port);
if (taken) fail(taken);
try {
  mkdirSync(env.dataDir, { recursive: true });
} catch (error) {
  fail(
    `The folder ${env.dataDir} cannot be made (${(error as NodeJS.ErrnoException).code}). DATA_DIR says where it is.`,
  );
}

let isStopping = false;
let workers: Workers | undefined;
let jobRunner: JobRunner | undefined;
let metrics: ReturnType<typeof serveMetrics>;
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    if (isStopping) process.exit(1);
    void stop();
  });
process.on('uncaughtException', (error) => {
  log.fatal({ err: error }, 'supervisor.uncaught');
  process.exitCode = 1;
  void stop();
});
process.on('unhandledRejection', (reason) => log.error({ err: reason }, 'supervisor.rejected'));
process.title = 'peersphere';
process.env['NODE_COMPILE_CACHE'] = path.join(env.dataDir, 'cache', 'code'); // for the processes we start: they begin sooner

// What was served last works with the database as it was and as it will be: nobody has to wait.
const served = currentFolder(env.dataDir);
let prepared = served ? undefined : await prepare(env.dataDir);
if (isStopping) process.exit(0);
if (prepared && 'problem' in prepared) fail(prepared.problem);

workers = startWorkers({ release: served ?? prepared!.release, count: env.workers });
const started = await workers.started;
if ('problem' in started) fail(started.problem);
metrics = serveMetrics(env.metricsPort);
process.stdout.write(`ready ${started.url}\n`);
prepared ??= await prepare(env.dataDir);
await take(workers, prepared);

/**
 * Serves what was prepared, and begins the jobs. Until the database is up to date, nothing that needs it as this code knows it
 * is begun, and it is tried again each minute.
 */
async function take(site: Workers, prepared: Prepared) {
  if (isStopping) return;
  if ('release' in prepared) {
    const moved = await site.move(prepared.release);
    site.tellTroubles(moved.moved ? prepared.troubles : [...prepared.troubles, moved.reason]);
    if (prepared.isWhole) {
      if (!isStopping) jobRunner ??= startJobRunner({ move: site.move });
      return;
    }
  }
  setTimeout(async () => take(site, await prepare(env.dataDir)), againMs).unref();
}

/** Lets requests, jobs and writes under way finish, for ten seconds at most. A second signal does not wait. */
async function stop() {
  isStopping = true;
  setTimeout(() => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGKILL');
    process.exit(process.exitCode ?? 1);
  }, longestStopMs);
  metrics?.close();
  await Promise.all([workers?.stop(), jobRunner?.stop()]);
  process.exit();
}
