import { defineMiddleware } from 'astro:middleware';
import type { APIContext, MiddlewareNext } from 'astro';
import { databaseTrouble } from '#db/unavailable.ts';
import { findViewer, loginCookieName } from '../domains/accounts/login-sessions.ts';
import { secondPolicy } from '../lib/security-policy.ts';
import { env } from '../platform/env.ts';
import { log } from '../platform/log.ts';
import { entryOf, postedFromElsewhere } from './access.ts';
import { isSameOrigin } from './same-origin.ts';
import { unavailable } from './unavailable.ts';

/**
 * The one door: who may enter, who may change something, and what every answer forbids. Static pages pass. Where the database
 * cannot do its part, the answer is 503 and says when to come again.
 */
export const onRequest = defineMiddleware(async (context, next) => {
  try {
    return await answer(context, next);
  } catch (error) {
    const trouble = databaseTrouble(error);
    if (!trouble || context.isPrerendered) throw error;
    const { name, message } = error as Error;
    log.warn({ trouble, type: name, message, routePattern: context.routePattern }, 'database.unavailable');
    return unavailable(trouble);
  }
});

async function answer(context: APIContext, next: MiddlewareNext): Promise<Response> {
  const { locals, routePattern, request } = context;
  if (context.isPrerendered) {
    locals.viewer = null;
    return next();
  }
  await addRequestContext(context);
  const cmsIsOpen = import.meta.env.DEV && isThisMachine(context.clientAddress);
  const entry = entryOf(routePattern, locals.viewer, { now: locals.now, cmsIsOpen });
  if (entry === 'not-found') return new Response(null, { status: 404 });
  if (!postedFromElsewhere.has(routePattern) && !isSameOrigin(request, new URL(env.siteUrl).protocol))
    return new Response('This form was sent from another site.', { status: 403 });
  if (routePattern === islands && request.method !== 'GET')
    return new Response(null, { status: 405, headers: { Allow: 'GET' } });
  if (entry !== 'enter') return context.redirect(doorway(entry, context.url, request.method), 303);
  const response = await next().catch((error: unknown) => tellOf(error, routePattern));
  if (routePattern.startsWith('/keystatic')) allowEditor(response.headers);
  const isSecret = routePattern.includes('[token]');
  if (isSecret) hideAddress(response.headers);
  if ((isSecret || locals.viewer) && !saysHowLong.has(routePattern))
    response.headers.set('Cache-Control', 'private, no-store');
  response.headers.append('Content-Security-Policy', secondPolicy);
  return response;
}

/** Ours are asked for by GET. Astro would take a POST as well, and fail at one that holds no object. */
const islands = '/_server-islands/[name]';

/** Astro prints what a page failed with as it stands, addresses included: our log says it without, and Astro that it did. */
function tellOf(error: unknown, routePattern: string): never {
  if (import.meta.env.DEV || databaseTrouble(error)) throw error;
  log.error({ err: error, routePattern }, 'page.failed');
  throw new Error(`A page at ${routePattern} failed. The log says why.`);
}

/** Who asks, and when. In development, where the server is not ours, the database is opened here. */
async function addRequestContext({ locals, cookies }: APIContext) {
  locals.now = new Date();
  locals.viewer = null;
  if (import.meta.env.DEV) {
    const { developmentDb } = await import('../server/development.ts');
    locals.db ??= await developmentDb();
    locals.address ??= '127.0.0.1';
  }
  const cookie = cookies.get(loginCookieName)?.value;
  if (!cookie || !locals.db) return;
  const found = await findViewer({ db: locals.db, now: locals.now }, cookie);
  if (!found) return;
  locals.viewer = found.viewer;
  for (const { name, value, attributes } of found.cookies) cookies.set(name, value, attributes);
}

/** Where somebody who has to sign in, or to confirm it, is led; a form that was sent comes back as its empty page. */
function doorway(entry: 'sign-in' | 'confirm', { pathname, search }: URL, method: string): string {
  const next = encodeURIComponent(pathname + (method === 'GET' ? search : ''));
  return entry === 'sign-in' ? `/sign-in?next=${next}` : `/sign-in/confirm?next=${next}`;
}

/** Pictures of people and subscribed calendars say themselves how long the program that fetched them may keep them. */
const saysHowLong: ReadonlySet<string> = new Set(['/pictures/[id]', '/calendar/[token].ics']);

/**
 * The address of such a page is a secret: no other site hears it. (`no-referrer` would tell other sites no less, and make
 * browsers send our own forms with the Origin `null`.)
 */
function hideAddress(headers: Headers) {
  headers.set('Referrer-Policy', 'same-origin');
}

/** Keystatic writes its styles into the page as it runs and previews images from memory; the rest stays strict. */
function allowEditor(headers: Headers) {
  const policy = headers.get('Content-Security-Policy') ?? '';
  headers.set(
    'Content-Security-Policy',
    policy
      .replace(/style-src [^;]*/, "style-src 'self' 'unsafe-inline' data:")
      .replace(/img-src [^;]*/, "img-src 'self' data: blob:"),
  );
  headers.set('Cache-Control', 'private, no-store');
}

const isThisMachine = (address: string) => /^(?:127\.|::1$|::ffff:127\.)/.test(address);
