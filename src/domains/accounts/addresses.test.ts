import { eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { Db } from '#db/client.ts';
import { addressChanges, users } from '#db/schema/accounts.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { outbox } from '#db/schema/mail.ts';
import { unseal } from '#src/platform/seal.ts';
import { addUser, testPassword, useDatabase } from '../../../tests/database.ts';
import {
  askToChangeAddress,
  changeAddress,
  findAddressLink,
  purgeAddressChanges,
  undoAddressChange,
} from './addresses.ts';
import { askErasure } from './erasure.ts';
import { findViewer, loginSessionsOf, startLoginSession } from './login-sessions.ts';
import type { Viewer } from './model.ts';
import { requestPasswordReset, resetPassword } from './password-reset.ts';
import { signIn } from './sign-in.ts';

const day = 86_400_000;
const now = new Date('2026-11-22T03:00:00Z');
const after = (ms: number) => new Date(now.getTime() + ms);

/** The user as signed in on a browser. */
async function viewerOf(db: Db, userId: Viewer['id'], at = now): Promise<Viewer> {
  const [cookie] = await startLoginSession({ db, now: at }, userId, 'Firefox on Windows', undefined);
  const found = await findViewer({ db, now: at }, cookie!.value);
  return found!.viewer;
}

/** The secret in the newest mail of this kind to this address. */
async function secretIn(db: Db, kind: string, to: string): Promise<string> {
  const mails = await db.read.select().from(outbox).where(eq(outbox.kind, kind));
  const mail = mails.filter((candidate) => candidate.to === to).at(-1);
  if (!mail) throw new Error(`There is no mail ${kind} to ${to}.`);
  const { text } = JSON.parse(unseal('mail-body', mail.sealedBody!)!) as { text: string };
  return /\/verify\/([\w-]{43})/.exec(text)![1]!;
}

const mailsOf = async (db: Db) =>
  (await db.read.select({ kind: outbox.kind, to: outbox.to }).from(outbox))
    .map(({ kind, to }) => `${kind} ${to}`)
    .sort();

const emailOf = async (db: Db, id: Viewer['id']) =>
  (await db.read.select({ email: users.email }).from(users).where(eq(users.id, id)))[0]?.email;

/** Noor, signed in, has asked for and confirmed a new address. */
async function moved() {
  const db = await useDatabase();
  const noor = await addUser(db, now, { email: 'noor@old.test', name: 'Noor Lindqvist' });
  const viewer = await viewerOf(db, noor.id);
  await askToChangeAddress({ db, now }, viewer, { password: testPassword, email: 'noor@new.test' });
  const secret = await secretIn(db, 'change-address', 'noor@new.test');
  const result = await changeAddress({ db, now }, secret, { viewer });
  expect(result).toEqual({ changed: noor.id });
  return { db, noor, viewer, undo: await secretIn(db, 'address-changed', 'noor@old.test') };
}

/** What the audit log has, sign-ins left out. */
const actsOf = async (db: Db) =>
  (await db.read.select({ action: auditEvents.action }).from(auditEvents).orderBy(auditEvents.position))
    .map(({ action }) => action)
    .filter((action) => !action.startsWith('login.'));

test('nothing changes until the new address confirms, however often its link is opened', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now, { email: 'noor@old.test' });
  const viewer = await viewerOf(db, noor.id);
  const asked = await askToChangeAddress({ db, now }, viewer, {
    password: testPassword,
    email: ' Noor@New.test',
  });
  expect(asked).toBe('asked');
  const secret = await secretIn(db, 'change-address', 'noor@new.test');
  for (let turn = 0; turn < 10; turn += 1)
    expect(await findAddressLink({ db, now }, secret)).toMatchObject({
      kind: 'change',
      email: 'noor@new.test',
    });
  expect(await emailOf(db, noor.id)).toBe('noor@old.test');
  expect(await mailsOf(db)).toEqual(['change-address noor@new.test']);
});

