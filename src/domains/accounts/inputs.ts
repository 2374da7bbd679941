import { z } from 'astro/zod';
import {
  anyPassword,
  country,
  emailAddress,
  line,
  optionalLine,
  optionalText,
  timeZone,
} from '../../lib/inputs.ts';
import { isLanguage } from '../../lib/languages.ts';
import { audiences, type ProfileLink, profileLimits, profileParts, type Visibility } from './model.ts';

/** A link on a profile: an https address, which may be typed without its beginning. Empty stays empty. */
const webAddress = z
  .string()
  .trim()
  .default('')
  .transform((typed) => (typed && !/^[a-z][a-z0-9+.-]*:/i.test(typed) ? `https://${typed}` : typed))
  .refine((typed) => typed.length <= profileLimits.url, `Use ${profileLimits.url} characters or fewer.`)
  .refine((typed) => !typed || isWebAddress(typed), 'Enter a web address that begins with https://.')
  .transform((typed) => (typed ? new URL(typed).href : ''));

function isWebAddress(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === 'https:' && url.hostname.includes('.') && !url.username && !url.password;
}

const linkNumbers = [1, 2, 3, 4, 5] as const;

const linkFields = Object.fromEntries(
  linkNumbers.flatMap((number) => [
    [`link${number}Label`, optionalLine(profileLimits.linkLabel)],
    [`link${number}Url`, webAddress],
  ]),
) as Record<`link${(typeof linkNumbers)[number]}${'Label' | 'Url'}`, z.ZodType<string>>;

const audience = z.enum(audiences, { error: 'Choose who sees this.' });
const audienceFields = Object.fromEntries(profileParts.map((part) => [`${part}For`, audience])) as Record<
  `${(typeof profileParts)[number]}For`,
  typeof audience
>;

export const profileInput = z
  .strictObject({
    name: line('your name', profileLimits.name),
    jobTitle: optionalLine(profileLimits.jobTitle),
    subjects: optionalLine(profileLimits.subjects),
    workplace: optionalLine(profileLimits.workplace),
    about: optionalText(profileLimits.about),
    country: z.union([z.literal(''), country], { error: 'Choose a country from the list.' }).default(''),
    timeZone,
    languages: z
      .array(z.string().refine(isLanguage, 'Choose languages from the list.'))
      .max(profileLimits.languages, `Choose ${profileLimits.languages} languages at most.`),
    ...linkFields,
    ...audienceFields,
  })
  .superRefine((input, context) => {
    for (const number of linkNumbers) {
      if (!input[`link${number}Label`] || input[`link${number}Url`]) continue;
      const message = 'Enter the address of this link, or take its name away.';
      context.addIssue({ code: 'custom', path: [`link${number}Url`], message });
    }
  });

export type ProfileInput = z.output<typeof profileInput>;

/** The links that were filled in, in their order. One without a name is called by its host. */
export function linksFrom(input: ProfileInput): ProfileLink[] {
  return linkNumbers.flatMap((number) => {
    const url = input[`link${number}Url`];
    if (!url) return [];
    return [{ label: input[`link${number}Label`] || new URL(url).hostname.replace(/^www\./, ''), url }];
  });
}

/** Who sees which part; what members see, which is the rule, is left out. */
export function visibilityFrom(input: ProfileInput): Visibility {
  const chosen = profileParts.map((part) => [part, input[`${part}For`]] as const);
  return Object.fromEntries(chosen.filter(([, who]) => who !== 'members'));
}

export const pictureInput = z.strictObject({
  picture: z.instanceof(File, { error: 'Choose a picture.' }),
});

export const addressInput = z.strictObject({ email: emailAddress, password: anyPassword });

/** The password is asked for only where that user is not signed in. */
export const confirmAddressInput = z.strictObject({ password: anyPassword.optional() });

export const changePasswordInput = z.strictObject({
  password: anyPassword,
  newPassword: z.string({ error: 'Choose a new password.' }).max(1000, 'Use 128 characters or fewer.'),
});

/** Which of one’s own sign-ins: by its hash. */
export const signInChoice = z.strictObject({
  signIn: z.string().regex(/^[0-9a-f]{64}$/, 'Reload the page.'),
});

export const erasureInput = z.strictObject({ password: anyPassword });
