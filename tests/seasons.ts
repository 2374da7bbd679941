import type { SeasonFacts } from '../src/domains/live-sessions/seasons.ts';

const noHolidays = { holidays: [], timeZone: 'Asia/Shanghai' } as const;

/** A regular season of four rounds and a sprint season within it, as content has them. */
export const season: SeasonFacts = {
  ...noHolidays,
  slug: 'season-2026-27',
  name: 'Season 2026–27',
  kind: 'regular',
  startsOn: '2026-05-13',
  endsOn: '2027-05-31',
  windows: [
    { title: 'Live Session 1', round: 1, startsOn: '2026-10-12', endsOn: '2026-11-06' },
    { title: 'Live Session 2', round: 2, startsOn: '2026-11-09', endsOn: '2026-12-04' },
    { title: 'Live Session 3', round: 3, startsOn: '2027-02-22', endsOn: '2027-03-19' },
    { title: 'Live Session 4', round: 4, startsOn: '2027-03-22', endsOn: '2027-04-23' },
  ],
};
export const sprint: SeasonFacts = {
  ...noHolidays,
  slug: 'sprint-2026-autumn',
  name: 'Sprint season, autumn 2026',
  kind: 'sprint',
  startsOn: '2026-09-01',
  endsOn: '2026-11-30',
  windows: [
    { title: 'Sprint Live Session 1', round: 1, startsOn: '2026-09-28', endsOn: '2026-09-30' },
    { title: 'Sprint Live Session 2', round: 2, startsOn: '2026-10-12', endsOn: '2026-10-16' },
  ],
};
