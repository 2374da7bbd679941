import { nothingInput } from '../domains/accounts/sign-in-inputs.ts';
import { countAct, type Limit } from '../domains/accounts/throttles.ts';
import { makeFeed, revokeFeed } from '../domains/live-sessions/feeds.ts';
import { rsvp } from '../domains/live-sessions/rsvp.ts';
import { feedInput, rsvpInput } from '../domains/live-sessions/rsvp-inputs.ts';
import { readRsvpToken } from '../domains/live-sessions/rsvp-links.ts';
import { refusalSentences } from '../domains/live-sessions/rsvp-words.ts';
import { safeNext } from '../lib/next-path.ts';
import { goTo, notFound, publicForm, refuse, refuseUntil, show, signedInForm } from './define.ts';

/** Each answer may send a mail: so many an hour, from one person. */
const answers = { name: 'rsvps', most: 120, inMs: 3_600_000 } as const satisfies Limit;
const feeds = { name: 'calendar-feeds', most: 30, inMs: 3_600_000 } as const satisfies Limit;

const tooOften = 'You have answered very often just now. Please wait an hour.';

/** The answer to one live session. Whoever is signed out signs in first and presses once more: signing in alone says nothing. */
export const answerLiveSession = publicForm(rsvpInput, async ({ ctx, viewer, params, url }, input) => {
  const { answer, next } = input;
  if (!viewer) {
    const back = new URLSearchParams({ answer, ...(next && { next }) });
    return goTo(`/sign-in?next=${encodeURIComponent(`${url.pathname}?${back}`)}`);
  }
  const until = await countAct(ctx, answers, viewer.id);
  if (until) return refuseUntil(tooOften, until);
  const id = params['id'] ?? '';
  const kept = await rsvp(ctx, viewer, id, answer);
  if ('refused' in kept)
    return kept.refused === 'unknown'
      ? notFound
      : refuse(refusalSentences[kept.refused], statusOf[kept.refused]);
  return goTo(withDone(safeNext(next, `/live-sessions/${id}`), `rsvp-${kept.answer}`));
});

/** The same by a link from a mail, for whoever holds it. */
export const answerFromMail = publicForm(nothingInput, async ({ ctx, params }) => {
  const link = readRsvpToken(params['token'] ?? '');
  if (!link) return notFound;
  if (link.expiresAt <= ctx.now) return refuse(refusalSentences.over, 410);
  const until = await countAct(ctx, answers, link.userId);
  if (until) return refuseUntil(tooOften, until);
  const kept = await rsvp(ctx, { id: link.userId }, link.liveSessionId, link.answer);
  if ('refused' in kept)
    return kept.refused === 'unknown'
      ? notFound
      : refuse(refusalSentences[kept.refused], statusOf[kept.refused]);
  return show(kept);
});

export const newFeed = signedInForm(feedInput, async ({ ctx, viewer }, { scope }) => {
  const until = await countAct(ctx, feeds, viewer.id);
  if (until) return refuseUntil('That were many new addresses in a short time. Please wait an hour.', until);
  return show({ address: await makeFeed(ctx, viewer, scope) });
});

export const endFeed = signedInForm(nothingInput, async ({ ctx, viewer }) => {
  await revokeFeed(ctx, viewer);
  return goTo('/me/calendar/subscribe?done=ended');
});

const statusOf = { 'not-allowed': 403, cancelled: 410, over: 410 } as const;

function withDone(path: string, done: string): string {
  const url = new URL(path, 'https://here.invalid');
  url.searchParams.set('done', done);
  return url.pathname + url.search + url.hash;
}
