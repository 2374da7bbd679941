import { expect, test } from 'vitest';
import { outbox } from '#db/schema/mail.ts';
import { type TestDatabase, useDatabase } from '../../../tests/database.ts';
import { unseal } from '../../platform/seal.ts';
import { enqueueMail, type Mail } from './enqueue.ts';
import type { MailBody } from './model.ts';
import { findUnsubscribe, suppress } from './unsubscribe.ts';

const now = new Date('2026-11-21T09:30:00Z');
const minutesLater = (minutes: number) => new Date(now.getTime() + minutes * 60_000);

const mail: Mail = {
  kind: 'reset-password',
  dedupeKey: 'reset-password:req_1',
  to: 'Maria@Example.test',
  content: {
    subject: 'A new password',
    preview: 'It works once.',
    blocks: [{ button: 'Choose', href: 'https://peers.example.test/reset-password/the-secret-token' }],
  },
};

const enqueue = (db: TestDatabase, changes: Partial<Mail> = {}, at = now) =>
  db.write((tx) => enqueueMail(tx, at, { ...mail, ...changes }));

function bodyOf(row: { sealedBody: string | null } | undefined): MailBody {
  return JSON.parse(unseal('mail-body', row?.sealedBody ?? '') ?? 'null') as MailBody;
}

test('a mail waits for its turn, to the address in its stored form', async () => {
  const db = await useDatabase();
  await enqueue(db);
  const [row] = await db.read.select().from(outbox);
  expect(row).toMatchObject({
    kind: 'reset-password',
    to: 'maria@example.test',
    subject: 'A new password',
    state: 'waiting',
    attempts: 0,
    nextAttemptAt: now,
    createdAt: now,
  });
  expect(bodyOf(row).text).toContain('https://peers.example.test/reset-password/the-secret-token');
  expect(bodyOf(row).headers).toEqual({ 'Auto-Submitted': 'auto-generated' });
});

test('a dump of the database holds no link from a mail', async () => {
  const db = await useDatabase();
  await enqueue(db);
  const dump = await db.dump();
  expect(dump).toContain('reset-password:req_1');
  expect(dump).not.toContain('the-secret-token');
});

test('the same key twice is one mail', async () => {
  const db = await useDatabase();
  await enqueue(db);
  await enqueue(db, { to: 'other@example.test' }, minutesLater(1));
  const rows = await db.read.select({ to: outbox.to }).from(outbox);
  expect(rows).toEqual([{ to: 'maria@example.test' }]);
});

test('a mail is queued only if the act that it tells of is kept', async () => {
  const db = await useDatabase();
  const failing = db.write(async (tx) => {
    await enqueueMail(tx, now, mail);
    throw new Error('the act failed');
  });
  await expect(failing).rejects.toThrow('the act failed');
  expect(await db.read.$count(outbox)).toBe(0);
});

test('an optional mail can be stopped with one click from the mail program, and from its footer', async () => {
  const db = await useDatabase();
  await enqueue(db, { optional: true });
  const [row] = await db.read.select().from(outbox);
  const { headers, text } = bodyOf(row);
  expect(headers['List-Unsubscribe-Post']).toBe('List-Unsubscribe=One-Click');
  const url = /^<(http:\/\/127\.0\.0\.1:\d+\/unsubscribe\/([\w-]+))>$/.exec(
    headers['List-Unsubscribe'] ?? '',
  );
  expect(findUnsubscribe(url?.[2] ?? '')).toEqual({ email: 'maria@example.test' });
  expect(text).toContain(url?.[1]);
});

test.for([
  ['unsubscribe', true, 'suppressed'],
  ['unsubscribe', false, 'waiting'],
  ['complaint', true, 'suppressed'],
  ['complaint', false, 'waiting'],
  ['bounce', true, 'suppressed'],
  ['bounce', false, 'suppressed'],
] as const)('after %s, a mail that is optional (%s) is %s', async ([reason, optional, state]) => {
  const db = await useDatabase();
  await db.write((tx) => suppress(tx, now, 'MARIA@example.test', reason));
  await enqueue(db, optional ? { optional } : {});
  const [row] = await db.read.select().from(outbox);
  expect(row?.state).toBe(state);
  expect(row?.sealedBody === null).toBe(state === 'suppressed');
});

test('the fourth mail of a kind to one address within an hour waits for its end, the seventh for another', async () => {
  const db = await useDatabase();
  for (let minute = 0; minute < 7; minute++)
    await enqueue(db, { dedupeKey: `reset-password:${minute}` }, minutesLater(minute));
  await enqueue(db, { dedupeKey: 'b', to: 'other@example.test' }, minutesLater(7));
  await enqueue(db, { dedupeKey: 'c', kind: 'digest' }, minutesLater(7));
  const rows = await db.read.select({ at: outbox.nextAttemptAt }).from(outbox).orderBy(outbox.createdAt);
  const minutes = rows.map(({ at }) => (at.getTime() - now.getTime()) / 60_000);
  expect(minutes).toEqual([0, 1, 2, 60, 61, 62, 120, 7, 7]);
});

test.for([
  'maria@example.test, eve@example.test',
  'maria@example.test\r\nBcc: eve@example.test',
  'Maria <maria@example.test>',
  'maria',
  'maria@example.test;eve@example.test',
  `${'m'.repeat(320)}@example.test`,
  '',
])('a mail to “%s” is refused, without repeating the address', async (to) => {
  const db = await useDatabase();
  await expect(enqueue(db, { to })).rejects.toThrow(/^A mail goes to one bare address\.$/);
  await expect(enqueue(db, { replyTo: to || ' ' })).rejects.toThrow(/^A mail goes to one bare address\.$/);
});

test.for([
  { filename: 'a\r\nb.ics', contentType: 'text/calendar' },
  { filename: '../a.ics', contentType: 'text/calendar' },
  { filename: 'a.ics', contentType: 'text/calendar\r\nX: y' },
])('a file named $filename of type $contentType is refused', async (file) => {
  const db = await useDatabase();
  await expect(enqueue(db, { attachments: [{ ...file, content: '' }] })).rejects.toThrow('A file in a mail');
});

test('a kind that could not stand in a file name is refused', async () => {
  const db = await useDatabase();
  await expect(enqueue(db, { kind: '../x' })).rejects.toThrow('lower case with hyphens');
});
