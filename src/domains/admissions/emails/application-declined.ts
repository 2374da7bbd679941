import type { MailContent } from '../../mail/blocks.ts';
import { hello, paragraphs } from './pieces.ts';

/** Tells an applicant that staff said no, and why. */
export function applicationDeclined({ name, reason }: { name: string; reason: string }): MailContent {
  return {
    subject: 'About your application to PeerSphere',
    preview: 'We cannot accept it at present. This mail says why.',
    blocks: [
      { heading: 'We cannot accept your application' },
      { paragraph: hello(name) },
      {
        paragraph:
          'Thank you for applying. We have read your application, and we cannot accept it at present.',
      },
      ...paragraphs(reason),
      {
        paragraph:
          'There is nothing to pay. If you used a coupon, it is free again. If we have misunderstood something, reply to this mail.',
      },
    ],
  };
}
