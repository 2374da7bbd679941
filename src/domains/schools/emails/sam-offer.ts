import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';
import { greeting } from './greeting.ts';

/** From one SAM to the next: a set-up link of their own, with the name of who asks. */
export function samOffer(props: {
  name: string;
  askedBy: string;
  school: { name: string };
  setUpUrl: string;
}): MailContent {
  const { name, askedBy, school, setUpUrl } = props;
  return {
    subject: `Will you be a SAM of ${school.name}?`,
    preview: `${askedBy} asks you. Your own set-up link is inside.`,
    blocks: [
      { heading: `Looking after PeerSphere at ${school.name}` },
      { paragraph: greeting(name) },
      {
        paragraph: `${askedBy} asks you to be a School Account Manager, or SAM for short: a person who opens PeerSphere for colleagues and knows who is in. A school may have several.`,
      },
      {
        paragraph:
          'Choose a password, and you arrive as a member with a SAM dashboard. If you have a sign-in with this address already, you use that.',
      },
      { button: 'Set up my sign-in', href: setUpUrl },
      {
        paragraph: [
          { strong: 'Please do not forward this mail.' },
          ' Whoever opens the link first would be setting up your sign-in. It works once, and for seven days.',
        ],
      },
      {
        paragraph: [
          'What it takes, in one page: ',
          { link: 'What a SAM does', href: `${env.siteUrl}/handbooks/sams/what-a-sam-does` },
          '.',
        ],
      },
      { small: 'If this is not for you, there is nothing to do. Without you the link simply ends.' },
    ],
  };
}
