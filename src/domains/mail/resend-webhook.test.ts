import { createHmac } from 'node:crypto';
import { expect, test, vi } from 'vitest';
import { mailSuppressions } from '#db/schema/mail.ts';
import { useDatabase } from '../../../tests/database.ts';

const secret = vi.hoisted(() => {
  const key = Buffer.from('a key of the webhook, for tests').toString('base64');
  process.env['RESEND_WEBHOOK_SECRET'] = `whsec_${key}`;
  return Buffer.from(key, 'base64');
});

const { receiveResendReport } = await import('./resend-webhook.ts');

/** The library that checks signatures asks the machine’s clock. */
const now = new Date();

function signed(body: string, { at = now, id = 'msg_1', key = secret, prefix = 'svix' } = {}): Headers {
  const timestamp = Math.floor(at.getTime() / 1000);
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return new Headers({
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: `${timestamp}`,
    [`${prefix}-signature`]: `v1,${signature}`,
  });
}

const report = (type: string, more: object = {}) =>
  JSON.stringify({
    type,
    created_at: now.toISOString(),
    data: { email_id: 're_1', from: 'x', to: ['Maria@example.test'], subject: 'Hello', ...more },
  });

const bounce = report('email.bounced', {
  bounce: { type: 'Permanent', subType: 'General', message: 'no such user' },
});

async function received(body: string, headers = signed(body)) {
  const db = await useDatabase();
  const answer = await receiveResendReport({ db, now }, body, headers);
  const rows = await db.read.select().from(mailSuppressions);
  return { answer, rows: rows.map(({ email, reason }) => `${email} ${reason}`) };
}

test('after a permanent bounce the address gets no more mail', async () => {
  expect(await received(bounce)).toEqual({ answer: 'accepted', rows: ['maria@example.test bounce'] });
  expect(await received(bounce, signed(bounce, { prefix: 'webhook' }))).toMatchObject({ answer: 'accepted' });
});

test('after a complaint the address gets no more optional mail', async () => {
  const complaint = report('email.complained', { to: ['Maria Lopez <maria@example.test>'] });
  expect(await received(complaint)).toEqual({ answer: 'accepted', rows: ['maria@example.test complaint'] });
});

test.for([
  ['a bounce that may pass', report('email.bounced', { bounce: { type: 'Transient' } })],
  ['a delivery', report('email.delivered')],
  ['a type that we do not know', report('email.teleported')],
  ['another form', '{"hello":1}'],
  ['a list', '[]'],
  ['no address', report('email.complained', { to: ['nobody'] })],
] as const)('a report of %s is accepted and changes nothing', async ([_name, body]) => {
  expect(await received(body)).toEqual({ answer: 'accepted', rows: [] });
});

test('the same report again changes nothing', async () => {
  const db = await useDatabase();
  for (let time = 0; time < 2; time++)
    expect(await receiveResendReport({ db, now }, bounce, signed(bounce))).toBe('accepted');
  expect(await db.read.$count(mailSuppressions)).toBe(1);
});

const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * 60_000);

test.for([
  ['without a signature', new Headers()],
  ['signed with another key', signed(bounce, { key: Buffer.from('another key') })],
  ['signed over another body', signed(`${bounce} `)],
  ['signed six minutes ago', signed(bounce, { at: minutesAgo(6) })],
  ['signed six minutes ahead', signed(bounce, { at: minutesAgo(-6) })],
  ['with half a signature', new Headers({ 'svix-id': 'a', 'svix-timestamp': '1', 'svix-signature': 'v1' })],
] as const)('a report %s is refused and changes nothing', async ([_name, headers]) => {
  expect(await received(bounce, headers)).toEqual({ answer: 'not-signed', rows: [] });
});

test('a report signed four minutes ago is taken', async () => {
  expect(await received(bounce, signed(bounce, { at: minutesAgo(4) }))).toMatchObject({ answer: 'accepted' });
});