test('confirming moves the sign-in, ends other sign-ins and tells both addresses', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now, { email: 'noor@old.test' });
  await viewerOf(db, noor.id);
  const viewer = await viewerOf(db, noor.id);
  await requestPasswordReset({ db, now }, 'noor@old.test');
  const resetMail = (await db.read.select().from(outbox))[0]!;
  const { text } = JSON.parse(unseal('mail-body', resetMail.sealedBody!)!) as { text: string };
  const reset = /\/reset-password\/([\w-]{43})/.exec(text)![1]!;

  await askToChangeAddress({ db, now }, viewer, { password: testPassword, email: 'noor@new.test' });
  const secret = await secretIn(db, 'change-address', 'noor@new.test');
  await changeAddress({ db, now }, secret, { viewer });

  expect((await loginSessionsOf({ db, now }, noor.id)).map(({ idHash }) => idHash)).toEqual([
    viewer.loginSession.idHash,
  ]);
  expect(await mailsOf(db)).toEqual([
    'address-changed noor@old.test',
    'change-address noor@new.test',
    'new-address noor@new.test',
    'reset-password noor@old.test',
  ]);
  const signedIn = (email: string) => signIn({ db, now }, { email, password: testPassword }, '192.0.2.1');
  expect(await signedIn('noor@new.test')).toMatchObject({ userId: noor.id });
  expect(await signedIn('noor@old.test')).toEqual({ refused: 'wrong' });
  expect(await resetPassword({ db, now }, reset, 'another long password')).toEqual({ problem: 'revoked' });
  expect(await actsOf(db)).toEqual(['address.change-asked', 'address.changed']);
});

test('the mail to the old address does not name the new one', async () => {
  const { db } = await moved();
  const [mail] = await db.read.select().from(outbox).where(eq(outbox.kind, 'address-changed'));
  expect(unseal('mail-body', mail!.sealedBody!)).not.toContain('new.test');
});

test('a wrong password asks nobody', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now);
  const viewer = await viewerOf(db, noor.id);
  const asked = await askToChangeAddress({ db, now }, viewer, {
    password: 'not mine',
    email: 'noor@new.test',
  });
  expect(asked).toBe('wrong-password');
  expect(await mailsOf(db)).toEqual([]);
});

test('the address somebody has already is told so', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now, { email: 'noor@old.test' });
  const viewer = await viewerOf(db, noor.id);
  const asked = await askToChangeAddress({ db, now }, viewer, {
    password: testPassword,
    email: 'NOOR@old.test',
  });
  expect(asked).toBe('same');
});

test('an address that is taken is answered alike, and only its owner learns of it', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now, { email: 'noor@old.test' });
  await addUser(db, now, { email: 'other@new.test' });
  const viewer = await viewerOf(db, noor.id);
  const asked = await askToChangeAddress({ db, now }, viewer, {
    password: testPassword,
    email: 'other@new.test',
  });
  expect(asked).toBe('asked');
  expect(await mailsOf(db)).toEqual(['address-in-use other@new.test']);
});

test('an address that was taken meanwhile is refused when it is confirmed', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now, { email: 'noor@old.test' });
  const viewer = await viewerOf(db, noor.id);
  await askToChangeAddress({ db, now }, viewer, { password: testPassword, email: 'noor@new.test' });
  await addUser(db, now, { email: 'noor@new.test' });
  const secret = await secretIn(db, 'change-address', 'noor@new.test');
  expect(await changeAddress({ db, now }, secret, { viewer })).toBe('taken');
  expect(await emailOf(db, noor.id)).toBe('noor@old.test');
});

