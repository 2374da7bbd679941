import { env } from '../../../platform/env.ts';
import type { Block, MailContent } from '../../mail/blocks.ts';
import type { LiveSessionView } from '../queries.ts';
import { facts, type Reader } from './pieces.ts';

/** To whoever has answered and did not say no: it does not take place, and why. */
export function liveSessionCancelled(
  liveSession: LiveSessionView,
  reader: Reader,
  isGoing: boolean,
): MailContent {
  const reason: Block[] = liveSession.cancelReason ? [{ quote: liveSession.cancelReason }] : [];
  return {
    subject: `Cancelled: ${liveSession.title}`,
    preview: 'This live session does not take place.',
    blocks: [
      { heading: 'This live session is cancelled' },
      { paragraph: `Hello ${reader.name},` },
      { paragraph: 'We are sorry: it does not take place.' },
      ...reason,
      facts(liveSession, reader.timeZone),
      ...(isGoing ? [{ paragraph: 'The attached file takes it out of your calendar.' }] : []),
      { button: 'See what else is coming', href: `${env.siteUrl}/me/calendar` },
    ],
  };
}
