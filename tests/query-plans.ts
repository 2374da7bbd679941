import type { InValue } from '@libsql/client';
import { connect, type Reads } from '../db/client.ts';
import { openRecorded, type RecordedQuery } from './record-queries.ts';

/**
 * What SQLite does for each query that `work` asks of the database in `file`, a list of steps a query: `SCAN users` reads a
 * whole table, `SEARCH users USING INDEX …` does not.
 */
export async function queryPlans(
  file: string,
  work: (read: Reads) => Promise<unknown>,
): Promise<{ query: string; steps: string[] }[]> {
  const { db, queries } = await openRecorded(file);
  try {
    await work(db.read);
  } finally {
    await db.close();
  }
  return plansOf(file, queries);
}

/** The same for queries that were recorded. */
export async function plansOf(
  file: string,
  queries: readonly RecordedQuery[],
): Promise<{ query: string; steps: string[] }[]> {
  const client = connect(`file:${file}`, {});
  try {
    return await Promise.all(
      queries.map(async ({ sql, params }) => {
        const args = params as InValue[];
        const { rows } = await client.execute({ sql: `EXPLAIN QUERY PLAN ${sql}`, args });
        return { query: sql, steps: rows.map(({ detail }) => String(detail)) };
      }),
    );
  } finally {
    client.close();
  }
}
