import type { RsvpAnswer } from './model.ts';

/** What somebody may say; whoever says `going` when no place is left is kept as `waiting`. */
export const givenAnswers = ['going', 'maybe', 'cant'] as const;
export type GivenAnswer = (typeof givenAnswers)[number];

export type RsvpRefusal =
  /** There is none of this id, or it is a draft, which is not told apart. */
  | 'unknown'
  | 'not-member'
  | 'for-sams'
  | 'not-joined'
  /** For members of communities that have closed, so that nobody can join them any more. */
  | 'closed'
  | 'cancelled'
  /** It has ended. */
  | 'over';

/** What a button says. */
export const answerLabels: Readonly<Record<GivenAnswer, string>> = {
  going: 'Going',
  maybe: 'Maybe',
  cant: 'Can’t go',
};

/** What was answered, as a state. */
export const answerWords: Readonly<Record<RsvpAnswer, string>> = {
  going: 'You are going',
  maybe: 'You said maybe',
  cant: 'You can’t go',
  waiting: 'You are on the waiting list',
};

/** The same when the live session is over. */
export const pastAnswerWords: Readonly<Record<RsvpAnswer, string>> = {
  going: 'You said that you were going',
  maybe: 'You said maybe',
  cant: 'You said that you could not go',
  waiting: 'You were on the waiting list',
};

/** What signing in completes, for somebody who answered before it. */
export const wishSentences: Readonly<Record<GivenAnswer, string>> = {
  going: 'Sign in, and it is noted that you are going.',
  maybe: 'Sign in, and your “maybe” is noted.',
  cant: 'Sign in, and it is noted that you can’t go.',
};

/** Why an answer was not kept, and what to do. */
export const refusalSentences: Readonly<Record<RsvpRefusal, string>> = {
  unknown: 'There is no such live session.',
  'not-member': 'Live sessions are for members, and you have no membership at the moment.',
  'for-sams': 'This live session is for School Account Managers.',
  'not-joined':
    'This live session is for members of its community. Join the community first, then answer again.',
  closed: 'This live session is for members of a community that has closed. Nobody can join it any more.',
  cancelled: 'This live session is cancelled, so there is nothing to answer any more.',
  over: 'This live session is over, so there is nothing to answer any more.',
};

/** What a page says after an answer, by `?done=`. */
export const rsvpNotices: Readonly<Record<string, string>> = {
  'rsvp-going': 'You are going. The invitation for your calendar is on its way by mail.',
  'rsvp-waiting':
    'All places are taken: you are on the waiting list. When it is your turn you get a place, and a mail.',
  'rsvp-maybe': 'Noted: maybe. Nothing is held for you until you say that you are going.',
  'rsvp-cant': 'Noted: you can’t go. If it is in your calendar, take it out there.',
};
