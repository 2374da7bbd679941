import { defineMiddleware } from 'astro:middleware';
import { secondPolicy } from '../lib/security-policy.ts';
import { env } from '../platform/env.ts';
import { mayEnter } from './access.ts';
import { isSameOrigin } from './same-origin.ts';

/** The one door: who may enter, who may change something, and what every answer forbids. Static pages pass. */
export const onRequest = defineMiddleware(async (context, next) => {
  if (context.isPrerendered) return next();
  const cmsIsOpen =
    (import.meta.env.DEV && isThisMachine(context.clientAddress)) || context.locals.cms === 'open';
  if (!mayEnter(context.routePattern, cmsIsOpen)) return new Response(null, { status: 404 });
  if (!isSameOrigin(context.request, new URL(env.siteUrl).protocol))
    return new Response('This form was sent from another site.', { status: 403 });
  const response = await next();
  if (context.routePattern.startsWith('/keystatic')) allowEditor(response.headers);
  response.headers.append('Content-Security-Policy', secondPolicy);
  return response;
});

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
