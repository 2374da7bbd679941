import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';

/** To a new address: the link that makes it the address of a profile. */
export function changeAddressMail({ name, secret }: { name: string; secret: string }): MailContent {
  return {
    subject: 'Confirm your new address for PeerSphere',
    preview: 'One press of a button, and you sign in with this address from now on.',
    blocks: [
      { heading: 'Is this your new address?' },
      { paragraph: `Hello ${name},` },
      {
        paragraph:
          'You asked us to change the address of your PeerSphere profile to this one. Please confirm that it is yours:',
      },
      { button: 'Confirm this address', href: `${env.siteUrl}/verify/${secret}` },
      { paragraph: 'The link works once, and for one day. Until then everything stays as it is.' },
      {
        small:
          'If you did not ask for this, somebody mistyped their own address. There is nothing to do: without this link nothing changes.',
      },
    ],
  };
}

/** To an address that somebody with a profile asked for, and that another profile has: only its owner learns so. */
export function addressInUseMail({ name }: { name: string }): MailContent {
  return {
    subject: 'This address already has a PeerSphere profile',
    preview: 'Somebody asked to use it for another profile. Nothing has changed.',
    blocks: [
      { heading: 'This address is in use' },
      { paragraph: `Hello ${name},` },
      {
        paragraph:
          'Somebody asked to use this address for another PeerSphere profile. It is the address of yours, and an address belongs to one profile only, so nothing has changed.',
      },
      {
        paragraph: [
          'Was it you, with a second profile? ',
          { link: 'Write to us', href: `${env.siteUrl}/contact` },
          ' and we will help you to keep the right one. If it was not you, there is nothing to do.',
        ],
      },
    ],
  };
}
