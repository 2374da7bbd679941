import type { Cookie } from '../domains/accounts/login-sessions.ts';
import { nothingInput } from '../domains/accounts/sign-in-inputs.ts';
import { countAct, type Limit } from '../domains/accounts/throttles.ts';
import { makeFeed, revokeFeed } from '../domains/live-sessions/feeds.ts';
import { rsvp } from '../domains/live-sessions/rsvp.ts';
import { feedInput, rsvpInput } from '../domains/live-sessions/rsvp-inputs.ts';
import { readRsvpToken } from '../domains/live-sessions/rsvp-links.ts';
import {
  findRsvpWish,
  forgottenWishCookie,
  rsvpWishCookie,
  rsvpWishCookieName,
} from '../domains/live-sessions/rsvp-wish.ts';
import { type RsvpRefusal, refusalSentences } from '../domains/live-sessions/rsvp-words.ts';
import { safeNext } from '../lib/next-path.ts';
import type { Id } from '../platform/ids.ts';
import { type Call, goTo, notFound, publicForm, refuse, refuseUntil, show, signedInForm } from './define.ts';

/** Each answer may send a mail: so many an hour, from one person. */
const answers = { name: 'rsvps', most: 120, inMs: 3_600_000 } as const satisfies Limit;
const feeds = { name: 'calendar-feeds', most: 30, inMs: 3_600_000 } as const satisfies Limit;

const tooOften = 'You have answered very often just now. Please wait an hour.';

/** The answer to one live session. Whoever is signed out signs in first, which completes it (`completeWish`). */
export const answerLiveSession = publicForm(rsvpInput, async (call, { answer, next }) => {
  const { ctx, viewer, url } = call;
  const liveSessionId = call.params['id'] ?? '';
  if (!viewer) {
    if (!/^ses_\w{1,40}$/.test(liveSessionId)) return notFound;
    const back = new URLSearchParams({ answer, ...(next && { next }) });
    const signIn = `/sign-in?next=${encodeURIComponent(`${url.pathname}?${back}`)}`;
    return goTo(signIn, [rsvpWishCookie(ctx.now, { liveSessionId, answer })]);
  }
  const until = await countAct(ctx, answers, viewer.id);
  if (until) return refuseUntil(tooOften, until);
  const kept = await rsvp(ctx, viewer, liveSessionId, answer);
  if ('refused' in kept) return refuseRsvp(kept.refused);
  return goTo(withDone(safeNext(next, `/live-sessions/${liveSessionId}`), `rsvp-${kept.answer}`));
});

/**
 * Keeps what somebody pressed before they signed in, where this sign-in comes from that very press (`next`), and returns where
 * to go: the page on which they pressed, or the one that says why it was refused. Undefined where nothing waits for it.
 */
export async function completeWish(
  { ctx, cookie }: Call,
  userId: Id<'usr'>,
  next: string,
): Promise<string | undefined> {
  const wish = findRsvpWish(ctx.now, cookie(rsvpWishCookieName), next);
  if (!wish || (await countAct(ctx, answers, userId))) return undefined;
  const kept = await rsvp(ctx, { id: userId }, wish.liveSessionId, wish.answer);
  if ('refused' in kept) return undefined;
  const pressedOn = new URL(next, 'https://here.invalid').searchParams.get('next');
  return withDone(safeNext(pressedOn, `/live-sessions/${wish.liveSessionId}`), `rsvp-${kept.answer}`);
}

/** What makes a browser forget what was pressed before signing in; nothing where it keeps nothing. */
export const forgetWish = ({ cookie }: Call): Cookie[] =>
  cookie(rsvpWishCookieName) === undefined ? [] : [forgottenWishCookie()];

/** The same by a link from a mail, for whoever holds it. */
export const answerFromMail = publicForm(nothingInput, async ({ ctx, params }) => {
  const link = readRsvpToken(params['token'] ?? '');
  if (!link) return notFound;
  if (link.expiresAt <= ctx.now) return refuseRsvp('over');
  const until = await countAct(ctx, answers, link.userId);
  if (until) return refuseUntil(tooOften, until);
  const kept = await rsvp(ctx, { id: link.userId }, link.liveSessionId, link.answer);
  return 'refused' in kept ? refuseRsvp(kept.refused) : show(kept);
});

const refuseRsvp = (refusal: RsvpRefusal) =>
  refusal === 'unknown' ? notFound : refuse(refusalSentences[refusal], rsvpStatus(refusal));

/** The status of a page that says so: gone for everybody, or not for this person. */
export function rsvpStatus(refusal: RsvpRefusal): number {
  if (refusal === 'unknown') return 404;
  return refusal === 'over' || refusal === 'cancelled' ? 410 : 403;
}

export const newFeed = signedInForm(feedInput, async ({ ctx, viewer }, { scope }) => {
  const until = await countAct(ctx, feeds, viewer.id);
  if (until) return refuseUntil('That were many new addresses in a short time. Please wait an hour.', until);
  return show({ address: await makeFeed(ctx, viewer, scope) });
});

export const endFeed = signedInForm(nothingInput, async ({ ctx, viewer }) => {
  await revokeFeed(ctx, viewer);
  return goTo('/me/calendar/subscribe?done=ended');
});

function withDone(path: string, done: string): string {
  const url = new URL(path, 'https://here.invalid');
  url.searchParams.set('done', done);
  return url.pathname + url.search + url.hash;
}
