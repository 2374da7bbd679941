import type { IncomingMessage } from 'node:http';
import type { Asked } from './static-files.ts';

/**
 * What of a GET or HEAD an answer from memory depends on, found in one walk over the headers as they came; undefined for
 * requests that have to be looked at more closely.
 */
export function plainRequest(request: IncomingMessage, hosts: ReadonlySet<string>): Asked | undefined {
  const isHead = request.method === 'HEAD';
  if (!isHead && request.method !== 'GET') return undefined;
  const { rawHeaders } = request;
  let host: string | undefined;
  let accepts: string | undefined;
  let ifNoneMatch: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    switch (name.length) {
      case 4:
        if (name.toLowerCase() !== 'host') break;
        if (host !== undefined) return undefined;
        host = rawHeaders[at + 1]!;
        break;
      case 5:
        if (name.toLowerCase() === 'range') return undefined;
        break;
      case 13:
        if (name.toLowerCase() !== 'if-none-match') break;
        if (ifNoneMatch !== undefined) return undefined;
        ifNoneMatch = rawHeaders[at + 1]!;
        break;
      case 15:
        if (name.toLowerCase() !== 'accept-encoding') break;
        if (accepts !== undefined) return undefined;
        accepts = rawHeaders[at + 1]!;
        break;
    }
  }
  if (host === undefined || !hosts.has(host)) return undefined;
  return { isHead, accepts, ifNoneMatch };
}
