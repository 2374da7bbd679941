import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eq, sql } from 'drizzle-orm';
import { expect, onTestFinished, test } from 'vitest';
import type { Db } from '#db/client.ts';
import { mailAttempts, outbox } from '#db/schema/mail.ts';
import { useDatabase } from '../../../tests/database.ts';
import { newId } from '../../platform/ids.ts';
import { deliverDueMails } from './deliver.ts';
import { enqueueMail, type Mail } from './enqueue.ts';
import { leaseMs, retryDelaysMs } from './model.ts';
import { type Mailer, MailRefused, MailThrottled, type Message, resendMailer } from './transports.ts';
import { suppress } from './unsubscribe.ts';
import { eraseMail } from './upkeep.ts';

const start = new Date('2026-11-21T09:30:00Z');
const hour = 60 * 60_000;
const day = 24 * hour;
const at = (ms: number) => new Date(start.getTime() + ms);

function clock() {
  let ms = 0;
  return {
    now: () => at(ms),
    forward: (more: number) => (ms += more),
    get ms() {
      return ms;
    },
  };
}

const enqueue = (db: Db, changes: Partial<Mail> = {}, now = start) =>
  db.write((tx) =>
    enqueueMail(tx, now, {
      kind: 'welcome',
      dedupeKey: `welcome:${changes.to ?? 'maria'}`,
      to: 'maria@example.test',
      content: {
        subject: 'Welcome',
        preview: '',
        blocks: [{ button: 'Open', href: 'https://peers.example.test/activate/secret' }],
      },
      ...changes,
    }),
  );

/** A mailer of this test, and what was handed to it. */
function mailerThat(act: (message: Message, key: string) => unknown = () => {}) {
  const handed: { message: Message; key: string }[] = [];
  const mailer: Mailer = {
    name: 'smtp',
    async send(message, key) {
      handed.push({ message, key });
      await act(message, key);
      return { providerId: `p-${key}` };
    },
  };
  return { mailer, handed };
}

const failing = (error: Error) =>
  mailerThat(() => {
    throw error;
  });

async function onlyRow(db: Db) {
  const [row] = await db.read.select().from(outbox);
  return row!;
}

test('a due mail is handed over once, and nothing that opens a door is left behind', async () => {
  const db = await useDatabase();
  const { mailer, handed } = mailerThat();
  await enqueue(db);
  expect(await deliverDueMails({ db, now: () => at(1000) }, mailer)).toEqual({
    sent: 1,
    waiting: 0,
    failed: 0,
    suppressed: 0,
  });
  await deliverDueMails({ db, now: () => at(9 * day) }, mailer);
  expect(handed).toHaveLength(1);
  expect(handed[0]!.message).toMatchObject({
    to: 'maria@example.test',
    subject: 'Welcome',
    from: 'PeerSphere <portal@peersphere.example.test>',
    messageId: expect.stringMatching(/^<[\w-]{43}@127\.0\.0\.1>$/),
    text: expect.stringContaining('https://peers.example.test/activate/secret'),
    sentAt: at(1000),
  });
  const row = await onlyRow(db);
  expect(row).toMatchObject({
    state: 'sent',
    sealedBody: null,
    leasedUntil: null,
    sentAt: at(1000),
    providerId: `p-${row.id}`,
  });
  expect(await db.read.select().from(mailAttempts)).toMatchObject([
    { mailId: row.id, transport: 'smtp', error: null },
  ]);
});

test('a mail that is not due yet waits', async () => {
  const db = await useDatabase();
  const { mailer, handed } = mailerThat();
  for (const number of [1, 2, 3, 4]) await enqueue(db, { dedupeKey: `${number}` });
  await deliverDueMails({ db, now: () => at(hour - 1) }, mailer);
  expect(handed).toHaveLength(3);
  await deliverDueMails({ db, now: () => at(hour) }, mailer);
  expect(handed).toHaveLength(4);
});

