import type { Block, MailContent } from '../../mail/blocks.ts';
import { hello, paragraphs } from './pieces.ts';

type Props = {
  name: string;
  /** `USD 145`; undefined when there is nothing to pay. */
  price: string | undefined;
  /** What staff add; may be empty. */
  note: string;
};

/** Tells an applicant that staff said yes, what it costs, and how to pay. */
export function applicationAccepted({ name, price, note }: Props): MailContent {
  const payment: Block[] = price
    ? [
        { facts: [['Price for one year', price]] },
        {
          steps: [
            'We mail you an invoice within two working days. It says how to pay by bank transfer. We take no card payments.',
            'You pay it. If your school pays for you, reply to this mail with the name that belongs on the invoice.',
            'When your payment has arrived, we mail you a link with which you choose your password. Then you are a member.',
          ],
        },
      ]
    : [
        {
          paragraph:
            'Your coupon covers the whole price, so there is nothing to pay. Soon we mail you a link with which you choose your password. Then you are a member.',
        },
      ];
  return {
    subject: 'Welcome: your application to PeerSphere is accepted',
    preview: price ? `The price is ${price} for one year. This is how you pay.` : 'There is nothing to pay.',
    blocks: [
      { heading: 'Your application is accepted' },
      { paragraph: hello(name) },
      { paragraph: 'We have read your application, and we would love to have you with us.' },
      ...paragraphs(note),
      ...payment,
      { paragraph: 'If you have a question, reply to this mail.' },
    ],
  };
}
