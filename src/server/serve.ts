import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Db } from '#db/client.ts';
import type { Readiness } from '../domains/site/readiness.ts';
import { securityHeaders } from '../lib/security-policy.ts';
import { log } from '../platform/log.ts';
import { plain, refusal, refuse, refuseBody, sayBusy, sayReady, sayUnavailable } from './answers.ts';
import { bodyTaker, tooLargeAt } from './bodies.ts';
import { clientAddress, forgetForwarding } from './forwarding.ts';
import { allowedHosts } from './hosts.ts';
import { type AnswerKind, countAnswer } from './metrics.ts';
import { networkOf } from './network.ts';
import { plainRequest } from './plain-request.ts';
import { close, closeToNew, giveUpInTime, limitConnections, listen, type SocketLimits } from './sockets.ts';
import { staticFiles } from './static-files.ts';

export type ServeOptions = SocketLimits & {
  /** Folder of a built site, with `client` and `server`. */
  dist: string;
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Origin of this site, as in SITE_URL; requests for other hosts are refused. */
  siteUrl: string;
  /** Handed to every request; without one only what needs none answers. */
  db?: Db;
  /** In place of `db`: the database as soon as there is one. Before, what is answered on demand says to come again. */
  database?: () => Db | undefined;
  /** What /readyz says; without it there is no such address. */
  readiness?: () => Promise<Readiness>;
  /** How many proxies of ours stand in front: X-Forwarded-For is believed that far. */
  trustedProxies?: number;
};

export type Serving = {
  url: string;
  /** Takes no more requests, and resolves once those under way are answered. */
  close(): Promise<void>;
  /**
   * Takes no new connections; those that are open may bring one more request, whose answer closes them, until they have been
   * idle for as long as they were promised. So no request is lost when another process takes over. Resolves when none is left.
   */
  drain(): Promise<void>;
  /** Closes connections that bring no request at this moment: after `drain`, when there is no time to wait for them. */
  closeIdle(): void;
};

type AstroHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (() => void) | undefined,
  locals: Partial<App.Locals>,
) => Promise<void>;

/** Hosts that stand for every address of the machine: people then ask by the name in SITE_URL. */
const anyAddress = new Set(['0.0.0.0', '::']);
const inUrl = (host: string) => (host.includes(':') ? `[${host}]` : host);

/**
 * Serves a built site: its files from memory, the rest through Astro. Rejects with the system’s error (`EADDRINUSE`, …)
 * when it cannot listen. `close` lets requests under way finish.
 */
export async function serve(options: ServeOptions): Promise<Serving> {
  process.env['ASTRO_NODE_AUTOSTART'] = 'disabled';
  const entry = pathToFileURL(path.join(options.dist, 'server', 'entry.mjs')).href;
  const { handler } = (await import(entry)) as { handler: AstroHandler };
  const always = securityHeaders(options.siteUrl);
  const scheme = new URL(options.siteUrl).protocol.slice(0, -1);
  const files = staticFiles(path.resolve(options.dist, 'client'), always);
  const takeBody = bodyTaker();
  let hosts = allowedHosts(options.siteUrl, options.port);
  let isDraining = false;

  /** Answers with what is in memory before anything else is looked at: most requests end here. */
  function answerAtOnce(request: IncomingMessage, response: ServerResponse): boolean {
    const asked = plainRequest(request, hosts);
    return asked !== undefined && files.serveAtOnce(response, request.url!, asked);
  }

  /** Answers a request and says what kind of answer it was. */
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<AnswerKind> {
    const target = request.url ?? '/';
    const pathname = pathOnly(target);
    const reading = request.method === 'GET' || request.method === 'HEAD';
    for (const [name, value] of always) response.setHeader(name, value);
    // For probes, which know no host name.
    if (reading && pathname === '/healthz') return plain(response, 200, 'ok', 'health');
    if (reading && pathname === '/readyz' && options.readiness)
      return sayReady(response, await options.readiness());
    const refused = refusal(request, hosts);
    if (refused) return refuse(response, ...refused);
    const db = options.database ? options.database() : options.db;
    if (reading) {
      if (pathname.length > 1 && pathname.endsWith('/') && !/\/\/|\\/.test(pathname)) {
        response.setHeader('Location', pathname.slice(0, -1) + target.slice(pathname.length));
        return plain(response, 308, 'The page has an address without a slash at its end.', 'static');
      }
      const status = pathname === '/404' ? 404 : pathname === '/500' ? 500 : 200;
      if (await files.serve(request, response, pathname, status)) return 'static';
    } else {
      const body = await takeBody(request, pathname, db);
      if (body === 'busy') return sayBusy(response);
      if (body === 'too-large') return refuseBody(request, response, tooLargeAt(pathname));
      Object.assign(request, { body }); // where Astro looks for a body that was read already
    }
    const kind = kindAt(pathname);
    if (options.database && !db) return sayUnavailable(response, kind);
    const address = networkOf(clientAddress(request, options.trustedProxies ?? 0));
    forgetForwarding(request, scheme);
    response.setHeader('Cache-Control', 'no-store'); // what is answered on demand says itself if it may be kept
    await handler(request, response, undefined, { address, ...(db && { db }) });
    return kind;
  }

  const server = createServer({ connectionsCheckingInterval: 2_000 }, (request, response) => {
    const begunAt = performance.now();
    if (isDraining) response.shouldKeepAlive = false;
    if (answerAtOnce(request, response)) {
      if (response.socket?.writableLength) giveUpInTime(response);
      countAnswer('static', response.statusCode, (performance.now() - begunAt) / 1000);
      return;
    }
    giveUpInTime(response);
    answer(request, response).then(
      (kind) => countAnswer(kind, response.statusCode, (performance.now() - begunAt) / 1000),
      (error: unknown) => {
        log.error({ err: error, method: request.method }, 'request.failed');
        if (response.headersSent) response.destroy();
        else plain(response, 500, 'Something went wrong on our side. Please try again in a minute.', 'page');
        countAnswer('page', 500, (performance.now() - begunAt) / 1000);
      },
    );
  });
  limitConnections(server, options);
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  hosts = allowedHosts(options.siteUrl, port);
  return {
    url: anyAddress.has(options.host) ? options.siteUrl : `http://${inUrl(options.host)}:${port}`,
    close: () => close(server),
    drain() {
      isDraining = true;
      return closeToNew(server);
    },
    closeIdle: () => server.closeIdleConnections(),
  };
}

function kindAt(pathname: string): AnswerKind {
  if (pathname.startsWith('/_server-islands/')) return 'island';
  return /^\/(?:api\/)?keystatic(?:\/|$)/.test(pathname) ? 'cms' : 'page';
}

/** The part of an address before its query. */
function pathOnly(address: string): string {
  const end = address.search(/[?#]/);
  return end < 0 ? address : address.slice(0, end);
}
