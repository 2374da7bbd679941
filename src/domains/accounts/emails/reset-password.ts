import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';

/** The link for a new password, to somebody who asked for it. */
export function resetPasswordMail({ name, secret }: { name: string; secret: string }): MailContent {
  return {
    subject: 'Choose a new PeerSphere password',
    preview: 'The link in this mail works once, for 30 minutes.',
    blocks: [
      { heading: 'A new password' },
      { paragraph: `Hello ${name},` },
      { paragraph: 'Somebody asked for a new password for this address. If it was you, choose one here:' },
      { button: 'Choose a new password', href: `${env.siteUrl}/reset-password/${secret}` },
      { paragraph: 'The link works once, and for 30 minutes.' },
      {
        small:
          'If it was not you, there is nothing to do: your password stays as it is. Nobody can change it without this mail.',
      },
    ],
  };
}