test('after each failure a mail waits longer, and after eight it has failed, with its words kept', async () => {
  const db = await useDatabase();
  const { mailer, handed } = failing(new Error('the server is away'));
  const { now, forward } = clock();
  await enqueue(db);
  for (const delay of retryDelaysMs) {
    await deliverDueMails({ db, now }, mailer);
    expect(await onlyRow(db)).toMatchObject({
      state: 'waiting',
      nextAttemptAt: new Date(now().getTime() + delay),
    });
    forward(delay - 1);
    await deliverDueMails({ db, now }, mailer);
    forward(1);
  }
  expect(handed).toHaveLength(7);
  expect(await deliverDueMails({ db, now }, mailer)).toMatchObject({ failed: 1 });
  const row = await onlyRow(db);
  expect(row).toMatchObject({ state: 'failed', failedAt: now(), attempts: 8 });
  expect(row.sealedBody).not.toBeNull();
  expect(await db.read.$count(mailAttempts)).toBe(8);
  expect(new Set(handed.map(({ key, message }) => `${key} ${message.messageId}`)).size).toBe(1);
});

test('a refusal is final at once', async () => {
  const db = await useDatabase();
  const { mailer, handed } = failing(new MailRefused('SMTP: 550 no such user'));
  await enqueue(db);
  await deliverDueMails({ db, now: () => start }, mailer);
  await deliverDueMails({ db, now: () => at(9 * day) }, mailer);
  expect(handed).toHaveLength(1);
  expect(await onlyRow(db)).toMatchObject({ state: 'failed', attempts: 1 });
});

test('what is kept of an error holds no address, link or token', async () => {
  const db = await useDatabase();
  const token = 'AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-ABCDE';
  const words = `550 <maria@example.test> rejected, see https://mx.example.test/?r=1 or ${token}\r\n`;
  await enqueue(db);
  await deliverDueMails({ db, now: () => start }, failing(new Error(words)).mailer);
  const [{ error } = { error: '' }] = await db.read.select({ error: mailAttempts.error }).from(mailAttempts);
  expect(error).toBe('550 … rejected, see … or …');
});

test('a provider that asks for a pause costs no attempt, and is not asked again before', async () => {
  const db = await useDatabase();
  const { mailer, handed } = failing(new MailThrottled('too fast', 5000));
  await enqueue(db);
  await deliverDueMails({ db, now: () => start }, mailer);
  await deliverDueMails({ db, now: () => at(4999) }, mailer);
  expect(handed).toHaveLength(1);
  expect(await onlyRow(db)).toMatchObject({ state: 'waiting', attempts: 0, nextAttemptAt: at(5000) });
  expect(await deliverDueMails({ db, now: () => at(5000) }, mailerThat().mailer)).toMatchObject({ sent: 1 });
});

test('a provider that asks for a pause for two days is counted as failing', async () => {
  const db = await useDatabase();
  const { mailer } = failing(new MailThrottled('too fast', 5000));
  await enqueue(db);
  await deliverDueMails({ db, now: () => at(2 * day) }, mailer);
  expect(await onlyRow(db)).toMatchObject({ attempts: 1, nextAttemptAt: at(2 * day + 30_000) });
});

test('a mail whose address was suppressed while it waited is not sent', async () => {
  const db = await useDatabase();
  const { mailer, handed } = mailerThat();
  await enqueue(db, { optional: true });
  await enqueue(db, { dedupeKey: 'needed' });
  await db.write((tx) => suppress(tx, at(1), 'maria@example.test', 'unsubscribe'));
  expect(await deliverDueMails({ db, now: () => at(2) }, mailer)).toMatchObject({ sent: 1, suppressed: 1 });
  expect(handed).toHaveLength(1);
  const [kept] = await db.read.select().from(outbox).where(eq(outbox.optional, true));
  expect(kept).toMatchObject({ state: 'suppressed', sealedBody: null });
});

test('a mail that was queued under another APP_SECRET fails and says why', async () => {
  const db = await useDatabase();
  const { mailer, handed } = mailerThat();
  await enqueue(db);
  await db.write((tx) => tx.update(outbox).set({ sealedBody: 'A'.repeat(80) }));
  await deliverDueMails({ db, now: () => start }, mailer);
  expect(handed).toHaveLength(0);
  expect(await onlyRow(db)).toMatchObject({ state: 'failed' });
  expect(await db.read.select().from(mailAttempts)).toMatchObject([
    { error: expect.stringContaining('APP_SECRET') },
  ]);
});

