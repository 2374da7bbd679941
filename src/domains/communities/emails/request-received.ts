import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';

type Props = { name: string; community: { slug: string; name: string } };

/** Tells a host that somebody waits for an answer. One a day: all who wait stand on one page. */
export function requestReceived({ name, community }: Props): MailContent {
  return {
    subject: `Somebody asks to join ${community.name}`,
    preview: 'They wait for your answer.',
    blocks: [
      { heading: `Somebody asks to join ${community.name}` },
      { paragraph: `Hello ${name},` },
      {
        paragraph:
          'Your community is by approval, and somebody waits for your answer. Everybody who waits stands on one page, with their role and school as far as they show them.',
      },
      {
        button: 'See who asks',
        href: `${env.siteUrl}/communities/${encodeURIComponent(community.slug)}/hub/members`,
      },
      { small: 'You get this mail once a day at most, however many people ask.' },
    ],
  };
}
