import { z } from 'astro/zod';
import {
  anyPassword,
  country,
  emailAddress,
  line,
  mustTick,
  optionalLine,
  timeZone,
} from '../../lib/inputs.ts';
import { passwordLimits } from '../accounts/model.ts';

/** Longest texts of the profile form, in characters. */
export const profileLimits = { name: 120, jobTitle: 120, subjects: 200 } as const;

const wrongPicture = 'Choose a picture that is a JPEG, PNG or WebP file.';

export const signUpInput = z.strictObject({
  name: line('your name', profileLimits.name),
  email: emailAddress,
  jobTitle: line('what you do', profileLimits.jobTitle),
  subjects: optionalLine(profileLimits.subjects),
  country,
  timeZone,
  /** Browsers send an empty file where none was chosen. */
  picture: z
    .instanceof(File, { error: wrongPicture })
    .optional()
    .transform((file) => (file?.size ? file : undefined)),
  password: z
    .string({ error: 'Choose a password.' })
    .min(1, 'Choose a password.')
    .min(passwordLimits.least, `Use at least ${passwordLimits.least} characters for your password.`)
    .max(1000, `Use ${passwordLimits.most} characters or fewer for your password.`),
  /** The version that the page showed. */
  codeOfConductVersion: z.string().max(20),
  codeOfConduct: mustTick('Tick the box if you accept the code of conduct. Nobody can join without it.'),
});

/** The password is asked for only in another browser than the one that filled in the form. */
export const confirmInput = z.strictObject({ password: anyPassword.optional() });

export const nothingElse = z.strictObject({});
