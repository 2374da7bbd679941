/** Words and pure rules of the launch kit. Browser-safe. */

/** What editors may write into the kit's texts, in braces, and what stands there then. */
const placeholders = {
  school: 'the name of the school',
  link: 'its activation link',
  sam: 'the name of the SAM',
  network: 'the name of this site',
  communities: 'how many communities there are now',
  colleagues: 'how many people of the school have joined',
  joined: 'a sentence about that, also when nobody has',
} as const;

export type Placeholder = keyof typeof placeholders;
export const placeholderNames = Object.keys(placeholders) as Placeholder[];

/** For editors, below each field that takes them. */
export const placeholderHint = `Filled in for each school: ${placeholderNames.map((name) => `{${name}}`).join(', ')}.`;

/** Where a text is pasted. */
export const textParts = { email: 'E-mail to colleagues', newsletter: 'Newsletter' } as const;
export type TextPart = keyof typeof textParts;

/** How long a talk the deck is for, in minutes. */
export const deckLengths = [10, 30] as const;
export type DeckLength = (typeof deckLengths)[number];

/** Which decks a slide is in. */
export const slideVersions = { both: 'Both decks', long: 'Only the 30-minute deck' } as const;

/** What a slide draws beside its words. All of it is alive: counts, windows and pairs come from where they are kept. */
export const slideShows = {
  nothing: 'Nothing',
  title: 'The opening slide',
  link: 'The activation link and its QR code',
  counts: 'Live numbers',
  networks: 'The three networks',
  season: 'The windows of the season',
  pains: 'The six pains and potions of the home page',
  steps: 'The first five steps',
} as const;
export type SlideShow = keyof typeof slideShows;

/** The deck somebody asked for by `?minutes=`; the short one where the words are none of ours. */
export function deckLength(asked: string | null): DeckLength {
  return deckLengths.find((minutes) => String(minutes) === asked) ?? 10;
}

/** The slides of a deck, in their order. */
export function slidesOf<S extends { order: number; version: keyof typeof slideVersions; title: string }>(
  slides: readonly S[],
  minutes: DeckLength,
): S[] {
  return slides
    .filter(({ version }) => version === 'both' || minutes === 30)
    .sort((a, b) => a.order - b.order || a.title.localeCompare(b.title));
}

/** How many have joined, as a sentence that is right for any number. */
export function joinedSentence(colleagues: number): string {
  if (colleagues === 0) return 'You could be the first of us to join.';
  if (colleagues === 1) return 'One of us has joined already.';
  return `${colleagues.toLocaleString('en-GB')} of us have joined already.`;
}

/** Why the kit has no link to hand out. */
export type LinkProblem = 'none' | 'unreadable' | 'paused' | 'ended';

/** What the SAM is told instead. */
export const linkProblems: Readonly<Record<LinkProblem, string>> = {
  none: 'Your school has no activation link at this moment. Make one on your dashboard, and it stands in every part of the kit.',
  unreadable:
    'Your school’s activation link was kept under another secret of the server and cannot be shown any more. Replace it on your dashboard, and the new one stands in every part of the kit.',
  paused:
    'Your school’s membership is paused: nobody new can join, so the kit shows no activation link at this moment.',
  ended: 'Your school’s membership has ended: nobody can join, so the kit shows no activation link any more.',
};

/** What stands in the texts where the link would. */
export const noLinkWords = '(no activation link at this moment)';
