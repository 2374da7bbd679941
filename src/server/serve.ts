import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Db } from '#db/client.ts';
import { secondPolicy } from '../lib/security-policy.ts';
import { log } from '../platform/log.ts';
import { networkOf } from './network.ts';
import { staticFiles } from './static-files.ts';

export type ServeOptions = {
  /** Folder of a built site, with `client` and `server`. */
  dist: string;
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Origin of this site, as in SITE_URL; requests for other hosts are refused. */
  siteUrl: string;
  /** Handed to every request; without one only what needs none answers. */
  db?: Db;
  /** How many proxies of ours stand in front: X-Forwarded-For is believed that far. */
  trustedProxies?: number;
  /** Sockets that one remote address may hold; loopback is exempt unless this is given. */
  mostSocketsAnAddress?: number;
};

export type Serving = { url: string; close(): Promise<void> };

type AstroHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (() => void) | undefined,
  locals: Partial<App.Locals>,
) => Promise<void>;

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** Hosts that stand for every address of the machine: people then ask by the name in SITE_URL. */
const anyAddress = new Set(['0.0.0.0', '::']);
const inUrl = (host: string) => (host.includes(':') ? `[${host}]` : host);

const longestAddress = 8 * 1024;
const largestBody = 256 * 1024;
/** The CMS sends uploads in base64, which makes 6 MB of them 8. */
const largestSave = 8 * 1024 * 1024;
/** A list of colleagues of 2 MB and the form around it. */
const largestList = 3 * 1024 * 1024;
/** A picture of 5 MB and the form around it. */
const largestPicture = 6 * 1024 * 1024;
const mostSocketsAnAddress = 200;
/** The longest that any response may take: a film of 8 MB at 14 KB/s. */
const longestResponse = 10 * 60_000;

/**
 * Serves a built site: its files from memory, the rest through Astro. Rejects with the system’s error (`EADDRINUSE`, …)
 * when it cannot listen. `close` lets requests under way finish.
 */
