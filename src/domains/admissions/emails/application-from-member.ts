import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';

/** Answers an application whose address belongs to a member already. */
export function applicationFromMember(): MailContent {
  return {
    subject: 'You are a PeerSphere member already',
    preview: 'There is nothing to apply for. Sign in with this address.',
    blocks: [
      { heading: 'You are a member already' },
      {
        paragraph:
          'Somebody gave this address in our application form. It belongs to a member, so there is nothing to apply for and nothing to pay.',
      },
      { button: 'Sign in', href: `${env.siteUrl}/sign-in` },
      {
        paragraph: [
          'If you have forgotten your password, ',
          { link: 'choose a new one', href: `${env.siteUrl}/forgot-password` },
          '.',
        ],
      },
      {
        paragraph:
          'Did you apply because you are leaving your school and want to stay on your own? Reply to this mail, and we will arrange it.',
      },
      { small: 'If it was not you, there is nothing to do. Your membership stays as it is.' },
    ],
  };
}
