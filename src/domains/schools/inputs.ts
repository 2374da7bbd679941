import { z } from 'astro/zod';
import {
  country,
  day,
  emailAddress,
  line,
  mustTick,
  optionalLine,
  optionalText,
  timeZone,
} from '../../lib/inputs.ts';
import { normaliseDomain } from './model.ts';

/** How many places a school has; empty for as many as it has staff. */
const seatLimit = optionalLine(7)
  .refine(
    (text) => text === '' || /^[1-9]\d{0,5}$/.test(text),
    'Enter a whole number, or nothing for no limit.',
  )
  .transform((text) => (text === '' ? null : Number(text)));

/** Domains of addresses, one a line, in the form in which they are compared. */
const emailDomains = optionalText(4000).transform((text, check) => {
  const lines = text.split(/[\s,;]+/).filter(Boolean);
  const wrong = lines.find((each) => !normaliseDomain(each));
  if (wrong) {
    check.addIssue({
      code: 'custom',
      message: `“${wrong.slice(0, 60)}” is not the end of an address. Write it like school.example.org, one a line.`,
    });
    return z.NEVER;
  }
  return [...new Set(lines.map((each) => normaliseDomain(each) ?? each))];
});

const facts = {
  name: line('the name of the school', 160),
  city: line('the city', 120),
  country,
  timeZone,
  membershipStartsOn: day,
  membershipEndsOn: day,
  seatLimit,
  emailDomains,
  partnerAssociation: optionalLine(120),
};

type Year = { membershipStartsOn: string; membershipEndsOn: string };
const inOrder = ({ membershipStartsOn, membershipEndsOn }: Year) => membershipStartsOn <= membershipEndsOn;
const wrongOrder = { path: ['membershipEndsOn'], error: 'The last day comes after the first.' };

/** A SAM who may be left out: both fields or none. */
const optionalAddress = z.union([z.literal(''), emailAddress], {
  error: 'Enter an e-mail address like name@school.org.',
});

/** What staff fill in for a new school. */
export const createSchoolInput = z
  .strictObject({
    ...facts,
    samName: line('the name of the SAM'),
    samEmail: emailAddress,
    secondSamName: optionalLine(),
    secondSamEmail: optionalAddress.default(''),
  })
  .refine(inOrder, wrongOrder)
  .refine((input) => input.secondSamName === '' || input.secondSamEmail !== '', {
    path: ['secondSamEmail'],
    error: 'Enter the address of the second SAM, or leave both fields empty.',
  })
  .refine((input) => input.secondSamEmail === '' || input.secondSamName !== '', {
    path: ['secondSamName'],
    error: 'Enter the name of the second SAM, or leave both fields empty.',
  })
  .refine((input) => input.secondSamEmail.toLowerCase() !== input.samEmail.toLowerCase(), {
    path: ['secondSamEmail'],
    error: 'This is the address of the first SAM. Enter another, or leave both fields empty.',
  });

export const editSchoolInput = z.strictObject(facts).refine(inOrder, wrongOrder);

export const renewSchoolInput = z.strictObject({ membershipEndsOn: day, seatLimit });

/** Somebody who is asked to be SAM. */
export const samInput = z.strictObject({ name: line('their name'), email: emailAddress });

/** An act on one offer of a list. */
export const samOfferInput = z.strictObject({ offerId: z.string().max(60) });

/** An act on one SAM of a list. */
export const samHolderInput = z.strictObject({ userId: z.string().max(60) });

/** A button. */
export const noInput = z.strictObject({});

/** What somebody without a user fills in behind a set-up link. */
export const setUpInput = z.strictObject({
  name: line('your name'),
  jobTitle: line('what you do'),
  country,
  timeZone,
  password: z
    .string({ error: 'Choose a password.' })
    .min(1, 'Choose a password.')
    .max(1000, 'Use 128 characters or fewer.'),
  /** The version that the page showed. */
  codeOfConductVersion: z.string().max(20),
  codeOfConduct: mustTick('Tick the box if you accept the code of conduct. Nobody can join without it.'),
});
