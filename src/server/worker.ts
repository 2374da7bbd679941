import { setTimeout as sleep } from 'node:timers/promises';
import { readiness } from '../domains/site/readiness.ts';
import { env } from '../platform/env.ts';
import { log } from '../platform/log.ts';
import { openDatabaseInTime } from './database.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { offerAnswerMetrics } from './metrics.ts';
import { listenProblem } from './port.ts';
import { type Serving, serve } from './serve.ts';

/**
 * A process that answers requests with one release, whose folder it is told when it is started, until the supervisor tells it to
 * drain. It ends by itself when the supervisor is gone: `node:cluster` sees to that.
 */
const [release = ''] = process.argv.slice(2);
const forgivenMs = 1_000;
const mostMs = 9_000;

let serving: Serving | undefined;
let troubles: string[] = [];
let isLeaving = false;

offerAnswerMetrics();
const database = openDatabaseInTime();

process.on('message', (message: Partial<ToWorker>) => {
  if ('order' in message && message.order === 'drain') void leave(message.how === 'quickly');
  if ('tell' in message && message.tell === 'troubles') troubles = message.troubles ?? [];
});
process.on('SIGINT', () => {}); // a terminal sends it to all of us; the supervisor says what to do
process.on('SIGTERM', () => void leave(true));
process.on('uncaughtException', (error) => {
  log.fatal({ err: error }, 'process.uncaught');
  process.exitCode = 1;
  if (serving) tell({ worker: 'failing' });
  else process.exit(1);
  setTimeout(() => void leave(true), 5_000); // should nobody be there to replace us
});
process.on('unhandledRejection', (reason) => log.error({ err: reason }, 'process.rejected'));

try {
  serving = await serve({
    dist: release,
    host: env.host,
    port: env.port,
    siteUrl: env.siteUrl,
    database: database.db,
    readiness: () => readiness({ db: database.db(), dataDir: env.dataDir, now: new Date(), troubles }),
    trustedProxies: env.trustedProxies,
    processes: env.workers,
  });
  tell({ worker: 'ready', url: serving.url });
} catch (error) {
  const reason = listenProblem(error, env.host, env.port);
  if (!reason) log.fatal({ err: error, release }, 'worker.cannot-start');
  else tell({ worker: 'cannot-listen', reason });
  await sleep(100); // for the message to leave
  process.exit(1);
}

/** Answers what is under way, then ends. `quickly`: connections that rest are closed after a moment, and it is over in nine seconds. */
async function leave(quickly: boolean) {
  if (quickly) hurry();
  if (isLeaving) return;
  isLeaving = true;
  await serving?.drain();
  await database.close().catch((error: unknown) => log.error({ err: error }, 'database.cannot-close'));
  process.exit();
}

function hurry() {
  setTimeout(() => process.exit(), mostMs).unref();
  setTimeout(() => setInterval(() => serving?.closeIdle(), 100).unref(), forgivenMs).unref();
}

function tell(message: FromWorker) {
  if (process.connected) process.send?.(message);
}
