import { env } from '../../platform/env.ts';
import { seal, unseal } from '../../platform/seal.ts';
import type { Cookie } from '../accounts/login-sessions.ts';
import { type GivenAnswer, givenAnswers } from './rsvp-words.ts';

/**
 * What somebody pressed before they were signed in. Their browser keeps it, sealed, until they sign in at the address that the
 * press led to: then it becomes their answer. Any other sign-in, and signing out, forgets it.
 */
export type RsvpWish = { liveSessionId: string; answer: GivenAnswer };

const lifetimeMs = 3_600_000;

const isHttps = env.siteUrl.startsWith('https:');
/** Browsers take the prefix only over https. */
export const rsvpWishCookieName = isHttps ? '__Host-rsvp' : 'rsvp';

/** The cookie with this wish, for an hour. */
export function rsvpWishCookie(now: Date, { liveSessionId, answer }: RsvpWish): Cookie {
  const expiresAt = now.getTime() + lifetimeMs;
  return cookie(seal('rsvp-wish', `${liveSessionId} ${answer} ${expiresAt}`), lifetimeMs / 1000);
}

/** The cookie that makes a browser forget its wish. */
export const forgottenWishCookie = (): Cookie => cookie('', 0);

/** The wish that a browser sent and that its sign-in leads to (`next`); undefined when it is over or not one of ours. */
export function findRsvpWish(now: Date, sent: string | undefined, next: string): RsvpWish | undefined {
  if (!sent || !/^[\w-]{40,400}$/.test(sent)) return undefined;
  const [liveSessionId = '', asked, expiresAt] = unseal('rsvp-wish', sent)?.split(' ') ?? [];
  const answer = givenAnswers.find((one) => one === asked);
  if (!answer || !(Number(expiresAt) > now.getTime())) return undefined;
  const url = URL.parse(next, 'https://here.invalid');
  const isItsOwn =
    url?.pathname === `/live-sessions/${liveSessionId}/rsvp` && url.searchParams.get('answer') === answer;
  return isItsOwn ? { liveSessionId, answer } : undefined;
}

function cookie(value: string, maxAge: number): Cookie {
  const attributes = { httpOnly: true, secure: isHttps, sameSite: 'lax', path: '/', maxAge } as const;
  return { name: rsvpWishCookieName, value, attributes };
}
