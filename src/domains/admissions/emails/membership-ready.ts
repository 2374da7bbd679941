import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';
import { hello } from './pieces.ts';

/** Tells somebody who has a sign-in already that their membership has begun. */
export function membershipReady({ name }: { name: string }): MailContent {
  return {
    subject: 'Your PeerSphere membership has begun',
    preview: 'Sign in with the password you have.',
    blocks: [
      { heading: 'Your membership has begun' },
      { paragraph: hello(name) },
      {
        paragraph:
          'Everything is paid, thank you. You have a sign-in already, so there is nothing to set up: your profile and your record are as you left them.',
      },
      { button: 'Sign in', href: `${env.siteUrl}/sign-in` },
      {
        paragraph: [
          'If you have forgotten your password, ',
          { link: 'choose a new one', href: `${env.siteUrl}/forgot-password` },
          '.',
        ],
      },
    ],
  };
}
