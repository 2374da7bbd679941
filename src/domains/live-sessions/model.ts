/** Words and pure rules of live sessions. Browser-safe. */

export const liveSessionStates = [
  'draft',
  'scheduled',
  'confirmed',
  'held',
  'recorded',
  'cancelled',
] as const;
export type LiveSessionState = (typeof liveSessionStates)[number];

export const liveSessionAudiences = ['communities', 'members', 'sams'] as const;
export type LiveSessionAudience = (typeof liveSessionAudiences)[number];

export const liveSessionParts = ['host', 'co-host', 'ta'] as const;
export type LiveSessionPart = (typeof liveSessionParts)[number];

/** `waiting`: said going when no place was left. */
export const rsvpAnswers = ['going', 'maybe', 'cant', 'waiting'] as const;
export type RsvpAnswer = (typeof rsvpAnswers)[number];

export const feedScopes = ['going', 'all'] as const;
export type FeedScope = (typeof feedScopes)[number];

export const defaultLengthMinutes = 90;

/** Longest texts of a live session, in characters, and the bounds of its length in minutes. */
export const liveSessionLimits = {
  title: 120,
  focus: 300,
  details: 4000,
  preReading: 2000,
  url: 500,
  reason: 500,
  shortestMinutes: 15,
  longestMinutes: 480,
  places: 1000,
  communities: 10,
  coHosts: 4,
} as const;

/**
 * What state a live session is in at `now`. Nobody has to say that it is over: one that was scheduled or confirmed counts as
 * held from its end on.
 */
export function stateAt(liveSession: { state: LiveSessionState; endsAt: Date }, now: Date): LiveSessionState {
  const { state, endsAt } = liveSession;
  return (state === 'scheduled' || state === 'confirmed') && endsAt <= now ? 'held' : state;
}

/** One thing that changed and that calendars or mails tell of. */
export type LiveSessionChange =
  | 'title'
  | 'time'
  | 'link'
  | 'focus'
  | 'details'
  | 'communities'
  | 'people'
  | 'preReading'
  | 'deck'
  | 'confirmed'
  | 'cancelled'
  | 'recording';
