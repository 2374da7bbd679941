import { longDay } from '../../lib/dates.ts';
import type { LiveSessionState } from './model.ts';
import type { ChangeRefusal } from './plan.ts';
import type { PlannedRow } from './plan-queries.ts';

/** Plans in words. */

export const stateNames: Readonly<Record<LiveSessionState, string>> = {
  draft: 'Draft',
  scheduled: 'Scheduled',
  confirmed: 'Details confirmed',
  held: 'Held',
  recorded: 'Recording published',
  cancelled: 'Cancelled',
};

/** What a live session that is still to come lacks, as a list of things; empty for one that is over or cancelled. */
export function missingOf(row: PlannedRow, now: Date): string[] {
  if (row.endsAt <= now || row.state === 'cancelled') return [];
  return [
    !row.hasHost && 'a host',
    !row.hasDetails && 'focus and key details',
    !row.hasLink && 'meeting link',
  ].filter((part) => part !== false);
}

/** `14 October 2026, 16:00`, of what clocks show. */
const wallText = (wallTime: string) => `${longDay(wallTime.slice(0, 10))}, ${wallTime.slice(11)}`;

/** Why a plan is refused, by the field that it is about. `unknown` is for the caller: there is nothing to say. */
export function refusalSentences(refusal: Exclude<ChangeRefusal, 'unknown'>): Record<string, string> {
  if (typeof refusal === 'object') {
    const { skipped, earlier, later } = refusal;
    return {
      clock: `There is no ${skipped.slice(11)} on ${longDay(skipped.slice(0, 10))}: the clocks go forward over it. Choose ${wallText(earlier)}, or ${wallText(later)}.`,
    };
  }
  switch (refusal) {
    case 'no-such-time':
      return { day: 'There is no such day or hour in this time zone.' };
    case 'in-the-past':
      return { day: 'This is in the past. Choose a time that is still to come.' };
    case 'no-such-round':
      return { round: 'The season does not have this round, or not so many. Choose another.' };
    case 'outside':
      return {
        outsideReason:
          'This day is in no window of the round that you chose. Choose another day or round, or say why it is outside.',
      };
    case 'unknown-community':
      return { communities: 'Choose communities that you host and that are still open.' };
    case 'not-a-host':
      return { hosts: 'Choose people who host one of these communities.' };
    case 'not-a-ta':
      return { taId: 'Choose somebody who is a technical assistant.' };
    case 'already-planned':
      return { day: 'One of these communities meets at this very time already.' };
    case 'over':
      return { form: 'This live session is over. Its plan stays as it was.' };
    case 'cancelled':
      return { form: 'This live session was cancelled. Plan a new one instead.' };
  }
}
