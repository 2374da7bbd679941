import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';

/** Tells that a profile stays after all. */
export function erasureCancelledMail({ name }: { name: string }): MailContent {
  return {
    subject: 'Your PeerSphere profile stays',
    preview: 'It will not be deleted.',
    blocks: [
      { heading: 'Your profile stays' },
      { paragraph: `Hello ${name},` },
      { paragraph: 'It will not be deleted, and everything in it is as it was. We are glad that you stay.' },
      { button: 'Open your profile', href: `${env.siteUrl}/me` },
    ],
  };
}
