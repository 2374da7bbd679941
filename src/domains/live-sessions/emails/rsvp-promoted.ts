import type { MailContent } from '../../mail/blocks.ts';
import type { LiveSessionView } from '../queries.ts';
import { facts, howToJoin, pageUrl, type Reader } from './pieces.ts';

/** To whoever waited and has a place now. The invitation for their calendar is attached. */
export function rsvpPromoted(liveSession: LiveSessionView, reader: Reader): MailContent {
  return {
    subject: `You have a place: ${liveSession.title}`,
    preview: 'A place became free, and it is yours.',
    blocks: [
      { heading: 'A place became free, and it is yours' },
      { paragraph: `Hello ${reader.name},` },
      { paragraph: 'You were next on the waiting list. The invitation for your calendar is attached.' },
      facts(liveSession, reader.timeZone),
      howToJoin(liveSession),
      { button: 'See the live session', href: pageUrl(liveSession) },
      {
        small: ['You can’t come any more? ', { link: 'Give the place to the next', href: reader.links.cant }],
      },
    ],
  };
}
