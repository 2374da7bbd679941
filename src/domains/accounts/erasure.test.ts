import { expect, test } from 'vitest';
import type { Db } from '#db/client.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { outbox } from '#db/schema/mail.ts';
import { addUser, testPassword, useDatabase } from '../../../tests/database.ts';
import { askErasure, cancelErasure, usersDueForErasure } from './erasure.ts';
import { findViewer, loginSessionsOf, startLoginSession } from './login-sessions.ts';
import type { Viewer } from './model.ts';
import { signIn } from './sign-in.ts';

const day = 86_400_000;
const now = new Date('2026-11-22T03:00:00Z');
const dueAt = new Date(now.getTime() + 7 * day);

async function viewerOf(db: Db, userId: Viewer['id']): Promise<Viewer> {
  const [cookie] = await startLoginSession({ db, now }, userId, 'Firefox on Windows', undefined);
  return (await findViewer({ db, now }, cookie!.value))!.viewer;
}

/** What the audit log has, sign-ins left out. */
const actsOf = async (db: Db) =>
  (await db.read.select({ action: auditEvents.action }).from(auditEvents).orderBy(auditEvents.position))
    .map(({ action }) => action)
    .filter((action) => !action.startsWith('login.'));

test('who asks to be erased is signed out everywhere, told when, and due in seven days', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now);
  await viewerOf(db, noor.id);
  const viewer = await viewerOf(db, noor.id);
  expect(await askErasure({ db, now }, viewer, testPassword)).toEqual({ dueAt });
  expect(await loginSessionsOf({ db, now }, noor.id)).toEqual([]);
  expect(await usersDueForErasure(db.read, new Date(dueAt.getTime() - 1))).toEqual([]);
  expect(await usersDueForErasure(db.read, dueAt)).toEqual([noor.id]);
  expect(await db.read.select({ kind: outbox.kind, to: outbox.to }).from(outbox)).toEqual([
    { kind: 'erasure-asked', to: noor.email },
  ]);
});

test('signing in says so, and somebody who changes their mind is as before and told', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now);
  await askErasure({ db, now }, await viewerOf(db, noor.id), testPassword);
  const later = { db, now: new Date(dueAt.getTime() - 1) };
  const signedIn = () => signIn(later, { email: noor.email, password: testPassword }, '192.0.2.1');
  expect(await signedIn()).toMatchObject({ refused: 'erasure-due', userId: noor.id, dueAt });
  await cancelErasure(later, noor.id);
  expect(await signedIn()).toMatchObject({ userId: noor.id });
  expect(await usersDueForErasure(db.read, new Date(dueAt.getTime() + day))).toEqual([]);
  expect((await db.read.select().from(outbox)).map(({ kind }) => kind).sort()).toEqual([
    'erasure-asked',
    'erasure-cancelled',
  ]);
  expect(await actsOf(db)).toEqual(['user.erasure-asked', 'user.erasure-cancelled']);
});

test('keeping somebody who is not to be erased does nothing', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now);
  await cancelErasure({ db, now }, noor.id);
  expect(await db.read.$count(outbox)).toBe(0);
  expect(await actsOf(db)).toEqual([]);
});

test('a wrong password deletes nobody', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now);
  expect(await askErasure({ db, now }, await viewerOf(db, noor.id), 'a guess')).toBe('wrong-password');
  expect(await usersDueForErasure(db.read, dueAt)).toEqual([]);
});

test('the last of the staff stays; one of two may go, and then the other may not', async () => {
  const db = await useDatabase();
  const one = await viewerOf(db, (await addUser(db, now, { roles: [['staff']] })).id);
  expect(await askErasure({ db, now }, one, testPassword)).toBe('last-staff');
  const other = await viewerOf(db, (await addUser(db, now, { roles: [['staff']] })).id);
  expect(await askErasure({ db, now }, one, testPassword)).toEqual({ dueAt });
  expect(await askErasure({ db, now }, other, testPassword)).toBe('last-staff');
});
