import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readiness } from '../domains/site/readiness.ts';
import { comeAgainSeconds, unavailablePage } from '../middleware/unavailable.ts';
import type { AnswerKind } from './metrics.ts';

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const longestAddress = 8 * 1024;

/** Refusals that need no page: a method, host or address that the site does not take. */
export function refusal(
  request: IncomingMessage,
  hosts: ReadonlySet<string>,
): [status: number, words: string] | undefined {
  if (!methods.has(request.method ?? '')) return [405, 'This method is not one the site takes.'];
  const named = request.headersDistinct['host'] ?? [];
  if (named.length !== 1) return [400, 'A request names one host.'];
  if (!hosts.has(named[0]!.toLowerCase())) return [421, 'This host is not served here.'];
  if ((request.url ?? '').length > longestAddress) return [414, 'The address is too long.'];
  if (!request.url?.startsWith('/')) return [400, 'The address is not one of this site.'];
  return undefined;
}

/** Answers with a sentence that nobody keeps, and hands on what kind of answer that is. */
export function plain(response: ServerResponse, status: number, words: string, kind: AnswerKind): AnswerKind {
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.writeHead(status).end(words);
  return kind;
}

/** Answers a refusal and closes: whatever else the client was about to send is not waited for. */
export function refuse(response: ServerResponse, status: number, words: string): AnswerKind {
  response.setHeader('Connection', 'close');
  if (status === 405) response.setHeader('Allow', [...methods].join(', '));
  return plain(response, status, words, 'refused');
}

/**
 * Answers a body that is too large, throws away the rest of it as it comes, for as long as a request may take, and closes then:
 * whoever is still sending never reads the answer of a connection that closes on them.
 */
export function refuseBody(request: IncomingMessage, response: ServerResponse, words: string): AnswerKind {
  response.writeHead(413, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(words),
    Connection: 'close',
  });
  response.write(words);
  request.once('close', () => response.end());
  request.resume();
  return 'refused';
}

/** Several editors send films at once: the next one waits a moment. */
export function sayBusy(response: ServerResponse): AnswerKind {
  response.setHeader('Connection', 'close');
  response.setHeader('Retry-After', '10');
  return plain(
    response,
    503,
    'Others are saving large files at this moment. Please try again in a minute.',
    'cms',
  );
}

/** While there is no database: pages that need none are served all the same. */
export function sayUnavailable(response: ServerResponse, kind: AnswerKind): AnswerKind {
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('Retry-After', String(comeAgainSeconds));
  response.writeHead(503).end(unavailablePage('away'));
  return kind;
}

/** /readyz: all that was looked at, as JSON. */
export function sayReady(response: ServerResponse, found: Readiness): AnswerKind {
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  if (!found.ready) response.setHeader('Retry-After', '5');
  response.writeHead(found.ready ? 200 : 503).end(`${JSON.stringify(found, undefined, 2)}\n`);
  return 'health';
}
