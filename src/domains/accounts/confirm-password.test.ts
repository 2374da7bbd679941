import { expect, test } from 'vitest';
import { addUser, testPassword, useDatabase } from '../../../tests/database.ts';
import { isPassword, TooManyPasswords } from '../../platform/password.ts';
import { confirmPassword } from './confirm-password.ts';
import { signIn } from './sign-in.ts';

const start = new Date('2026-11-21T09:30:00Z').getTime();
const at = (ms: number) => new Date(start + ms);
const minute = 60_000;
const wrong = 'not the right password';

async function viewerOf() {
  const db = await useDatabase();
  const viewer = await addUser(db, at(0));
  return {
    db,
    viewer,
    confirm: (ms: number, password: string) => confirmPassword({ db, now: at(ms) }, viewer, password),
  };
}

test('the viewer’s own password is right, any other wrong', async () => {
  const { confirm } = await viewerOf();
  expect(await confirm(0, wrong)).toBe('wrong');
  expect(await confirm(0, testPassword)).toHaveProperty('passwordHash');
});

test('wrong ones count together with those at sign-in, and lock it the same way', async () => {
  const { db, viewer, confirm } = await viewerOf();
  for (let turn = 0; turn < 2; turn += 1) {
    await confirm(0, wrong);
    await signIn({ db, now: at(0) }, { email: viewer.email, password: wrong }, 'ip');
  }
  expect(await confirm(0, testPassword)).toEqual({ until: at(10 * minute) });
  expect(await confirm(10 * minute, testPassword)).toHaveProperty('passwordHash');
});

test('the right one makes wrong ones forgotten', async () => {
  const { confirm } = await viewerOf();
  for (let turn = 0; turn < 3; turn += 1) await confirm(0, wrong);
  await confirm(0, testPassword);
  for (let turn = 0; turn < 4; turn += 1) expect(await confirm(0, wrong)).toBe('wrong');
  expect(await confirm(0, wrong)).toEqual({ until: at(10 * minute) });
});

test('of a user who is gone no password is right', async () => {
  const { db } = await viewerOf();
  const gone = { id: 'usr_gone' as never, email: 'gone@example.test' };
  expect(await confirmPassword({ db, now: at(0) }, gone, testPassword)).toBe('wrong');
});

test('one that is refused because very many wait is counted against nobody', async () => {
  const { confirm } = await viewerOf();
  for (let turn = 0; turn < 3; turn += 1) await confirm(0, wrong);
  for (let turn = 0; turn < 3; turn += 1) {
    const waiting = Array.from({ length: 503 }, () => isPassword('x', 'no hash').catch(() => false));
    await expect(confirm(0, wrong)).rejects.toThrow(TooManyPasswords);
    await Promise.all(waiting);
  }
  const together = await Promise.allSettled(Array.from({ length: 600 }, () => confirm(0, wrong)));
  expect(together.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
  expect(await confirm(10 * minute, testPassword)).toHaveProperty('passwordHash');
});
