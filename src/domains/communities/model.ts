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

/** `requested` waits for a host’s word; `declined` may ask again; who `left` may join again. */
export const membershipStates = ['requested', 'joined', 'left', 'declined'] as const;
export type MembershipState = (typeof membershipStates)[number];

export const questionKinds = ['text', 'choice', 'choices', 'scale'] as const;
export type QuestionKind = (typeof questionKinds)[number];

export const questionKindNames: Readonly<Record<QuestionKind, string>> = {
  text: 'In words',
  choice: 'One of several options',
  choices: 'Any of several options',
  scale: 'On a scale from 1 to 5',
};

/** Answers by question id: text, the chosen option, several options, or a step of the scale (1 to 5). */
export type SurveyAnswers = Record<string, string | string[] | number>;

export type SurveyQuestion = {
  id: string;
  kind: QuestionKind;
  text: string;
  /** What may be chosen; empty for text and scale. */
  options: readonly string[];
};

/** What every community’s welcome survey asks, before the questions of its hosts. An id, once used, keeps its meaning. */
export const standardQuestions: readonly SurveyQuestion[] = [
  {
    id: 'experience',
    kind: 'choice',
    text: 'How long have you done this role?',
    options: ['This is my first year', 'Two or three years', 'Four to ten years', 'More than ten years'],
  },
  {
    id: 'school-size',
    kind: 'choice',
    text: 'How large is your school?',
    options: ['Up to 300 students', '301 to 800', '801 to 1,500', 'More than 1,500'],
  },
  {
    id: 'support',
    kind: 'scale',
    text: 'How easy is it to find somebody at work who can help you with this role?',
    options: [],
  },
  {
    id: 'challenge',
    kind: 'text',
    text: 'What is the hardest part of your job this year?',
    options: [],
  },
  { id: 'topics', kind: 'text', text: 'Which topics should we take up in the live sessions?', options: [] },
  { id: 'offer', kind: 'text', text: 'What is going well that you could show others?', options: [] },
  {
    id: 'formats',
    kind: 'choices',
    text: 'Which kinds of live session help you most?',
    options: ['Peer presentations', 'Expert interview', 'Mini workshop', 'Professional inquiry'],
  },
  { id: 'times', kind: 'text', text: 'Which days and hours are impossible for you?', options: [] },
];

/** Steps of a scale, and what stands at its ends. */
export const scale = { least: 1, most: 5, leastMeans: 'very hard', mostMeans: 'very easy' } as const;

/** Of a survey: longest answer and question in characters, and how many questions and options hosts may add. */
export const surveyLimits = {
  answer: 2000,
  question: 200,
  option: 100,
  options: 12,
  ownQuestions: 10,
} as const;
