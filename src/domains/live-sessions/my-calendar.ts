import type { Reads } from '#db/client.ts';
import { dayIn } from '../../lib/time.ts';
import type { Id } from '../../platform/ids.ts';
import type { Viewer } from '../accounts/model.ts';
import { findAttendee } from './attendees.ts';
import { comingEntries, entriesBetween, type MyEntry, pastEntries } from './calendar-queries.ts';
import type { RsvpAnswer } from './model.ts';
import { rsvpCounts } from './rsvp.ts';

/** `agenda`: what is coming; `past`: what was; `month`: one month as a grid. */
type CalendarView = 'agenda' | 'past' | 'month';

export type MyCalendar = {
  view: CalendarView;
  /** `2026-11`, in the viewer’s zone. */
  month: string;
  entries: MyEntry[];
  counts: Map<Id<'ses'>, Record<RsvpAnswer, number>>;
  hasCommunities: boolean;
};

const dayMs = 24 * 3_600_000;
const mostShown = 100;

/** The viewer’s calendar as `?view=&month=` asks for it; anything else is the agenda, and this month. 3 queries. */
export async function myCalendar(
  read: Reads,
  now: Date,
  viewer: Pick<Viewer, 'id' | 'timeZone'>,
  params: URLSearchParams,
): Promise<MyCalendar> {
  const asked = params.get('view');
  const view: CalendarView = asked === 'past' || asked === 'month' ? asked : 'agenda';
  const month = monthFrom(params.get('month')) ?? dayIn(viewer.timeZone, now).slice(0, 7);
  const mine = await findAttendee(read, now, viewer.id);
  if (!mine) return { view, month, entries: [], counts: new Map(), hasCommunities: false };
  const entries = await (view === 'month'
    ? monthEntries(read, mine, viewer.timeZone, month)
    : view === 'past'
      ? pastEntries(read, mine, now, mostShown)
      : comingEntries(read, mine, now, mostShown));
  const counts = await rsvpCounts(
    read,
    entries.map(({ id }) => id),
  );
  return { view, month, entries, counts, hasCommunities: mine.memberships.length > 0 };
}

/** A zone is at most a day away from UTC, so a day on both sides is read too and left out by the calendar there. */
async function monthEntries(
  read: Reads,
  mine: NonNullable<Awaited<ReturnType<typeof findAttendee>>>,
  timeZone: string,
  month: string,
): Promise<MyEntry[]> {
  const from = new Date(Date.parse(`${month}-01T00:00:00Z`) - dayMs);
  const until = new Date(Date.parse(`${monthBeside(month, 1)}-01T00:00:00Z`) + dayMs);
  const entries = await entriesBetween(read, mine, from, until);
  return entries.filter(({ startsAt }) => dayIn(timeZone, startsAt).startsWith(month));
}

/** The month `by` months later, or earlier where it is negative: `2026-12`. */
export function monthBeside(month: string, by: number): string {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
}

const monthFrom = (text: string | null) =>
  text && /^20\d\d-(?:0[1-9]|1[0-2])$/.test(text) ? text : undefined;
