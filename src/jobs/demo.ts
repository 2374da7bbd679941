import { spawnSync } from 'node:child_process';
import { env } from '../platform/env.ts';
import { portProblem } from '../server/port.ts';

/** `npm run demo`: from a fresh checkout to a running site. The port is looked at first, before the minute of building. */
const problem = await portProblem(env.host, env.port);
if (problem) {
  console.error(problem);
  process.exit(1);
}
for (const step of ['db/migrate.ts', 'db/seed/demo.ts', 'src/jobs/build-site.ts']) {
  const { status } = spawnSync(process.execPath, [step], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
await import('../server/start.ts');
