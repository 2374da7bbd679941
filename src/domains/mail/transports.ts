import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createTransport } from 'nodemailer';
import { Resend } from 'resend';
import { env } from '../../platform/env.ts';
import type { MailBody } from './model.ts';

/** A mail as it is handed over. */
export type Message = MailBody & {
  id: string;
  kind: string;
  /** `<…@host>`, the same at each attempt. */
  messageId: string;
  from: string;
  to: string;
  subject: string;
  createdAt: Date;
  sentAt: Date;
};

export type Mailer = {
  name: 'resend' | 'smtp' | 'files';
  /**
   * Hands `message` over, once for each `idempotencyKey` where the provider can tell. Throws `MailRefused` when no later
   * attempt can succeed, `MailThrottled` when it came too fast, and any other error when it may succeed later. What the
   * errors say may hold addresses.
   */
  send(message: Message, idempotencyKey: string): Promise<{ providerId?: string }>;
  /** Ends connections that are kept open. */
  close?(): void;
};

/** The provider will not take this mail, now or later. */
export class MailRefused extends Error {}

/** The provider asks for a pause; nothing is wrong with the mail. */
export class MailThrottled extends Error {
  readonly afterMs: number;
  constructor(message: string, afterMs: number) {
    super(message);
    this.afterMs = afterMs;
  }
}

const longestAnswerMs = 10_000;
const longestPauseMs = 60_000;

/** Resend where its key is set, else the SMTP server where one is, else files below `DATA_DIR/outbox`. */
export function configuredMailer(): Mailer {
  if (env.resend) return resendMailer(env.resend);
  if (env.smtpUrl) return smtpMailer(env.smtpUrl);
  return filesMailer(path.join(env.dataDir, 'outbox'));
}

/**
 * Sends through Resend, and gives up an attempt after `timeoutMs`. Resend knows an idempotency key for 24 hours and answers
 * it as the first time.
 */
export function resendMailer(
  { apiKey, baseUrl }: { apiKey: string; baseUrl: string },
  timeoutMs = longestAnswerMs,
): Mailer {
  const resend = new Resend(apiKey, { baseUrl });
  return {
    name: 'resend',
    async send(message, idempotencyKey) {
      const { from, to, subject, html, text, headers, replyTo, attachments } = message;
      const {
        data,
        error,
        headers: answered,
      } = await resend.emails.send(
        { from, to: [to], subject, html, text, headers, ...(replyTo && { replyTo }), attachments },
        { idempotencyKey, signal: AbortSignal.timeout(timeoutMs) },
      );
      if (data?.id) return { providerId: data.id };
      throw resendError(error, answered?.['retry-after']);
    },
  };
}

/** What Resend says is wrong with the mail itself. Its SDK does not hand on a status that the answer’s body leaves out. */
const refusals = new Set([
  'validation_error',
  'missing_required_field',
  'invalid_attachment',
  'invalid_from_address',
  'invalid_access',
  'invalid_parameter',
  'invalid_idempotency_key',
  'invalid_idempotent_request',
]);

function resendError(
  error: { message?: string; statusCode?: number | null; name?: string } | null,
  retryAfter: string | undefined,
): Error {
  const status = error?.statusCode ?? null;
  const name = error?.name ?? 'no answer';
  const words = `Resend: ${[status, name, error?.message].filter(Boolean).join(' ')}`;
  if (name === 'rate_limit_exceeded' || (status === 429 && !/quota/.test(name))) {
    const seconds = Number(retryAfter);
    return new MailThrottled(words, seconds > 0 ? Math.min(seconds * 1000, longestPauseMs) : 1000);
  }
  return isRefusal(status, name) ? new MailRefused(words) : new Error(words);
}

/** 401 and 403 are about our key or domain, which staff can mend: then the mails that waited still go out. */
function isRefusal(status: number | null, name: string): boolean {
  if (status === null) return refusals.has(name);
  if (status === 409) return name !== 'concurrent_idempotent_requests';
  return status >= 400 && status < 500 && ![401, 403, 408, 425, 429].includes(status);
}

/**
 * Sends through an SMTP server, over connections that stay open. SMTP knows no idempotency key: where the answer to a mail is
 * lost it may arrive twice, with one Message-ID, by which mail programs show it once.
 */
export function smtpMailer(url: string): Mailer {
  const transport = createTransport({
    url,
    pool: true,
    maxConnections: 5,
    maxRequeues: 0, // trying again is ours
    connectionTimeout: longestAnswerMs,
    greetingTimeout: longestAnswerMs,
    socketTimeout: longestAnswerMs,
    dnsTimeout: longestAnswerMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    name: 'smtp',
    async send(message) {
      const { from, to, subject, html, text, headers, replyTo, messageId, sentAt } = message;
      try {
        const { response } = await transport.sendMail({
          from,
          to: { name: '', address: to },
          subject,
          html,
          text,
          headers,
          messageId,
          date: sentAt,
          xMailer: false,
          ...(replyTo && { replyTo: { name: '', address: replyTo } }),
          attachments: message.attachments.map((file) => ({ ...file, encoding: 'base64' })),
        });
        return typeof response === 'string' ? { providerId: response.slice(0, 200) } : {};
      } catch (error) {
        throw smtpError(error);
      }
    },
    close: () => transport.close(),
  };
}

/** Of the 5xx answers, those about signing in to the server (530, 534, 535, 538) are ours to mend, not the mail’s. */
function smtpError(error: unknown): Error {
  const { code, responseCode, message } = error as Error & { code?: string; responseCode?: number };
  const words = `SMTP: ${responseCode ?? code ?? ''} ${message}`;
  const isPermanent = responseCode ? responseCode >= 500 && code !== 'EAUTH' : code === 'EENVELOPE';
  const isSignIn = responseCode !== undefined && [530, 534, 535, 538].includes(responseCode);
  return isPermanent && !isSignIn ? new MailRefused(words) : new Error(words);
}

/**
 * Writes each mail as one JSON file into `folder`, whole or not at all. Names sort by when the mail was queued and hold
 * its kind and id; the same mail again takes the place of the first. For a site on this machine, and for tests.
 */
export function filesMailer(folder: string): Mailer {
  return {
    name: 'files',
    async send(message) {
      const { id, kind, from, to, subject, html, text, attachments, createdAt, sentAt } = message;
      const headers = {
        ...message.headers,
        'Message-ID': message.messageId,
        ...(message.replyTo && { 'Reply-To': message.replyTo }),
      };
      const mail = { from, to, subject, html, text, headers, attachments, sentAt: sentAt.toISOString() };
      const name = `${createdAt.toISOString().replaceAll(/[:.]/g, '-')}-${kind}-${id}.json`;
      const unfinished = path.join(folder, `.${name}-${process.pid}`);
      await mkdir(folder, { recursive: true });
      try {
        await writeFile(unfinished, `${JSON.stringify(mail, null, 2)}\n`, { mode: 0o600 });
        await rename(unfinished, path.join(folder, name));
      } catch (error) {
        await rm(unfinished, { force: true });
        throw error;
      }
      return { providerId: name };
    },
  };
}