test('a mail erased while it is sent leaves nothing behind', async () => {
  const db = await useDatabase();
  const { mailer } = mailerThat(() => db.write((tx) => eraseMail(tx, 'maria@example.test')));
  await enqueue(db);
  expect(await deliverDueMails({ db, now: () => start }, mailer)).toMatchObject({ sent: 1 });
  expect(await db.read.$count(outbox)).toBe(0);
  expect(await db.read.$count(mailAttempts)).toBe(0);
});

/** `db`, but the write after a mail was handed over is lost, as when the process is killed there. */
function dyingAfterHandOver(db: Db, mailer: Mailer): { db: Db; mailer: Mailer } {
  let isDying = false;
  return {
    mailer: {
      ...mailer,
      async send(message, key) {
        const result = await mailer.send(message, key);
        isDying = true;
        return result;
      },
    },
    db: { ...db, write: (work) => (isDying ? Promise.reject(new Error('killed')) : db.write(work)) },
  };
}

test('a mail handed over but not recorded is handed over again with the same key, once its time is over', async () => {
  const db = await useDatabase();
  const { mailer, handed } = mailerThat();
  const dying = dyingAfterHandOver(db, mailer);
  await enqueue(db);
  await expect(deliverDueMails({ db: dying.db, now: () => start }, dying.mailer)).rejects.toThrow('killed');
  await deliverDueMails({ db, now: () => at(leaseMs - 1) }, mailer);
  expect(handed).toHaveLength(1);
  expect(await deliverDueMails({ db, now: () => at(leaseMs) }, mailer)).toMatchObject({ sent: 1 });
  expect(handed).toHaveLength(2);
  expect(handed[1]!.key).toBe(handed[0]!.key);
  expect(handed[1]!.message).toEqual({ ...handed[0]!.message, sentAt: at(leaseMs) });
});

test('a mail that ends its process each time fails in the end', async () => {
  const db = await useDatabase();
  const { now, forward } = clock();
  await enqueue(db);
  for (let time = 0; time < 8; time++) {
    const dying = dyingAfterHandOver(db, mailerThat().mailer);
    await expect(deliverDueMails({ db: dying.db, now }, dying.mailer)).rejects.toThrow('killed');
    forward(leaseMs);
  }
  const { mailer, handed } = mailerThat();
  await deliverDueMails({ db, now }, mailer);
  expect(handed).toHaveLength(0);
  expect(await onlyRow(db)).toMatchObject({ state: 'failed' });
});

test('an answer that comes after its time is over does not undo what came of the next attempt', async () => {
  const db = await useDatabase();
  const gate = Promise.withResolvers<void>();
  const slow = mailerThat(async () => {
    await gate.promise;
    throw new Error('too late');
  });
  await enqueue(db);
  const first = deliverDueMails({ db, now: () => start }, slow.mailer, { lanes: 1 });
  await expect.poll(() => slow.handed.length).toBe(1);
  expect(await deliverDueMails({ db, now: () => at(leaseMs) }, mailerThat().mailer)).toMatchObject({
    sent: 1,
  });
  gate.resolve();
  await first;
  expect(await onlyRow(db)).toMatchObject({ state: 'sent', attempts: 2 });
});

test('several deliveries at once send each mail once', async () => {
  const db = await useDatabase();
  const { mailer, handed } = mailerThat(() => sleep(2));
  for (let number = 0; number < 40; number++) await enqueue(db, { to: `m${number}@example.test` });
  await Promise.all([1, 2, 3].map(() => deliverDueMails({ db, now: () => start }, mailer)));
  expect(handed).toHaveLength(40);
  expect(new Set(handed.map(({ key }) => key)).size).toBe(40);
});

