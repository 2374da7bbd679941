import { env } from '../../../platform/env.ts';
import type { MailContent } from '../../mail/blocks.ts';
import { greeting } from './greeting.ts';

/** Comes once, to whoever has become a member: where the handbook is, and what to do first. */
export function membersHandbookMail({ name }: { name: string }): MailContent {
  const handbook = `${env.siteUrl}/handbooks/members`;
  return {
    subject: 'Your PeerSphere Members Handbook',
    preview: 'Welcome! Here is how everything works, in pages of two or three minutes.',
    blocks: [
      { heading: 'Welcome to PeerSphere' },
      { paragraph: greeting(name) },
      {
        paragraph:
          'your membership is active. The Members Handbook tells how everything works. You need not read it from front to back: each page stands alone and takes two or three minutes.',
      },
      { button: 'Open the Members Handbook', href: handbook },
      { paragraph: 'Five steps make a good start:' },
      {
        steps: [
          'Add a picture of yourself',
          'Write two sentences about who you are',
          'Join a community, and look round in its hub',
          'Put its live sessions in your calendar, and say whether you come',
          'Answer the community’s welcome survey',
        ],
      },
      {
        paragraph: [
          { link: 'The first five steps', href: `${handbook}/first-five-steps` },
          ' shows where to find each of them. This mail comes only once; the handbook is always on our site.',
        ],
      },
    ],
  };
}
