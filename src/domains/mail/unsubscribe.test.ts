import { expect, test } from 'vitest';
import { auditEvents } from '#db/schema/audit.ts';
import { mailSuppressions } from '#db/schema/mail.ts';
import { useDatabase } from '../../../tests/database.ts';
import { seal } from '../../platform/seal.ts';
import {
  findUnsubscribe,
  isSuppressed,
  liftSuppression,
  suppress,
  unsubscribe,
  unsubscribeUrl,
} from './unsubscribe.ts';

const now = new Date('2026-11-21T09:30:00Z');
const tokenFor = (email: string) => unsubscribeUrl(email).split('/').at(-1)!;

test('a link stops optional mails to its address, however often it is used, and no other mail', async () => {
  const db = await useDatabase();
  const token = tokenFor('Maria@example.test');
  for (let time = 0; time < 3; time++)
    expect(await unsubscribe({ db, now }, token)).toEqual({ email: 'maria@example.test' });
  expect(await isSuppressed(db.read, 'maria@example.test', true)).toBe(true);
  expect(await isSuppressed(db.read, 'maria@example.test', false)).toBe(false);
  expect(await isSuppressed(db.read, 'other@example.test', true)).toBe(false);
  expect(await db.read.$count(mailSuppressions)).toBe(1);
});

test('looking at a link changes nothing', async () => {
  const db = await useDatabase();
  expect(findUnsubscribe(tokenFor('maria@example.test'))).toEqual({ email: 'maria@example.test' });
  expect(await db.read.$count(mailSuppressions)).toBe(0);
});

test.for([
  ['empty', ''],
  ['made up', 'x'.repeat(80)],
  ['the address itself', 'maria@example.test'],
  ['sealed for something else', seal('mail-body', 'maria@example.test')],
  ['cut off', tokenFor('maria@example.test').slice(0, -4)],
  ['very long', 'A'.repeat(100_000)],
] as const)('a token that is %s stops nothing', async ([_name, token]) => {
  const db = await useDatabase();
  expect(findUnsubscribe(token)).toBeNull();
  expect(await unsubscribe({ db, now }, token)).toBeNull();
  expect(await db.read.$count(mailSuppressions)).toBe(0);
});

test('a link does not show the address, and differs each time', () => {
  expect(unsubscribeUrl('maria@example.test')).not.toContain('maria');
  expect(unsubscribeUrl('maria@example.test')).not.toBe(unsubscribeUrl('maria@example.test'));
});

test('lifting a bounce keeps that the person unsubscribed, and is on record without the address', async () => {
  const db = await useDatabase();
  await db.write(async (tx) => {
    await suppress(tx, now, 'maria@example.test', 'unsubscribe');
    await suppress(tx, now, 'maria@example.test', 'bounce');
  });
  expect(await isSuppressed(db.read, 'maria@example.test', false)).toBe(true);
  expect(await liftSuppression({ db, now }, 'usr_staff', 'Maria@example.test', 'bounce')).toBe(true);
  expect(await isSuppressed(db.read, 'maria@example.test', false)).toBe(false);
  expect(await isSuppressed(db.read, 'maria@example.test', true)).toBe(true);
  const [event] = await db.read.select().from(auditEvents);
  expect(event).toMatchObject({
    actorId: 'usr_staff',
    action: 'mail.suppression-lifted',
    detail: { reason: 'bounce' },
  });
  expect(JSON.stringify(event)).not.toContain('maria');
});

test('lifting what is not there does nothing and leaves no record', async () => {
  const db = await useDatabase();
  expect(await liftSuppression({ db, now }, 'usr_staff', 'maria@example.test', 'bounce')).toBe(false);
  expect(await db.read.$count(auditEvents)).toBe(0);
});
