import { describe, expect, test } from 'vitest';
import { throttles } from '#db/schema/accounts.ts';
import { type TestDatabase, useDatabase } from '../../../tests/database.ts';
import {
  beginPasswordAttempt,
  countAct,
  forgetWrongPasswords,
  fullUntil,
  type Limit,
  limits,
  purgeThrottles,
} from './throttles.ts';

const start = new Date('2026-11-21T09:30:00Z').getTime();
const at = (ms: number) => new Date(start + ms);
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

describe('a limit', () => {
  const three: Limit = { name: 'test', most: 3, inMs: hour };

  test('lets so many through in its time, tells when to come again, and does not count what it refused', async () => {
    const db = await useDatabase();
    const count = (ms: number) => countAct({ db, now: at(ms) }, three, 'one');
    for (const ms of [0, minute, 2 * minute]) expect(await count(ms)).toBeNull();
    for (const ms of [2 * minute, 30 * minute, hour - 1]) expect(await count(ms)).toEqual(at(hour));
    for (const ms of [hour, hour + 1, hour + 2]) expect(await count(ms)).toBeNull();
    expect(await count(hour + 3)).toEqual(at(2 * hour));
  });

  test('is met by the one who did it and by nobody else, and stands for itself', async () => {
    const db = await useDatabase();
    const ctx = { db, now: at(0) };
    for (let turn = 0; turn < 3; turn += 1) await countAct(ctx, three, 'one');
    expect(await countAct(ctx, three, 'two')).toBeNull();
    expect(await countAct(ctx, { ...three, name: 'other' }, 'one')).toBeNull();
    expect(await fullUntil(ctx, three, 'one')).toEqual(at(hour));
  });

  test('can be asked without counting', async () => {
    const db = await useDatabase();
    const ctx = { db, now: at(0) };
    for (let turn = 0; turn < 10; turn += 1) expect(await fullUntil(ctx, three, 'one')).toBeNull();
    for (let turn = 0; turn < 3; turn += 1) await countAct(ctx, three, 'one');
    expect(await fullUntil(ctx, three, 'one')).toEqual(at(hour));
    expect(await fullUntil({ db, now: at(hour) }, three, 'one')).toBeNull();
  });

  test('holds for fifty at once', async () => {
    const db = await useDatabase();
    const ctx = { db, now: at(0) };
    const answers = await Promise.all(Array.from({ length: 50 }, () => countAct(ctx, three, 'one')));
    expect(answers.filter((until) => until === null)).toHaveLength(3);
  });

  test('holds across a restart', async () => {
    const db = await useDatabase();
    for (let turn = 0; turn < 3; turn += 1) await countAct({ db, now: at(0) }, three, 'one');
    expect(await countAct({ db: await db.reopened(), now: at(minute) }, three, 'one')).toEqual(at(hour));
  });

  test('leaves no address of anybody in the database', async () => {
    const db = await useDatabase();
    await countAct({ db, now: at(0) }, three, '203.0.113.7');
    await countAct({ db, now: at(0) }, three, 'noor@example.test');
    const dump = await db.dump();
    expect(dump).not.toContain('203.0.113.7');
    expect(dump).not.toContain('noor@example.test');
  });
});

test('a staff room of 60 behind one address meets no limit on activating: a link lets 200 an hour through', () => {
  expect(limits.activationLink).toMatchObject({ most: 200, inMs: hour });
  expect(limits.failuresAMinute).toMatchObject({ most: 30, inMs: minute });
  expect(limits.failuresAnHour).toMatchObject({ most: 300, inMs: hour });
});

