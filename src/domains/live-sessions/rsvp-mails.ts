import { setImmediate as otherWorkDone } from 'node:timers/promises';
import type { Tx } from '#db/client.ts';
import { listed } from '../../lib/text.ts';
import { newId } from '../../platform/ids.ts';
import type { Inline, MailContent } from '../mail/blocks.ts';
import { enqueueMail } from '../mail/enqueue.ts';
import type { MailAttachment } from '../mail/model.ts';
import { type Attendee, attendeesOf } from './attendees.ts';
import { cancellationIcs, invitationIcs } from './calendar.ts';
import { changesBetween } from './changes.ts';
import { liveSessionCancelled } from './emails/live-session-cancelled.ts';
import { liveSessionChanged } from './emails/live-session-changed.ts';
import { type Reader, whenIn } from './emails/pieces.ts';
import { rsvpConfirmed } from './emails/rsvp-confirmed.ts';
import { rsvpPromoted } from './emails/rsvp-promoted.ts';
import { rsvpWaiting } from './emails/rsvp-waiting.ts';
import type { LiveSessionChange } from './model.ts';
import { mayAttend } from './policy.ts';
import type { LiveSessionView } from './queries.ts';
import { rsvpUrl } from './rsvp-links.ts';

/** Local writes never leave the event loop by themselves: after so many mails, whoever else asks for a page gets it. */
const mailsATurn = 10;

/** Queues the confirmation with the invitation. The caller has checked that the attendee may attend. */
export async function mailConfirmation(
  tx: Tx,
  now: Date,
  liveSession: LiveSessionView,
  attendee: Attendee,
): Promise<void> {
  const content = rsvpConfirmed(liveSession, readerOf(liveSession, attendee));
  await send(tx, now, 'rsvp-confirmed', attendee, content, [invitation(liveSession, attendee, now)]);
}

/** Queues word of the place in the waiting list, without the meeting link. */
export async function mailWaiting(
  tx: Tx,
  now: Date,
  liveSession: LiveSessionView,
  attendee: Attendee,
  place: number,
): Promise<void> {
  await send(
    tx,
    now,
    'rsvp-waiting',
    attendee,
    rsvpWaiting(liveSession, readerOf(liveSession, attendee), place),
  );
}

/** Queues word that a place became free, with the invitation. The caller has checked that the attendee may attend. */
export async function mailPromotion(
  tx: Tx,
  now: Date,
  liveSession: LiveSessionView,
  attendee: Attendee,
): Promise<void> {
  const content = rsvpPromoted(liveSession, readerOf(liveSession, attendee));
  await send(tx, now, 'rsvp-promoted', attendee, content, [invitation(liveSession, attendee, now)]);
}

/**
 * Tells those who are going, said maybe or wait what changed between `before` and `after`, or that it is cancelled; their
 * calendars follow. Once for each SEQUENCE. Nothing goes out where they would notice nothing, for a draft, and to those who
 * may not attend any more.
 */
export async function tellAttendees(
  tx: Tx,
  now: Date,
  before: LiveSessionView,
  after: LiveSessionView,
): Promise<void> {
  const isCancelled = after.state === 'cancelled' && before.state !== 'cancelled';
  if (after.state === 'draft' || (after.state === 'cancelled' && !isCancelled)) return;
  const changes = changesBetween(before, after).filter((change) => Object.hasOwn(sentences, change));
  if (!isCancelled && changes.length === 0) return;
  const attendees = await attendeesOf(tx, now, after.id, ['going', 'maybe', 'waiting']);
  for (const [at, attendee] of attendees.entries()) {
    if (!mayAttend(attendee, attendee.memberships, after)) continue;
    const reader = readerOf(after, attendee);
    const isGoing = attendee.answer === 'going';
    const kind = isCancelled ? 'live-session-cancelled' : 'live-session-changed';
    const content = isCancelled
      ? liveSessionCancelled(after, reader, isGoing)
      : liveSessionChanged(
          after,
          reader,
          attendee.answer,
          changes.map((change) => sentences[change]!(before, after, attendee.timeZone)),
        );
    const file = isCancelled ? cancellation(after, attendee, now) : invitation(after, attendee, now);
    await send(tx, now, kind, attendee, content, isGoing ? [file] : [], `${after.id}:${after.sequence}`);
    if (at % mailsATurn === 0) await otherWorkDone();
  }
}

type Sentence = (before: LiveSessionView, after: LiveSessionView, timeZone: string) => Inline[];

const onPage = ' On the page of the live session you find it.';

/** What people are told of a change. Of the others, as of a recording, no mail goes out. */
const sentences: Partial<Record<LiveSessionChange, Sentence>> = {
  time: (before, after, timeZone) => [
    { strong: 'New time: ' },
    `${whenIn(after, timeZone)}. Before, it was ${whenIn(before, timeZone)}.`,
  ],
  link: () => [{ strong: 'The meeting link is new.' }, ' An earlier one does not count any more.'],
  title: (before, after) => [{ strong: 'New title: ' }, `“${after.title}”, before “${before.title}”.`],
  focus: (_before, after) => [{ strong: 'New focus: ' }, after.focus || 'none is given.'],
  details: () => [{ strong: 'What will happen is described anew.' }, onPage],
  preReading: () => [{ strong: 'The pre-reading is new.' }, onPage],
  deck: () => [{ strong: 'The slide deck is new.' }, onPage],
  people: (_before, { people }) => [
    { strong: 'Other people lead it: ' },
    people.length > 0 ? `${listed(people.map(({ name }) => name))}.` : 'we tell you who as soon as we know.',
  ],
  confirmed: () => [{ strong: 'Everything is confirmed:' }, ' time, focus and meeting link stand.'],
};

/** Links are encrypted when a mail names them. */
function readerOf(liveSession: LiveSessionView, { id, name, timeZone }: Attendee): Reader {
  const link = (answer: 'going' | 'cant') =>
    rsvpUrl({ userId: id, liveSessionId: liveSession.id, answer, expiresAt: liveSession.endsAt });
  const links = {
    get going() {
      return link('going');
    },
    get cant() {
      return link('cant');
    },
  };
  return { name, timeZone, links };
}

const invitation = (liveSession: LiveSessionView, attendee: Attendee, now: Date) =>
  asFile('REQUEST', invitationIcs(liveSession, attendee, now));

const cancellation = (liveSession: LiveSessionView, attendee: Attendee, now: Date) =>
  asFile('CANCEL', cancellationIcs(liveSession, attendee, now));

/** RFC 6047 section 2.4: the method stands in the content type too. */
const asFile = (method: 'REQUEST' | 'CANCEL', ics: string): MailAttachment => ({
  filename: 'invitation.ics',
  contentType: `text/calendar; method=${method}; charset=utf-8`,
  content: Buffer.from(ics).toString('base64'),
});

/** `once` names what is told, so that it is told once; without it, this mail is one of its own. */
async function send(
  tx: Tx,
  now: Date,
  kind: string,
  attendee: Attendee,
  content: MailContent,
  attachments: MailAttachment[] = [],
  once: string = newId('req', now),
): Promise<void> {
  await enqueueMail(tx, now, {
    kind,
    dedupeKey: `${kind}:${once}:${attendee.id}`,
    to: attendee.email,
    content,
    attachments,
  });
}
