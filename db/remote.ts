import { DatabaseUnavailable } from './unavailable.ts';

/** How long one request to a remote primary may take while people wait for the page. */
export const servingPatienceMs = 1_200;

/** After a primary did not answer, one request each second finds out whether it is back; the others fail at once. */
const lookAgainMs = 1_000;

const loopback = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** Whether the address is one of another process or machine, not of a file. */
export const isRemote = (url: string): boolean => /^(?:libsql|https?|wss?):/.test(url);

/** Throws on an address that would carry the data and the token in the clear over a network. TLS may be off on loopback only. */
export function assertEncrypted(url: string): void {
  if (!isRemote(url)) return;
  const { protocol, hostname, searchParams } = new URL(url.replace(/^libsql:/, 'https:'));
  const isPlain = protocol === 'http:' || protocol === 'ws:' || searchParams.get('tls') === '0';
  // `libsql://host:80?tls=0` is http as well.
  if (isPlain && !loopback.has(hostname))
    throw new Error(
      'The address of the database is one without TLS: DATABASE_URL must begin with libsql:// or https:// unless it is on this machine.',
    );
}

/**
 * `fetch` as the libSQL client is to use it. Rejects with `DatabaseUnavailable` when the primary does not answer within
 * `patienceMs`, cannot be reached, answers with a status that means so (5xx, 429, a token it does not know), or has lost the
 * stream of a transaction. While it is away, everything but one request a second fails at once, so that nobody waits behind
 * others who wait.
 */
export function patientFetch(patienceMs: number): (request: Request) => Promise<Response> {
  let away: { lookAt: number; words: string; cause: unknown } | undefined;
  let answeredAt = Number.NEGATIVE_INFINITY;

  function failed(words: string, cause?: unknown): never {
    away = { lookAt: performance.now() + lookAgainMs, words, cause };
    throw new DatabaseUnavailable(words, { cause });
  }

  return async (request) => {
    if (away) {
      if (performance.now() < away.lookAt) throw new DatabaseUnavailable(away.words, { cause: away.cause });
      away.lookAt = performance.now() + Math.max(lookAgainMs, patienceMs); // this request is the one that looks
    }
    const askedAt = performance.now();
    const signal = AbortSignal.timeout(patienceMs);
    let response: Response;
    let body: ArrayBuffer;
    try {
      response = await fetch(request, { signal });
      body = await response.arrayBuffer(); // so that a body which stops half-way counts too
    } catch (error) {
      if (wasClosed(error))
        throw new DatabaseUnavailable('The remote database closed the connection.', { cause: error });
      if (!signal.aborted) return failed('The remote database cannot be reached.', error);
      const words = `The remote database did not answer within ${patienceMs} ms.`;
      // Where it answered others meanwhile it is not away: a write waited for one on another machine.
      if (answeredAt > askedAt) throw new DatabaseUnavailable(words, { cause: error });
      return failed(words, error);
    }
    const { status, headers } = response;
    if (status >= 500 || status === 429 || status === 401 || status === 403 || status === 404)
      return failed(`The remote database answered with status ${status}.`);
    away = undefined;
    answeredAt = performance.now();
    if (status === 400 && endsStream(Buffer.from(body).toString('utf8')))
      throw new DatabaseUnavailable('The remote database has given up the transaction.');
    return new Response(status === 204 ? null : body, { status, headers });
  };
}

/** libsql-server, after ten idle seconds or a restart: the transaction of this stream is gone. */
const endsStream = (text: string) => /STREAM_EXPIRED|invalid baton/.test(text);

/**
 * Whether the other end closed a connection that was kept open, perhaps just before we used it. Whatever needs no more than to be
 * asked again may be, once.
 */
export function wasClosed(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || wasClosed(error.cause);
}
