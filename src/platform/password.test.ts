import { availableParallelism } from 'node:os';
import * as argon2 from '@node-rs/argon2';
import { describe, expect, test, vi } from 'vitest';
import { hashPassword, isPassword, needsRehash, TooManyPasswords } from './password.ts';

/** The library as it is, but counting how many of its hashes run at once; with a gate it waits there in place of hashing. */
const load = vi.hoisted(() => ({ running: 0, most: 0, gate: undefined as Promise<boolean> | undefined }));
vi.mock('@node-rs/argon2', async (original) => {
  const real = await original<typeof argon2>();
  const counted =
    <Args extends unknown[], T>(work: (...args: Args) => Promise<T>) =>
    async (...args: Args): Promise<T | boolean> => {
      load.running += 1;
      load.most = Math.max(load.most, load.running);
      try {
        return await (load.gate ?? work(...args));
      } finally {
        load.running -= 1;
      }
    };
  return { ...real, hash: counted(real.hash), verify: counted(real.verify) };
});

test('a password is kept as a PHC string of argon2id with 19 MiB, two passes and one lane, salted', async () => {
  const [one, other] = [await hashPassword('a long sentence'), await hashPassword('a long sentence')];
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  expect(one).not.toBe(other);
});

test('the right password is right, and every other wrong', async () => {
  const hash = await hashPassword('a long sentence');
  expect(await isPassword('a long sentence', hash)).toBe(true);
  for (const wrong of ['', 'A long sentence', 'a long sentence ', 'a long sentenc', `${'x'.repeat(1000)}`])
    expect(await isPassword(wrong, hash)).toBe(false);
});

test('a password counts as the same however a keyboard composes its letters', async () => {
  const hash = await hashPassword('Zürich im Frühling');
  expect(await isPassword('Zürich im Frühling'.normalize('NFD'), hash)).toBe(true);
});

test('passwords in any script and with anything in them are whole', async () => {
  for (const password of ['我们的学校在山上有一座花园', '👩🏽‍🏫'.repeat(12), `nul\u0000${'x'.repeat(10)}`]) {
    const hash = await hashPassword(password);
    expect(await isPassword(password, hash)).toBe(true);
    expect(await isPassword(password.slice(0, -1), hash)).toBe(false);
  }
});

test('without a hash the answer is no, whatever is given', async () => {
  for (const password of ['', 'a long sentence']) expect(await isPassword(password, undefined)).toBe(false);
});

test('a hash of weaker or other parameters is to be made anew, one of today’s is not', async () => {
  expect(needsRehash(await hashPassword('a long sentence'))).toBe(false);
  for (const cost of [
    { memoryCost: 8192, timeCost: 2, parallelism: 1 },
    { memoryCost: 19_456, timeCost: 1, parallelism: 1 },
    { memoryCost: 19_456, timeCost: 2, parallelism: 2 },
  ])
    expect(needsRehash(await argon2.hash('a long sentence', { algorithm: 2, ...cost }))).toBe(true);
  expect(needsRehash(await argon2.hash('x', { algorithm: 1, memoryCost: 19_456, timeCost: 2 }))).toBe(true);
});

describe('at once', () => {
  test('run at most four, and fewer than there are cores, so that others get their turn', async () => {
    load.most = 0;
    const hash = await hashPassword('a long sentence');
    const answers = await Promise.all(Array.from({ length: 20 }, () => isPassword('a long sentence', hash)));
    expect(answers.every(Boolean)).toBe(true);
    expect(load.most).toBeGreaterThanOrEqual(1);
    expect(load.most).toBeLessThanOrEqual(Math.min(4, Math.max(1, availableParallelism() - 1)));
  });

  test('wait at most 500; one more is told so at once, and those that waited are all answered', async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    load.gate = promise;
    load.most = 0;
    const first = isPassword('x', undefined); // fills the first place; the others' number follows from it
    await Promise.resolve();
    const places = Math.max(1, Math.min(3, availableParallelism() - 1));
    const others = Array.from({ length: places - 1 + 500 }, () => isPassword('x', undefined));
    await expect(isPassword('x', undefined)).rejects.toThrow(TooManyPasswords);
    await expect(hashPassword('x')).rejects.toThrow(TooManyPasswords);
    resolve(false);
    expect(await Promise.all([first, ...others])).toEqual(Array(places + 500).fill(false));
    load.gate = undefined;
    expect(load.most).toBe(places);
    expect(await isPassword('x', undefined)).toBe(false);
  });

  test('one that fails gives its place to the next', async () => {
    const failing = Array.from({ length: 5 }, () => isPassword('x', 'not a hash'));
    const results = await Promise.allSettled(failing);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    expect(await isPassword('x', undefined)).toBe(false);
  });
});
