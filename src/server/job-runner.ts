import { publishingProgress } from '../domains/publishing/progress.ts';
import { keptReleasesIn, liveState } from '../domains/publishing/releases.ts';
import { outboxFigures } from '../domains/site/readiness.ts';
import { startContentRemote } from '../jobs/content-remote.ts';
import { type Leading, machineId, whileLeading } from '../jobs/leader.ts';
import { startPublisher } from '../jobs/publish.ts';
import { startJobs } from '../jobs/run.ts';
import { env } from '../platform/env.ts';
import { log } from '../platform/log.ts';
import { openDatabaseInTime } from './database.ts';
import { offerSiteMetrics, type SiteFigures } from './metrics.ts';

/**
 * The one process that runs what happens by itself: mails, reminders, what is forgotten, and publishing. It ends by itself when
 * the supervisor is gone.
 */
const database = openDatabaseInTime();
const publisher = startPublisher({ db: database.db });
const { contentDir, contentRemote: remote } = env;
const contentRemote = remote === undefined ? undefined : startContentRemote({ contentDir, remote });
offerSiteMetrics(look);

const mostMs = 9_000;
let jobs: Leading | undefined;
let isLeaving = false;

void database.opened.then((db) => {
  if (isLeaving) return;
  // Where several machines share a database, one of them runs the jobs; each publishes for itself.
  jobs = whileLeading(db, {
    name: 'jobs',
    holder: machineId(env.dataDir),
    start: () => startJobs(db),
  });
});

process.on('message', (message: { order?: string }) => {
  if (message.order === 'drain') void leave();
});
process.on('SIGINT', () => {});
process.on('SIGTERM', () => void leave());
process.on('uncaughtException', (error) => {
  log.fatal({ err: error }, 'process.uncaught');
  process.exitCode = 1;
  void leave();
});
process.on('unhandledRejection', (reason) => log.error({ err: reason }, 'process.rejected'));

/** Finishes what is under way, for nine seconds at most, and ends. */
async function leave() {
  if (isLeaving) return;
  isLeaving = true;
  setTimeout(() => process.exit(), mostMs).unref();
  await Promise.allSettled([jobs?.stop(), publisher.stop(), contentRemote?.stop()]);
  await database.close().catch((error: unknown) => log.error({ err: error }, 'database.cannot-close'));
  process.exit();
}

/** What Prometheus wants to know of the site as a whole. */
async function look(): Promise<Partial<SiteFigures>> {
  const now = new Date();
  const db = database.db();
  const [kept, state, progress, mails] = await Promise.all([
    keptReleasesIn(env.dataDir),
    liveState(env.dataDir),
    publishingProgress(env.dataDir),
    db && outboxFigures(db, now).catch(() => undefined), // the other figures are of use without it
  ]);
  const live = kept.find(({ isLive }) => isLive);
  return {
    releasesKept: kept.length,
    publishingFailed: progress?.state === 'failed' || progress?.state === 'stuck' ? 1 : 0,
    ...(live && { releaseNumber: live.number, releaseBuildSeconds: live.tookMs / 1000 }),
    ...(state.live && { releaseLiveSeconds: (now.getTime() - new Date(state.live.at).getTime()) / 1000 }),
    ...(mails && {
      outboxWaiting: mails.waiting,
      outboxFailed: mails.failed,
      outboxOldestSeconds: mails.since === null ? 0 : (now.getTime() - mails.since) / 1000,
    }),
  };
}
