import type { APIRoute } from 'astro';
import { signedOutCookies } from '#src/domains/accounts/login-sessions.ts';
import { accountMenu } from '#src/ui/account-menu.ts';

export const prerender = false;

/** The menu of whoever asks, for static pages. Who is not signed in hears so by 204, and loses the cookies that said otherwise. */
export const GET: APIRoute = ({ cookies, locals: { viewer } }) => {
  if (viewer) return Response.json(accountMenu(viewer));
  for (const { name, value, attributes } of signedOutCookies()) cookies.set(name, value, attributes);
  return new Response(null, { status: 204 });
};