test('somebody whose mails hang takes one lane, and the others’ go out meanwhile', async () => {
  const db = await useDatabase();
  const gate = Promise.withResolvers<void>();
  const { mailer, handed } = mailerThat(({ to }) => (to === 'slow@example.test' ? gate.promise : undefined));
  for (const kind of ['a', 'b', 'c', 'd', 'e'])
    await enqueue(db, { kind, dedupeKey: kind, to: 'slow@example.test' });
  for (let number = 0; number < 20; number++) await enqueue(db, { to: `m${number}@example.test` }, at(1));
  const delivery = deliverDueMails({ db, now: () => at(2) }, mailer);
  const others = () => handed.filter(({ message }) => message.to !== 'slow@example.test').length;
  await expect.poll(others).toBe(20);
  expect(handed).toHaveLength(21);
  gate.resolve();
  expect(await delivery).toMatchObject({ sent: 25 });
});

test('many mails of one kind do not keep others waiting, and optional ones come last', async () => {
  const db = await useDatabase();
  const { mailer, handed } = mailerThat();
  for (let number = 0; number < 140; number++)
    await enqueue(db, { kind: 'surge', dedupeKey: `s${number}`, to: `s${number}@example.test` });
  for (let number = 0; number < 20; number++) {
    await enqueue(
      db,
      { kind: 'reset-password', dedupeKey: `r${number}`, to: `r${number}@example.test` },
      at(1),
    );
    await enqueue(db, {
      kind: 'digest',
      dedupeKey: `d${number}`,
      to: `d${number}@example.test`,
      optional: true,
    });
  }
  await deliverDueMails({ db, now: () => at(2) }, mailer);
  const kinds = handed.map(({ message }) => message.kind);
  // By chance alone, all 20 in the first 100 turns fails less than once in a hundred million runs.
  expect(kinds.lastIndexOf('reset-password')).toBeLessThan(100);
  expect(kinds.indexOf('digest')).toBe(160);
});

test('an aborted delivery begins no further mail', async () => {
  const db = await useDatabase();
  const stopping = new AbortController();
  const { mailer, handed } = mailerThat(() => stopping.abort());
  for (const to of ['a@example.test', 'b@example.test', 'c@example.test']) await enqueue(db, { to });
  await deliverDueMails({ db, now: () => start }, mailer, { lanes: 1, signal: stopping.signal });
  expect(handed).toHaveLength(1);
  expect(await db.read.$count(outbox, eq(outbox.state, 'waiting'))).toBe(2);
});

/** Puts `count` mails into the outbox that were sent at `sentAt`. */
const addSent = (db: Db, count: number, sentAt: Date) =>
  db.write((tx) =>
    tx.run(sql`
      INSERT INTO outbox (id, dedupe_key, kind, "to", subject, optional, state, attempts, planned_at, next_attempt_at, created_at, sent_at)
      WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
      SELECT ${newId('mail', sentAt)} || i, ${sentAt.getTime()} || ':' || i, 'digest', 'x@example.test', 'x', 0, 'sent', 1,
        ${sentAt.getTime()}, ${sentAt.getTime()}, ${sentAt.getTime()}, ${sentAt.getTime()} FROM n
    `),
  );

test('after 5,000 mails in a day the rest wait until the day allows them', async () => {
  const db = await useDatabase();
  const { mailer, handed } = mailerThat();
  await addSent(db, 4997, at(-hour));
  for (let number = 0; number < 10; number++) await enqueue(db, { to: `m${number}@example.test` });
  await deliverDueMails({ db, now: () => start }, mailer);
  expect(handed).toHaveLength(3);
  await deliverDueMails({ db, now: () => at(22 * hour) }, mailer);
  expect(handed).toHaveLength(3);
  await deliverDueMails({ db, now: () => at(23 * hour + 1) }, mailer);
  expect(handed).toHaveLength(10);
});

test('a site that sends much every day may send ten times as much', async () => {
  const db = await useDatabase();
  const { mailer, handed } = mailerThat();
  await addSent(db, 7 * 600, at(-2 * day));
  await addSent(db, 5998, at(-hour));
  for (let number = 0; number < 5; number++) await enqueue(db, { to: `m${number}@example.test` });
  await deliverDueMails({ db, now: () => start }, mailer);
  expect(handed).toHaveLength(2);
});

type Taken = { body: string; times: number };

