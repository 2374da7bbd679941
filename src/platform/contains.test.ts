import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import { beforeAll, expect, test } from 'vitest';
import { type Db, openDb } from '#db/client.ts';
import { contains } from './contains.ts';

let db: Db;
beforeAll(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'peersphere-'));
  db = await openDb(`file:${path.join(folder, 'test.db')}`);
  return async () => {
    await db.close();
    await rm(folder, { recursive: true });
  };
});

/** Whether a row of this name and address is found by these words. */
async function isFound(text: string, name: string, email = ''): Promise<boolean> {
  const [row] = await db.read
    .select({ found: sql<number>`count(*)` })
    .from(sql`(SELECT ${name} AS name, ${email} AS email)`)
    .where(contains(text, sql`name`, sql`email`));
  return row?.found === 1;
}

test('a part of a column is found, whatever its case', async () => {
  expect(await isFound('LIN', 'Mei-lin Plumtree')).toBe(true);
  expect(await isFound('oak', 'Mei-lin Plumtree')).toBe(false);
});

test('every word has to stand in some column, in any order', async () => {
  expect(await isFound('tree example.test mei', 'Mei-lin Plumtree', 'mei@example.test')).toBe(true);
  expect(await isFound('tree oak', 'Mei-lin Plumtree', 'mei@example.test')).toBe(false);
});

test('no words filter nothing', async () => {
  expect(await isFound('  ', 'anything')).toBe(true);
});

test.for(['%', '_', '100%x', 'a_b', '\\'])('“%s” means itself', async (text) => {
  expect(await isFound(text, 'Plumtree 100 ab')).toBe(false);
  expect(await isFound(text, `x${text}y`)).toBe(true);
});

test('letters beyond ASCII are found in the usual cases', async () => {
  expect(await isFound('ÖZLEM', 'Özlem Birch')).toBe(true);
  expect(await isFound('özlem', 'Özlem Birch')).toBe(true);
  expect(await isFound('李', '李梅')).toBe(true);
  expect(await isFound('özlan', 'Özlem Birch')).toBe(false);
});
