import { openDb } from '../db/client.ts';

export type RecordedQuery = { sql: string; params: unknown[] };

/** Opens the file anew, and notes every query and statement that runs, those of writes included, in `queries`. */
export async function openRecorded(file: string) {
  const queries: RecordedQuery[] = [];
  const logger = { logQuery: (sql: string, params: unknown[]) => void queries.push({ sql, params }) };
  const db = await openDb(`file:${file}`, { logger });
  return { db, queries };
}
