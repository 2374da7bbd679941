import { clockText, dayIn } from '../../../lib/time.ts';
import { env } from '../../../platform/env.ts';
import type { Block } from '../../mail/blocks.ts';
import type { LiveSessionView } from '../queries.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

/**
 * How long it is until the start, for whoever reads it where they are: `In a week`, `In 6 days`, `Tomorrow at 16:00`, `Today at
 * 21:30`, `In an hour`, `In 30 minutes`.
 */
export function untilText(startsAt: Date, now: Date, timeZone: string): string {
  const minutes = Math.round((startsAt.getTime() - now.getTime()) / minute);
  if (minutes < 50) return minutes === 1 ? 'In a minute' : `In ${minutes} minutes`;
  if (minutes <= 75) return 'In an hour';
  const days = Math.round((Date.parse(dayIn(timeZone, startsAt)) - Date.parse(dayIn(timeZone, now))) / day);
  if (days === 0) return `Today at ${clockText(startsAt, timeZone)}`;
  if (days === 1) return `Tomorrow at ${clockText(startsAt, timeZone)}`;
  return days === 7 ? 'In a week' : `In ${days} days`;
}

/** What it is about, where somebody wrote it. */
export const focusOf = ({ focus }: LiveSessionView): Block[] => (focus ? [{ quote: focus }] : []);

/** Why the mail came, and where to choose which ones come. */
export function whyThisMail(why: string): Block {
  const href = `${env.siteUrl}/me/calendar/reminders`;
  return { small: [`${why} `, { link: 'Choose which reminders you get, and when', href }] };
}
