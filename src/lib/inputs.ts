import { z } from 'astro/zod';
import { isCountry } from './countries.ts';

/**
 * Fields that forms share. Each says in a sentence what is wrong. Text is kept as people wrote it, in any script and with
 * emoji; only what cannot be seen and changes how the rest is read is refused.
 */

/** Control characters other than line breaks and tabs, and those that turn the direction of text (Unicode TR 36, 3.5). */
const hidden =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/;

const withoutHidden = (text: string) => !hidden.test(text);
const lengthOf = (text: string) => [...text].length;
/**
 * The first check of every text, after which no other is made. Composing a long run of combining marks takes time by its
 * square: what is far too long in any script is refused before.
 */
const bounded = (most: number, whatElse: string) =>
  z.string({ error: whatElse }).max(8 * most + 200, {
    error: `Use ${most.toLocaleString('en')} characters or fewer.`,
    abort: true,
  });
/** A file, or the same field twice: no browser sends these from our forms. */
const onceSentence = 'Fill this in once, as text.';
const hiddenSentence = 'This contains characters that cannot be seen. Please type it anew.';

/** One line that must be filled in. `what` stands in the sentence: “Enter your name.” */
export const line = (what: string, most = 120) =>
  bounded(most, `Enter ${what}.`)
    .trim()
    .normalize()
    .min(1, `Enter ${what}.`)
    .refine((text) => lengthOf(text) <= most, `Use ${most} characters or fewer.`)
    .refine(withoutHidden, hiddenSentence)
    .refine((text) => !/[\r\n\t\u2028\u2029]/.test(text), 'Write this on one line.');

/** One line that may stay empty. */
export const optionalLine = (most = 120) =>
  bounded(most, onceSentence)
    .trim()
    .normalize()
    .refine((text) => lengthOf(text) <= most, `Use ${most} characters or fewer.`)
    .refine(withoutHidden, hiddenSentence)
    .refine((text) => !/[\r\n\t\u2028\u2029]/.test(text), 'Write this on one line.')
    .default('');

/** Text of several lines that may stay empty; line breaks become `\n`. */
export const optionalText = (most = 2000) =>
  bounded(most, onceSentence)
    .transform((text) => text.replace(/\r\n?/g, '\n').trim().normalize())
    .refine((text) => lengthOf(text) <= most, `Use ${most.toLocaleString('en')} characters or fewer.`)
    .refine(withoutHidden, hiddenSentence)
    .default('');

/** Text of several lines that must be filled in. */
export const text = (what: string, most = 2000) =>
  optionalText(most).refine((value) => value.length > 0, `Enter ${what}.`);

/** An e-mail address, as typed but for spaces around it. */
export const emailAddress = z
  .string({ error: 'Enter your e-mail address.' })
  .trim()
  .min(1, 'Enter your e-mail address.')
  .max(254, { error: 'Use an address of 254 characters or fewer.', abort: true })
  .regex(
    /^[^\s@<>()[\],;:"\\]{1,64}@[^\s@<>()[\],;:"\\/?#%]+\.[^\s@<>()[\],;:"\\/?#%.]{2,}$/,
    'Enter an e-mail address like name@school.org.',
  )
  .refine(
    (address) =>
      !/\p{C}/u.test(address) && !address.includes('..') && URL.canParse(`http://${address.split('@')[1]}`),
    {
      error: 'Enter an e-mail address like name@school.org.',
    },
  );

/** A password that exists already: whatever was typed. */
export const anyPassword = z
  .string({ error: 'Enter your password.' })
  .min(1, 'Enter your password.')
  .max(1000, 'This is longer than any password here.');

/** ISO 3166-1 alpha-2. */
export const country = z
  .string({ error: 'Choose a country.' })
  .refine(isCountry, 'Choose a country from the list.');

/** An IANA time zone. */
export const timeZone = z
  .string({ error: 'Choose a time zone.' })
  .refine(isTimeZone, 'Choose a time zone from the list.');

/** A box that is ticked or not. */
export const checkbox = z
  .literal('on')
  .optional()
  .transform((value) => value === 'on');

/** A box that has to be ticked. */
export const mustTick = (sentence: string) => z.literal('on', { error: sentence });

/** A day like `2026-08-01`. */
export const day = z.iso.date({ error: 'Enter a day.' });

/** Whether this platform knows the zone. */
function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{1,60}$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
