import { normaliseAddress } from '../accounts/model.ts';

/**
 * Control characters, and the marks that turn the direction of text: with either, a name could end a header line, or show
 * an address backwards (RFC 5322 section 2.2, Unicode TR 36 section 2.6).
 */
const unprintable = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** `text` on one line, without control characters and marks of direction, its spaces single. */
export function oneLine(text: string): string {
  return text.toWellFormed().replace(unprintable, ' ').replace(/\s+/g, ' ').trim();
}

/** The lines of `text`, without control characters and marks of direction, and without empty ones at both ends. */
export function linesOf(text: string): string[] {
  return text
    .trim()
    .split(/\r\n|[\r\n\u2028\u2029]/)
    .map((line) => line.toWellFormed().replace(unprintable, ' ').trimEnd());
}

/** A web or mail address as it may stand in a mail. Throws for any other scheme and for what is none. */
export function checkedHref(href: string): string {
  const url = URL.parse(href);
  if (!url || !['http:', 'https:', 'mailto:'].includes(url.protocol))
    throw new Error('A link in a mail has to be a whole http, https or mailto address.');
  return url.href;
}

/**
 * `address` as mails are addressed: one bare address, in the form that `normaliseAddress` stores. Throws when it holds
 * anything that would make it a list, a name or a second header.
 */
export function checkedAddress(address: string): string {
  const normal = normaliseAddress(address);
  if (address.length > 320 || !/^[^\s@<>,;:"()[\]\\\p{C}]+@[^\s@<>,;:"()\\\p{C}]+$/u.test(address.trim()))
    throw new Error('A mail goes to one bare address.');
  return normal;
}

/** What went wrong, without addresses, links and anything that could be a token; 300 characters at most. */
export function scrubbed(text: string): string {
  return oneLine(text.slice(0, 2000))
    .replace(/\S*@\S*/g, '…')
    .replace(/\b[a-z]{2,10}:\/\/\S*/gi, '…')
    .replace(/[\w-]{24,}/g, '…')
    .slice(0, 300);
}