test('in a browser that is not signed in as that user, the password is needed', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now, { email: 'noor@old.test' });
  const other = await viewerOf(db, (await addUser(db, now)).id);
  const viewer = await viewerOf(db, noor.id);
  await askToChangeAddress({ db, now }, viewer, { password: testPassword, email: 'noor@new.test' });
  const secret = await secretIn(db, 'change-address', 'noor@new.test');
  const change = (who: Viewer | null, password?: string) =>
    changeAddress({ db, now }, secret, { viewer: who, password });
  expect(await change(null)).toBe('needs-password');
  expect(await change(other)).toBe('needs-password');
  expect(await change(null, 'a guess')).toBe('wrong-password');
  expect(await emailOf(db, noor.id)).toBe('noor@old.test');
  expect(await change(null, testPassword)).toEqual({ changed: noor.id });
  expect(await loginSessionsOf({ db, now }, noor.id)).toEqual([]);
});

test('guesses at that password lock it like guesses at sign-in', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now, { email: 'noor@old.test' });
  const viewer = await viewerOf(db, noor.id);
  await askToChangeAddress({ db, now }, viewer, { password: testPassword, email: 'noor@new.test' });
  const secret = await secretIn(db, 'change-address', 'noor@new.test');
  const results = [];
  for (let turn = 0; turn < 7; turn += 1)
    results.push(await changeAddress({ db, now }, secret, { viewer: null, password: 'a guess' }));
  expect(results.at(-1)).toEqual({ until: expect.any(Date) });
});

test('of many presses at once one changes the address', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now, { email: 'noor@old.test' });
  const viewer = await viewerOf(db, noor.id);
  await askToChangeAddress({ db, now }, viewer, { password: testPassword, email: 'noor@new.test' });
  const secret = await secretIn(db, 'change-address', 'noor@new.test');
  const results = await Promise.all(
    Array.from({ length: 20 }, () => changeAddress({ db, now }, secret, { viewer })),
  );
  expect(results.filter((result) => typeof result === 'object' && 'changed' in result)).toHaveLength(1);
  expect(await db.read.$count(addressChanges)).toBe(1);
});

test('a link for a new address works for a day, and only the newest', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now, { email: 'noor@old.test' });
  const viewer = await viewerOf(db, noor.id);
  await askToChangeAddress({ db, now }, viewer, { password: testPassword, email: 'first@new.test' });
  const first = await secretIn(db, 'change-address', 'first@new.test');
  await askToChangeAddress({ db, now }, viewer, { password: testPassword, email: 'second@new.test' });
  const second = await secretIn(db, 'change-address', 'second@new.test');
  const purpose = 'change-address';
  expect(await findAddressLink({ db, now }, first)).toEqual({ problem: 'revoked', purpose });
  expect(await findAddressLink({ db, now: after(day) }, second)).toEqual({ problem: 'expired', purpose });
  expect(await changeAddress({ db, now: after(day) }, second, { viewer })).toEqual({ problem: 'expired' });
});

test('after ten requests in an hour one has to wait', async () => {
  const db = await useDatabase();
  const noor = await addUser(db, now);
  const viewer = await viewerOf(db, noor.id);
  const ask = (email: string) => askToChangeAddress({ db, now }, viewer, { password: testPassword, email });
  for (let turn = 1; turn <= 10; turn += 1) expect(await ask(`noor-${turn}@new.test`)).toBe('asked');
  expect(await ask('noor-11@new.test')).toEqual({ until: after(3_600_000) });
});

test('the old address undoes the change for seven days, without being signed in', async () => {
  const { db, noor, undo } = await moved();
  const ctx = { db, now: after(7 * day - 1) };
  expect(await findAddressLink(ctx, undo)).toMatchObject({ kind: 'undo', email: 'noor@old.test' });
  const result = await undoAddressChange(ctx, undo);
  if (typeof result === 'string' || 'problem' in result) throw new Error('It was not undone.');
  expect(await emailOf(db, noor.id)).toBe('noor@old.test');
  expect(await loginSessionsOf(ctx, noor.id)).toEqual([]);
  expect(await signIn(ctx, { email: 'noor@old.test', password: testPassword }, '192.0.2.1')).toEqual({
    refused: 'wrong',
  });
  expect(await mailsOf(db)).toEqual(
    expect.arrayContaining(['address-restored noor@old.test', 'address-taken-back noor@new.test']),
  );
  expect(await resetPassword(ctx, result.resetSecret, 'another long password')).toMatchObject({
    userId: noor.id,
  });
});

