import { asc } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { Db } from '#db/client.ts';
import { communities, communityMembers } from '#db/schema/communities.ts';
import { addUser, useDatabase } from '../../../tests/database.ts';
import { joinCommunity } from './membership.ts';
import { syncCommunities } from './sync.ts';

const now = new Date('2026-11-22T03:00:00Z');
const later = new Date('2026-11-23T03:00:00Z');
const nurses = { slug: 'school-nurses', name: 'School Nurses', membership: 'open', area: 'pastoral' };
const coaches = {
  slug: 'instructional-coaches',
  name: 'Instructional Coaches',
  membership: 'approval',
  area: 'leadership',
};

const sync = (db: Db, at: Date, ...args: [Parameters<typeof syncCommunities>[2], string[]?]) =>
  db.write((tx) => syncCommunities(tx, at, ...args));

const table = (db: Db) =>
  db.read
    .select({ slug: communities.slug, name: communities.name, retiredAt: communities.retiredAt })
    .from(communities)
    .orderBy(asc(communities.slug));

test('every entry becomes a community, and a changed one is changed', async () => {
  const db = await useDatabase();
  expect(await sync(db, now, [nurses, coaches])).toEqual({ created: 2, restored: 0, retired: 0 });
  const renamed = { ...nurses, name: 'Nurses' };
  expect(await sync(db, later, [renamed, coaches])).toEqual({ created: 0, restored: 0, retired: 0 });
  expect(await table(db)).toMatchObject([{ name: 'Instructional Coaches' }, { name: 'Nurses' }]);
});

test('a community whose entry is gone is retired with its members, and is open again when the entry is back', async () => {
  const db = await useDatabase();
  await sync(db, now, [nurses, coaches]);
  const { id } = await addUser(db, now);
  const viewer = { id, grants: [{ role: 'member', scopeId: '' } as const] };
  await joinCommunity({ db, now }, viewer, 'school-nurses');
  expect(await sync(db, later, [coaches])).toEqual({ created: 0, restored: 0, retired: 1 });
  expect(await table(db)).toMatchObject([{ retiredAt: null }, { retiredAt: later }]);
  expect(await sync(db, later, [coaches])).toMatchObject({ retired: 0 });
  expect(await sync(db, later, [nurses, coaches])).toEqual({ created: 0, restored: 1, retired: 0 });
  expect(await table(db)).toMatchObject([{ retiredAt: null }, { retiredAt: null }]);
  expect(await db.read.$count(communityMembers)).toBe(1);
});

test('a community whose entry cannot be read stays as it is', async () => {
  const db = await useDatabase();
  await sync(db, now, [nurses, coaches]);
  expect(await sync(db, later, [coaches], ['school-nurses'])).toMatchObject({ retired: 0 });
  expect(await table(db)).toMatchObject([{}, { name: 'School Nurses', retiredAt: null }]);
});
