import { expect, test } from 'vitest';
import type { Db } from '#db/client.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { outbox } from '#db/schema/mail.ts';
import { addUser, testPassword, useDatabase } from '../../../tests/database.ts';
import { askToChangeAddress } from './addresses.ts';
import { changePassword } from './change-password.ts';
import { findViewer, loginSessionsOf, startLoginSession } from './login-sessions.ts';
import type { Viewer } from './model.ts';
import { signIn } from './sign-in.ts';
import { endOtherSignIns, endSignIn } from './sign-ins.ts';
import { openTokenCount } from './tokens.ts';

const now = new Date('2026-11-22T03:00:00Z');
const next = 'quite another sentence';

async function viewerOf(db: Db, userId: Viewer['id'], device = 'Firefox on Windows'): Promise<Viewer> {
  const [cookie] = await startLoginSession({ db, now }, userId, device, undefined);
  return (await findViewer({ db, now }, cookie!.value))!.viewer;
}

const devicesOf = async (db: Db, userId: Viewer['id']) =>
  (await loginSessionsOf({ db, now }, userId)).map(({ device }) => device);

/** What the audit log has, sign-ins left out. */
const actsOf = async (db: Db) =>
  (await db.read.select({ action: auditEvents.action }).from(auditEvents).orderBy(auditEvents.position))
    .map(({ action }) => action)
    .filter((action) => !action.startsWith('login.'));

test('a new password takes the place of the old one, ends every sign-in and is told by mail', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now);
  await viewerOf(db, noor.id, 'Safari on iPhone');
  const viewer = await viewerOf(db, noor.id);
  const result = await changePassword({ db, now }, viewer, { password: testPassword, newPassword: next });
  expect(result).toBe('changed');
  expect(await devicesOf(db, noor.id)).toEqual([]);
  const signedIn = (password: string) => signIn({ db, now }, { email: noor.email, password }, '192.0.2.1');
  expect(await signedIn(testPassword)).toEqual({ refused: 'wrong' });
  expect(await signedIn(next)).toMatchObject({ userId: noor.id });
  expect(await db.read.select({ kind: outbox.kind, to: outbox.to }).from(outbox)).toEqual([
    { kind: 'password-changed', to: noor.email },
  ]);
  expect(await actsOf(db)).toEqual(['password.changed']);
});

test('a change of address that waits for its confirmation is over', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now);
  const viewer = await viewerOf(db, noor.id);
  await askToChangeAddress({ db, now }, viewer, { password: testPassword, email: 'noor@new.test' });
  expect(await openTokenCount(db.read, now, 'change-address', noor.id)).toBe(1);
  await changePassword({ db, now }, viewer, { password: testPassword, newPassword: next });
  expect(await openTokenCount(db.read, now, 'change-address', noor.id)).toBe(0);
});

test('who does not know the password changes nothing', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now);
  const viewer = await viewerOf(db, noor.id);
  const result = await changePassword({ db, now }, viewer, { password: 'a guess', newPassword: next });
  expect(result).toBe('wrong-password');
  expect(await devicesOf(db, noor.id)).toHaveLength(1);
});

test('guesses lock the password', async () => {
  const db = await useDatabase();
  const viewer = await viewerOf(db, (await addUser(db, now)).id);
  const results = [];
  for (let turn = 0; turn < 7; turn += 1)
    results.push(await changePassword({ db, now }, viewer, { password: 'a guess', newPassword: next }));
  expect(results.at(-1)).toEqual({ until: expect.any(Date) });
});

test.for([
  ['short', 'Use at least 10 characters. A short sentence is easy to remember.'],
  ['NoorLindqvist', 'This is your own name or address. Choose something that is not known of you.'],
] as const)('the new password %j is refused', async ([newPassword, badPassword]) => {
  const db = await useDatabase();
  const viewer = await viewerOf(db, (await addUser(db, now)).id);
  const result = await changePassword({ db, now }, viewer, { password: testPassword, newPassword });
  expect(result).toEqual({ badPassword });
});

test('one sign-in ends, and only one’s own', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now);
  const viewer = await viewerOf(db, noor.id);
  const phone = await viewerOf(db, noor.id, 'Safari on iPhone');
  const other = await viewerOf(db, (await addUser(db, now)).id, 'Chrome on Mac');
  await endSignIn({ db, now }, viewer, phone.loginSession.idHash);
  await endSignIn({ db, now }, viewer, other.loginSession.idHash);
  expect(await devicesOf(db, noor.id)).toEqual(['Firefox on Windows']);
  expect(await devicesOf(db, other.id)).toEqual(['Chrome on Mac']);
});

test('all other sign-ins end, and that is on record', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now);
  await viewerOf(db, noor.id, 'Safari on iPhone');
  const viewer = await viewerOf(db, noor.id);
  await endOtherSignIns({ db, now }, viewer);
  expect(await devicesOf(db, noor.id)).toEqual(['Firefox on Windows']);
  expect(await actsOf(db)).toEqual(['user.other-sign-ins-ended']);
});
