import { longDay } from '../../lib/dates.ts';
import type { FailedRelease, Move, ReleaseCause } from './model.ts';
import type { TouchedEntry } from './queries.ts';

/** What the screens of publishing say. */

export const causeWords: Readonly<Record<ReleaseCause, string>> = {
  first: 'The first release',
  content: 'Saves',
  code: 'A new version of the software',
  asked: 'Asked for',
};

export const moveWords: Readonly<Record<Move['how'], string>> = {
  published: 'Published',
  unchanged: 'Kept, since the newest save changed nothing that people see',
  'rolled-back': 'Gone back to',
  undone: 'Gone back to, because the newer one did not start',
};

/** Who can do something about a failure. */
export const reasonWords: Readonly<Record<FailedRelease['reason'], string>> = {
  content: 'Mend this in the editor and save: that tries again by itself.',
  tried:
    'The new release was built and tried, and something on it was not right. Mend it in the editor and save.',
  code: 'This is a fault of the software, not of what was written. Please tell whoever runs the site.',
  machine:
    'The machine could not do it. It is tried again by itself; if it stays, tell whoever runs the site.',
};

export const kindWords: Readonly<Record<TouchedEntry['kind'], string>> = {
  added: 'new',
  changed: 'changed',
  deleted: 'deleted',
};

/** Time that something took or has taken: `2.4 s`, `1 min 12 s`. */
export function tookText(ms: number): string {
  if (ms < 100) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10_000) return `${(ms / 1000).toLocaleString('en-GB', { maximumFractionDigits: 1 })} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `2.4 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const [size, unit] = bytes < 1_000_000 ? [bytes / 1000, 'KB'] : [bytes / 1_000_000, 'MB'];
  return `${size.toLocaleString('en-GB', { maximumFractionDigits: 1 })} ${unit}`;
}

/** The hour that the clocks skip, and what to choose instead: those are walls of the same zone, `2026-03-29T03:30`. */
export function skippedSentence(
  clock: string,
  day: string,
  { earlier, later }: { earlier: string; later: string },
): string {
  return `There is no ${clock} on ${longDay(day)}: the clocks go forward over it. Choose ${earlier.slice(11)} or ${later.slice(11)}.`;
}

/** Why a planned change is refused. */
export function plannedSentence(refusal: 'past' | 'full' | 'no-history'): string {
  switch (refusal) {
    case 'past':
      return 'This is in the past. Choose a time that is still to come, or leave day and hour empty.';
    case 'full':
      return 'Twenty changes wait already. Publish or drop one of them first.';
    case 'no-history':
      return 'The content here has no history, so nothing can wait in it. That is so while the site is developed.';
  }
}
