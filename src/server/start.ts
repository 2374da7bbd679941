import { existsSync } from 'node:fs';
import path from 'node:path';
import { env } from '../platform/env.ts';
import { log } from '../platform/log.ts';
import { listenProblem } from './port.ts';
import { type Serving, serve } from './serve.ts';

/** `npm start`: serves the built site until SIGTERM or SIGINT, then lets requests under way finish. */
const dist = path.resolve('dist');
if (!existsSync(path.join(dist, 'server', 'entry.mjs'))) {
  console.error('There is no built site in dist/ yet. Run npm run build first.');
  process.exit(1);
}

const serving = await started();
process.stdout.write(`ready ${serving.url}\n`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(0));

process.on('uncaughtException', (error) => {
  log.fatal({ err: error }, 'process.uncaught');
  stop(1);
});
process.on('unhandledRejection', (reason) => log.error({ err: reason }, 'process.rejected'));

/** Lets requests under way finish, for ten seconds at most. */
function stop(exitCode: number) {
  setTimeout(() => process.exit(exitCode || 1), 10_000).unref();
  serving.close().then(
    () => process.exit(exitCode),
    () => process.exit(1),
  );
}

async function started(): Promise<Serving> {
  try {
    return await serve({ dist, host: env.host, port: env.port, siteUrl: env.siteUrl });
  } catch (error) {
    const reason = listenProblem(error, env.host, env.port);
    if (!reason) throw error;
    console.error(reason);
    process.exit(1);
  }
}
