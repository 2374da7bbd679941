import { shortDay } from '../../lib/dates.ts';
import { dayIn } from '../../lib/time.ts';
import type { SeasonFacts } from '../live-sessions/seasons.ts';
import { countStates, type StateCounts, type TableColumn, type TableRow } from './sam-table.ts';

/** The numbers behind a school’s charts, of its Session Attendance table. No I/O. */

/** A round or a community, and how many of its cells say what. */
export type Attended = { label: string; counts: StateCounts };

/** For each round, over all members in all their communities. */
export const byRound = (columns: readonly TableColumn[], rows: readonly TableRow[]): Attended[] =>
  columns.map(({ title }, at) => ({
    label: title,
    counts: countStates(rows.map(({ cells }) => cells[at] ?? null)),
  }));

/** For each community, over all rounds: where most attended live, in front. */
export const byCommunity = (rows: readonly TableRow[]): Attended[] =>
  [...Map.groupBy(rows, ({ communityName }) => communityName)]
    .map(([label, ofCommunity]) => ({
      label,
      counts: countStates(ofCommunity.flatMap(({ cells }) => cells)),
    }))
    .sort((a, b) => b.counts.live - a.counts.live || a.label.localeCompare(b.label, 'en'));

/** How many people by the end of a month: who have joined the school, and who have taken part at least once. */
export type Reached = { month: string; joined: number; tookPart: number };

/** `Nov 2026`. */
export const monthName = (month: string) => shortDay(`${month}-01`).split(' ').slice(1).join(' ');

const mostMonths = 24;

/** From the season’s first month to now, or to its last. The months are those of the season’s zone: `2026-11`. */
export function reachedByMonth(
  season: SeasonFacts,
  { joinedAt, firstsAt }: { joinedAt: readonly Date[]; firstsAt: readonly Date[] },
  now: Date,
): Reached[] {
  const monthOf = (at: Date) => dayIn(season.timeZone, at).slice(0, 7);
  const last = [monthOf(now), season.endsOn.slice(0, 7)].sort()[0] ?? '';
  const [joinedIn, tookPartIn] = [joinedAt.map(monthOf), firstsAt.map(monthOf)];
  const by = (all: readonly string[], month: string) => all.filter((each) => each <= month).length;
  const months: Reached[] = [];
  for (
    let month = season.startsOn.slice(0, 7);
    month <= last && months.length < mostMonths;
    month = following(month)
  )
    months.push({ month, joined: by(joinedIn, month), tookPart: by(tookPartIn, month) });
  return months;
}

function following(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return number === 12 ? `${year + 1}-01` : `${year}-${String(number + 1).padStart(2, '0')}`;
}
