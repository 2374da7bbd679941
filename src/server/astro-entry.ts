import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createApp } from 'astro/app/entrypoint';

/**
 * The server half of a code build, bundled by Astro in place of the Node adapter’s: what is answered on demand, in as few steps
 * as it takes. Nothing here streams (`experimentalDisableStreaming`): an answer is whole, and says how long it is.
 */
const app = createApp({ streaming: false });
keepLoadedPages();

/**
 * Answers a request that `serve.ts` has checked and whose body, if it has one, it has read to `request.body`. Rejects when
 * something fails outside of a page; a page that fails is the page for errors.
 */
export async function handler(
  incoming: IncomingMessage & { body?: Buffer },
  response: ServerResponse,
  _next: undefined,
  locals: object,
): Promise<void> {
  const request = requestFrom(incoming);
  const found = app.match(request, true);
  const routeData = found?.prerender && found.type !== 'redirect' ? app.match(request) : found;
  const answer = await app.render(request, {
    addCookieHeader: true,
    clientAddress: incoming.socket.remoteAddress ?? '',
    prerenderedErrorPageFetch: errorPage,
    ...(routeData && { locals, routeData }),
  });
  for (const [name, value] of answer.headers) if (name !== 'set-cookie') response.setHeader(name, value);
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) response.setHeader('Set-Cookie', cookies);
  const body = answer.body && Buffer.from(await answer.arrayBuffer());
  if (body) response.setHeader('Content-Length', body.length);
  response.writeHead(answer.status).end(body ?? undefined);
}

function requestFrom({ method = 'GET', url, headers, body }: IncomingMessage & { body?: Buffer }): Request {
  const sent = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') sent.append(name, value);
    else for (const one of value ?? []) sent.append(name, one);
  }
  const hasBody = body && method !== 'GET' && method !== 'HEAD';
  return new Request(`http://${headers.host}${url}`, {
    method,
    headers: sent,
    ...(hasBody && { body: body as Uint8Array<ArrayBuffer> }),
  });
}

/** Astro imports a page anew for each request, and Node then looks for its file on the disk again. */
function keepLoadedPages() {
  const pages = app.manifest.pageMap;
  for (const [component, load] of pages ?? []) {
    let loaded: ReturnType<typeof load> | undefined;
    pages!.set(component, () => {
      loaded ??= load().catch((error: unknown) => {
        loaded = undefined;
        throw error;
      });
      return loaded;
    });
  }
}

const clientFolder = `${import.meta.url.slice(0, import.meta.url.lastIndexOf('/server/'))}/client/`;
const errorPages = new Map<string, Promise<Buffer>>();

/** The pages for errors, which Astro asks for by their addresses: they were rendered with the release. */
async function errorPage(address: string): Promise<Response> {
  const status = /\/(404|500)(?:\/index)?\.html$/.exec(new URL(address).pathname)?.[1];
  if (!status) return new Response(null, { status: 404 });
  const page = errorPages.get(status) ?? readErrorPage(status);
  errorPages.set(status, page);
  return new Response(new Uint8Array(await page), {
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
  });
}

function readErrorPage(status: string): Promise<Buffer> {
  const page = readFile(new URL(`${status}.html`, clientFolder)).catch(() =>
    readFile(new URL(`${status}/index.html`, clientFolder)),
  );
  page.catch(() => errorPages.delete(status));
  return page;
}
