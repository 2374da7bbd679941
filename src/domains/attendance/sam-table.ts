import { dayIn } from '../../lib/time.ts';
import type { Id } from '../../platform/ids.ts';
import type { SeasonFacts } from '../live-sessions/seasons.ts';
import {
  type AttendanceMark,
  type AttendanceState,
  attendanceStateOf,
  dayOfAttendance,
  dueWithinDays,
} from './model.ts';
import { kindOf, type StateKind, stateKinds, tookPart } from './state-words.ts';

/** The Session Attendance table: what stands in it, of facts that its queries read. No I/O. */

/** A live session of one community. One that two communities share stands here twice. */
export type TableLiveSession = {
  id: Id<'ses'>;
  slug: string;
  communityName: string;
  seasonSlug: string | null;
  round: number | null;
  startsAt: Date;
  endsAt: Date;
  isCancelled: boolean;
  isConfirmed: boolean;
  /** When a mark of it last changed; null while there is none. */
  updatedAt: Date | null;
};

/** A member in one of their communities. `since` is undefined for one that they have left. */
export type TablePerson = {
  userId: Id<'usr'>;
  name: string;
  jobTitle: string;
  slug: string;
  communityName: string;
  since: Date | undefined;
  /** When they joined the school: what was before is none of its business. */
  joinedAt: Date;
};

export type TableColumn = { seasonSlug: string; seasonName: string; round: number; title: string };

/** What a SAM sees of a member in one community. What is not here, no SAM learns. */
export type TableRow = {
  userId: Id<'usr'>;
  name: string;
  jobTitle: string;
  slug: string;
  communityName: string;
  /** A state for each column; null where the community does not meet in that season. */
  cells: (AttendanceState | null)[];
  /** Of the live sessions of their community outside of rounds: how many were held, and how many of those they attended. */
  other: { attended: number; held: number } | null;
};

/** Marks by user, and by live session. */
export type Marks = ReadonlyMap<Id<'usr'>, ReadonlyMap<string, AttendanceMark>>;

/**
 * The season that somebody asked for, or else the regular one whose rounds have begun, the latest; before any has begun, the
 * first to come. Undefined where content has none.
 */
export function chooseSeason(
  seasons: readonly SeasonFacts[],
  asked: string | null,
  now: Date,
): SeasonFacts | undefined {
  const named = seasons.find(({ slug }) => slug === asked);
  if (named) return named;
  const regular = seasons
    .filter(({ kind, windows }) => kind === 'regular' && windows.length > 0)
    .sort((a, b) => firstDay(a).localeCompare(firstDay(b)));
  return (
    regular.findLast((season) => firstDay(season) <= dayIn(season.timeZone, now)) ?? regular[0] ?? seasons[0]
  );
}

const firstDay = ({ windows }: SeasonFacts) => windows.map(({ startsOn }) => startsOn).sort()[0] ?? '';

/** Sprint seasons that lie within a regular one: communities that plan in them have their columns beside its own. */
export const sprintsWithin = (season: SeasonFacts, seasons: readonly SeasonFacts[]): SeasonFacts[] =>
  season.kind === 'regular'
    ? seasons
        .filter(
          ({ kind, startsOn, endsOn }) =>
            kind === 'sprint' && season.startsOn <= startsOn && endsOn <= season.endsOn,
        )
        .sort((a, b) => a.startsOn.localeCompare(b.startsOn))
    : [];

/** The rounds of the season, and those of sprint seasons within it in which one of these live sessions stands. */
export function columnsOf(
  season: SeasonFacts,
  seasons: readonly SeasonFacts[],
  liveSessions: readonly TableLiveSession[],
): TableColumn[] {
  const planned = new Set(
    liveSessions.filter(({ isCancelled }) => !isCancelled).map(({ seasonSlug }) => seasonSlug),
  );
  const sprints = sprintsWithin(season, seasons).filter(({ slug }) => planned.has(slug));
  return [season, ...sprints].flatMap(({ slug, name, windows }) =>
    windows.map(({ round, title }) => ({ seasonSlug: slug, seasonName: name, round, title })),
  );
}

/** Fills the rows of these people. */
export function tableRows(
  people: readonly TablePerson[],
  {
    season,
    columns,
    liveSessions,
    marks,
    now,
  }: {
    season: SeasonFacts;
    columns: readonly TableColumn[];
    liveSessions: readonly TableLiveSession[];
    marks: Marks;
    now: Date;
  },
): TableRow[] {
  const plans = new Map<string, CommunityPlan>();
  const byCommunity = Map.groupBy(liveSessions, ({ slug }) => slug);
  const planFor = (slug: string): CommunityPlan => {
    const known = plans.get(slug);
    if (known) return known;
    const made = communityPlan(byCommunity.get(slug) ?? [], columns, season, now);
    plans.set(slug, made);
    return made;
  };
  return people.map(({ since, joinedAt, ...person }) => {
    const plan = planFor(person.slug);
    const theirs = marks.get(person.userId);
    const stateOf = (liveSession: TableLiveSession): AttendanceState =>
      isBefore(liveSession, joinedAt) && !liveSession.isCancelled
        ? 'not-a-member'
        : attendanceStateOf(
            liveSession,
            { mark: theirs?.get(liveSession.id), isConfirmed: liveSession.isConfirmed, memberSince: since },
            now,
          );
    const cells = plan.rounds.map((ofRound) => (ofRound ? best(ofRound.map(stateOf)) : null));
    const held = plan.others.filter((each) => !isBefore(each, joinedAt));
    const attended = held.filter((each) => tookPart(stateOf(each))).length;
    const other = held.length > 0 ? { attended, held: held.length } : null;
    return { ...person, cells, other };
  });
}

