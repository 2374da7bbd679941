import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';

/** To the address that somebody left, with the way back. Says nothing of the new one: a mailbox at a school has other readers. */
export function addressChangedMail({ name, secret }: { name: string; secret: string }): MailContent {
  return {
    subject: 'Your PeerSphere address was changed',
    preview: 'If it was not you, undo it here within seven days.',
    blocks: [
      { heading: 'Your address was changed' },
      { paragraph: `Hello ${name},` },
      {
        paragraph:
          'From now on you sign in to PeerSphere with another address, and our mails go there. This is the last one that comes here.',
      },
      {
        paragraph: [
          { strong: 'If it was not you, undo it now.' },
          ' Your profile gets this address back, everybody is signed out, and you choose a new password.',
        ],
      },
      { button: 'It was not me: undo it', href: `${env.siteUrl}/verify/${secret}` },
      { paragraph: 'The link works once, and for seven days.' },
    ],
  };
}

/** To the address that somebody took. */
export function newAddressMail({ name }: { name: string }): MailContent {
  return {
    subject: 'You now sign in to PeerSphere with this address',
    preview: 'Your old address was told as well.',
    blocks: [
      { heading: 'Your new address works' },
      { paragraph: `Hello ${name},` },
      {
        paragraph:
          'From now on you sign in with this address, and our mails come here. Your password is the same. We told your old address as well, and it can undo the change for seven days.',
      },
      { button: 'Open your profile', href: `${env.siteUrl}/me` },
    ],
  };
}

/** To the address that is a profile’s again. */
export function addressRestoredMail({ name }: { name: string }): MailContent {
  return {
    subject: 'Your PeerSphere profile has this address again',
    preview: 'Everybody was signed out, and the old password works no more.',
    blocks: [
      { heading: 'The change is undone' },
      { paragraph: `Hello ${name},` },
      {
        paragraph:
          'Your profile has this address again. Everybody was signed out, and the password of before works no more, because whoever changed the address knew it.',
      },
      {
        paragraph: [
          'If you have not chosen a new password yet, ',
          { link: 'ask for a link here', href: `${env.siteUrl}/forgot-password` },
          '. Did you use the old one on other sites? Change it there as well.',
        ],
      },
    ],
  };
}

/** To the address that a profile had for a while. */
export function addressTakenBackMail(): MailContent {
  return {
    subject: 'A change of address on PeerSphere was undone',
    preview: 'This address no longer belongs to a profile.',
    blocks: [
      { heading: 'The change was undone' },
      {
        paragraph:
          'A PeerSphere profile was changed to this address a short time ago. The address from before has undone that, and everybody was signed out.',
      },
      {
        paragraph: ['If this surprises you, ', { link: 'write to us', href: `${env.siteUrl}/contact` }, '.'],
      },
    ],
  };
}