/**
 * A server that speaks as Resend does and keeps what it took by key. `trouble` says before each request what goes wrong:
 * `lost` takes the mail and loses its answer.
 */
async function useResend(
  trouble: (request: number) => 'lost' | 'error' | 'throttled' | undefined = () => undefined,
) {
  const taken = new Map<string, Taken>();
  const conflicts: string[] = [];
  let requests = 0;
  const server = createServer(async (request, response) => {
    const number = ++requests;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const key = String(request.headers['idempotency-key']);
    const wrong = trouble(number);
    const answer = (status: number, json: object) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(json));
    if (wrong === 'error')
      return answer(500, { statusCode: 500, name: 'internal_server_error', message: 'x' });
    if (wrong === 'throttled')
      return answer(429, { statusCode: 429, name: 'rate_limit_exceeded', message: 'x' });
    const known = taken.get(key);
    if (known && known.body !== body) {
      conflicts.push(key);
      return answer(409, { statusCode: 409, name: 'invalid_idempotent_request', message: 'x' });
    }
    if (known) known.times += 1;
    else taken.set(key, { body, times: 1 });
    if (wrong === 'lost') return request.socket.destroy();
    await sleep(5);
    return answer(200, { id: `re_${key}` });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const settings = { apiKey: 're_test', baseUrl: `http://127.0.0.1:${port}` };
  return { settings, taken, conflicts, requests: () => requests };
}

test('with a third of all requests going wrong every mail arrives, once for its key', async () => {
  const db = await useDatabase();
  const wrong = ['lost', 'error', 'throttled'] as const;
  const resend = await useResend((number) => ((number * 7919) % 10 < 3 ? wrong[number % 3] : undefined));
  const { now, forward } = clock();
  for (let number = 0; number < 60; number++) await enqueue(db, { to: `m${number}@example.test` });
  for (let round = 0; round < 12; round++) {
    await deliverDueMails({ db, now }, resendMailer(resend.settings));
    forward(hour);
  }
  const states = await db.read.select({ state: outbox.state, id: outbox.id }).from(outbox);
  expect(states.filter(({ state }) => state !== 'sent')).toEqual([]);
  expect([...resend.taken.keys()].sort()).toEqual(states.map(({ id }) => id).sort());
  expect(resend.conflicts).toEqual([]);
  expect(resend.requests()).toBeGreaterThan(75);
});

test('a process that is killed again and again sends each mail, once for its key', async () => {
  const db = await useDatabase();
  const resend = await useResend();
  const [{ file } = { file: '' }] = await db.read
    .select({ file: sql<string>`file` })
    .from(sql`pragma_database_list`);
  for (let number = 0; number < 150; number++) await enqueue(db, { to: `m${number}@example.test` });
  const module = (name: string) => JSON.stringify(path.resolve(name));
  const program = (nowMs: number) => `
    import { openDb } from ${module('db/client.ts')};
    import { deliverDueMails } from ${module('src/domains/mail/deliver.ts')};
    import { resendMailer } from ${module('src/domains/mail/transports.ts')};
    const db = await openDb(${JSON.stringify(`file:${file}`)});
    await deliverDueMails({ db, now: () => new Date(${nowMs}) }, resendMailer(${JSON.stringify(resend.settings)}));
    await db.close();
  `;
  const run = (nowMs: number) =>
    spawn(process.execPath, ['--input-type=module', '-e', program(nowMs)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  for (let kill = 0; kill < 5; kill++) {
    const before = resend.requests();
    const child = run(at(kill * leaseMs).getTime());
    const ended = once(child, 'exit');
    while (resend.requests() < before + 10 + kill && child.exitCode === null) await sleep(1);
    child.kill('SIGKILL');
    await ended;
  }
  expect(await db.read.$count(outbox, eq(outbox.state, 'sending'))).toBeGreaterThan(0);
  await deliverDueMails({ db, now: () => at(5 * leaseMs) }, resendMailer(resend.settings));
  expect(await db.read.$count(outbox, eq(outbox.state, 'sent'))).toBe(150);
  expect(resend.taken.size).toBe(150);
  expect(resend.conflicts).toEqual([]);
}, 60_000);
