import type { Block, Inline, MailFooter } from './blocks.ts';
import { checkedHref, linesOf, oneLine } from './safe-text.ts';

const width = 76;

/** The blocks and the footer as plain text in lines of 76 characters; an address is never broken. Ends with a line break. */
export function textOf(blocks: Block[], footer: MailFooter): string {
  const parts = blocks.map((block, index) => blockText(block, index === 0));
  return `${[...parts.filter(Boolean), footerText(footer)].join('\n\n')}\n`;
}

function blockText(block: Block, first: boolean): string {
  if ('heading' in block) return underlined(oneLine(block.heading), first ? '=' : '-');
  if ('paragraph' in block) return wrapped(inlineText(block.paragraph));
  if ('button' in block) return `${wrapped(`${oneLine(block.button)}:`)}\n${checkedHref(block.href)}`;
  if ('list' in block) return block.list.map((item) => wrapped(inlineText(item), '- ')).join('\n');
  if ('steps' in block)
    return block.steps.map((step, index) => wrapped(inlineText(step), `${index + 1}. `)).join('\n');
  if ('quote' in block)
    return linesOf(block.quote)
      .map((line) => wrapped(line, '> ', '> '))
      .join('\n');
  if ('facts' in block)
    return block.facts.map(([label, value]) => wrapped(`${oneLine(label)}: ${oneLine(value)}`)).join('\n');
  return wrapped(inlineText(block.small));
}

function footerText({ siteName, siteUrl, unsubscribeUrl }: MailFooter): string {
  const lines = ['-- ', siteName, siteUrl];
  if (unsubscribeUrl)
    lines.push(
      '',
      wrapped(
        `You get mails like this one because you take part in ${siteName}, or a colleague invited you.`,
      ),
      'Unsubscribe:',
      checkedHref(unsubscribeUrl),
    );
  return lines.join('\n');
}

function inlineText(inline: Inline | Inline[]): string {
  return [inline].flat().map(partText).join('');
}

function partText(part: Inline, index: number, parts: Inline[]): string {
  if (typeof part === 'string') return afterLink(kept(part), parts[index - 1], index === parts.length - 1);
  if ('strong' in part) return kept(part.strong);
  const label = oneLine(part.link);
  const address = checkedHref(part.href).replace(/^mailto:/, '');
  return label === address || label === part.href ? address : `${label}: ${address}`;
}

/** Mail programs take a sign right behind an address for a part of it: it moves off, and a last full stop goes. */
function afterLink(text: string, before: Inline | undefined, isLast: boolean): string {
  if (typeof before !== 'object' || !('link' in before) || !/^[\p{P}\p{S}]/u.test(text)) return text;
  return isLast && /^\.\s*$/.test(text) ? '' : ` ${text}`;
}

/** One line, with the space at its ends that keeps it apart from its neighbours. */
const kept = (text: string) =>
  `${/^\s/.test(text) ? ' ' : ''}${oneLine(text)}${/\s$/.test(text) && text.trim() ? ' ' : ''}`;

function underlined(heading: string, mark: string): string {
  const lines = wrapped(heading).split('\n');
  const longest = Math.max(...lines.map(columns));
  return [...lines, mark.repeat(Math.max(longest, 3))].join('\n');
}

/** `text` in lines of at most `width` columns where its words allow, the first after `lead`, the others after `indent`. */
function wrapped(text: string, lead = '', indent = ' '.repeat(lead.length)): string {
  const lines: string[] = [];
  let line = lead;
  let taken = lead.length;
  let empty = true;
  for (const word of text.split(' ').filter(Boolean)) {
    const needed = columns(word);
    if (!empty && taken + 1 + needed > width) {
      lines.push(line);
      line = indent;
      taken = indent.length;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    taken += empty ? needed : needed + 1;
    empty = false;
  }
  return [...lines, line].map((one) => one.trimEnd()).join('\n');
}

/** How wide a text stands in a fixed font: Chinese, Japanese and Korean characters take two columns. */
const columns = (text: string) =>
  /^[ -~]*$/.test(text)
    ? text.length
    : [...text].length +
      (text.match(/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]/g)?.length ?? 0);
