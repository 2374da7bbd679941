import { Temporal } from 'temporal-polyfill';

/**
 * Two lists that never mix: `invitation`, to who joined a community of the live session and has not answered; `reminder`, to
 * who is going.
 */
export type ReminderList = 'invitation' | 'reminder';

/** How long before the start a mail goes. */
export const reminderLeads = ['week', 'day', 'hour'] as const;
export type ReminderLead = (typeof reminderLeads)[number];

/** What the clocks show where the member is: `22:00`, from the one to the other, over midnight too. */
export type QuietHours = { from: string; until: string };

export type ReminderSettings = {
  wanted: Readonly<Record<ReminderList, Readonly<Record<ReminderLead, boolean>>>>;
  /** When no such mail goes; null for no quiet hours. */
  quiet: QuietHours | null;
};

/** What holds for everybody who has chosen nothing. An hour before, somebody who has not answered twice is left alone. */
export const defaultReminders: ReminderSettings = {
  wanted: {
    invitation: { week: true, day: true, hour: false },
    reminder: { week: true, day: true, hour: true },
  },
  quiet: { from: '22:00', until: '07:00' },
};

/** Clocks that quiet hours begin and end at: `00:00` to `23:30`. So they meet quarters of an hour in every zone. */
export const quietClocks: readonly string[] = Array.from(
  { length: 48 },
  (_, half) => `${String(Math.floor(half / 2)).padStart(2, '0')}:${half % 2 === 0 ? '00' : '30'}`,
);

export const longestQuietHours = 12;

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const leadMs: Readonly<Record<ReminderLead, number>> = { week: 7 * day, day, hour };

/** How late a mail may still go, where the server was off: after that, it would be about something else. */
const mostLateMs: Readonly<Record<ReminderLead, number>> = { week: day, day: 6 * hour, hour };

/** So long before the start, or before quiet hours begin, a mail goes at the latest: it has to arrive and to be read. */
const leastNoticeMs = 15 * minute;

/** How long quiet hours can last: an hour more where the clocks go back in them. */
const longestQuietMs = (longestQuietHours + 1) * hour;

/** How many hours of the clock lie between the two. */
export function quietLength({ from, until }: QuietHours): number {
  const hours = (clock: string) => Number(clock.slice(0, 2)) + Number(clock.slice(3)) / 60;
  return (hours(until) - hours(from) + 24) % 24;
}

/**
 * When the mail is due: a week, a day or an hour before the start. In the member’s quiet hours it waits for their end; where
 * less than a quarter of an hour would be left then, it goes a quarter of an hour before they begin: who goes to something at
 * 06:30 is told the evening before. `timeZone` is the member’s.
 */
export function dueAt(startsAt: Date, lead: ReminderLead, timeZone: string, quiet: QuietHours | null): Date {
  const at = startsAt.getTime() - leadMs[lead];
  const span = quiet && quietAround(at, timeZone, quiet);
  if (!span) return new Date(at);
  return new Date(span.end <= startsAt.getTime() - leastNoticeMs ? span.end : span.begin - leastNoticeMs);
}

/** The span from which the mails that became due are handled: after the one instant, up to and with the other. */
export type DueSpan = { after: Date; now: Date };

/**
 * Which mail of a list goes to a member now, at the end of `span`; undefined for none. At most one: the next one’s turn ends
 * that of the one before. Late, after the server was off, a week’s mail goes for a day, a day’s for six hours and an hour’s
 * until the start; what is more than a quarter of an hour late is not sent in quiet hours, then it is left out.
 */
export function leadToSend(
  startsAt: Date,
  list: ReminderList,
  { wanted, quiet }: ReminderSettings,
  timeZone: string,
  { after, now }: DueSpan,
): ReminderLead | undefined {
  if (startsAt <= now) return undefined;
  const come = reminderLeads
    .filter((lead) => wanted[list][lead])
    .map((lead) => ({ lead, at: dueAt(startsAt, lead, timeZone, quiet) }))
    .filter(({ at }) => at <= now);
  const last = come.at(-1);
  if (!last || last.at <= after) return undefined;
  const lateMs = now.getTime() - last.at.getTime();
  if (lateMs > mostLateMs[last.lead]) return undefined;
  if (lateMs > leastNoticeMs && quiet && quietAround(now.getTime(), timeZone, quiet)) return undefined;
  return last.lead;
}

/**
 * Whether any member, whatever their zone and quiet hours, may get a mail about this live session in `span`. Mails that quiet
 * hours move go at a quarter of an hour, so most minutes hold those only that nothing moves.
 */
export function mayBeDue(startsAt: Date, { after, now }: DueSpan): boolean {
  if (startsAt <= now) return false;
  const quarter = leastNoticeMs;
  const hasQuarter = Math.floor(after.getTime() / quarter) !== Math.floor(now.getTime() / quarter);
  return reminderLeads.some((lead) => {
    const at = startsAt.getTime() - leadMs[lead];
    const earliest = hasQuarter && lead === 'hour' ? at - longestQuietMs - leastNoticeMs : at;
    const latest = hasQuarter ? at + longestQuietMs : at;
    return earliest <= now.getTime() && latest > after.getTime();
  });
}

/** From how long before the start mails go. */
export const firstLeadMs: number = leadMs.week;

/** Instants between which the quiet hours that hold `at` last; undefined when none do. Clocks that change make them no shorter. */
function quietAround(
  at: number,
  timeZone: string,
  { from, until }: QuietHours,
): { begin: number; end: number } | undefined {
  const here = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone).toPlainDate();
  const instant = (date: Temporal.PlainDate, clock: string, disambiguation: 'earlier' | 'later') =>
    date.toPlainDateTime(clock).toZonedDateTime(timeZone, { disambiguation }).epochMilliseconds;
  for (const days of [-1, 0]) {
    const date = here.add({ days });
    const begin = instant(date, from, 'earlier');
    const end = instant(until > from ? date : date.add({ days: 1 }), until, 'later');
    if (begin <= at && at < end) return { begin, end };
  }
  return undefined;
}