test('the change is undone once', async () => {
  const { db, undo } = await moved();
  await undoAddressChange({ db, now }, undo);
  expect(await undoAddressChange({ db, now }, undo)).toEqual({ problem: 'used' });
});

test('after seven days the old address undoes nothing', async () => {
  const { db, noor, undo } = await moved();
  expect(await undoAddressChange({ db, now: after(7 * day) }, undo)).toEqual({ problem: 'expired' });
  expect(await emailOf(db, noor.id)).toBe('noor@new.test');
});

test('who moves a stolen profile twice cannot win it back', async () => {
  const { db, noor, viewer, undo } = await moved();
  const thief = { ...viewer, email: 'noor@new.test' };
  const later = { db, now: after(60_000) };
  await askToChangeAddress(later, thief, { password: testPassword, email: 'third@new.test' });
  const secret = await secretIn(db, 'change-address', 'third@new.test');
  await changeAddress(later, secret, { viewer: thief });
  const thiefsUndo = await secretIn(db, 'address-changed', 'noor@new.test');

  expect(await undoAddressChange({ db, now: after(day) }, undo)).toHaveProperty('resetSecret');
  expect(await undoAddressChange({ db, now: after(day) }, thiefsUndo)).toEqual({ problem: 'revoked' });
  expect(await emailOf(db, noor.id)).toBe('noor@old.test');
});

test('undoing the change also keeps a profile that a thief wanted deleted', async () => {
  const { db, noor, viewer, undo } = await moved();
  await askErasure({ db, now }, { ...viewer, email: 'noor@new.test' }, testPassword);
  await undoAddressChange({ db, now: after(day) }, undo);
  const [user] = await db.read.select().from(users).where(eq(users.id, noor.id));
  expect(user?.erasureDueAt).toBeNull();
});

test('an old address that somebody else has by now is not taken from them', async () => {
  const { db, noor, undo } = await moved();
  await addUser(db, now, { email: 'noor@old.test' });
  expect(await undoAddressChange({ db, now }, undo)).toBe('taken');
  expect(await emailOf(db, noor.id)).toBe('noor@new.test');
});

test('links of other kinds change no address', async () => {
  const { db } = await moved();
  await requestPasswordReset({ db, now }, 'noor@new.test');
  const [mail] = await db.read.select().from(outbox).where(eq(outbox.kind, 'reset-password'));
  const { text } = JSON.parse(unseal('mail-body', mail!.sealedBody!)!) as { text: string };
  const reset = /\/reset-password\/([\w-]{43})/.exec(text)![1]!;
  const undo = await secretIn(db, 'address-changed', 'noor@old.test');
  expect(await changeAddress({ db, now }, reset, { viewer: null })).toEqual({ problem: 'unknown' });
  expect(await changeAddress({ db, now }, undo, { viewer: null })).toEqual({ problem: 'unknown' });
  expect(await undoAddressChange({ db, now }, reset)).toEqual({ problem: 'unknown' });
  expect(await findAddressLink({ db, now }, 'nonsense')).toMatchObject({ problem: 'unknown' });
});

test('no secret stands in the database', async () => {
  const { db, undo } = await moved();
  expect(await db.dump()).not.toContain(undo);
});

test('which address somebody left is forgotten after thirty days', async () => {
  const { db } = await moved();
  await db.write((tx) => purgeAddressChanges(tx, after(30 * day)));
  expect(await db.read.$count(addressChanges)).toBe(1);
  await db.write((tx) => purgeAddressChanges(tx, after(30 * day + 1)));
  expect(await db.read.$count(addressChanges)).toBe(0);
});
