import { eq } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { loginSessions, tokens, users } from '#db/schema/accounts.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { outbox } from '#db/schema/mail.ts';
import { alikeWithin, compareTimes } from '../../../tests/compare-times.ts';
import { addUser, type TestDatabase, testPassword, useDatabase } from '../../../tests/database.ts';
import type { Ctx } from '../../platform/context.ts';
import { hashPassword } from '../../platform/password.ts';
import { unseal } from '../../platform/seal.ts';
import { askToChangeAddress } from './addresses.ts';
import { changePassword } from './change-password.ts';
import { askErasure } from './erasure.ts';
import { findViewer, loginSessionsOf, startLoginSession, startLoginSessionWith } from './login-sessions.ts';
import type { Viewer } from './model.ts';
import { findPasswordReset, requestPasswordReset, resetPassword, setPassword } from './password-reset.ts';
import { signIn } from './sign-in.ts';
import { issueToken } from './tokens.ts';

const start = new Date();
const at = (ms: number) => new Date(start.getTime() + ms);
const minute = 60_000;
const hour = 60 * minute;
const newPassword = 'another long password';

async function mailsTo(db: TestDatabase, address: string) {
  const rows = await db.read.select().from(outbox).where(eq(outbox.to, address)).orderBy(outbox.createdAt);
  return rows.map(({ kind, subject, createdAt, plannedAt, sealedBody }) => {
    const { text } = JSON.parse(unseal('mail-body', sealedBody!)!) as { text: string };
    return {
      kind,
      subject,
      createdAt,
      plannedAt,
      text,
      secret: /\/reset-password\/([\w-]+)/.exec(text)?.[1] ?? '',
    };
  });
}

async function asked() {
  const db = await useDatabase();
  const user = await addUser(db, at(0));
  const ask = (ms: number, address = user.email) => requestPasswordReset({ db, now: at(ms) }, address);
  await ask(0);
  const [mail] = await mailsTo(db, user.email);
  const reset = (ms: number, password = newPassword, secret = mail!.secret) =>
    resetPassword({ db, now: at(ms) }, secret, password);
  const signInWith = (password: string, ms = 0) =>
    signIn({ db, now: at(ms) }, { email: user.email, password }, 'ip');
  return { db, user, ask, reset, signInWith, mail: mail!, secret: mail!.secret };
}

describe('asking for a new password', () => {
  test('mails a link to our site to the address as it is on record, and changes nothing else', async () => {
    const { user, mail, signInWith } = await asked();
    expect(mail).toMatchObject({ kind: 'reset-password', subject: 'Choose a new PeerSphere password' });
    expect(mail.text).toContain(`http://127.0.0.1:4321/reset-password/${mail.secret}`);
    expect(await signInWith(testPassword)).toMatchObject({ userId: user.id });
  });

  test('of any spelling of the address is the same', async () => {
    const { db, user, ask } = await asked();
    await ask(1, ` ${user.email.toUpperCase()} `);
    expect(await mailsTo(db, user.email)).toHaveLength(2);
  });

  test('mails nobody where nobody has the address, and resolves alike', async () => {
    const { db, ask } = await asked();
    expect(await ask(0, 'nobody@example.test')).toBeUndefined();
    expect(await ask(0)).toBeUndefined();
    expect(await mailsTo(db, 'nobody@example.test')).toEqual([]);
    expect(await db.read.$count(tokens)).toBe(2);
    expect(await db.dump()).not.toContain('nobody@example.test');
  });

  test('mails nothing to somebody who is suspended', async () => {
    const db = await useDatabase();
    const { id, email } = await addUser(db, at(0));
    await db.write((tx) =>
      tx
        .update(users)
        .set({ suspendedAt: at(0) })
        .where(eq(users.id, id)),
    );
    await requestPasswordReset({ db, now: at(0) }, email);
    expect(await mailsTo(db, email)).toEqual([]);
  });

  test('ends the link before', async () => {
    const { db, user, ask, reset, secret } = await asked();
    await ask(1);
    expect(await reset(2)).toEqual({ problem: 'revoked' });
    const [, second] = await mailsTo(db, user.email);
    expect(second!.secret).not.toBe(secret);
    expect(await reset(2, newPassword, second!.secret)).toMatchObject({ userId: user.id });
  });

  test('again and again mails three an hour at most, and leaves the last link working', async () => {
    const { db, user, ask, reset } = await asked();
    for (let turn = 1; turn < 50; turn += 1) await ask(turn);
    const mails = await mailsTo(db, user.email);
    expect(mails).toHaveLength(3);
    expect(await reset(1000, newPassword, mails.at(-1)!.secret)).toMatchObject({ userId: user.id });
    await ask(hour);
    expect((await mailsTo(db, user.email)).filter(({ kind }) => kind === 'reset-password')).toHaveLength(4);
  });

  test('never mails a link that is over before its mail may leave', async () => {
    const { db, user, ask } = await asked();
    for (const minutes of [50, 55, 61, 62, 70, 80]) await ask(minutes * minute);
    for (const { createdAt, plannedAt } of await mailsTo(db, user.email))
      expect(plannedAt).toEqual(createdAt);
  });

  test('takes as long where nobody has the address', { timeout: 60_000 }, async () => {
    const db = await useDatabase();
    const room = await Promise.all(Array.from({ length: 600 }, () => addUser(db, at(0))));
    const isAlike = ({ one, other }: { one: number; other: number }) =>
      Math.max(one, other) / Math.min(one, other) < 1.5; // without the work that is taken back it was three
    let first = 0;
    const compared = await alikeWithin(isAlike, async () => {
      const from = first;
      first += 200;
      return compareTimes(
        200,
        (turn) => requestPasswordReset({ db, now: at(0) }, room[from + turn]!.email),
        (turn) => requestPasswordReset({ db, now: at(0) }, `nobody-${from + turn}@example.test`),
      );
    });
    expect(compared).toSatisfy(isAlike);
  });
});

