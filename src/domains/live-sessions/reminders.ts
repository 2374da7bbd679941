import { setImmediate as otherWorkDone } from 'node:timers/promises';
import { gt, lt, or } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { reminderProgress } from '#db/schema/live-sessions.ts';
import type { Ctx } from '../../platform/context.ts';
import type { Id } from '../../platform/ids.ts';
import { log } from '../../platform/log.ts';
import type { MailContent } from '../mail/blocks.ts';
import { enqueueMail } from '../mail/enqueue.ts';
import type { Attendee } from './attendees.ts';
import { sessionInvitation } from './emails/session-invitation.ts';
import { sessionReminder, sessionReminderHour } from './emails/session-reminder.ts';
import { stateAt } from './model.ts';
import { mayAttend } from './policy.ts';
import { findLiveSession, type LiveSessionView } from './queries.ts';
import {
  type Candidate,
  type Choice,
  choicesOfGoing,
  choicesOfUnanswered,
  goingPage,
  type LiveSessionAhead,
  liveSessionsAhead,
  recipientsAmong,
  unansweredPage,
} from './reminder-queries.ts';
import {
  type DueSpan,
  leadToSend,
  mayBeDue,
  type ReminderLead,
  type ReminderList,
} from './reminder-rules.ts';
import { rsvpUrl } from './rsvp-links.ts';

/** So many mails are queued in one write: the next in the queue of writes waits no longer than these take. */
const mailsAWrite = 5;
/** A time of the last round that lies so far ahead was written by a clock that was wrong. */
const wrongClockMs = 3_600_000;

/** How many mails were due, those among them that a round cut off had queued. */
export type Reminded = Record<ReminderList, number>;

/**
 * Queues the mails about live sessions that became due since the last round that was finished, and remembers that this one is.
 * The first round of all queues none. Two may run at once, and one may end anywhere: the next does what is left, and each mail
 * goes once, as its key names member, live session, start and how long before. (The outbox forgets keys after ninety days,
 * and none is due for longer than eight.) So a live session that is moved is reminded of anew. Who comes onto a list after a
 * mail was due there gets the next.
 *
 * Whether somebody is on the list, wants the mail and may attend is asked again in the write that queues it. Invited are
 * those who joined one of its communities and may attend: of a live session for all members too, nobody else. A mail that
 * cannot be queued keeps back no other. Once `signal` is aborted no further write is begun.
 */
export async function remind({ db, now }: Ctx, signal?: AbortSignal): Promise<Reminded> {
  const reminded: Reminded = { invitation: 0, reminder: 0 };
  const after = await doneUntil(db.read, now);
  const span = { after: after ?? now, now };
  const isDue = dueIn(span);
  let isWhole = true;
  for (const liveSession of after ? await liveSessionsAhead(db.read, now) : []) {
    if (signal?.aborted) return reminded;
    if (!mayBeDue(liveSession.startsAt, span)) continue;
    for await (const { list, userIds } of batches(db.read, liveSession, isDue)) {
      if (signal?.aborted) return reminded;
      const queued = await queueOneByOneIfNeeded({ db, now }, liveSession, list, span, userIds);
      reminded[list] += queued.mails;
      isWhole &&= !queued.hasFailed;
    }
  }
  if (isWhole) await finish({ db, now });
  return reminded;
}

/** The end of the last round; undefined before the first. */
async function doneUntil(read: Reads, now: Date): Promise<Date | undefined> {
  const [row] = await read.select({ at: reminderProgress.doneUntilAt }).from(reminderProgress);
  return row && (row.at.getTime() > now.getTime() + wrongClockMs ? now : row.at);
}

/** Never goes back, so that a slow round does not undo a later one; only a time that is plainly wrong is mended. */
async function finish({ db, now }: Ctx): Promise<void> {
  const wrong = new Date(now.getTime() + wrongClockMs);
  await db.write((tx) =>
    tx
      .insert(reminderProgress)
      .values({ id: 1, doneUntilAt: now })
      .onConflictDoUpdate({
        target: reminderProgress.id,
        set: { doneUntilAt: now },
        setWhere: or(lt(reminderProgress.doneUntilAt, now), gt(reminderProgress.doneUntilAt, wrong))!,
      }),
  );
}

type Batch = { list: ReminderList; userIds: Id<'usr'>[] };
type IsDue = (list: ReminderList, startsAt: Date, choice: Choice) => boolean;

