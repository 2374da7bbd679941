import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { expect, onTestFinished, test } from 'vitest';
import { renderMail } from './blocks.ts';
import {
  filesMailer,
  MailRefused,
  MailThrottled,
  type Message,
  resendMailer,
  smtpMailer,
} from './transports.ts';

const message: Message = {
  id: 'mail_1',
  kind: 'reset-password',
  messageId: '<abc@peers.example.test>',
  from: 'PeerSphere <portal@peersphere.example.test>',
  to: 'maria@example.test',
  subject: 'Héllo, 你好',
  html: '<p>Hello</p>',
  text: 'Hello\n',
  headers: {
    'Auto-Submitted': 'auto-generated',
    'List-Unsubscribe': `<https://peers.example.test/unsubscribe/${'x'.repeat(90)}>`,
  },
  replyTo: 'tomas@example.test',
  attachments: [
    {
      filename: 'live session.ics',
      contentType: 'text/calendar; method=REQUEST',
      content: Buffer.from('BEGIN:VCALENDAR').toString('base64'),
    },
  ],
  createdAt: new Date('2026-11-21T09:30:00.123Z'),
  sentAt: new Date('2026-11-21T09:30:05Z'),
};

async function caught(sending: Promise<unknown>): Promise<Error> {
  const error = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Error)) throw new Error('nothing was refused');
  return error;
}

/** A mail server in this process, and what arrived at it. */
async function useSmtpServer(options: SMTPServerOptions = {}) {
  const arrived: { raw: string; to: string[] }[] = [];
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    logger: false,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        arrived.push({
          raw: Buffer.concat(chunks).toString('utf8'),
          to: session.envelope.rcptTo.map(({ address }) => address),
        });
        done();
      });
    },
    ...options,
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const mailer = smtpMailer(`smtp://127.0.0.1:${port}`);
  onTestFinished(async () => {
    mailer.close?.();
    await new Promise<void>((resolve) => server.close(resolve));
  });
  return { mailer, arrived };
}

const headerNames = (raw: string) =>
  raw
    .slice(0, raw.indexOf('\r\n\r\n'))
    .split('\r\n')
    .filter((line) => !/^[ \t]/.test(line))
    .map((line) => line.slice(0, line.indexOf(':')));

const expectedHeaders = [
  'Auto-Submitted',
  'Content-Type',
  'Date',
  'From',
  'List-Unsubscribe',
  'MIME-Version',
  'Message-ID',
  'Reply-To',
  'Subject',
  'To',
];

test('SMTP: a mail arrives whole, with exactly its headers', async () => {
  const { mailer, arrived } = await useSmtpServer();
  await mailer.send(message, 'key');
  const [mail] = arrived;
  expect(headerNames(mail!.raw).sort()).toEqual(expectedHeaders);
  const parsed = await PostalMime.parse(mail!.raw);
  expect(parsed).toMatchObject({
    messageId: '<abc@peers.example.test>',
    subject: 'Héllo, 你好',
    from: { name: 'PeerSphere', address: 'portal@peersphere.example.test' },
    to: [{ name: '', address: 'maria@example.test' }],
    replyTo: [{ address: 'tomas@example.test' }],
    html: expect.stringContaining('<p>Hello</p>'),
    text: expect.stringContaining('Hello'),
    attachments: [{ filename: 'live session.ics', mimeType: 'text/calendar' }],
  });
  expect(mail!.to).toEqual(['maria@example.test']);
});

test('SMTP: no name in a subject adds a header or a recipient', async () => {
  const { mailer, arrived } = await useSmtpServer();
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.constantFrom(
      '\r\nBcc: eve@example.test',
      '\nX-Evil: 1\n\n<html>',
      '\r\n\r\nbody',
      '\u0000\u2028Bcc: eve@example.test',
      '=?utf-8?Q?=0D=0ABcc:_eve@example.test?=',
      '"eve@example.test" <eve@example.test>',
    ),
  );
  await fc.assert(
    fc.asyncProperty(hostile, async (name) => {
      const content = { subject: `Hello ${name}`, preview: name, blocks: [{ paragraph: `Dear ${name}` }] };
      arrived.length = 0;
      await mailer.send({ ...message, ...renderMail(content, {}) }, 'key');
      expect(headerNames(arrived[0]!.raw).sort()).toEqual(expectedHeaders);
      expect(arrived[0]!.to).toEqual(['maria@example.test']);
    }),
    { numRuns: 120 },
  );
});

test.for([
  [550, true],
  [552, true],
  [451, false],
  [421, false],
] as const)('SMTP: an answer of %i to a recipient is for good: %s', async ([responseCode, isFinal]) => {
  const { mailer } = await useSmtpServer({
    onRcptTo: (_address, _session, done) => done(Object.assign(new Error('no'), { responseCode })),
  });
  expect((await caught(mailer.send(message, 'key'))) instanceof MailRefused).toBe(isFinal);
});

test('SMTP: a server that is not there, or does not let us in, is tried again', async () => {
  expect(await caught(smtpMailer('smtp://127.0.0.1:1').send(message, 'key'))).not.toBeInstanceOf(MailRefused);
  const server = await useSmtpServer({ disabledCommands: ['STARTTLS'], authOptional: false });
  expect(await caught(server.mailer.send(message, 'key'))).not.toBeInstanceOf(MailRefused);
});

