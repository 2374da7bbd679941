import { createHmac, timingSafeEqual } from 'node:crypto';
import { askToPull } from './remote.ts';

export type WebhookOutcome = 'asked' | 'nothing-to-do' | 'not-signed' | 'not-configured';

/**
 * Asks the job to pull, where `body` is signed with `secret` in the way of GitHub, Gitea and Forgejo: `X-Hub-Signature-256`, HMAC-SHA-256 in
 * hexadecimal. Nothing of the body is believed, so sent twice it is harmless. A ping is answered and does nothing.
 */
export async function receiveContentWebhook(
  contentDir: string,
  secret: string | undefined,
  body: string,
  headers: Headers,
): Promise<WebhookOutcome> {
  if (!secret) return 'not-configured';
  if (!isSigned(secret, body, headers.get('x-hub-signature-256') ?? '')) return 'not-signed';
  const event = headers.get('x-github-event') ?? headers.get('x-gitea-event') ?? 'push';
  if (event !== 'push') return 'nothing-to-do';
  await askToPull(contentDir);
  return 'asked';
}

function isSigned(secret: string, body: string, signature: string): boolean {
  const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
