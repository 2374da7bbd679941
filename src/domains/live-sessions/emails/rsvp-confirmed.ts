import type { MailContent } from '../../mail/blocks.ts';
import type { LiveSessionView } from '../queries.ts';
import { facts, howToJoin, pageUrl, type Reader } from './pieces.ts';

/** To whoever said that they are going. The invitation for their calendar is attached. */
export function rsvpConfirmed(liveSession: LiveSessionView, reader: Reader): MailContent {
  return {
    subject: `You are going: ${liveSession.title}`,
    preview: 'The invitation for your calendar is attached.',
    blocks: [
      { heading: 'You are going' },
      { paragraph: `Hello ${reader.name},` },
      { paragraph: 'Good to have you there. The invitation for your calendar is attached to this mail.' },
      facts(liveSession, reader.timeZone),
      howToJoin(liveSession),
      { button: 'See the live session', href: pageUrl(liveSession) },
      { small: ['Something came up? ', { link: 'Say that you can’t come', href: reader.links.cant }] },
    ],
  };
}
