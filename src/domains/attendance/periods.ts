import { dayIn } from '../../lib/time.ts';
import type { SeasonFacts } from '../live-sessions/seasons.ts';
import { daysLater, startOf } from '../live-sessions/zoned-time.ts';
import type { Period } from './model.ts';

/** Periods that a record or a report may cover, by the key that stands in their address. */
export type PeriodChoice = Period & { key: string };

export const everything: PeriodChoice = { key: 'all', title: 'Everything', fromAt: null, untilAt: null };

/** Regular seasons that have begun, the latest first, then everything. */
export function periodChoices(seasons: readonly SeasonFacts[], now: Date): PeriodChoice[] {
  const begun = seasons
    .filter(({ kind, startsOn, timeZone }) => kind === 'regular' && startsOn <= dayIn(timeZone, now))
    .sort((a, b) => b.startsOn.localeCompare(a.startsOn));
  return [...begun.map(periodOf), everything];
}

/** The choice of this key; the first for any other. */
export function chosenPeriod(choices: readonly PeriodChoice[], key: string | null): PeriodChoice {
  return choices.find((choice) => choice.key === key) ?? choices[0] ?? everything;
}

function periodOf({ slug, name, startsOn, endsOn, timeZone }: SeasonFacts): PeriodChoice {
  const startOfDay = (day: string) => {
    const start = startOf(`${day}T00:00`, timeZone);
    return start && 'startsAt' in start ? start.startsAt : new Date(`${day}T00:00Z`);
  };
  const dayAfter = daysLater(`${endsOn}T00:00`, 1).slice(0, 10);
  return { key: slug, title: name, fromAt: startOfDay(startsOn), untilAt: startOfDay(dayAfter) };
}
