import { hash } from '@node-rs/argon2';
import { eq } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { users } from '#db/schema/accounts.ts';
import { alikeWithin, compareTimes } from '../../../tests/compare-times.ts';
import { addUser, type TestDatabase, testPassword, useDatabase } from '../../../tests/database.ts';
import type { Id } from '../../platform/ids.ts';
import { signIn } from './sign-in.ts';

const start = new Date('2026-11-21T09:30:00Z').getTime();
const at = (ms: number) => new Date(start + ms);
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const wrong = 'not the right password';

/** Tries to sign in from a network address of its own, unless one is given. */
function attempt(db: TestDatabase, ms: number, email: string, password: string, address = `from ${email}`) {
  return signIn({ db, now: at(ms) }, { email, password }, address);
}

async function withUser() {
  const db = await useDatabase();
  const user = await addUser(db, at(0));
  const tries = (ms: number, password: string, address?: string) =>
    attempt(db, ms, user.email, password, address);
  return { db, user, tries };
}

function set(db: TestDatabase, userId: Id<'usr'>, values: Partial<typeof users.$inferInsert>) {
  return db.write((tx) => tx.update(users).set(values).where(eq(users.id, userId)));
}

async function passwordHashOf(db: TestDatabase, userId: Id<'usr'>) {
  const [row] = await db.read.select({ is: users.passwordHash }).from(users).where(eq(users.id, userId));
  return row!.is;
}

test('the right password of an address tells whose it is, however the address is written', async () => {
  const db = await useDatabase();
  const { id } = await addUser(db, at(0), { email: 'noor@bücher.test' });
  for (const email of ['noor@bücher.test', ' Noor@BÜCHER.test ', 'NOOR@xn--bcher-kva.test'])
    expect(await attempt(db, 0, email, testPassword)).toMatchObject({ userId: id });
});

test('a wrong password and an address that nobody has are refused alike', async () => {
  const { db, tries } = await withUser();
  expect(await tries(0, wrong)).toEqual({ refused: 'wrong' });
  expect(await attempt(db, 0, 'nobody@example.test', wrong)).toEqual({ refused: 'wrong' });
  expect(await attempt(db, 0, 'nobody@example.test', testPassword)).toEqual({ refused: 'wrong' });
});

describe('what only its owner may know of a user is told only after the right password:', () => {
  test('that they are suspended', async () => {
    const { db, user, tries } = await withUser();
    await set(db, user.id, { suspendedAt: at(0) });
    expect(await tries(0, wrong)).toEqual({ refused: 'wrong' });
    expect(await tries(0, testPassword)).toEqual({ refused: 'suspended' });
  });

  test('that they asked for erasure', async () => {
    const { db, user, tries } = await withUser();
    await set(db, user.id, { erasureDueAt: at(7 * day) });
    expect(await tries(0, wrong)).toEqual({ refused: 'wrong' });
    expect(await tries(0, testPassword)).toMatchObject({
      refused: 'erasure-due',
      userId: user.id,
      dueAt: at(7 * day),
    });
  });
});

describe('a hash of weaker parameters', () => {
  const weak = { algorithm: 2, memoryCost: 8192, timeCost: 1, parallelism: 1 };

  test('is made anew at the right password, and not at a wrong one', async () => {
    const { db, user, tries } = await withUser();
    const passwordHash = await hash(testPassword, weak);
    await set(db, user.id, { passwordHash });
    await tries(0, wrong);
    expect(await passwordHashOf(db, user.id)).toBe(passwordHash);
    expect(await tries(0, testPassword)).toMatchObject({ userId: user.id });
    expect(await passwordHashOf(db, user.id)).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await tries(0, testPassword)).toMatchObject({ userId: user.id });
  });

  test('never takes the place of a password that was set meanwhile', async () => {
    const { db, user, tries } = await withUser();
    await set(db, user.id, { passwordHash: await hash(testPassword, weak) });
    const signingIn = tries(0, testPassword);
    // The old hash is read before the slow part; wait for that, then set another one while it is checked.
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    const newer = await hash('another password', weak);
    await set(db, user.id, { passwordHash: newer });
    await signingIn;
    expect(await passwordHashOf(db, user.id)).toBe(newer);
  });

  test('of today’s is left as it is', async () => {
    const { db, user, tries } = await withUser();
    const before = await passwordHashOf(db, user.id);
    await tries(0, testPassword);
    expect(await passwordHashOf(db, user.id)).toBe(before);
  });
});

