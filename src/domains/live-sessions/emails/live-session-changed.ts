import type { Inline, MailContent } from '../../mail/blocks.ts';
import type { RsvpAnswer } from '../model.ts';
import type { LiveSessionView } from '../queries.ts';
import { facts, howToJoin, pageUrl, type Reader } from './pieces.ts';

/** To whoever has answered: what changed, in sentences, and the live session as it is now. */
export function liveSessionChanged(
  liveSession: LiveSessionView,
  reader: Reader,
  answer: RsvpAnswer,
  changes: readonly (Inline | Inline[])[],
): MailContent {
  const isGoing = answer === 'going';
  return {
    subject: `Changed: ${liveSession.title}`,
    preview: 'What is new, and the live session as it is now.',
    blocks: [
      { heading: 'A live session of yours has changed' },
      { paragraph: `Hello ${reader.name},` },
      { list: [...changes] },
      facts(liveSession, reader.timeZone),
      ...(isGoing ? [howToJoin(liveSession)] : []),
      ...(isGoing ? [{ paragraph: 'The attached invitation brings your calendar up to date.' }] : []),
      { button: 'See the live session', href: pageUrl(liveSession) },
      {
        small: isGoing
          ? ['Does it not suit you any more? ', { link: 'Say that you can’t come', href: reader.links.cant }]
          : answer === 'waiting'
            ? ['You keep your turn. ', { link: 'Leave the waiting list', href: reader.links.cant }]
            : [
                'You said maybe. ',
                { link: 'I am going', href: reader.links.going },
                ' · ',
                { link: 'I can’t come', href: reader.links.cant },
              ],
      },
    ],
  };
}
