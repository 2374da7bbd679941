import { dayIn } from '../../lib/time.ts';

/** Seasons are content: whoever reads it hands them in as values. */

/** First and last day included: `2026-10-12`. */
export type SeasonWindow = { title: string; round: number; startsOn: string; endsOn: string };

export type SeasonFacts = {
  slug: string;
  name: string;
  kind: 'regular' | 'sprint';
  startsOn: string;
  endsOn: string;
  /** Where its days are days. */
  timeZone: string;
  windows: readonly SeasonWindow[];
  holidays: readonly Holiday[];
};

/** Days to avoid in some countries (ISO 3166-1 alpha-2). */
export type Holiday = { name: string; places: readonly string[]; startsOn: string; endsOn: string };

/** Seasons that have not ended, the one that starts first in front: what can be planned for. */
export function seasonsAhead(seasons: readonly SeasonFacts[], now: Date): SeasonFacts[] {
  return seasons
    .filter(({ endsOn, timeZone }) => dayIn(timeZone, now) <= endsOn)
    .sort((a, b) => a.startsOn.localeCompare(b.startsOn));
}

/** Whether the day of the start, in the season’s own zone, is one of the window’s days. */
export function isInWindow(
  season: Pick<SeasonFacts, 'timeZone'>,
  window: Pick<SeasonWindow, 'startsOn' | 'endsOn'>,
  startsAt: Date,
): boolean {
  const day = dayIn(season.timeZone, startsAt);
  return window.startsOn <= day && day <= window.endsOn;
}

/** The season and window that a round belongs to; undefined when there is none. */
export function windowOf(seasons: readonly SeasonFacts[], seasonSlug: string, round: number) {
  const season = seasons.find(({ slug }) => slug === seasonSlug);
  const window = season?.windows.find((each) => each.round === round);
  return season && window && { season, window };
}
