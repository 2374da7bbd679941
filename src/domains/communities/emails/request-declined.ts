import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';

type Props = { name: string; community: { slug: string; name: string } };

/** Tells somebody who asked that it is a no for now, and what they can do. */
export function requestDeclined({ name, community }: Props): MailContent {
  return {
    subject: `Your request to join ${community.name}`,
    preview: 'The hosts could not say yes this time.',
    blocks: [
      { heading: `Your request to join ${community.name}` },
      { paragraph: `Hello ${name},` },
      {
        paragraph:
          'The hosts could not say yes this time. Often the reason is simple: the community is for one role, and your profile does not say that it is yours.',
      },
      {
        list: [
          [
            'Is it your role? Say so in ',
            { link: 'your profile', href: `${env.siteUrl}/me/profile` },
            ', and ask again.',
          ],
          [
            'Perhaps another one fits better: ',
            { link: 'all communities', href: `${env.siteUrl}/me/communities` },
            '.',
          ],
          ['Is this a mistake? ', { link: 'Write to us', href: `${env.siteUrl}/contact` }, '.'],
        ],
      },
    ],
  };
}
