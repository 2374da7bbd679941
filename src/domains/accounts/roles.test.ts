import { eq } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import type { Id } from '../../platform/ids.ts';
import type { Role } from './model.ts';
import { grantRole, isLastStaff, revokeRole } from './roles.ts';

const now = new Date('2026-11-21T09:30:00Z');

async function withStaff() {
  const db = await useDatabase();
  const { id: staffId } = await addUser(db, now, { roles: [['staff']] });
  const { id: userId } = await addUser(db, now);
  const grant = (role: Role, scopeId = '', whom = userId) =>
    db.write((tx) => grantRole(tx, now, staffId, { userId: whom, role, scopeId }));
  const revoke = (role: Role, scopeId = '', whom = userId) =>
    db.write((tx) => revokeRole(tx, now, staffId, { userId: whom, role, scopeId }));
  return { db, staffId, userId, grant, revoke };
}

const held = (db: TestDatabase, userId: Id<'usr'>) =>
  db.read
    .select({ role: roleGrants.role, scopeId: roleGrants.scopeId, by: roleGrants.grantedById })
    .from(roleGrants)
    .where(eq(roleGrants.userId, userId));

const acts = (db: TestDatabase, userId: Id<'usr'>) =>
  db.read
    .select({ actorId: auditEvents.actorId, action: auditEvents.action, detail: auditEvents.detail })
    .from(auditEvents)
    .where(eq(auditEvents.subjectId, userId))
    .orderBy(auditEvents.position);

test('a role is granted with its scope, and who did it is on record', async () => {
  const { db, staffId, userId, grant } = await withStaff();
  await grant('sam', 'sch_1');
  expect(await held(db, userId)).toEqual([{ role: 'sam', scopeId: 'sch_1', by: staffId }]);
  expect(await acts(db, userId)).toEqual([
    { actorId: staffId, action: 'role.granted', detail: { role: 'sam', scopeId: 'sch_1' } },
  ]);
});

test('a user may hold several roles, and one role of several schools', async () => {
  const { db, userId, grant } = await withStaff();
  await grant('sam', 'sch_1');
  await grant('sam', 'sch_2');
  await grant('member', 'sch_1');
  await grant('ta');
  expect(await held(db, userId)).toHaveLength(4);
});

test('granting what is held changes nothing and is not on record again', async () => {
  const { db, userId, grant } = await withStaff();
  await Promise.all(Array.from({ length: 10 }, () => grant('editor')));
  expect(await held(db, userId)).toHaveLength(1);
  expect(await acts(db, userId)).toHaveLength(1);
});

test('a role that does not exist is refused by the database', async () => {
  const { db, userId, grant } = await withStaff();
  await expect(grant('owner' as Role)).rejects.toThrow();
  expect(await held(db, userId)).toEqual([]);
});

test('a role for nobody is refused', async () => {
  const { db, grant } = await withStaff();
  await expect(grant('member', '', 'usr_none' as Id<'usr'>)).rejects.toThrow();
  expect(await acts(db, 'usr_none' as Id<'usr'>)).toEqual([]);
});

test('a role that is taken is gone, for that scope only, and on record', async () => {
  const { db, staffId, userId, grant, revoke } = await withStaff();
  await grant('sam', 'sch_1');
  await grant('sam', 'sch_2');
  expect(await revoke('sam', 'sch_1')).toBe('revoked');
  expect(await held(db, userId)).toMatchObject([{ role: 'sam', scopeId: 'sch_2' }]);
  expect((await acts(db, userId)).at(-1)).toEqual({
    actorId: staffId,
    action: 'role.revoked',
    detail: { role: 'sam', scopeId: 'sch_1' },
  });
});

test('taking what is not held does nothing and is not on record', async () => {
  const { db, userId, revoke } = await withStaff();
  expect(await revoke('editor')).toBe('not-held');
  expect(await acts(db, userId)).toEqual([]);
});

describe('staff', () => {
  test('is never taken from the last one who has it', async () => {
    const { db, staffId, revoke } = await withStaff();
    expect(await revoke('staff', '', staffId)).toBe('last-staff');
    expect(await held(db, staffId)).toHaveLength(1);
  });

  test('can be taken where another has it', async () => {
    const { db, staffId, userId, grant, revoke } = await withStaff();
    await grant('staff');
    expect(await isLastStaff(db.read, staffId)).toBe(false);
    expect(await revoke('staff', '', staffId)).toBe('revoked');
    expect(await revoke('staff', '', userId)).toBe('last-staff');
  });

  test('of somebody who cannot sign in does not count', async () => {
    const { db, staffId, userId, grant, revoke } = await withStaff();
    await grant('staff');
    const set = (values: { suspendedAt?: Date | null; erasureDueAt?: Date | null }) =>
      db.write((tx) => tx.update(users).set(values).where(eq(users.id, userId)));
    await set({ suspendedAt: now });
    expect(await revoke('staff', '', staffId)).toBe('last-staff');
    await set({ suspendedAt: null, erasureDueAt: now });
    expect(await revoke('staff', '', staffId)).toBe('last-staff');
    await set({ erasureDueAt: null });
    expect(await revoke('staff', '', staffId)).toBe('revoked');
  });

  test('taken from two at once stays with one', async () => {
    const { db, staffId, userId, grant, revoke } = await withStaff();
    await grant('staff');
    const results = await Promise.all([revoke('staff', '', staffId), revoke('staff', '', userId)]);
    expect(results.toSorted()).toEqual(['last-staff', 'revoked']);
    expect(await db.read.$count(roleGrants, eq(roleGrants.role, 'staff'))).toBe(1);
  });

  test('is nobody’s last who does not hold it', async () => {
    const { db, userId, revoke } = await withStaff();
    expect(await isLastStaff(db.read, userId)).toBe(false);
    expect(await revoke('staff')).toBe('not-held');
  });
});
