import { createClient, type InValue } from '@libsql/client';
import { drizzle } from 'drizzle-orm/libsql';
import type { Reads } from '../db/client.ts';

/**
 * What SQLite does for each query that `work` asks of the database in `file`, a list of steps a query: `SCAN users` reads a
 * whole table, `SEARCH users USING INDEX …` does not.
 */
export async function queryPlans(
  file: string,
  work: (read: Reads) => Promise<unknown>,
): Promise<{ query: string; steps: string[] }[]> {
  const client = createClient({ url: `file:${file}` });
  const asked: { query: string; params: unknown[] }[] = [];
  const logger = { logQuery: (query: string, params: unknown[]) => void asked.push({ query, params }) };
  try {
    await work(drizzle(client, { casing: 'snake_case', logger }));
    return await Promise.all(
      asked.map(async ({ query, params }) => {
        const { rows } = await client.execute({
          sql: `EXPLAIN QUERY PLAN ${query}`,
          args: params as InValue[],
        });
        return { query, steps: rows.map(({ detail }) => String(detail)) };
      }),
    );
  } finally {
    client.close();
  }
}
