import { dictionary } from '@zxcvbn-ts/language-common';
import { passwordLimits } from './model.ts';

/** Passwords that leaked so often that they are tried first: about 49,000, of which few are long enough to matter. */
const common = new Set(
  dictionary['passwords-common'].filter((word) => String(word).length >= passwordLimits.least).map(String),
);

/**
 * What is wrong with a new password, in a sentence; undefined when nothing is. 10 to 128 characters of any kind (NIST SP
 * 800-63B section 3.1.1.2), not one of the most common, and not the person’s own name or address.
 */
export function passwordProblem(
  password: string,
  person: { name: string; email: string },
): string | undefined {
  const length = [...password].length;
  if (length === 0) return 'Choose a password.';
  if (length < passwordLimits.least)
    return `Use at least ${passwordLimits.least} characters. A short sentence is easy to remember.`;
  if (length > passwordLimits.most) return `Use ${passwordLimits.most} characters or fewer.`;
  const plain = squeezed(password);
  const isPoor = new Set(plain).size < 3 || isOneThingRepeated(plain);
  if (isPoor || common.has(password.toLowerCase()))
    return 'This is one of the passwords that are tried first. Choose another.';
  const own = [person.email, person.email.split('@')[0] ?? '', person.name].map(squeezed);
  if (own.some((part) => part.length >= 4 && (plain === part || plain.replace(/\d+$/, '') === part)))
    return 'This is your own name or address. Choose something that is not known of you.';
  return undefined;
}

const squeezed = (text: string) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s._-]/g, '');

function isOneThingRepeated(text: string): boolean {
  for (let length = 1; length <= text.length / 3; length += 1)
    if (
      text ===
      text
        .slice(0, length)
        .repeat(Math.ceil(text.length / length))
        .slice(0, text.length)
    )
      return true;
  return false;
}