/** Those to whom a mail about the live session seems to be due, few at a time. */
async function* batches(
  read: Reads,
  { id, startsAt, communities }: LiveSessionAhead,
  isDue: IsDue,
): AsyncGenerator<Batch> {
  yield* few(
    'reminder',
    () => choicesOfGoing(read, id),
    (zones, place) => goingPage(read, id, zones, place),
  );
  for (const slug of communities)
    yield* few(
      'invitation',
      () => choicesOfUnanswered(read, id, slug),
      (zones, place) => unansweredPage(read, id, slug, zones, place),
    );

  async function* few(
    list: ReminderList,
    choices: () => Promise<Choice[]>,
    pageAfter: (zones: readonly string[], place?: Candidate['place']) => Promise<Candidate[]>,
  ): AsyncGenerator<Batch> {
    const due = (await choices()).filter((choice) => isDue(list, startsAt, choice));
    const zones = [...new Set(due.map(({ timeZone }) => timeZone))];
    await otherWorkDone(); // local reads never leave the event loop by themselves
    if (zones.length === 0) return;
    let page = await pageAfter(zones);
    while (page.length > 0) {
      const userIds = page.filter((one) => isDue(list, startsAt, one)).map(({ userId }) => userId);
      for (let at = 0; at < userIds.length; at += mailsAWrite)
        yield { list, userIds: userIds.slice(at, at + mailsAWrite) };
      await otherWorkDone();
      page = await pageAfter(zones, page.at(-1)!.place);
    }
  }
}

/** Whether a mail is due in `span`. Many live sessions start together and most members choose alike: each case is worked out once. */
function dueIn(span: DueSpan): IsDue {
  const known = new Map<string, boolean>();
  return (list, startsAt, { timeZone, settings }) => {
    const { wanted, quiet } = settings;
    const { week, day, hour } = wanted[list];
    const key = [list, startsAt.getTime(), timeZone, week, day, hour, quiet?.from, quiet?.until].join(' ');
    const due = known.get(key) ?? leadToSend(startsAt, list, settings, timeZone, span) !== undefined;
    known.set(key, due);
    return due;
  };
}

/** A mail that cannot be made keeps back no other: where a write fails, each of its mails is tried alone, and the next round tries again. */
async function queueOneByOneIfNeeded(
  ctx: Ctx,
  liveSession: LiveSessionAhead,
  list: ReminderList,
  span: DueSpan,
  userIds: readonly Id<'usr'>[],
): Promise<{ mails: number; hasFailed: boolean }> {
  try {
    return { mails: await queue(ctx, liveSession, list, span, userIds), hasFailed: false };
  } catch (error) {
    if (userIds.length === 1) {
      log.error({ err: error, liveSessionId: liveSession.id, userId: userIds[0] }, 'reminder.failed');
      return { mails: 0, hasFailed: true };
    }
  }
  let [mails, hasFailed] = [0, false];
  for (const userId of userIds) {
    const one = await queueOneByOneIfNeeded(ctx, liveSession, list, span, [userId]);
    mails += one.mails;
    hasFailed ||= one.hasFailed;
  }
  return { mails, hasFailed };
}

/** Queues the mails that are still due to these people as everything stands now. Returns how many. */
function queue(
  { db, now }: Ctx,
  ahead: LiveSessionAhead,
  list: ReminderList,
  span: DueSpan,
  userIds: readonly Id<'usr'>[],
): Promise<number> {
  return db.write(async (tx) => {
    const liveSession = await findLiveSession(tx, ahead.id);
    if (!liveSession || !['scheduled', 'confirmed'].includes(stateAt(liveSession, now))) return 0;
    let mails = 0;
    for (const recipient of await recipientsAmong(tx, now, ahead, list, userIds)) {
      const { settings, timeZone } = recipient;
      const lead = leadToSend(liveSession.startsAt, list, settings, timeZone, span);
      if (!lead || !mayAttend(recipient, recipient.memberships, liveSession)) continue;
      await send(tx, now, liveSession, list, lead, recipient);
      mails += 1;
    }
    return mails;
  });
}

async function send(
  tx: Tx,
  now: Date,
  liveSession: LiveSessionView,
  list: ReminderList,
  lead: ReminderLead,
  recipient: Attendee,
): Promise<void> {
  const kind = `session-${list}-${lead}`;
  await enqueueMail(tx, now, {
    kind,
    dedupeKey: `${kind}:${liveSession.id}:${liveSession.startsAt.getTime()}:${recipient.id}`,
    to: recipient.email,
    content: contentOf(now, liveSession, list, lead, recipient),
    optional: true,
  });
}

function contentOf(
  now: Date,
  liveSession: LiveSessionView,
  list: ReminderList,
  lead: ReminderLead,
  { id, name, timeZone }: Attendee,
): MailContent {
  const link = (answer: 'going' | 'maybe' | 'cant') =>
    rsvpUrl({ userId: id, liveSessionId: liveSession.id, answer, expiresAt: liveSession.endsAt });
  const links = { going: link('going'), maybe: link('maybe'), cant: link('cant') };
  const reader = { name, timeZone, links };
  if (list === 'invitation') return sessionInvitation({ ...liveSession, meetingLink: '' }, reader, now);
  return lead === 'hour'
    ? sessionReminderHour(liveSession, reader, now)
    : sessionReminder(liveSession, reader, now);
}