describe('the link', () => {
  test('opened any number of times changes nothing and says whose it is', async () => {
    const { db, user, reset, secret } = await asked();
    for (let turn = 0; turn < 10; turn += 1)
      expect(await findPasswordReset({ db, now: at(0) }, secret)).toEqual({
        userId: user.id,
        email: user.email,
        name: user.name,
      });
    expect(await reset(0)).toMatchObject({ userId: user.id });
  });

  test('works for thirty minutes', async () => {
    const { db, user, reset, secret } = await asked();
    expect(await reset(30 * minute)).toEqual({ problem: 'expired' });
    expect(await findPasswordReset({ db, now: at(30 * minute) }, secret)).toEqual({ problem: 'expired' });
    expect(await reset(30 * minute - 1)).toMatchObject({ userId: user.id });
  });

  test('works once: of fifty presses one succeeds, and a later one is harmless', async () => {
    const { db, user, reset, signInWith } = await asked();
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, turn) => reset(0, `a long password, number ${turn}`)),
    );
    expect(results.filter((result) => 'userId' in result)).toHaveLength(1);
    const won = results.findIndex((result) => 'userId' in result);
    expect(results.filter((result) => 'problem' in result && result.problem === 'used')).toHaveLength(49);
    expect(await signInWith(`a long password, number ${won}`)).toMatchObject({ userId: user.id });
    expect(await reset(1)).toEqual({ problem: 'used' });
    expect(await mailsTo(db, user.email)).toHaveLength(2);
  });

  test.each([
    ['malformed', 'x'],
    ['unknown', 'a'.repeat(43)],
  ])('that is %s sets nothing', async (problem, secret) => {
    const { reset } = await asked();
    expect(await reset(0, newPassword, secret)).toEqual({ problem });
  });

  test('for another purpose sets nothing', async () => {
    const { db, user, reset } = await asked();
    for (const purpose of ['set-up', 'change-address', 'invitation'] as const) {
      const other = await db.write((tx) =>
        issueToken(tx, at(0), { purpose, subjectId: user.id, email: user.email }),
      );
      expect(await reset(0, newPassword, other)).toEqual({ problem: 'unknown' });
    }
  });

  test('that went to an address the user has no more sets nothing', async () => {
    const { db, user, reset } = await asked();
    await db.write((tx) =>
      tx.update(users).set({ email: 'newer@example.test' }).where(eq(users.id, user.id)),
    );
    expect(await reset(0)).toEqual({ problem: 'revoked' });
  });

  test('of a user who is gone sets nothing', async () => {
    const { db, user, reset } = await asked();
    await db.write((tx) => tx.delete(users).where(eq(users.id, user.id)));
    expect(await reset(0)).toEqual({ problem: 'revoked' });
  });

  test('stays open when the password that was chosen is refused', async () => {
    const { user, reset } = await asked();
    for (const [password, sentence] of [
      ['', 'Choose a password.'],
      ['short', 'Use at least 10 characters. A short sentence is easy to remember.'],
      ['password123', 'This is one of the passwords that are tried first. Choose another.'],
      [user.email, 'This is your own name or address. Choose something that is not known of you.'],
    ] as const)
      expect(await reset(0, password)).toEqual({ badPassword: sentence });
    expect(await reset(0)).toMatchObject({ userId: user.id });
  });
});

