import type { MailContent } from '../../mail/blocks.ts';

/** Answers an application. Nothing that was typed stands in it: the address is not verified, and the text may be anybody’s. */
export function applicationReceived({ price }: { price: string }): MailContent {
  return {
    subject: 'We have your application to PeerSphere',
    preview: 'A person reads it and answers within a few days.',
    blocks: [
      { heading: 'Thank you for your application' },
      {
        paragraph:
          'Somebody gave this address in our application form. A person on our staff reads each application and answers by mail, usually within three working days.',
      },
      { facts: [['Price for one year', price]] },
      { paragraph: 'There is nothing to pay yet. To change something, reply to this mail.' },
      {
        small:
          'If it was not you, please ignore this mail, or reply and tell us. Nobody can sign in with it.',
      },
    ],
  };
}
