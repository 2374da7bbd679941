import type { IncomingMessage } from 'node:http';

/**
 * Who sent a request: the other end of the socket or, behind `trustedProxies` proxies of ours, whom the first of them heard from.
 */
export function clientAddress(request: IncomingMessage, trustedProxies: number): string {
  const socketAddress = request.socket.remoteAddress ?? '';
  if (trustedProxies === 0) return socketAddress;
  const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',');
  return forwarded.at(-trustedProxies)?.trim() || socketAddress;
}

/** Nobody may say for us who asked, or how: forwarding headers are dropped, and `scheme` (`https`), that of SITE_URL, is set. */
export function forgetForwarding(request: IncomingMessage, scheme: string): void {
  for (const name of Object.keys(request.headers))
    if (name === 'forwarded' || name.startsWith('x-forwarded-')) delete request.headers[name];
  request.headers['x-forwarded-proto'] = scheme;
}
