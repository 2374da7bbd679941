import type { Block } from '../../mail/blocks.ts';
import { greetingName } from '../model.ts';

/** How a mail begins: with the name, unless it could be something else. */
export function hello(name: string): string {
  const plain = greetingName(name);
  return plain ? `Hello ${plain},` : 'Hello,';
}

/** What staff wrote, a paragraph for each of theirs and each line of an address or a list. */
export function paragraphs(text: string): Block[] {
  return text
    .split(/\n+/)
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => ({ paragraph: line }));
}