describe('wrong passwords for one address', () => {
  const email = 'noor@example.test';
  const attempt = (db: TestDatabase, ms: number, whom = email) =>
    db.write((tx) => beginPasswordAttempt(tx, at(ms), whom));

  /** Tries until one is refused, from `ms` on; the length of the lock in milliseconds. */
  async function locked(db: TestDatabase, ms: number) {
    const until = await attempt(db, ms);
    return until ? until.getTime() - start - ms : 0;
  }

  test('four are free, then each locks for ten minutes, twice as long, and so on up to seven days, never for good', async () => {
    const db = await useDatabase();
    for (let turn = 0; turn < 4; turn += 1) expect(await attempt(db, 0)).toBeNull();
    let ms = 0;
    const locks: number[] = [];
    for (let turn = 0; turn < 14; turn += 1) {
      const length = await locked(db, ms);
      expect(await locked(db, ms + length - 1)).toBe(1); // to the last millisecond
      locks.push(length);
      ms += length;
      expect(await attempt(db, ms)).toBeNull(); // the next attempt, wrong again
    }
    const doubling = Array.from({ length: 14 }, (_, turn) => Math.min(10 * minute * 2 ** turn, 7 * day));
    expect(locks).toEqual(doubling);
    expect(locks.slice(-3)).toEqual([7 * day, 7 * day, 7 * day]);
  });

  test('that are refused while locked do not make the lock longer', async () => {
    const db = await useDatabase();
    for (let turn = 0; turn < 4; turn += 1) await attempt(db, 0);
    for (let turn = 0; turn < 100; turn += 1) expect(await attempt(db, turn)).toEqual(at(10 * minute));
    expect(await attempt(db, 10 * minute)).toBeNull();
    expect(await attempt(db, 10 * minute)).toEqual(at(30 * minute));
  });

  test('stay counted across a restart, in the middle of a lock and after it', async () => {
    const db = await useDatabase();
    for (let turn = 0; turn < 4; turn += 1) await attempt(db, 0);
    const second = await db.reopened();
    expect(await attempt(second, minute)).toEqual(at(10 * minute));
    expect(await attempt(second, 10 * minute)).toBeNull();
    expect(await attempt(await second.reopened(), 11 * minute)).toEqual(at(30 * minute));
  });

  test('of fifty at once no more than four are tried', async () => {
    const db = await useDatabase();
    const answers = await Promise.all(Array.from({ length: 50 }, () => attempt(db, 0)));
    expect(answers.filter((until) => until === null)).toHaveLength(4);
  });

  test('lock nobody else out', async () => {
    const db = await useDatabase();
    for (let turn = 0; turn < 5; turn += 1) await attempt(db, 0);
    expect(await attempt(db, 0, 'juno@example.test')).toBeNull();
  });

  test('are forgotten by the right one', async () => {
    const db = await useDatabase();
    for (let turn = 0; turn < 5; turn += 1) await attempt(db, 0);
    await db.write((tx) => forgetWrongPasswords(tx, email));
    for (let turn = 0; turn < 4; turn += 1) expect(await attempt(db, 1)).toBeNull();
    expect(await attempt(db, 1)).toEqual(at(10 * minute + 1));
  });

  test('a few are forgotten after half a day of quiet', async () => {
    const db = await useDatabase();
    for (let turn = 0; turn < 3; turn += 1) await attempt(db, 0);
    for (let turn = 0; turn < 4; turn += 1) expect(await attempt(db, 12 * hour)).toBeNull();
    expect(await attempt(db, 12 * hour)).toEqual(at(12 * hour + 10 * minute));
  });

  test('a long lock is remembered for as long again', async () => {
    const db = await useDatabase();
    let ms = 0;
    for (let turn = 0; turn < 14; turn += 1) {
      const until = await attempt(db, ms);
      if (until) ms = until.getTime() - start;
    }
    const before = at(ms);
    await attempt(db, ms);
    const until = (await attempt(db, ms))!;
    const lengthMs = until.getTime() - before.getTime();
    const afterQuiet = until.getTime() - start + lengthMs - 1;
    expect(await attempt(db, afterQuiet)).toBeNull();
    const next = (await attempt(db, afterQuiet))!;
    expect(next.getTime() - start - afterQuiet).toBe(Math.min(2 * lengthMs, 7 * day));
  });
});

test('counts whose time is over are forgotten, others and locks are kept', async () => {
  const db = await useDatabase();
  await countAct({ db, now: at(0) }, limits.failuresAMinute, 'one');
  await countAct({ db, now: at(0) }, limits.failuresAnHour, 'one');
  for (let turn = 0; turn < 4; turn += 1)
    await db.write((tx) => beginPasswordAttempt(tx, at(0), 'noor@example.test'));
  await db.write((tx) => purgeThrottles(tx, at(minute + 1)));
  expect(await db.read.$count(throttles)).toBe(2);
  await db.write((tx) => purgeThrottles(tx, at(12 * hour + 1)));
  expect(await db.read.$count(throttles)).toBe(0);
});
