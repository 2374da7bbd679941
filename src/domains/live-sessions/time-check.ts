import type { Reads } from '#db/client.ts';
import { type HolidayClash, holidayClashes, type MembersHere } from './holidays.ts';
import { type LiveSessionClash, liveSessionClashes, membersByZone } from './plan-queries.ts';
import { isInWindow, type SeasonFacts, windowOf } from './seasons.ts';
import { startOf, wallTimeAt } from './zoned-time.ts';

/** What a time means for the members of some communities. */
export type TimeCheck = {
  startsAt: Date;
  endsAt: Date;
  timeZone: string;
  /** The clocks go back over this hour; the earlier of the two is meant. */
  happensTwice: boolean;
  isPast: boolean;
  /** Whether it is in the window of its round; undefined outside of any season. */
  isInWindow: boolean | undefined;
  /** What their clocks show at the start and end, most members first. */
  hours: (MembersHere & { isUncomfortable: boolean })[];
  holidays: HolidayClash[];
  clashes: LiveSessionClash[];
};

/** When a plan is, before all of it is filled in. */
export type PlannedTime = {
  wallTime: string;
  timeZone: string;
  minutes: number;
  communities: readonly string[];
  seasonSlug: string | null;
  round: number | null;
};

/** Hours of the clock at which people would rather not meet: a start before 7:00, an end after 21:30. */
const comfortable = { from: '07:00', until: '21:30' };

/**
 * Looks at a time through the eyes of the members: their clocks, their holidays, other live sessions of theirs. Refuses a time
 * that there is not, as `createLiveSession` does. Changes nothing. `exceptId` is the live session itself.
 */
export async function checkTime(
  read: Reads,
  now: Date,
  plan: PlannedTime,
  seasons: readonly SeasonFacts[],
  exceptId?: string,
): Promise<TimeCheck | { refused: 'no-such-time' | { skipped: string; earlier: string; later: string } }> {
  const start = startOf(plan.wallTime, plan.timeZone);
  if (!start) return { refused: 'no-such-time' };
  if ('skipped' in start) return { refused: { skipped: plan.wallTime, ...start.skipped } };
  const { startsAt, happensTwice } = start;
  const span = { startsAt, endsAt: new Date(startsAt.getTime() + plan.minutes * 60_000) };
  const [where, clashes] = await Promise.all([
    membersByZone(read, plan.communities),
    liveSessionClashes(read, plan.communities, span, exceptId),
  ]);
  const found = plan.round === null ? undefined : windowOf(seasons, plan.seasonSlug ?? '', plan.round);
  return {
    ...span,
    timeZone: plan.timeZone,
    happensTwice,
    isPast: startsAt <= now,
    isInWindow: found && isInWindow(found.season, found.window, startsAt),
    hours: where.map((each) => ({ ...each, isUncomfortable: isUncomfortable(span, each.timeZone) })),
    holidays: holidayClashes(seasons, span, where),
    clashes,
  };
}

function isUncomfortable({ startsAt, endsAt }: { startsAt: Date; endsAt: Date }, timeZone: string): boolean {
  const [start, end] = [wallTimeAt(startsAt, timeZone), wallTimeAt(endsAt, timeZone)];
  const isOvernight = start.slice(0, 10) !== end.slice(0, 10);
  return isOvernight || start.slice(11) < comfortable.from || end.slice(11) > comfortable.until;
}
