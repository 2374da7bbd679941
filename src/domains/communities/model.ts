/** The kinds of work that communities are ordered by. */
export const areas = {
  teaching: 'Teaching',
  leadership: 'Leadership',
  pastoral: 'Pastoral',
  operations: 'Operations',
  technology: 'Technology',
} as const;

export const audiences = {
  'early-years': 'Early years',
  primary: 'Primary',
  secondary: 'Secondary',
  'whole-school': 'Whole school',
} as const;

export const languages = {
  english: 'English',
  chinese: 'Chinese',
  bilingual: 'English and Chinese',
} as const;

/** Partner associations whose communities may have a scheduling guide of their own. */
export const associations = { none: 'None', aims: 'AIMS', acamis: 'ACAMIS' } as const;

export const membershipTypes = {
  open: 'Open to every member',
  approval: 'By approval of the hosts',
  sams: 'For School Account Managers',
  hosts: 'For hosts',
} as const;

export const meetingPatterns = {
  regular: 'Four live sessions over the season',
  'sprint-1': 'Four live sessions, one every two weeks, in the first sprint season',
  'sprint-2': 'Four live sessions, one every two weeks, in the second sprint season',
  association: 'On the dates of the partner association’s scheduling guide',
} as const;

export type Area = keyof typeof areas;
export type Audience = keyof typeof audiences;

export type MembershipType = keyof typeof membershipTypes;

/** `requested` waits for a host’s word; `declined` may ask again; who `left` may join again. */
export const membershipStates = ['requested', 'joined', 'left', 'declined'] as const;
export type MembershipState = (typeof membershipStates)[number];

export const questionKinds = ['text', 'choice', 'choices', 'scale'] as const;
export type QuestionKind = (typeof questionKinds)[number];

/** Answers by question id: text, the chosen option, several options, or a step of the scale (1 to 5). */
export type SurveyAnswers = Record<string, string | string[] | number>;
