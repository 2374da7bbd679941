import type { MailContent } from '../../mail/blocks.ts';

/** Answers an enquiry. Nothing that was typed stands in it: the address is not verified, and the text may be anybody’s. */
export function enquiryReceived(): MailContent {
  return {
    subject: 'We have your message',
    preview: 'A person reads it. We aim to answer within two working days.',
    blocks: [
      { heading: 'Thank you for writing' },
      {
        paragraph:
          'Your message has reached our staff. A person reads it, and we aim to answer within two working days, China time.',
      },
      { paragraph: 'If you want to add something, reply to this mail.' },
      {
        small: 'If you did not write to us, somebody gave your address by mistake. You can ignore this mail.',
      },
    ],
  };
}
