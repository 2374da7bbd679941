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
