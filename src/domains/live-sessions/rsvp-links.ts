import { env } from '../../platform/env.ts';
import type { Id } from '../../platform/ids.ts';
import { seal, unseal } from '../../platform/seal.ts';
import type { GivenAnswer } from './rsvp-words.ts';
import { givenAnswers } from './rsvp-words.ts';

/** What a link from a mail stands for: this user’s answer to this live session. */
export type RsvpLink = { userId: Id<'usr'>; liveSessionId: Id<'ses'>; answer: GivenAnswer; expiresAt: Date };

/** The address at which `link` can be pressed without signing in. It gives nothing but this one answer. */
export function rsvpUrl({ userId, liveSessionId, answer, expiresAt }: RsvpLink): string {
  const text = [userId, liveSessionId, answer, expiresAt.getTime()].join(' ');
  return `${env.siteUrl}/rsvp/${seal('rsvp', text)}`;
}

/** What the token of such an address stands for; undefined when it is not one of ours. Whether it is over, the caller says. */
export function readRsvpToken(token: string): RsvpLink | undefined {
  if (!/^[\w-]{40,400}$/.test(token)) return undefined;
  const [userId, liveSessionId, answer, expiresAt] = unseal('rsvp', token)?.split(' ') ?? [];
  const given = givenAnswers.find((one) => one === answer);
  if (!userId || !liveSessionId || !given || !expiresAt) return undefined;
  return {
    userId: userId as Id<'usr'>,
    liveSessionId: liveSessionId as Id<'ses'>,
    answer: given,
    expiresAt: new Date(Number(expiresAt)),
  };
}
