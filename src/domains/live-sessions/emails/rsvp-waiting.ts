import type { MailContent } from '../../mail/blocks.ts';
import type { LiveSessionView } from '../queries.ts';
import { facts, pageUrl, type Reader } from './pieces.ts';

/** To whoever wants to go when all places are taken. `place` is theirs in the waiting list, from 1. */
export function rsvpWaiting(liveSession: LiveSessionView, reader: Reader, place: number): MailContent {
  return {
    subject: `You are on the waiting list: ${liveSession.title}`,
    preview: `Your place in the waiting list is ${place}.`,
    blocks: [
      { heading: 'You are on the waiting list' },
      { paragraph: `Hello ${reader.name},` },
      {
        paragraph: [
          'All places of this live session are taken. You are ',
          { strong: `number ${place}` },
          ' on the waiting list. When a place becomes free and it is your turn, you get it at once, and we mail you.',
        ],
      },
      facts(liveSession, reader.timeZone),
      { button: 'See the live session', href: pageUrl(liveSession) },
      {
        small: [
          'You can’t come any more? Let others move up: ',
          { link: 'leave the waiting list', href: reader.links.cant },
        ],
      },
    ],
  };
}
