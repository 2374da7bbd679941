import { env } from '../../platform/env.ts';
import { htmlOf } from './blocks-html.ts';
import { textOf } from './blocks-text.ts';
import { oneLine } from './safe-text.ts';

export type Inline = string | { strong: string } | { link: string; href: string };

export type Block =
  | { heading: string }
  | { paragraph: Inline | Inline[] }
  /** Also writes the address below it in small, so that it can be copied. */
  | { button: string; href: string }
  /** With bullets. */
  | { list: (Inline | Inline[])[] }
  /** Numbered. */
  | { steps: (Inline | Inline[])[] }
  /** What somebody wrote; keeps line breaks. */
  | { quote: string }
  | { facts: [label: string, value: string][] }
  | { small: Inline | Inline[] };

export type MailContent = {
  subject: string;
  /** Shown by mail programs beside the subject. */
  preview: string;
  blocks: Block[];
};

/** What stands below every mail. */
export type MailFooter = { siteName: string; siteUrl: string; unsubscribeUrl?: string };

const siteName = 'PeerSphere';
const longestSubject = 200;

/**
 * The mail in both its forms. All text is escaped and loses control characters and marks of direction, so whatever
 * people call themselves stays text, and the subject one line of 200 characters at most. With `unsubscribeUrl` the
 * footer says why the mail came and how to get no more. Throws for a link that is not http, https or mailto, and for
 * an empty subject.
 */
export function renderMail(
  content: MailContent,
  footer: { unsubscribeUrl?: string },
): { subject: string; html: string; text: string } {
  const subject = shortened(oneLine(content.subject));
  if (!subject) throw new Error('A mail needs a subject.');
  const preview = oneLine(content.preview);
  const end: MailFooter = { siteName, siteUrl: env.siteUrl, ...footer };
  return {
    subject,
    html: htmlOf(subject, preview, content.blocks, end),
    text: textOf(content.blocks, end),
  };
}

function shortened(subject: string): string {
  const characters = [...subject];
  return characters.length > longestSubject
    ? `${characters.slice(0, longestSubject - 1).join('')}…`
    : subject;
}
