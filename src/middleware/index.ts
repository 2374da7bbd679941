import { defineMiddleware } from 'astro:middleware';
import { mayEnter } from './access.ts';

export const onRequest = defineMiddleware(async (context, next) => {
  if (context.isPrerendered) return next();
  const cmsIsOpen = import.meta.env.DEV || context.locals.cms === 'open';
  if (!mayEnter(context.routePattern, cmsIsOpen)) return new Response(null, { status: 404 });
  const response = await next();
  if (context.routePattern.startsWith('/keystatic')) allowEditor(response.headers);
  return response;
});

/** Keystatic’s interface writes its styles into the page as it runs; everything else stays as strict as elsewhere. */
function allowEditor(headers: Headers) {
  headers.set(
    'Content-Security-Policy',
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  );
  headers.set('Cache-Control', 'private, no-store');
}
