import type { Request } from 'playwright-core';

/** How a browser is started here: as root in a container too, and without calls of its own to anywhere. */
export const browserArgs = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Bytes of a response’s body as they were sent. From its header, which our server always sends: what the browser tells
 * of the script of a worker is 0. Throws without one, since the sum would be wrong.
 */
export async function bodyBytes(request: Request): Promise<number> {
  const length = await (await request.response())?.headerValue('content-length');
  if (!length) throw new Error(`${request.url()} came without its length.`);
  return Number(length);
}
