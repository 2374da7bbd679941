import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';

/** Tells that somebody who was signed in changed the password. */
export function passwordChangedMail({ name }: { name: string }): MailContent {
  return {
    subject: 'Your PeerSphere password was changed',
    preview: 'Your other browsers were signed out.',
    blocks: [
      { heading: 'Your password was changed' },
      { paragraph: `Hello ${name},` },
      {
        paragraph:
          'A new password was chosen on your page. The browser it was done in stays signed in; all others are signed out.',
      },
      {
        paragraph: [
          { strong: 'If it was not you, ' },
          { link: 'ask for a new password here', href: `${env.siteUrl}/forgot-password` },
          '. That signs everybody out at once.',
        ],
      },
    ],
  };
}
