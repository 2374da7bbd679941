import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';

/** Tells that a new password was set by a link from a mail. */
export function passwordWasReset({ name }: { name: string }): MailContent {
  return {
    subject: 'Your PeerSphere password was changed',
    preview: 'All other browsers were signed out.',
    blocks: [
      { heading: 'Your password was changed' },
      { paragraph: `Hello ${name},` },
      {
        paragraph:
          'A new password was set for you by a link that we had mailed to this address. Every browser that was signed in is signed out.',
      },
      {
        paragraph: [
          'If it was not you, somebody can read your mail. Change the password of your mailbox first, then ',
          { link: 'ask for another new password here', href: `${env.siteUrl}/forgot-password` },
          '.',
        ],
      },
    ],
  };
}
