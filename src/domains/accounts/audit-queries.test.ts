import { beforeEach, expect, test } from 'vitest';
import { schools } from '#db/schema/schools.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import { type Id, newId } from '../../platform/ids.ts';
import type { AuditEvent } from '../audit/model.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { auditActions, auditEntriesAbout, auditFilter, auditPage } from './audit-queries.ts';

const now = new Date('2026-11-21T09:30:00Z');
const suspension: AuditEvent = {
  at: now,
  actorId: 'usr_gone',
  action: 'user.suspended',
  subjectType: 'user',
  subjectId: 'usr_other',
};

let db: TestDatabase;
beforeEach(async () => {
  db = await useDatabase();
});

async function record(count: number, event: Partial<AuditEvent> = {}) {
  await db.write(async (tx) => {
    for (let turn = 0; turn < count; turn += 1) await recordAuditEvent(tx, { ...suspension, ...event });
  });
}

const positions = async (query: string) => {
  const { entries, older, newer } = await auditPage(db.read, auditFilter(new URLSearchParams(query)));
  return { from: entries[0]?.position, to: entries.at(-1)?.position, count: entries.length, older, newer };
};

test('the newest stand first, and older and newer pages meet without a gap', async () => {
  await record(120);
  expect(await positions('')).toEqual({ from: 120, to: 71, count: 50, older: 71, newer: undefined });
  expect(await positions('before=71')).toEqual({ from: 70, to: 21, count: 50, older: 21, newer: 70 });
  expect(await positions('before=21')).toEqual({ from: 20, to: 1, count: 20, older: undefined, newer: 20 });
  expect(await positions('after=20')).toEqual({ from: 70, to: 21, count: 50, older: 21, newer: 70 });
  expect(await positions('after=70')).toEqual({ from: 120, to: 71, count: 50, older: 71, newer: undefined });
});

test('a page stays the same while the log grows', async () => {
  await record(60);
  const before = await positions('before=11');
  await record(30);
  expect(await positions('before=11')).toEqual(before);
});

test('an empty log has an empty page and no other', async () => {
  expect(await positions('')).toEqual({
    from: undefined,
    to: undefined,
    count: 0,
    older: undefined,
    newer: undefined,
  });
  expect(await auditActions(db.read)).toEqual([]);
});

test('an action, an actor, the system, and a subject narrow it', async () => {
  await record(1, { action: 'role.granted' });
  await record(1, { actorId: null, action: 'role.granted' });
  await record(1, { actorId: 'usr_third', subjectId: 'usr_third' });
  expect(await positions('action=role.granted')).toMatchObject({ from: 2, to: 1, count: 2 });
  expect(await positions('actor=usr_third')).toMatchObject({ from: 3, count: 1 });
  expect(await positions('actor=system')).toMatchObject({ from: 2, count: 1 });
  expect(await positions('subject=usr_other&action=role.granted&actor=usr_gone')).toMatchObject({
    from: 1,
    count: 1,
  });
  expect(await positions('action=user.erased')).toMatchObject({ count: 0 });
});

test('what has not the form of an id or a position is left out', () => {
  const filter = auditFilter(new URLSearchParams("action=' OR 1&actor=%00&subject=&before=-1&after=1e9"));
  expect(Object.values(filter).every((value) => value === undefined)).toBe(true);
});

test('people and schools are named as long as they are there, also in what was changed', async () => {
  const actor = await addUser(db, now, { name: 'Robin Birch', passwordHash: 'none' });
  const schoolId: Id<'sch'> = newId('sch', now);
  await db.write((tx) =>
    tx.insert(schools).values({
      id: schoolId,
      name: 'Hillside School',
      country: 'VN',
      city: 'Da Nang',
      timeZone: 'Asia/Ho_Chi_Minh',
      membershipStartsOn: '2026-08-01',
      membershipEndsOn: '2027-07-31',
      createdAt: now,
      updatedAt: now,
    }),
  );
  await record(1, {
    actorId: actor.id,
    detail: { role: 'sam', scopeId: schoolId, ids: ['usr_gone', actor.id] },
  });
  const { names } = await auditPage(db.read, {});
  expect(Object.fromEntries(names)).toEqual({ [actor.id]: 'Robin Birch', [schoolId]: 'Hillside School' });
});

test('a person’s last entries are those about them', async () => {
  await record(3);
  await record(5, { subjectId: 'usr_third' });
  await record(1, { actorId: 'usr_other', subjectId: 'usr_third' });
  const { entries } = await auditEntriesAbout(db.read, 'usr_other', 2);
  expect(entries.map(({ position }) => position)).toEqual([3, 2]);
});

test('every action of the log is named once', async () => {
  await record(3);
  await record(2, { action: 'role.granted' });
  await record(2, { action: 'coupon.issued' });
  expect(await auditActions(db.read)).toEqual(['coupon.issued', 'role.granted', 'user.suspended']);
});
