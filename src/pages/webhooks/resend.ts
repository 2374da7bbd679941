import type { APIRoute } from 'astro';
import { receiveResendReport } from '#src/domains/mail/resend-webhook.ts';

export const prerender = false;

const statuses = { accepted: 200, 'not-signed': 401, 'not-configured': 404 } as const;

/** Where Resend reports bounces and complaints. The signature says who posts, so no Origin is asked for. */
export const POST: APIRoute = async ({ request, locals }) => {
  const { db, now } = locals;
  const outcome = await receiveResendReport({ db, now }, await request.text(), request.headers);
  return new Response(null, { status: statuses[outcome] });
};

export const ALL: APIRoute = () => new Response(null, { status: 405, headers: { Allow: 'POST' } });