export async function serve(options: ServeOptions): Promise<Serving> {
  process.env['ASTRO_NODE_AUTOSTART'] = 'disabled';
  const entry = pathToFileURL(path.join(options.dist, 'server', 'entry.mjs')).href;
  const { handler } = (await import(entry)) as { handler: AstroHandler };
  const files = staticFiles(path.resolve(options.dist, 'client'));
  const hosts = allowedHosts(options.siteUrl);

  async function answer(request: IncomingMessage, response: ServerResponse) {
    setSecurityHeaders(response, options.siteUrl);
    const reading = request.method === 'GET' || request.method === 'HEAD';
    if (request.url === '/healthz' && reading) return plain(response, 200, 'ok'); // for probes, which know no host name
    const refused = refusal(request, hosts());
    if (refused) return refuse(response, ...refused);
    const target = request.url ?? '/';
    const pathname = pathOnly(target);
    if (reading) {
      if (pathname.length > 1 && pathname.endsWith('/') && !/\/\/|\\/.test(pathname)) {
        response.setHeader('Location', pathname.slice(0, -1) + target.slice(pathname.length));
        return plain(response, 308, 'The page has an address without a slash at its end.');
      }
      const status = pathname === '/404' ? 404 : pathname === '/500' ? 500 : 200;
      if (await files.serve(request, response, pathname, status)) return;
    } else {
      const body = await readBody(request, largestBodyAt(pathname, request.headers['content-type']));
      if (!body) return refuseBody(request, response, tooLargeAt(pathname));
      Object.assign(request, { body }); // where Astro looks for a body that was read already
    }
    const address = networkOf(clientAddress(request, options.trustedProxies ?? 0));
    forgetForwarding(request, options.siteUrl);
    response.setHeader('Cache-Control', 'no-store'); // what is answered on demand says itself if it may be kept
    await handler(request, response, undefined, {
      address,
      ...(options.db && { db: options.db }),
    });
  }

  const server = createServer({ connectionsCheckingInterval: 2_000 }, (request, response) => {
    giveUpInTime(response);
    answer(request, response).catch((error: unknown) => {
      log.error({ err: error, method: request.method }, 'request.failed');
      if (response.headersSent) response.destroy();
      else plain(response, 500, 'Something went wrong on our side. Please try again in a minute.');
    });
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = 5_000;
  server.timeout = 30_000;
  server.maxConnections = 1_000;
  limitSockets(server, options.mostSocketsAnAddress ?? mostSocketsAnAddress);
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  hosts.addLoopback(port);
  return {
    url: anyAddress.has(options.host) ? options.siteUrl : `http://${inUrl(options.host)}:${port}`,
    close: () => close(server),
  };
}

/** Refusals that need no page: a method, host or address that the site does not take. */
function refusal(request: IncomingMessage, hosts: Set<string>): [number, string] | undefined {
  if (!methods.has(request.method ?? '')) return [405, 'This method is not one the site takes.'];
  const named = request.headersDistinct['host'] ?? [];
  if (named.length !== 1) return [400, 'A request names one host.'];
  if (!hosts.has(named[0]!.toLowerCase())) return [421, 'This host is not served here.'];
  if ((request.url ?? '').length > longestAddress) return [414, 'The address is too long.'];
  if (!request.url?.startsWith('/')) return [400, 'The address is not one of this site.'];
  return undefined;
}

/** Answers a refusal and closes: whatever else the client was about to send is not waited for. */
function refuse(response: ServerResponse, status: number, words: string) {
  response.setHeader('Connection', 'close');
  if (status === 405) response.setHeader('Allow', [...methods].join(', '));
  plain(response, status, words);
}

/**
 * Answers a body that is too large, throws away the rest of it as it comes, for as long as a request may take, and closes then:
 * whoever is still sending never reads the answer of a connection that closes on them.
 */
function refuseBody(request: IncomingMessage, response: ServerResponse, words: string) {
  response.writeHead(413, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(words),
    Connection: 'close',
  });
  response.write(words);
  request.once('close', () => response.end());
  request.resume();
}

/** The part of an address before its query. */
function pathOnly(address: string): string {
  const end = address.search(/[?#]/);
  return end < 0 ? address : address.slice(0, end);
}

/** How many bytes a request to this address may bring. */
function largestBodyAt(pathname: string, type = ''): number {
  if (pathname.startsWith('/api/keystatic/')) return largestSave;
  if (/^\/sam\/[^/]+\/invite$/.test(pathname) || takesAttendanceFile.test(pathname)) return largestList;
  const takesPicture = pathname === '/me/picture' || pathname.startsWith('/activate/');
  return takesPicture && /^multipart\/form-data\b/i.test(type) ? largestPicture : largestBody;
}

const takesAttendanceFile = /^\/live-sessions\/[^/]+\/attendance$/;

const tooLargeAt = (pathname: string) =>
  takesAttendanceFile.test(pathname)
    ? 'This file is larger than 2 MB, so nothing of it was taken. An attendance report is far smaller: please go back and look whether it is the right file.'
    : 'That is more than the site takes at once.';

/** Who sent a request: the other end of the socket or, behind proxies of ours, whom the first of them heard from. */
function clientAddress(request: IncomingMessage, trustedProxies: number): string {
  const socketAddress = request.socket.remoteAddress ?? '';
  if (trustedProxies === 0) return socketAddress;
  const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',');
  return forwarded.at(-trustedProxies)?.trim() || socketAddress;
}

/** A request's body; undefined as soon as it is larger than `limit` bytes, however it is sent. */
async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Nobody may say for us who asked, or how: forwarding headers are dropped, and the scheme is that of SITE_URL. */
function forgetForwarding(request: IncomingMessage, siteUrl: string) {
  for (const name of Object.keys(request.headers))
    if (name === 'forwarded' || name.startsWith('x-forwarded-')) delete request.headers[name];
  request.headers['x-forwarded-proto'] = new URL(siteUrl).protocol.slice(0, -1);
}

/** Cuts off who reads a response too slowly to ever finish it. */
function giveUpInTime(response: ServerResponse) {
  const timer = setTimeout(() => response.destroy(), longestResponse);
  response.once('close', () => clearTimeout(timer));
}

/** One address may not take all the sockets. Loopback is the proxy in front, which speaks for everybody. */
function limitSockets(server: Server, most: number) {
  const held = new Map<string, number>();
  const exempt =
    most === mostSocketsAnAddress ? new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']) : new Set<string>();
  server.on('connection', (socket) => {
    if (exempt.has(socket.remoteAddress ?? '')) return;
    const address = networkOf(socket.remoteAddress ?? '');
    const count = (held.get(address) ?? 0) + 1;
    if (count > most) {
      socket.destroy();
      return;
    }
    held.set(address, count);
    socket.once('close', () => {
      const left = (held.get(address) ?? 1) - 1;
      if (left > 0) held.set(address, left);
      else held.delete(address);
    });
  });
}

/** The host of SITE_URL; on a site for this machine only, every name of this machine with the port in use. */
function allowedHosts(siteUrl: string) {
  const { host, hostname } = new URL(siteUrl);
  const hosts = new Set([host.toLowerCase()]);
  const get = () => hosts;
  get.addLoopback = (port: number) => {
    if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) return;
    for (const name of ['127.0.0.1', 'localhost', '[::1]']) hosts.add(`${name}:${port}`);
  };
  return get;
}

function setSecurityHeaders(response: ServerResponse, siteUrl: string) {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'strict-origin-when-cross-origin');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Permissions-Policy', 'camera=(), microphone=(), geolocation=(), payment=(), usb=()');
  response.setHeader('Content-Security-Policy', secondPolicy);
  if (siteUrl.startsWith('https:')) response.setHeader('Strict-Transport-Security', 'max-age=31536000');
}

function plain(response: ServerResponse, status: number, words: string) {
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.setHeader('Cache-Control', 'no-store');
  response.writeHead(status).end(words);
}

function listen(server: Server, { host, port }: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    server.closeIdleConnections();
  });
}