describe('a new password', () => {
  test('takes the place of the old one', async () => {
    const { user, reset, signInWith } = await asked();
    await reset(0);
    expect(await signInWith(testPassword)).toEqual({ refused: 'wrong' });
    expect(await signInWith(newPassword)).toMatchObject({ userId: user.id });
  });

  test('ends every sign-in of the user, and of nobody else', async () => {
    const { db, user, reset } = await asked();
    const other = await addUser(db, at(0));
    const cookieOf = async (userId: typeof user.id) =>
      (await startLoginSession({ db, now: at(0) }, userId, 'Chrome on Linux', undefined))[0]!.value;
    const cookies = [await cookieOf(user.id), await cookieOf(user.id)];
    const theirs = await cookieOf(other.id);
    await reset(0);
    for (const cookie of cookies) expect(await findViewer({ db, now: at(1) }, cookie)).toBeNull();
    expect((await findViewer({ db, now: at(1) }, theirs))?.viewer.id).toBe(other.id);
    expect(await db.read.$count(loginSessions)).toBe(1);
  });

  test('ends every open link that could give the sign-in away, but not the way back after a change of address', async () => {
    const { db, user, reset } = await asked();
    for (const purpose of ['change-address', 'undo-address'] as const)
      await db.write((tx) => issueToken(tx, at(0), { purpose, subjectId: user.id, email: user.email }));
    await reset(0);
    const rows = await db.read
      .select({ purpose: tokens.purpose, usedAt: tokens.usedAt, revokedAt: tokens.revokedAt })
      .from(tokens);
    expect(rows).toEqual(
      expect.arrayContaining([
        { purpose: 'reset-password', usedAt: at(0), revokedAt: null },
        { purpose: 'change-address', usedAt: null, revokedAt: at(0) },
        { purpose: 'undo-address', usedAt: null, revokedAt: null },
      ]),
    );
  });

  test('lifts a lock', async () => {
    const { user, reset, signInWith } = await asked();
    for (let turn = 0; turn < 4; turn += 1) await signInWith('not the right password');
    expect(await signInWith(testPassword)).toMatchObject({ refused: 'too-often' });
    await reset(0);
    expect(await signInWith(newPassword)).toMatchObject({ userId: user.id });
  });

  test('is told to the user by mail, without any link that sets one, and is on record', async () => {
    const { db, user, reset } = await asked();
    await reset(0);
    const told = (await mailsTo(db, user.email)).filter(({ kind }) => kind === 'password-was-reset');
    expect(told).toMatchObject([{ secret: '' }]);
    expect(
      await db.read.select({ action: auditEvents.action, actorId: auditEvents.actorId }).from(auditEvents),
    ).toEqual([{ action: 'password.reset', actorId: user.id }]);
  });
});

describe('what the old password was checked for when a new one was set', () => {
  const replaced = async () => {
    const db = await useDatabase();
    const user = await addUser(db, at(0));
    const [cookie] = await startLoginSession({ db, now: at(0) }, user.id, 'Chrome on Linux', undefined);
    const { viewer } = (await findViewer({ db, now: at(0) }, cookie!.value))!;
    const passwordHash = await hashPassword(newPassword);
    const replace = () => db.write((tx) => setPassword(tx, at(0), user.id, passwordHash));
    return { ctx: { db, now: at(0) }, user, viewer, replace };
  };

  test('signs nobody in any more', async () => {
    const { ctx, user, replace } = await replaced();
    const result = await signIn(ctx, { email: user.email, password: testPassword }, 'ip');
    if ('refused' in result) throw new Error('The password is right.');
    await replace();
    expect(await startLoginSessionWith(ctx, result, 'Chrome on Linux', undefined)).toBeUndefined();
    expect(await loginSessionsOf(ctx, user.id)).toEqual([]);
    const anew = await signIn(ctx, { email: user.email, password: newPassword }, 'ip');
    if ('refused' in anew) throw new Error('The password is right.');
    expect(await startLoginSessionWith(ctx, anew, 'Chrome on Linux', undefined)).toHaveLength(2);
  });

  test.each([
    [
      'changes no password',
      (ctx: Ctx, viewer: Viewer) =>
        changePassword(ctx, viewer, { password: testPassword, newPassword: 'what a thief would like' }),
    ],
    [
      'moves no address',
      (ctx: Ctx, viewer: Viewer) =>
        askToChangeAddress(ctx, viewer, { password: testPassword, email: 'thief@example.test' }),
    ],
    ['erases nobody', (ctx: Ctx, viewer: Viewer) => askErasure(ctx, viewer, testPassword)],
  ])('%s any more', async (_name, act) => {
    const { ctx, viewer, replace } = await replaced();
    const acting = act(ctx, viewer); // has read the hash that it checks the password against
    await replace();
    expect(await acting).toBe('wrong-password');
  });
});