type Answer = (request: IncomingMessage, body: Record<string, unknown>, response: ServerResponse) => void;

/** A server that speaks as Resend does. */
async function useResend(answer: Answer, timeoutMs?: number) {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(request, JSON.parse(Buffer.concat(chunks).toString()), response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return resendMailer({ apiKey: 're_test', baseUrl: `http://127.0.0.1:${port}` }, timeoutMs);
}

const refusing = (status: number, name: string, headers: Record<string, string> = {}) =>
  useResend((_request, _body, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(JSON.stringify({ statusCode: status, name, message: `about maria@example.test` }));
  });

test('Resend: a mail is posted with its key, and the id that Resend gives it comes back', async () => {
  const seen: unknown[] = [];
  const mailer = await useResend((request, body, response) => {
    const { method, url, headers } = request;
    seen.push({ method, url, key: headers['idempotency-key'], authorization: headers.authorization, body });
    response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"id":"re_mail_1"}');
  });
  expect(await mailer.send(message, 'mail_1')).toEqual({ providerId: 're_mail_1' });
  expect(seen).toEqual([
    {
      method: 'POST',
      url: '/emails',
      key: 'mail_1',
      authorization: 'Bearer re_test',
      body: {
        from: message.from,
        to: [message.to],
        subject: message.subject,
        html: message.html,
        text: message.text,
        headers: message.headers,
        reply_to: message.replyTo,
        attachments: [
          {
            filename: 'live session.ics',
            content_type: 'text/calendar; method=REQUEST',
            content: message.attachments[0]!.content,
          },
        ],
      },
    },
  ]);
});

test.for([
  [400, 'validation_error', true],
  [422, 'missing_required_field', true],
  [404, 'not_found', true],
  [409, 'invalid_idempotent_request', true],
  [409, 'concurrent_idempotent_requests', false],
  [408, 'request_timeout', false],
  [401, 'missing_api_key', false],
  [403, 'invalid_api_key', false],
  [429, 'daily_quota_exceeded', false],
  [500, 'internal_server_error', false],
  [503, 'application_error', false],
] as const)('Resend: %i %s is for good: %s', async ([status, name, isFinal]) => {
  const error = await caught((await refusing(status, name)).send(message, 'key'));
  expect(error instanceof MailRefused).toBe(isFinal);
  expect(error).not.toBeInstanceOf(MailThrottled);
});

test('Resend: when it came too fast, the error says how long to wait, a minute at most', async () => {
  const waits = async (headers: Record<string, string>) => {
    const error = await caught((await refusing(429, 'rate_limit_exceeded', headers)).send(message, 'key'));
    return error instanceof MailThrottled ? error.afterMs : undefined;
  };
  expect(await waits({ 'Retry-After': '3' })).toBe(3000);
  expect(await waits({ 'Retry-After': '86400' })).toBe(60_000);
  expect(await waits({})).toBe(1000);
});

test.for([
  ['a page of a proxy', 502, '<h1>Bad gateway</h1>'],
  ['null', 500, 'null'],
  ['success without an id', 200, '{}'],
  ['success that is no JSON', 200, 'OK'],
] as const)('Resend: an answer of %s is tried again', async ([_name, status, body]) => {
  const mailer = await useResend((_request, _body, response) => response.writeHead(status).end(body));
  const error = await caught(mailer.send(message, 'key'));
  expect(error).not.toBeInstanceOf(MailRefused);
  expect(error).not.toBeInstanceOf(MailThrottled);
});

test('Resend: a connection that breaks is tried again', async () => {
  const mailer = await useResend((request) => request.socket.destroy());
  expect(await caught(mailer.send(message, 'key'))).not.toBeInstanceOf(MailRefused);
});

test('Resend: an answer that does not come is given up in time', async () => {
  const mailer = await useResend(() => {}, 300);
  const startedAt = performance.now();
  expect(await caught(mailer.send(message, 'key'))).not.toBeInstanceOf(MailRefused);
  expect(performance.now() - startedAt).toBeLessThan(3_000);
});

test('files: a mail is one JSON file, named by when it was queued, its kind and id', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'peersphere-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const mailer = filesMailer(path.join(folder, 'outbox'));
  await mailer.send(message, 'key');
  const files = await readdir(path.join(folder, 'outbox'));
  expect(files).toEqual(['2026-11-21T09-30-00-123Z-reset-password-mail_1.json']);
  const mail = JSON.parse(await readFile(path.join(folder, 'outbox', files[0]!), 'utf8'));
  expect(mail).toEqual({
    from: message.from,
    to: message.to,
    subject: message.subject,
    html: message.html,
    text: message.text,
    headers: { ...message.headers, 'Message-ID': message.messageId, 'Reply-To': message.replyTo },
    attachments: message.attachments,
    sentAt: '2026-11-21T09:30:05.000Z',
  });
});

test('files: the same mail again takes the place of the first, and nothing else is left', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'peersphere-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const mailer = filesMailer(folder);
  await mailer.send({ ...message, id: 'mail_2' }, 'key');
  await mailer.send({ ...message, id: 'mail_2', subject: 'again' }, 'key');
  const files = await readdir(folder);
  expect(files).toHaveLength(1);
  expect(JSON.parse(await readFile(path.join(folder, files[0]!), 'utf8')).subject).toBe('again');
});
