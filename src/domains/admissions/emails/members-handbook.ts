import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';
import { hello } from './pieces.ts';

/** Comes once, to whoever has become a member on their own: where the handbook is, and what to do first. */
export function membersHandbookMail({ name }: { name: string }): MailContent {
  const handbook = `${env.siteUrl}/handbooks/members`;
  return {
    subject: 'Your PeerSphere Members Handbook',
    preview: 'Welcome! Here is how everything works, in pages of two or three minutes.',
    blocks: [
      { heading: 'Welcome to PeerSphere' },
      { paragraph: hello(name) },
      {
        paragraph:
          'Your membership is active. The Members Handbook tells how everything works. You need not read it from front to back: each page stands alone and takes two or three minutes.',
      },
      { button: 'Open the Members Handbook', href: handbook },
      {
        paragraph: [
          'A good start are ',
          { link: 'the first five steps', href: `${handbook}/first-five-steps` },
          '. If your school joins later, open its activation link with the address you sign in with: what is yours comes with you.',
        ],
      },
    ],
  };
}
