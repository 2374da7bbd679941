import { mkdir } from 'node:fs/promises';
import { type Db, openDb } from '#db/client.ts';
import { migrate } from '#db/migrate.ts';
import { startJobs } from '../jobs/run.ts';
import { syncCommunitiesWithContent } from '../jobs/sync-communities.ts';
import { env } from '../platform/env.ts';

/** The database of `npm run dev`, opened once however often Vite loads this file anew. */
export function developmentDb(): Promise<Db> {
  const kept = globalThis as { peersphereDevelopmentDb?: Promise<Db> };
  kept.peersphereDevelopmentDb ??= open();
  return kept.peersphereDevelopmentDb;
}

async function open(): Promise<Db> {
  await mkdir(env.dataDir, { recursive: true });
  await migrate(env.databaseUrl, { authToken: env.databaseAuthToken });
  const db = await openDb(env.databaseUrl, { authToken: env.databaseAuthToken });
  await syncCommunitiesWithContent({ db, now: new Date() }, env.contentDir);
  startJobs(db);
  return db;
}
