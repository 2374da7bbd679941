import { spawnSync } from 'node:child_process';

/**
 * `npm run demo`: from a fresh checkout to a running site, as in production. The port is looked at first, before the minute of
 * building.
 */
process.env['NODE_ENV'] = 'production'; // before the settings are read
const { env } = await import('../platform/env.ts');
const { portProblem } = await import('../server/port.ts');
const problem = await portProblem(env.host, env.port);
if (problem) {
  console.error(problem);
  process.exit(1);
}
for (const step of ['db/migrate.ts', 'db/seed/demo.ts', 'src/jobs/build-site.ts']) {
  const { status } = spawnSync(process.execPath, [step], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
await import('../server/supervisor.ts');
