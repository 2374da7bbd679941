import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';
import { greeting } from './greeting.ts';

/** To a user whose address was given in a profile form: there is no second profile to make, only a school to join. */
export function joinSchoolMail({
  name,
  schoolName,
  secret,
}: {
  name: string;
  schoolName: string;
  secret: string;
}): MailContent {
  return {
    subject: 'You have a PeerSphere profile already',
    preview: `Sign in with it to join through ${schoolName}.`,
    blocks: [
      { heading: 'You have a profile already' },
      { paragraph: greeting(name) },
      {
        paragraph: [
          'somebody, hopefully you, has just given this address on the activation page of ',
          { strong: schoolName },
          '. You can sign in with it here already, so there is no second profile to make.',
        ],
      },
      {
        paragraph: `Follow this link and sign in as always. Then one button makes you a member through ${schoolName}, and everything that you have done so far stays yours.`,
      },
      { button: 'Sign in and join', href: `${env.siteUrl}/verify/${secret}` },
      {
        paragraph: [
          'The link works once, and for 24 hours. If you have forgotten your password, ',
          { link: 'choose a new one', href: `${env.siteUrl}/forgot-password` },
          ' first.',
        ],
      },
      {
        small:
          'It was not you? Then there is nothing to do. Your profile and your password are as they were, and nobody can change that with your address alone.',
      },
    ],
  };
}
