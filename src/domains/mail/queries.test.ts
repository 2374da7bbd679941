import { eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { auditEvents } from '#db/schema/audit.ts';
import { mailAttempts, mailSuppressions, outbox } from '#db/schema/mail.ts';
import { type TestDatabase, useDatabase } from '../../../tests/database.ts';
import { deliverDueMails } from './deliver.ts';
import { enqueueMail, type Mail } from './enqueue.ts';
import { findMail, outboxHealth, outboxPage, personalMail, suppressionPage } from './queries.ts';
import { type Mailer, MailRefused } from './transports.ts';
import { suppress } from './unsubscribe.ts';
import { eraseMail, purgeMail, retryMail } from './upkeep.ts';

const now = new Date('2026-11-21T09:30:00Z');
const day = 24 * 60 * 60_000;
const later = (ms: number) => new Date(now.getTime() + ms);

const enqueue = (db: TestDatabase, changes: Partial<Mail> & { subject?: string } = {}, at = now) =>
  db.write((tx) =>
    enqueueMail(tx, at, {
      kind: 'digest',
      dedupeKey: JSON.stringify(changes),
      to: 'maria@example.test',
      content: { subject: changes.subject ?? 'News', preview: '', blocks: [] },
      ...changes,
    }),
  );

const sending: Mailer = { name: 'files', send: async () => ({}) };
const refusing: Mailer = {
  name: 'smtp',
  send: async () => {
    throw new MailRefused('SMTP: 550 no maria@example.test here');
  },
};

async function failedMail() {
  const db = await useDatabase();
  await enqueue(db);
  await deliverDueMails({ db, now: () => now }, refusing);
  const [mail] = await db.read.select({ id: outbox.id }).from(outbox);
  return { db, id: mail!.id };
}

test('staff see the outbox in pages of 25, newest first, with the number of all', async () => {
  const db = await useDatabase();
  for (let number = 0; number < 30; number++)
    await enqueue(
      db,
      { dedupeKey: `${number}`, subject: `News ${number}`, to: `m${number}@example.test` },
      later(number),
    );
  const first = await outboxPage(db.read, {});
  expect(first.total).toBe(30);
  expect(first.mails).toHaveLength(25);
  expect(first.mails[0]).toMatchObject({ subject: 'News 29', state: 'waiting' });
  expect(first.mails[0]).not.toHaveProperty('sealedBody');
  const second = await outboxPage(db.read, { page: 2 });
  expect(second.mails.map(({ subject }) => subject)).toEqual([
    'News 4',
    'News 3',
    'News 2',
    'News 1',
    'News 0',
  ]);
  const oldest = await outboxPage(db.read, { sort: 'oldest' });
  expect(oldest.mails[0]?.subject).toBe('News 0');
});

test('the outbox is searched by recipient, kind and subject, and signs mean themselves', async () => {
  const db = await useDatabase();
  await enqueue(db, { to: 'maria_l@example.test', subject: 'Half price: 50% off' });
  await enqueue(db, { to: 'tomas@example.test', kind: 'reset-password', subject: 'A new password' });
  const found = async (search: string) => (await outboxPage(db.read, { search })).mails.map(({ to }) => to);
  expect(await found('MARIA')).toEqual(['maria_l@example.test']);
  expect(await found('reset-')).toEqual(['tomas@example.test']);
  expect(await found('new pass')).toEqual(['tomas@example.test']);
  expect(await found('50%')).toEqual(['maria_l@example.test']);
  expect(await found('%')).toEqual(['maria_l@example.test']);
  expect(await found('a_l')).toEqual(['maria_l@example.test']);
  expect(await found("' OR 1=1 --")).toEqual([]);
  expect(await found(' ')).toHaveLength(2);
  expect((await outboxPage(db.read, { state: 'sent' })).total).toBe(0);
});

test('a mail is shown with its attempts and without its words or anybody’s address in an error', async () => {
  const { db, id } = await failedMail();
  expect(await findMail(db.read, id)).toMatchObject({
    state: 'failed',
    canRetry: true,
    failedAt: now,
    tried: [{ at: now, transport: 'smtp', error: 'SMTP: 550 no … here' }],
  });
  expect(await findMail(db.read, 'mail_none')).toBeNull();
});

test('health counts what waits and failed, and how long the oldest due mail waits', async () => {
  const { db } = await failedMail();
  expect(await outboxHealth(db.read, now)).toEqual({ waiting: 0, failed: 1, oldestWaitingMs: null });
  await enqueue(db, { dedupeKey: 'a' });
  await enqueue(db, { dedupeKey: 'b' }, later(1000));
  expect(await outboxHealth(db.read, later(5000))).toEqual({ waiting: 2, failed: 1, oldestWaitingMs: 5000 });
});

test('a failed mail is sent again, and that is on record', async () => {
  const { db, id } = await failedMail();
  const ctx = { db, now: later(day) };
  expect(await retryMail(ctx, 'usr_staff', id)).toBe(true);
  expect(await retryMail(ctx, 'usr_staff', id)).toBe(false);
  expect(await deliverDueMails({ db, now: () => later(day) }, sending)).toMatchObject({ sent: 1 });
  expect(await findMail(db.read, id)).toMatchObject({ state: 'sent', failedAt: null, canRetry: false });
  const events = await db.read.select().from(auditEvents);
  expect(events).toMatchObject([
    { actorId: 'usr_staff', action: 'mail.retried', subjectId: id, detail: { kind: 'digest' } },
  ]);
});

test('a mail that has not failed, or is not there, is not sent again', async () => {
  const db = await useDatabase();
  await enqueue(db);
  const [mail] = await db.read.select({ id: outbox.id }).from(outbox);
  expect(await retryMail({ db, now }, 'usr_staff', mail!.id)).toBe(false);
  expect(await retryMail({ db, now }, 'usr_staff', 'mail_none')).toBe(false);
  expect(await db.read.$count(auditEvents)).toBe(0);
});

test('seven days after it failed a mail loses its words and cannot be sent again; after ninety it is gone', async () => {
  const { db, id } = await failedMail();
  await db.write((tx) => purgeMail(tx, later(7 * day - 1)));
  expect(await findMail(db.read, id)).toMatchObject({ canRetry: true });
  await db.write((tx) => purgeMail(tx, later(7 * day)));
  expect(await findMail(db.read, id)).toMatchObject({ canRetry: false });
  expect(await retryMail({ db, now: later(7 * day) }, 'usr_staff', id)).toBe(false);
  await db.write((tx) => purgeMail(tx, later(90 * day)));
  expect(await findMail(db.read, id)).toBeNull();
  expect(await db.read.$count(mailAttempts)).toBe(0);
});

test('mails that were sent or kept back are forgotten after ninety days; what waits stays', async () => {
  const db = await useDatabase();
  await db.write((tx) => suppress(tx, now, 'gone@example.test', 'bounce'));
  await enqueue(db, { to: 'gone@example.test' });
  await enqueue(db);
  await deliverDueMails({ db, now: () => now }, sending);
  await enqueue(db, { dedupeKey: 'still waiting' });
  await db.write((tx) => purgeMail(tx, later(90 * day - 1)));
  expect(await db.read.$count(outbox)).toBe(3);
  await db.write((tx) => purgeMail(tx, later(90 * day)));
  const left = await db.read.select({ dedupeKey: outbox.dedupeKey }).from(outbox);
  expect(left).toEqual([{ dedupeKey: 'still waiting' }]);
});

test('a person’s export holds their mails and nobody else’s', async () => {
  const db = await useDatabase();
  await enqueue(db, { subject: 'For Maria' });
  await enqueue(db, { to: 'tomas@example.test', subject: 'For Tomás' });
  await db.write((tx) => suppress(tx, now, 'maria@example.test', 'unsubscribe'));
  expect(await personalMail(db.read, 'MARIA@example.test')).toEqual({
    mails: [
      {
        kind: 'digest',
        subject: 'For Maria',
        state: 'waiting',
        createdAt: now,
        sentAt: null,
        failedAt: null,
      },
    ],
    suppressions: [{ reason: 'unsubscribe', createdAt: now }],
  });
});

test('erasing an address forgets its mails and attempts, and keeps that it wants none', async () => {
  const { db } = await failedMail();
  await enqueue(db, { to: 'tomas@example.test' });
  await db.write((tx) => suppress(tx, now, 'maria@example.test', 'unsubscribe'));
  await db.write((tx) => eraseMail(tx, 'Maria@example.test'));
  expect(await db.read.select({ to: outbox.to }).from(outbox)).toEqual([{ to: 'tomas@example.test' }]);
  expect(await db.read.$count(mailAttempts)).toBe(0);
  expect(await db.read.$count(mailSuppressions, eq(mailSuppressions.email, 'maria@example.test'))).toBe(1);
});

test('staff see who gets no mail and why', async () => {
  const db = await useDatabase();
  await db.write(async (tx) => {
    await suppress(tx, now, 'maria@example.test', 'bounce');
    await suppress(tx, later(1), 'tomas@example.test', 'complaint');
  });
  const all = await suppressionPage(db.read, {});
  expect(all).toMatchObject({
    total: 2,
    suppressions: [{ email: 'tomas@example.test' }, { email: 'maria@example.test' }],
  });
  expect(await suppressionPage(db.read, { search: 'mar' })).toMatchObject({ total: 1 });
  expect(await suppressionPage(db.read, { reason: 'complaint' })).toMatchObject({ total: 1 });
});
