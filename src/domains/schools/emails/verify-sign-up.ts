import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';
import { greeting } from './greeting.ts';

/** To the address in a profile form that nobody has yet: proves that it is theirs. */
export function verifySignUpMail({
  name,
  schoolName,
  secret,
}: {
  name: string;
  schoolName: string;
  secret: string;
}): MailContent {
  return {
    subject: 'Confirm your address for PeerSphere',
    preview: 'One press of a button, and you are in.',
    blocks: [
      { heading: 'One press, and you are in' },
      { paragraph: greeting(name) },
      {
        paragraph: [
          'your profile at PeerSphere is ready. Confirm that this address is yours, and you join through ',
          { strong: schoolName },
          '.',
        ],
      },
      { button: 'Confirm my address', href: `${env.siteUrl}/verify/${secret}` },
      {
        paragraph:
          'The link works once, and for 24 hours. On another device than the one with the form, have the password ready that you have just chosen.',
      },
      {
        small:
          'You did not fill in a form? Then somebody mistyped their address. There is nothing to do: without the button, nothing is made with yours.',
      },
    ],
  };
}
