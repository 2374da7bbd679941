import { expect, test } from 'vitest';
import { addUser, useDatabase } from '../../../tests/database.ts';
import { hashSecret, newSecret } from '../../platform/tokens.ts';
import { startLoginSession } from './login-sessions.ts';
import { tokenLifetimesMs, tokenPurposes } from './model.ts';
import { requestPasswordReset } from './password-reset.ts';
import {
  issueToken,
  lookUpToken,
  openTokenCount,
  purgeTokens,
  redeemToken,
  revokeTokens,
  type TokenSubject,
} from './tokens.ts';

const now = new Date('2026-11-21T09:30:00Z');
const after = (ms: number) => new Date(now.getTime() + ms);
const minute = 60_000;
const day = 24 * 60 * minute;

const reset: TokenSubject = { purpose: 'reset-password', subjectId: 'usr_1', email: 'noor@example.test' };

async function issued(subject: TokenSubject = reset) {
  const db = await useDatabase();
  const secret = await db.write((tx) => issueToken(tx, now, subject));
  const redeem = (at: Date, purpose = subject.purpose, what = secret) =>
    db.write((tx) => redeemToken(tx, at, purpose, what));
  return { db, secret, redeem };
}

test('a link works once, and tells what it is about', async () => {
  const { db, secret, redeem } = await issued();
  expect(await lookUpToken(db.read, now, secret)).toEqual({ subject: reset });
  expect(await redeem(now)).toEqual(reset);
  expect(await redeem(now)).toBeUndefined();
  expect(await lookUpToken(db.read, now, secret)).toEqual({ problem: 'used', subject: reset });
});

test('looking a link up any number of times does not use it', async () => {
  const { db, secret, redeem } = await issued();
  for (let turn = 0; turn < 10; turn += 1) await lookUpToken(db.read, now, secret);
  expect(await redeem(now)).toEqual(reset);
});

test('of fifty at once one succeeds', async () => {
  const { redeem } = await issued();
  const results = await Promise.all(Array.from({ length: 50 }, () => redeem(now)));
  expect(results.filter((result) => result !== undefined)).toEqual([reset]);
});

test('a redemption whose act is undone leaves the link as it was', async () => {
  const { db, secret, redeem } = await issued();
  const failing = db.write(async (tx) => {
    await redeemToken(tx, now, 'reset-password', secret);
    throw new Error('the act failed');
  });
  await expect(failing).rejects.toThrow('the act failed');
  expect(await redeem(now)).toEqual(reset);
});

test.each([
  ['verify-sign-up', day],
  ['join-school', day],
  ['set-up', 7 * day],
  ['invitation', 30 * day],
  ['reset-password', 30 * minute],
  ['change-address', day],
  ['undo-address', 7 * day],
] as const)('a link to %s works until its time is over, to the millisecond', async (purpose, lifetimeMs) => {
  expect(tokenLifetimesMs[purpose]).toBe(lifetimeMs);
  const subject = { ...reset, purpose };
  const { db, secret, redeem } = await issued(subject);
  expect(await redeem(after(lifetimeMs))).toBeUndefined();
  expect(await lookUpToken(db.read, after(lifetimeMs), secret)).toEqual({ problem: 'expired', subject });
  expect(await lookUpToken(db.read, after(lifetimeMs - 1), secret)).toEqual({ subject });
  expect(await redeem(after(lifetimeMs - 1))).toEqual(subject);
});

test('a link for one purpose does nothing for another', async () => {
  const { redeem } = await issued();
  for (const purpose of tokenPurposes.filter((other) => other !== 'reset-password'))
    expect(await redeem(now, purpose)).toBeUndefined();
  expect(await redeem(now)).toEqual(reset);
});

test('a new link ends the one before, for the same purpose and subject only', async () => {
  const { db, secret, redeem } = await issued();
  const second = await db.write((tx) => issueToken(tx, now, { ...reset, subjectId: 'usr_2' }));
  const other = await db.write((tx) => issueToken(tx, now, { ...reset, purpose: 'change-address' }));
  expect(await lookUpToken(db.read, now, secret)).toEqual({ subject: reset });
  const newer = await db.write((tx) => issueToken(tx, now, reset));
  expect(await lookUpToken(db.read, now, secret)).toEqual({ problem: 'revoked', subject: reset });
  expect(await redeem(now)).toBeUndefined();
  for (const still of [second, other, newer])
    expect(await lookUpToken(db.read, now, still)).not.toHaveProperty('problem');
  expect(await openTokenCount(db.read, now, 'reset-password', 'usr_1')).toBe(1);
});

test('a revoked link says so and does nothing; one that was used before stays used', async () => {
  const { db, secret, redeem } = await issued();
  await db.write((tx) => revokeTokens(tx, now, 'reset-password', 'usr_1'));
  expect(await lookUpToken(db.read, now, secret)).toEqual({ problem: 'revoked', subject: reset });
  expect(await redeem(now)).toBeUndefined();
  const used = await db.write((tx) => issueToken(tx, now, reset));
  await redeem(now, 'reset-password', used);
  await db.write((tx) => revokeTokens(tx, now, 'reset-password', 'usr_1'));
  expect(await lookUpToken(db.read, now, used)).toEqual({ problem: 'used', subject: reset });
  expect(await openTokenCount(db.read, now, 'reset-password', 'usr_1')).toBe(0);
});

test('what is no link of ours is malformed or unknown', async () => {
  const { db, secret, redeem } = await issued();
  for (const text of ['', 'x', `${secret}x`, secret.slice(1), hashSecret(secret), '日本', "' OR 1=1 --"])
    expect(await lookUpToken(db.read, now, text)).toEqual({ problem: 'malformed' });
  expect(await lookUpToken(db.read, now, newSecret())).toEqual({ problem: 'unknown' });
  for (const text of ['', newSecret(), hashSecret(secret)])
    expect(await redeem(now, 'reset-password', text)).toBeUndefined();
});

test('a link can say why it does nothing for thirty days, then it is forgotten', async () => {
  const { db, secret } = await issued();
  const end = 30 * minute + 30 * day;
  await db.write((tx) => purgeTokens(tx, after(end)));
  expect(await lookUpToken(db.read, after(end), secret)).toMatchObject({ problem: 'expired' });
  await db.write((tx) => purgeTokens(tx, after(end + 1)));
  expect(await lookUpToken(db.read, after(end + 1), secret)).toEqual({ problem: 'unknown' });
});

test('a copy of the database holds nothing that lets anybody in: no link, no cookie, no link inside a waiting mail', async () => {
  const db = await useDatabase();
  const user = await addUser(db, now);
  const secrets: string[] = [];
  for (const purpose of tokenPurposes)
    secrets.push(await db.write((tx) => issueToken(tx, now, { ...reset, purpose, subjectId: user.id })));
  const [cookie] = await startLoginSession({ db, now }, user.id, 'Chrome on Linux', undefined);
  secrets.push(cookie!.value);
  await requestPasswordReset({ db, now }, user.email);

  const dump = await db.dump();
  expect(dump).toContain(hashSecret(secrets[0]!)); // it is the right file
  expect(dump).toContain(user.email);
  for (const secret of secrets) {
    expect(dump).not.toContain(secret);
    expect(dump).not.toContain(Buffer.from(secret, 'base64url').toString('latin1'));
  }
  expect(dump).not.toContain('/reset-password/');
});
