import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

type SentMail = { from: string; to: string[]; subject: string; html: string; text: string };

export type FakeResend = {
  url: string;
  /** What was delivered, by its idempotency key: Resend answers a key that it knows without sending again. */
  delivered: ReadonlyMap<string, SentMail>;
  /** Each call, also those that failed: which key came with which mail. */
  calls: readonly { key: string; mail: SentMail; outcome: Outcome }[];
  /** Resolves with the next mail to `address` that `fits`, at once when it is there. */
  mailTo(address: string, fits: (mail: SentMail) => boolean): Promise<SentMail>;
  close(): Promise<void>;
};

type Outcome = 'delivered' | 'known' | 'failed' | 'answer lost' | 'refused';

export type Faults = {
  /** Share of calls answered with 500 before anything happens, and of those delivered whose answer is lost. */
  failing: number;
  losingAnswer: number;
  /** Longest pause before an answer, in milliseconds. */
  slowestMs: number;
};

/**
 * A server on this machine that speaks Resend’s interface for one mail at a time (POST /emails with Idempotency-Key): it
 * delivers a key once, refuses it with another mail or while the first call runs, and fails as often as it is told.
 */
export async function startFakeResend(faults: Faults): Promise<FakeResend> {
  const delivered = new Map<string, SentMail>();
  const known = new Map<string, { id: string; payload: string }>();
  const running = new Set<string>();
  const calls: { key: string; mail: SentMail; outcome: Outcome }[] = [];
  const waiting = new Set<() => void>();

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const body = await bodyOf(request);
    const say = (status: number, answered: object) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(answered));
    const refuse = (status: number, name: string) => say(status, { statusCode: status, name, message: name });
    if (request.method !== 'POST' || request.url !== '/emails') return refuse(404, 'not_found');
    if (!request.headers.authorization?.startsWith('Bearer ')) return refuse(401, 'missing_api_key');

    const key = String(request.headers['idempotency-key'] ?? '');
    const mail = JSON.parse(body) as SentMail;
    const payload = createHash('sha256').update(body).digest('hex');
    const call = { key, mail, outcome: 'refused' as Outcome };
    calls.push(call);
    if (running.has(key)) return refuse(409, 'concurrent_idempotent_requests');
    running.add(key);
    try {
      await sleep(Math.random() * faults.slowestMs);
      const earlier = known.get(key);
      if (earlier) {
        if (earlier.payload !== payload) return refuse(409, 'invalid_idempotent_request');
        call.outcome = 'known';
        return say(200, { id: earlier.id });
      }
      if (Math.random() < faults.failing) {
        call.outcome = 'failed';
        return refuse(500, 'internal_server_error');
      }
      const id = randomUUID();
      known.set(key, { id, payload });
      delivered.set(key, mail);
      for (const wake of waiting) wake();
      if (Math.random() < faults.losingAnswer) {
        call.outcome = 'answer lost';
        return response.destroy();
      }
      call.outcome = 'delivered';
      return say(200, { id });
    } finally {
      running.delete(key);
    }
  }

  const server = createServer((request, response) => {
    // Who asked may be gone by now: that is what this is for.
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    delivered,
    calls,
    mailTo(address, fits) {
      const found = () => [...delivered.values()].findLast((mail) => mail.to.includes(address) && fits(mail));
      return new Promise((resolve) => {
        const look = () => {
          const mail = found();
          if (!mail) return;
          waiting.delete(look);
          resolve(mail);
        };
        waiting.add(look);
        look();
      });
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
