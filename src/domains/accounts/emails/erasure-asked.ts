import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';

/** Tells that everything will be deleted, when, and how to stop it. `dueText` is a moment with its zone. */
export function erasureAskedMail({ name, dueText }: { name: string; dueText: string }): MailContent {
  return {
    subject: 'Your PeerSphere profile will be deleted',
    preview: 'You have seven days to change your mind.',
    blocks: [
      { heading: 'Your profile will be deleted' },
      { paragraph: `Hello ${name},` },
      {
        paragraph: [
          'You asked us to delete your profile. You are signed out everywhere, and we delete it after ',
          { strong: dueText },
          '. We will not write to you again.',
        ],
      },
      {
        paragraph:
          'Have you changed your mind, or was it not you? Sign in with your address and your password before then. You are asked whether to keep your profile, and everything is as it was.',
      },
      { button: 'Sign in to keep it', href: `${env.siteUrl}/sign-in` },
      {
        small: [
          'If it was not you, ',
          { link: 'choose a new password', href: `${env.siteUrl}/forgot-password` },
          ' as well: somebody knows the one you have.',
        ],
      },
    ],
  };
}
