import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';
import { greeting } from './greeting.ts';

/** To a colleague whom their school’s SAM invited by address. */
export function invitationMail({
  name,
  schoolName,
  invitedBy,
  secret,
}: {
  /** Empty when the SAM gave none. */
  name: string;
  schoolName: string;
  /** Name of the SAM; empty when it is not known. */
  invitedBy: string;
  secret: string;
}): MailContent {
  return {
    subject: `${schoolName} invites you to PeerSphere`,
    preview: 'Your membership is there already. Activating it takes five minutes.',
    blocks: [
      { heading: 'Your peers are waiting' },
      { paragraph: greeting(name) },
      {
        paragraph: [
          { strong: schoolName },
          ' is a member of PeerSphere, and so are you, if you like',
          invitedBy ? `: ${invitedBy} has asked us to invite you.` : '.',
        ],
      },
      {
        paragraph:
          'PeerSphere brings together people who do the same job in different schools, also those who are the only one in the building. They meet in communities: four live sessions a year, and a place for questions and resources in between.',
      },
      { button: 'Activate my membership', href: `${env.siteUrl}/activate/${secret}` },
      {
        steps: [
          'Fill in a short profile form',
          'Confirm your address by the mail that we send you',
          'Choose your communities',
        ],
      },
      { small: 'The link is for you alone and works for 30 days. It costs you nothing.' },
    ],
  };
}
