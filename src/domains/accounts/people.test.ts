import { eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { Db } from '#db/client.ts';
import { roleGrants, tokens, users } from '#db/schema/accounts.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { outbox } from '#db/schema/mail.ts';
import { schools } from '#db/schema/schools.ts';
import { addUser, useDatabase } from '../../../tests/database.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { findViewer, loginSessionsOf, startLoginSession } from './login-sessions.ts';
import type { Role } from './model.ts';
import {
  endSignInsOf,
  giveRole,
  liftSuspension,
  sendPasswordReset,
  suspendUser,
  takeRole,
} from './people.ts';
import { issueToken, lookUpToken } from './tokens.ts';

const now = new Date('2026-11-21T09:30:00Z');

async function world() {
  const db = await useDatabase();
  const ctx = { db, now };
  const staff = await person(db, 'staff@example.test', ['staff']);
  const member = await person(db, 'member@example.test', ['member']);
  return { db, ctx, staff, member };
}

async function person(db: Db, email: string, ...roles: [Role][]): Promise<Id<'usr'>> {
  return (await addUser(db, now, { email, roles, passwordHash: 'none' })).id;
}

async function school(db: Db): Promise<Id<'sch'>> {
  const id = newId('sch', now);
  await db.write((tx) =>
    tx.insert(schools).values({
      id,
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
  return id;
}

const lastEvent = async (db: Db) => {
  const rows = await db.read.select().from(auditEvents).orderBy(auditEvents.position);
  return rows.at(-1);
};
const rolesOf = async (db: Db, userId: Id<'usr'>) => {
  const rows = await db.read.select().from(roleGrants).where(eq(roleGrants.userId, userId));
  return rows.map(({ role, scopeId }) => [role, scopeId]);
};

test('a suspension ends every sign-in and open link at once, and says why in the audit log', async () => {
  const { db, ctx, staff, member } = await world();
  const [cookie] = await startLoginSession(ctx, member, 'Firefox on Linux', undefined);
  await startLoginSession(ctx, member, 'Safari on iPad', undefined);
  const reset = await db.write((tx) =>
    issueToken(tx, now, { purpose: 'reset-password', subjectId: member, email: 'member@example.test' }),
  );
  expect(await suspendUser(ctx, staff, member, 'security')).toBe('suspended');
  expect(await findViewer(ctx, cookie!.value)).toBeNull();
  expect(await loginSessionsOf(ctx, member)).toEqual([]);
  expect(await lookUpToken(db.read, now, reset)).toMatchObject({ problem: 'revoked' });
  expect(await lastEvent(db)).toMatchObject({
    action: 'user.suspended',
    actorId: staff,
    subjectType: 'user',
    subjectId: member,
    detail: { reason: 'security', endedLoginSessions: 2 },
  });
});

test('a suspended user keeps their roles, and may sign in again once it is lifted', async () => {
  const { db, ctx, staff, member } = await world();
  await suspendUser(ctx, staff, member, 'other');
  const [early] = await startLoginSession(ctx, member, 'Chrome on Linux', undefined); // was under way
  expect(await findViewer(ctx, early!.value)).toBeNull();
  expect(await liftSuspension(ctx, staff, member)).toBe('lifted');
  expect(await lastEvent(db)).toMatchObject({ action: 'user.suspension-lifted', actorId: staff });
  expect(await findViewer(ctx, early!.value)).toBeNull();
  const [cookie] = await startLoginSession(ctx, member, 'Firefox on Linux', undefined);
  expect((await findViewer(ctx, cookie!.value))?.viewer.grants).toEqual([{ role: 'member', scopeId: '' }]);
});

test('what is already so, or of nobody, is refused and leaves no record', async () => {
  const { db, ctx, staff, member } = await world();
  const nobody = newId('usr', now);
  expect(await liftSuspension(ctx, staff, member)).toBe('not-suspended');
  expect(await endSignInsOf(ctx, staff, member)).toBe('none');
  await suspendUser(ctx, staff, member, 'other');
  const before = await lastEvent(db);
  expect(await suspendUser(ctx, staff, member, 'other')).toBe('already-suspended');
  expect(await suspendUser(ctx, staff, nobody, 'other')).toBe('not-found');
  expect(await sendPasswordReset(ctx, staff, nobody)).toBe('not-found');
  expect(await giveRole(ctx, staff, nobody, { role: 'ta', scopeId: '' })).toBe('not-found');
  expect(await giveRole(ctx, staff, member, { role: 'ta', scopeId: '' })).toBe('suspended');
  expect(await takeRole(ctx, staff, member, { role: 'editor', scopeId: '' })).toBe('not-held');
  expect(await lastEvent(db)).toEqual(before);
});

test('nobody does any of it to themselves', async () => {
  const { db, ctx, staff } = await world();
  await person(db, 'second@example.test', ['staff']);
  const before = await lastEvent(db);
  expect(await suspendUser(ctx, staff, staff, 'other')).toBe('oneself');
  expect(await liftSuspension(ctx, staff, staff)).toBe('oneself');
  expect(await endSignInsOf(ctx, staff, staff)).toBe('oneself');
  expect(await giveRole(ctx, staff, staff, { role: 'editor', scopeId: '' })).toBe('oneself');
  expect(await takeRole(ctx, staff, staff, { role: 'staff', scopeId: '' })).toBe('oneself');
  expect(await lastEvent(db)).toEqual(before);
  expect(await rolesOf(db, staff)).toEqual([['staff', '']]);
});

test('the last user who is staff and can sign in keeps the role, and is not suspended', async () => {
  const { db, ctx, staff } = await world();
  const actor = await person(db, 'was-staff@example.test');
  const leaving = await person(db, 'leaving@example.test', ['staff']);
  await db.write((tx) => tx.update(users).set({ erasureDueAt: now }).where(eq(users.id, leaving)));
  expect(await takeRole(ctx, actor, staff, { role: 'staff', scopeId: '' })).toBe('last-staff');
  expect(await suspendUser(ctx, actor, staff, 'other')).toBe('last-staff');
  await person(db, 'second@example.test', ['staff']);
  expect(await takeRole(ctx, actor, staff, { role: 'staff', scopeId: '' })).toBe('taken');
});

test('of two staff who take the role from each other at once, one keeps it', async () => {
  const { db, ctx, staff } = await world();
  const second = await person(db, 'second@example.test', ['staff']);
  const outcomes = await Promise.all([
    takeRole(ctx, staff, second, { role: 'staff', scopeId: '' }),
    takeRole(ctx, second, staff, { role: 'staff', scopeId: '' }),
  ]);
  expect(outcomes).toEqual(['taken', 'last-staff']);
});

test.for([
  { role: 'staff', scopeId: '' },
  { role: 'editor', scopeId: '' },
] as const)('giving and taking $role ends the user’s sign-ins', async (grant) => {
  const { db, ctx, staff, member } = await world();
  const cookieBefore = async () => (await startLoginSession(ctx, member, 'Firefox', undefined))[0]!.value;
  const first = await cookieBefore();
  expect(await giveRole(ctx, staff, member, grant)).toBe('given');
  expect(await findViewer(ctx, first)).toBeNull();
  expect(await lastEvent(db)).toMatchObject({ action: 'role.granted', actorId: staff, detail: grant });
  const second = await cookieBefore();
  expect(await takeRole(ctx, staff, member, grant)).toBe('taken');
  expect(await findViewer(ctx, second)).toBeNull();
  expect(await lastEvent(db)).toMatchObject({ action: 'role.revoked', actorId: staff, detail: grant });
});

test('other roles count from the next request of a sign-in that goes on', async () => {
  const { db, ctx, staff, member } = await world();
  const schoolId = await school(db);
  const [cookie] = await startLoginSession(ctx, member, 'Firefox', undefined);
  for (const grant of [
    { role: 'ta', scopeId: '' },
    { role: 'host', scopeId: 'libraries' },
    { role: 'sam', scopeId: schoolId },
  ] as const)
    expect(await giveRole(ctx, staff, member, grant)).toBe('given');
  const viewer = (await findViewer(ctx, cookie!.value))?.viewer;
  expect(viewer?.grants.map(({ role }) => role).sort()).toEqual(['host', 'member', 'sam', 'ta']);
  expect(await takeRole(ctx, staff, member, { role: 'ta', scopeId: '' })).toBe('taken');
  expect(await rolesOf(db, member)).not.toContainEqual(['ta', '']);
});

test('nobody becomes SAM of a school that does not exist', async () => {
  const { db, ctx, staff, member } = await world();
  expect(await giveRole(ctx, staff, member, { role: 'sam', scopeId: 'sch_none' })).toBe('unknown-school');
  expect(await rolesOf(db, member)).toEqual([['member', '']]);
});

test('a link for a new password goes to the user, is recorded, and not sent a fourth time in an hour', async () => {
  const { db, ctx, staff, member } = await world();
  expect(await sendPasswordReset(ctx, staff, member)).toBe('sent');
  expect(await lastEvent(db)).toMatchObject({ action: 'user.password-reset-sent', subjectId: member });
  expect(await db.read.select({ to: outbox.to, kind: outbox.kind }).from(outbox)).toEqual([
    { to: 'member@example.test', kind: 'reset-password' },
  ]);
  for (let turn = 2; turn <= 3; turn += 1) await sendPasswordReset(ctx, staff, member);
  expect(await sendPasswordReset(ctx, staff, member)).toBe('too-often');
  expect(await db.read.$count(auditEvents, eq(auditEvents.action, 'user.password-reset-sent'))).toBe(3);
});

test('a suspended user is sent no link', async () => {
  const { db, ctx, staff, member } = await world();
  await suspendUser(ctx, staff, member, 'other');
  expect(await sendPasswordReset(ctx, staff, member)).toBe('suspended');
  expect(await db.read.$count(tokens)).toBe(0);
});
