import type { Block, MailContent } from '../../mail/blocks.ts';
import type { LiveSessionView } from '../queries.ts';
import { facts, howToJoin, pageUrl, type Reader } from './pieces.ts';
import { focusOf, untilText, whyThisMail } from './reminder-pieces.ts';

/** To whoever is going, a week or a day before. The caller has checked that they may attend. */
export function sessionReminder(liveSession: LiveSessionView, reader: Reader, now: Date): MailContent {
  const until = untilText(liveSession.startsAt, now, reader.timeZone);
  const preReading: Block[] = liveSession.preReading
    ? [
        {
          paragraph: [
            'There is something to read or prepare before: ',
            { link: 'see it on the page', href: pageUrl(liveSession) },
            '.',
          ],
        },
      ]
    : [];
  return {
    subject: `${until}: ${liveSession.title}`,
    preview: 'You said that you are going.',
    blocks: [
      { heading: until },
      { paragraph: `Hello ${reader.name},` },
      { paragraph: 'You said that you are going to this live session. We look forward to you.' },
      facts(liveSession, reader.timeZone),
      ...focusOf(liveSession),
      ...preReading,
      howToJoin(liveSession),
      { button: 'See the live session', href: pageUrl(liveSession) },
      { small: ['Something came up? ', { link: 'Say that you can’t come', href: reader.links.cant }] },
      whyGoing,
    ],
  };
}

/** To whoever is going, an hour before: the way in, first. The caller has checked that they may attend. */
export function sessionReminderHour(liveSession: LiveSessionView, reader: Reader, now: Date): MailContent {
  const until = untilText(liveSession.startsAt, now, reader.timeZone);
  const wayIn: Block = liveSession.meetingLink
    ? { button: 'Join the live session', href: liveSession.meetingLink }
    : { button: 'See the live session', href: pageUrl(liveSession) };
  const note = liveSession.meetingLink
    ? 'The link is for you: please do not pass it on.'
    : 'The meeting link is not there yet. It will stand on the page.';
  return {
    subject: `${until}: ${liveSession.title}`,
    preview: 'Your way in.',
    blocks: [
      { heading: until },
      wayIn,
      { paragraph: note },
      facts(liveSession, reader.timeZone),
      { small: ['Something came up? ', { link: 'Say that you can’t come', href: reader.links.cant }] },
      whyGoing,
    ],
  };
}

const whyGoing = whyThisMail('You get this because you said that you are going.');
