import { dayIn } from '../../lib/time.ts';
import type { Holiday, SeasonFacts } from './seasons.ts';

/** Members of some communities by where they live and what their clocks show. */
export type MembersHere = { country: string; timeZone: string; members: number };

export type HolidayClash = { name: string; countries: string[]; members: number };

/**
 * Holidays of the seasons that the live session falls on for somebody: the day is that of its start or end where the members
 * are. Those that most members have come first. A holiday that several seasons name counts once.
 */
export function holidayClashes(
  seasons: readonly Pick<SeasonFacts, 'holidays'>[],
  { startsAt, endsAt }: { startsAt: Date; endsAt: Date },
  where: readonly MembersHere[],
): HolidayClash[] {
  const holidays = new Map<string, Holiday>();
  for (const holiday of seasons.flatMap((season) => season.holidays))
    holidays.set(`${holiday.name} ${holiday.startsOn}`, holiday);
  return [...holidays.values()]
    .map(({ name, places, startsOn, endsOn }) => {
      const met = where.filter(
        ({ country, timeZone }) =>
          places.includes(country) &&
          [startsAt, endsAt].some((at) => {
            const day = dayIn(timeZone, at);
            return startsOn <= day && day <= endsOn;
          }),
      );
      const members = met.reduce((sum, each) => sum + each.members, 0);
      return { name, countries: [...new Set(met.map(({ country }) => country))], members };
    })
    .filter(({ members }) => members > 0)
    .sort((a, b) => b.members - a.members);
}
