import { momentText } from '../../lib/time.ts';
import type { FileParts } from './meeting-file-tables.ts';
import {
  cellText,
  clockTime,
  type DateOrder,
  dateOrders,
  offsetAt,
  offsetText,
  type WrittenTime,
  writtenTime,
} from './meeting-file-times.ts';

/** The live session that a file should be of. */
export type PlannedMeeting = { startsAt: Date; endsAt: Date; timeZone: string };

/** How the times of one file are read. */
export type FileClock = {
  /**
   * The instant that a cell means, in milliseconds; one without a day is on the day of `after`, or on the next where it
   * would be before it. Undefined where the cell holds no time.
   */
  instantOf: (cell: string | undefined, after?: number) => number | undefined;
  /** The times are of another day than the live session. */
  isOtherDay: boolean;
  warnings: string[];
};

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * Settles for the whole file whether days or months stand first, and in which zone its times are: neither is written in it.
 * The order is the one in which all dates exist and are nearest to the plan. The zone is that of the live session, unless
 * another offset brings the middle one of the times at which people came much nearer to the planned start: UTC then needs
 * to be 25 minutes nearer, a whole hour 40, a part of one 50. Times with an offset of their own mean what they say.
 * When people came more than twelve hours from the plan both in its zone and in UTC, it is another day, and the zone of the
 * live session is kept.
 */
export function clockOf({ tables, summary }: FileParts, planned: PlannedMeeting): FileClock {
  const ownOffset = offsetAt(planned.timeZone, planned.startsAt);
  const plannedClock = planned.startsAt.getTime() + ownOffset;
  const timeIn = reader();
  const times = timesIn({ tables, summary }, timeIn);
  const order = orderOf([...times.joins, ...times.others], plannedClock);
  const came = middle(
    times.joins.flatMap((time) => {
      const at = clockTime(time, order, plannedClock);
      return at === undefined ? [] : [time.offset === undefined ? at : at - time.offset + ownOffset];
    }),
  );
  const isInstant = times.joins.some((time) => time.offset !== undefined);
  const plans = isInstant ? [plannedClock] : [plannedClock, planned.startsAt.getTime()];
  const isOtherDay = came !== undefined && plans.every((at) => Math.abs(came - at) > 12 * hour);
  const offset =
    came === undefined || isOtherDay || isInstant
      ? ownOffset
      : offsetFor(came, planned.startsAt.getTime(), ownOffset);

  const instantOf = (cell: string | undefined, after?: number) => {
    const time = timeIn(cell);
    if (!time) return undefined;
    const ahead = time.offset ?? offset;
    const at = clockTime(time, order, (after ?? planned.startsAt.getTime()) + ahead);
    if (at === undefined) return undefined;
    const isNextDay = !time.date && after !== undefined && at - ahead < after;
    return at - ahead + (isNextDay ? day : 0);
  };
  return { instantOf, isOtherDay, warnings: clockWarnings(came, offset, { isOtherDay, ownOffset }) };
}

function clockWarnings(
  came: number | undefined,
  offset: number,
  { isOtherDay, ownOffset }: { isOtherDay: boolean; ownOffset: number },
): string[] {
  if (came === undefined) return [];
  if (isOtherDay)
    return [
      `The file says that people came on ${momentText(new Date(came), 'UTC')}: is it the right live session?`,
    ];
  if (offset === ownOffset || offset === 0) return [];
  return [
    `The times in the file fit the live session only when they are in a zone at UTC${offsetText(offset)}: is it the right live session?`,
  ];
}

type TimeReader = (cell: string | undefined) => WrittenTime | undefined;

/** Reads each time once, however often it stands in the file. */
function reader(): TimeReader {
  const known = new Map<string, WrittenTime | undefined>();
  return (cell = '') => {
    if (!known.has(cell)) known.set(cell, writtenTime(cellText(cell)));
    return known.get(cell);
  };
}

/** When people came, and every other time that helps to tell days from months. */
function timesIn(
  { tables, summary }: Pick<FileParts, 'tables' | 'summary'>,
  read: TimeReader,
): {
  joins: WrittenTime[];
  others: WrittenTime[];
} {
  const column = (kind: 'joined' | 'left' | 'at', of?: 'people') =>
    tables
      .filter((table) => of === undefined || table.of === of)
      .flatMap(({ columns, rows }) => {
        const at = columns[kind];
        return at === undefined
          ? []
          : rows.map(({ cells }) => read(cells[at])).filter((time) => time !== undefined);
      });
  const dated = (time: WrittenTime | undefined) => time !== undefined && time.date !== undefined;
  const start = [read(summary.start)].filter(dated) as WrittenTime[];
  const end = [read(summary.end)].filter(dated) as WrittenTime[];
  const came = [column('joined', 'people'), column('joined'), column('at'), start].find((found) =>
    found.some(dated),
  );
  return { joins: (came ?? []).filter(dated), others: [...column('left').filter(dated), ...start, ...end] };
}

/** The order in which most dates exist; of several such, the one that is nearest to the plan. */
function orderOf(times: readonly WrittenTime[], plannedClock: number): DateOrder {
  const tried = dateOrders.map((order) => {
    const found = times.map((time) => clockTime(time, order, undefined)).filter((at) => at !== undefined);
    const distance = Math.abs((middle(found) ?? plannedClock) - plannedClock);
    return { order, count: found.length, distance };
  });
  return tried.toSorted((one, other) => other.count - one.count || one.distance - other.distance)[0]!.order;
}

function middle(values: readonly number[]): number | undefined {
  return values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) / 2)];
}

function offsetFor(came: number, plannedStart: number, ownOffset: number): number {
  const candidates = [
    { offset: ownOffset, least: 0 },
    { offset: 0, least: 25 * minute },
  ];
  for (let offset = -12 * hour; offset <= 14 * hour; offset += 15 * minute)
    candidates.push({ offset, least: offset % hour === 0 ? 40 * minute : 50 * minute });
  const distance = ({ offset, least }: { offset: number; least: number }) =>
    Math.abs(came - offset - plannedStart) + least;
  return candidates.reduce((best, one) => (distance(one) < distance(best) ? one : best)).offset;
}