describe('wrong passwords', () => {
  const tooOften = (ms: number) => ({ refused: 'too-often', until: at(ms) });

  test('are free four times, then lock the address, for the right password as well, and never for good', async () => {
    const { user, tries } = await withUser();
    for (let turn = 0; turn < 4; turn += 1) expect(await tries(turn, wrong)).toEqual({ refused: 'wrong' });
    const until = 3 + 10 * minute;
    expect(await tries(5, wrong)).toEqual(tooOften(until));
    expect(await tries(until - 1, testPassword)).toEqual(tooOften(until));
    expect(await tries(until, testPassword)).toMatchObject({ userId: user.id });
  });

  test('lock an address that nobody has in the same way', async () => {
    const db = await useDatabase();
    for (let turn = 0; turn < 4; turn += 1) await attempt(db, 0, 'nobody@example.test', wrong);
    expect(await attempt(db, 0, 'nobody@example.test', wrong)).toEqual(tooOften(10 * minute));
    expect(await attempt(db, 0, 'Nobody@Example.test', wrong)).toEqual(tooOften(10 * minute));
  });

  test('count together however the address is written', async () => {
    const { db, user } = await withUser();
    for (const email of [user.email, user.email.toUpperCase(), ` ${user.email}`, user.email])
      await attempt(db, 0, email, wrong);
    expect(await attempt(db, 0, user.email, wrong)).toEqual(tooOften(10 * minute));
  });

  test('lock for twice as long each time, across a restart', async () => {
    const { db, user, tries } = await withUser();
    for (let turn = 0; turn < 4; turn += 1) await tries(0, wrong);
    await tries(10 * minute, wrong);
    const restarted = await db.reopened();
    const again = (ms: number) => attempt(restarted, ms, user.email, testPassword);
    expect(await again(10 * minute + 1)).toEqual(tooOften(30 * minute));
    expect(await again(30 * minute)).toMatchObject({ userId: user.id });
  });

  test('are forgotten after the right one', async () => {
    const { user, tries } = await withUser();
    for (let turn = 0; turn < 3; turn += 1) await tries(0, wrong);
    expect(await tries(0, testPassword)).toMatchObject({ userId: user.id });
    for (let turn = 0; turn < 4; turn += 1) expect(await tries(1, wrong)).toEqual({ refused: 'wrong' });
  });

  test('fifty at once are not fifty guesses', async () => {
    const { tries } = await withUser();
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, turn) => tries(0, wrong, `address ${turn}`)),
    );
    const checked = results.filter((result) => 'refused' in result && result.refused === 'wrong');
    expect(checked.length).toBeLessThanOrEqual(5);
    expect(checked.length).toBeGreaterThanOrEqual(1);
  });

  test('the right one among fifty at once does not free the others', async () => {
    const { tries } = await withUser();
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, turn) => tries(0, turn === 2 ? testPassword : wrong, `address ${turn}`)),
    );
    expect(results.filter((result) => 'userId' in result)).toHaveLength(1);
    expect(results.filter((r) => 'refused' in r && r.refused === 'wrong').length).toBeLessThanOrEqual(5);
  });
});

describe('a network address', () => {
  test('may fail thirty times a minute, whatever the addresses, and is then told when to come again', async () => {
    const { db, user } = await withUser();
    for (let turn = 0; turn < 30; turn += 1)
      expect(await attempt(db, 0, `nobody-${turn}@example.test`, wrong, 'ip')).toEqual({ refused: 'wrong' });
    const refused = await attempt(db, 1, user.email, testPassword, 'ip');
    expect(refused).toEqual({ refused: 'too-often', until: at(minute) });
    expect(await attempt(db, 1, user.email, testPassword, 'other ip')).toMatchObject({ userId: user.id });
    expect(await attempt(db, minute, user.email, testPassword, 'ip')).toMatchObject({ userId: user.id });
  });

  test('that is blocked does not lock the addresses it tries', async () => {
    const { db, user } = await withUser();
    for (let turn = 0; turn < 30; turn += 1) await attempt(db, 0, `nobody-${turn}@example.test`, wrong, 'ip');
    for (let turn = 0; turn < 10; turn += 1) await attempt(db, 1, user.email, wrong, 'ip');
    expect(await attempt(db, 1, user.email, testPassword, 'other ip')).toMatchObject({ userId: user.id });
  });

  test('from which a whole staff room signs in at once meets no limit', async () => {
    const db = await useDatabase();
    const room = await Promise.all(Array.from({ length: 60 }, () => addUser(db, at(0))));
    const results = await Promise.all(room.map(({ email }) => attempt(db, 0, email, testPassword, 'ip')));
    expect(results).toMatchObject(room.map(({ id }) => ({ userId: id })));
  });
});

test('an address that nobody has takes as long as one that somebody has', { timeout: 120_000 }, async () => {
  const db = await useDatabase();
  const room = await Promise.all(Array.from({ length: 120 }, () => addUser(db, at(0))));
  let first = 0;
  const compared = await alikeWithin(isAlike, async () => {
    const from = first;
    first += 40;
    return compareTimes(
      40,
      (turn) => attempt(db, 0, room[from + turn]!.email, wrong),
      (turn) => attempt(db, 0, `nobody-${from + turn}@example.test`, wrong),
    );
  });
  expect(compared).toSatisfy(isAlike);
});

/** Within half of each other, on a busy machine as well: without the hash of nobody’s password it would be a tenth. */
const isAlike = ({ one, other }: { one: number; other: number }) =>
  Math.max(one, other) / Math.min(one, other) < 1.5;
