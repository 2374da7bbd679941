import { listed } from '../../../lib/text.ts';
import type { MailContent } from '../../mail/blocks.ts';
import type { LiveSessionView } from '../queries.ts';
import { facts, pageUrl, type Reader } from './pieces.ts';
import { focusOf, untilText, whyThisMail } from './reminder-pieces.ts';

/** To whoever joined the community and has not answered, a while before the start. Without the meeting link. */
export function sessionInvitation(
  liveSession: LiveSessionView,
  reader: Reader & { links: { maybe: string } },
  now: Date,
): MailContent {
  const until = untilText(liveSession.startsAt, now, reader.timeZone);
  const { links } = reader;
  return {
    subject: `Are you going? ${until}: ${liveSession.title}`,
    preview: 'Going, maybe or can’t: one press says it.',
    blocks: [
      { heading: 'Are you going?' },
      { paragraph: `Hello ${reader.name},` },
      {
        paragraph: `${until} there is a live session of ${listed(liveSession.communities.map(({ name }) => name))}. You have not said yet whether you come.`,
      },
      facts(liveSession, reader.timeZone),
      ...focusOf(liveSession),
      { button: 'I am going', href: links.going },
      {
        paragraph: [
          'Or say: ',
          { link: 'Maybe', href: links.maybe },
          ' · ',
          { link: 'I can’t come', href: links.cant },
          ' · ',
          { link: 'See the live session first', href: pageUrl(liveSession) },
        ],
      },
      whyThisMail('You get this because you joined the community and have not answered.'),
    ],
  };
}
