import { momentDayText } from '../../../lib/time.ts';
import type { MailContent } from '../../mail/blocks.ts';
import { type EnquiryTopic, enquiryTopicNames } from '../model.ts';
import { hello, paragraphs } from './pieces.ts';

type Props = {
  /** Who wrote to us. */
  name: string;
  topic: EnquiryTopic;
  askedAt: Date;
  /** Who answers. */
  staffName: string;
  body: string;
};

/** What a member of staff answers to an enquiry. */
export function enquiryReply({ name, topic, askedAt, staffName, body }: Props): MailContent {
  const day = momentDayText(askedAt, 'Asia/Shanghai');
  return {
    subject: `Our answer: ${enquiryTopicNames[topic]}`,
    preview: `You wrote to us on ${day}.`,
    blocks: [
      { paragraph: hello(name) },
      ...paragraphs(body),
      { paragraph: [{ strong: staffName }, ', PeerSphere'] },
      { small: `You wrote to us through our contact form on ${day}. To write back, reply to this mail.` },
    ],
  };
}
