import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';
import { hello } from './pieces.ts';

/** The link with which somebody whose payment has arrived chooses a password and becomes a member. */
export function membershipSetUp({ name, secret }: { name: string; secret: string }): MailContent {
  return {
    subject: 'Set up your PeerSphere membership',
    preview: 'Your payment has arrived. Choose a password and come in.',
    blocks: [
      { heading: 'Come in' },
      { paragraph: hello(name) },
      { paragraph: 'Everything is paid, thank you. One step is left: choose your password.' },
      { button: 'Set up my membership', href: `${env.siteUrl}/join/set-up/${secret}` },
      {
        paragraph:
          'The link works once, and for seven days. If it has ended, reply to this mail and we send another.',
      },
      { small: 'This link is yours alone. Please do not forward it.' },
    ],
  };
}
