import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';

type Props = { name: string; community: { slug: string; name: string } };

/** Tells somebody who asked that they are in. */
export function requestApproved({ name, community }: Props): MailContent {
  const hub = `${env.siteUrl}/communities/${encodeURIComponent(community.slug)}/hub`;
  return {
    subject: `You are in: ${community.name}`,
    preview: 'The hub of the community is open to you.',
    blocks: [
      { heading: `Welcome to ${community.name}` },
      { paragraph: `Hello ${name},` },
      { paragraph: 'You asked to join, and the answer is yes. The hub is open to you from now on.' },
      { button: 'Open the hub', href: hub },
      {
        paragraph: [
          'A good first visit: look who is there, and ',
          { link: 'fill in the welcome survey', href: `${hub}/survey` },
          '. Your hosts read it before they plan the next live session.',
        ],
      },
    ],
  };
}
