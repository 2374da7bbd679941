import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';
import { greeting } from './greeting.ts';

/** Tells somebody that their place in the school’s membership has ended, and what stays theirs. */
export function youLeftSchool({ name, schoolName }: { name: string; schoolName: string }): MailContent {
  return {
    subject: `Your membership through ${schoolName} has ended`,
    preview: 'Your sign-in, your profile and your record stay yours.',
    blocks: [
      { heading: `Your membership through ${schoolName} has ended` },
      { paragraph: greeting(name) },
      {
        paragraph: `You were taken out of the membership of ${schoolName}, as happens when people leave a school. Nothing of yours was deleted: you can still sign in, and your profile and your record stay yours.`,
      },
      {
        list: [
          [
            'Is your school address about to be switched off? ',
            { link: 'Change the address in your profile', href: `${env.siteUrl}/me` },
            ' while you can still read its mail.',
          ],
          'Is your new school a member? Open its Activation Link, and give the address you sign in with.',
          ['Is it not? There is ', { link: 'individual membership', href: `${env.siteUrl}/membership` }, '.'],
        ],
      },
      {
        small: [
          'If this is a mistake, speak to the SAM of your school, or ',
          { link: 'write to us', href: `${env.siteUrl}/contact` },
          '.',
        ],
      },
    ],
  };
}
