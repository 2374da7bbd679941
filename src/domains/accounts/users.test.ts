import { expect, test } from 'vitest';
import { users } from '#db/schema/accounts.ts';
import { addUser, useDatabase } from '../../../tests/database.ts';
import { createUser, findUser, findUserByAddress } from './users.ts';

const now = new Date('2026-11-21T09:30:00Z');

const noor = {
  email: ' Noor@BÜCHER.test ',
  passwordHash: 'h',
  name: '李小龍 👩🏽‍🏫',
  timeZone: 'Asia/Shanghai',
  codeOfConductVersion: '3',
};

test('a user is kept with a verified address, as addresses are compared, and what they accepted when', async () => {
  const db = await useDatabase();
  const id = await db.write((tx) => createUser(tx, now, noor));
  expect(id).toMatch(/^usr_[0-9a-f]{32}$/);
  const [row] = await db.read.select().from(users);
  expect(row).toMatchObject({
    id,
    email: 'noor@xn--bcher-kva.test',
    emailVerifiedAt: now,
    name: '李小龍 👩🏽‍🏫',
    codeOfConductVersion: '3',
    codeOfConductAcceptedAt: now,
    createdAt: now,
    suspendedAt: null,
    erasureDueAt: null,
  });
});

test('an address belongs to one user, however it is written', async () => {
  const db = await useDatabase();
  await db.write((tx) => createUser(tx, now, noor));
  for (const email of ['noor@bücher.test', 'NOOR@XN--BCHER-KVA.TEST', 'noor@bu\u0308cher.test'])
    await expect(db.write((tx) => createUser(tx, now, { ...noor, email }))).rejects.toMatchObject({
      cause: { message: expect.stringContaining('UNIQUE') },
    });
  expect(await db.read.$count(users)).toBe(1);
});

test('a user is found by any spelling of the address, and inside a write as well', async () => {
  const db = await useDatabase();
  const id = await db.write(async (tx) => {
    const made = await createUser(tx, now, noor);
    expect(await findUserByAddress(tx, 'noor@bücher.test')).toMatchObject({ id: made });
    return made;
  });
  for (const address of ['noor@bücher.test', '  NOOR@Bücher.TEST', 'noor@xn--bcher-kva.test'])
    expect(await findUserByAddress(db.read, address)).toMatchObject({ id, name: noor.name });
  expect(await findUser(db.read, id)).toMatchObject({ id, email: 'noor@xn--bcher-kva.test' });
});

test('nobody is found for an address or id that nobody has', async () => {
  const db = await useDatabase();
  await addUser(db, now);
  for (const address of ['', '@', 'nobody@example.test', '%', "' OR 1=1 --", 'a@b@c'])
    expect(await findUserByAddress(db.read, address)).toBeUndefined();
  expect(await findUser(db.read, 'usr_none')).toBeUndefined();
});
