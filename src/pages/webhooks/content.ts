import type { APIRoute } from 'astro';
import { receiveContentWebhook } from '#src/domains/content/webhook.ts';
import { env } from '#src/platform/env.ts';

export const prerender = false;

const statuses = { asked: 202, 'nothing-to-do': 200, 'not-signed': 401, 'not-configured': 404 } as const;

/** Where the remote’s host says that somebody pushed. The signature says who posts, so no Origin is asked for. */
export const POST: APIRoute = async ({ request }) => {
  const { contentDir, contentRemote, contentWebhookSecret } = env;
  const secret = contentRemote && contentWebhookSecret;
  const outcome = await receiveContentWebhook(contentDir, secret, await request.text(), request.headers);
  return new Response(null, { status: statuses[outcome] });
};

export const ALL: APIRoute = () => new Response(null, { status: 405, headers: { Allow: 'POST' } });
