import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { log } from '../platform/log.ts';
import { staticFiles } from './static-files.ts';

export type ServeOptions = {
  /** Folder of a built site, with `client` and `server`. */
  dist: string;
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Origin of this site, as in SITE_URL; requests for other hosts are refused. */
  siteUrl: string;
  /** Opens the CMS to everybody. Only a test that starts the server itself can say so; no variable does. */
  cms?: 'open';
};

export type Serving = { url: string; close(): Promise<void> };

type AstroHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (() => void) | undefined,
  locals: App.Locals,
) => Promise<void>;

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const longestAddress = 8 * 1024;
const largestBody = 6 * 1024 * 1024;

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
    if (request.url === '/healthz') return plain(response, 200, 'ok'); // for probes, which know no host name
    const refused = refusal(request, hosts());
    if (refused) {
      response.setHeader('Connection', 'close'); // whatever else the client was about to send is not waited for
      return plain(response, ...refused);
    }
    const address = request.url ?? '/';
    const pathname = address.replace(/[?#].*$/s, '');
    if (request.method === 'GET' || request.method === 'HEAD') {
      if (pathname.length > 1 && pathname.endsWith('/') && !/\/\/|\\/.test(pathname)) {
        response.setHeader('Location', pathname.slice(0, -1) + address.slice(pathname.length));
        return plain(response, 308, 'The page has an address without a slash at its end.');
      }
      if (await files.serve(request, response, pathname)) return;
    }
    await handler(request, response, undefined, options.cms ? { cms: options.cms } : {});
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      log.error({ err: error, method: request.method }, 'request.failed');
      if (response.headersSent) response.destroy();
      else plain(response, 500, 'Something went wrong on our side. Please try again in a minute.');
    });
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = 5_000;
  server.maxConnections = 1_000;
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  hosts.addLoopback(port);
  return {
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    close: () => close(server),
  };
}

/** Refusals that need no page: a method, host, address or body that the site does not take. */
function refusal(request: IncomingMessage, hosts: Set<string>): [number, string] | undefined {
  if (!methods.has(request.method ?? '')) return [405, 'This method is not one the site takes.'];
  if (!hosts.has((request.headers.host ?? '').toLowerCase())) return [421, 'This host is not served here.'];
  if ((request.url ?? '').length > longestAddress) return [414, 'The address is too long.'];
  if (!request.url?.startsWith('/')) return [400, 'The address is not one of this site.'];
  if (Number(request.headers['content-length'] ?? 0) > largestBody)
    return [413, 'That is more than the site takes at once.'];
  return undefined;
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
  response.setHeader(
    'Content-Security-Policy',
    "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'",
  );
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