/** Whether it was over before somebody joined the school. */
const isBefore = ({ endsAt }: TableLiveSession, joinedAt: Date) => endsAt.getTime() < joinedAt.getTime();

/** The live sessions of one community by column, null for columns that are not its; and those outside of rounds that were held. */
type CommunityPlan = { rounds: (TableLiveSession[] | null)[]; others: TableLiveSession[] };

const communityPlan = (
  theirs: readonly TableLiveSession[],
  columns: readonly TableColumn[],
  season: SeasonFacts,
  now: Date,
): CommunityPlan => ({
  rounds: columns.map((column) =>
    meetsIn(theirs, column, columns, season)
      ? theirs.filter(({ seasonSlug, round }) => seasonSlug === column.seasonSlug && round === column.round)
      : null,
  ),
  others: theirs.filter((each) => each.endsAt <= now && isOther(each, season)),
});

/** A sprint season has only the communities that plan in it, and those have no other season unless they plan there too. */
function meetsIn(
  theirs: readonly TableLiveSession[],
  column: TableColumn,
  columns: readonly TableColumn[],
  season: SeasonFacts,
): boolean {
  const plansIn = (seasonSlug: string) =>
    theirs.some((each) => each.seasonSlug === seasonSlug && !each.isCancelled);
  if (plansIn(column.seasonSlug)) return true;
  const others = columns.filter(({ seasonSlug }) => seasonSlug !== season.slug);
  return column.seasonSlug === season.slug && !others.some(({ seasonSlug }) => plansIn(seasonSlug));
}

/** Whether a live session of the season’s days belongs to no round. */
function isOther(liveSession: TableLiveSession, season: SeasonFacts): boolean {
  const { seasonSlug, round, isCancelled, startsAt } = liveSession;
  if (isCancelled || (seasonSlug !== null && round !== null)) return false;
  const day = dayIn(season.timeZone, startsAt);
  return season.startsOn <= day && day <= season.endsOn;
}

const rank = (state: AttendanceState) => stateKinds.indexOf(kindOf(state));

/** Of several live sessions of one round the best counts. */
const best = ([first = 'not-planned', ...others]: readonly AttendanceState[]): AttendanceState =>
  others.reduce((most, state) => (rank(state) < rank(most) ? state : most), first);

/** Live sessions that are held and whose attendance nobody has confirmed, the longest overdue first. */
export type DueLiveSession = {
  communityName: string;
  round: string;
  endsAt: Date;
  day: number;
  isOverdue: boolean;
};

export function dueOf(
  liveSessions: readonly TableLiveSession[],
  columns: readonly TableColumn[],
  now: Date,
): DueLiveSession[] {
  return liveSessions
    .filter(({ isCancelled, isConfirmed, endsAt }) => !isCancelled && !isConfirmed && endsAt <= now)
    .flatMap(({ communityName, seasonSlug, round, endsAt }) => {
      const column = columns.find((each) => each.seasonSlug === seasonSlug && each.round === round);
      const day = dayOfAttendance(endsAt, now);
      return column
        ? [{ communityName, round: column.title, endsAt, day, isOverdue: day > dueWithinDays }]
        : [];
    })
    .sort((a, b) => a.endsAt.getTime() - b.endsAt.getTime());
}

/** When a mark of these live sessions last changed; null while there is none. */
export function lastUpdate(liveSessions: readonly TableLiveSession[]): Date | null {
  const times = liveSessions.flatMap(({ updatedAt }) => (updatedAt ? [updatedAt.getTime()] : []));
  return times.length > 0 ? new Date(Math.max(...times)) : null;
}

/** How many cells say what. */
export type StateCounts = Record<StateKind, number>;

export function countStates(states: readonly (AttendanceState | null)[]): StateCounts {
  const counts = Object.fromEntries(stateKinds.map((kind) => [kind, 0])) as StateCounts;
  for (const state of states) if (state !== null) counts[kindOf(state)] += 1;
  return counts;
}

/** For each of these people who took part in anything, when the first of it began. */
export function firstsOf(
  people: readonly TablePerson[],
  liveSessions: readonly TableLiveSession[],
  marks: Marks,
): Date[] {
  const byCommunity = Map.groupBy(liveSessions, ({ slug }) => slug);
  const firsts = new Map<string, Date>();
  for (const { userId, slug, joinedAt } of people) {
    const theirs = marks.get(userId);
    if (!theirs) continue;
    for (const liveSession of byCommunity.get(slug) ?? []) {
      if (!tookPart(theirs.get(liveSession.id) ?? null) || isBefore(liveSession, joinedAt)) continue;
      const before = firsts.get(userId);
      if (before === undefined || liveSession.startsAt < before) firsts.set(userId, liveSession.startsAt);
    }
  }
  return [...firsts.values()];
}
