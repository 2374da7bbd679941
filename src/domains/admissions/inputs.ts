import { z } from 'astro/zod';
import {
  country,
  day,
  emailAddress,
  line,
  mustTick,
  optionalLine,
  optionalText,
  text,
  timeZone,
} from '../../lib/inputs.ts';
import { enquiryStates, enquiryTopics, isCode, mostCommunities, normaliseCode } from './model.ts';

/** What people may send to admissions. */

const conductSentence = 'Read the code of conduct and tick the box: membership needs it.';
const listSentence = 'Choose communities from the list.';

/** A code as it is stored, or empty. What could be none is looked up all the same: the answer is a sentence. */
const optionalCode = optionalLine(60).transform(normaliseCode);

const application = {
  name: line('your name'),
  email: emailAddress,
  jobTitle: line('what you do'),
  workplace: optionalLine(),
  country,
  timeZone,
  communities: z
    .array(z.string({ error: listSentence }).max(100, listSentence), { error: listSentence })
    .max(mostCommunities, `Choose ${mostCommunities} communities or fewer.`)
    .transform((slugs) => [...new Set(slugs)])
    .default([]),
  message: optionalText(2000),
  coupon: optionalCode,
  codeOfConductVersion: z.string({ error: conductSentence }).max(20, conductSentence),
  conduct: mustTick(conductSentence),
};

export const applicationInput = z.strictObject(application);

/** The same form before it is finished: only the coupon counts yet. */
export const priceInput = z.strictObject({
  ...(Object.fromEntries(Object.keys(application).map((name) => [name, z.unknown().optional()])) as Record<
    Exclude<keyof typeof application, 'coupon' | 'communities'>,
    z.ZodOptional<z.ZodUnknown>
  >),
  communities: z.array(z.unknown()).default([]),
  coupon: optionalCode,
});

/** A number typed into a field: whole, from 1 to `most`. */
const count = (what: string, most: number) =>
  z
    .string({ error: `Enter ${what}.` })
    .trim()
    .regex(/^\d{1,6}$/, `Enter ${what} as a whole number.`)
    .transform(Number)
    .refine(
      (number) => number >= 1 && number <= most,
      `Enter a number from 1 to ${most.toLocaleString('en')}.`,
    );

export const enquiryInput = z.strictObject({
  name: line('your name'),
  email: emailAddress,
  topic: z.enum(enquiryTopics, { error: 'Choose what it is about.' }),
  organisation: optionalLine(),
  country: z.union([z.literal(''), country], { error: 'Choose a country from the list.' }).default(''),
  staffCount: z
    .union([z.literal('').transform(() => null), count('how many staff', 100_000)], {
      error: 'Enter a number from 1 to 100,000, or leave it empty.',
    })
    .default(null),
  message: text('your message', 5000),
  /** Nobody sees this field: who fills it in is a program. */
  homepage: optionalText(10_000),
});

/** A new password; whether it is good enough, `passwordProblem` says. */
export const membershipSetUpInput = z.strictObject({
  password: z.string({ error: 'Choose a password.' }).max(1000, 'Use 128 characters or fewer.'),
});

export const acceptInput = z.strictObject({ note: optionalText(2000) });
export const declineInput = z.strictObject({ reason: text('a reason: it goes into the mail', 2000) });
export const paidInput = z.strictObject({ note: optionalLine(200) });
export const noInput = z.strictObject({});

export const noteInput = z.strictObject({ body: text('a note', 5000) });
export const replyInput = z.strictObject({ body: text('your reply', 5000) });
export const enquiryStateInput = z.strictObject({
  state: z.enum(enquiryStates, { error: 'Choose a state.' }),
});

export const couponInput = z
  .strictObject({
    code: optionalLine(60)
      .transform(normaliseCode)
      .refine(
        (code) => code === '' || isCode(code),
        'Use 4 to 24 letters from A to Z, digits and single hyphens, or leave it empty.',
      ),
    howMany: count('how many coupons', 20),
    percentOff: count('how much it takes off', 100),
    usesAllowed: count('how many uses', 1000),
    lastValidOn: z.union([z.literal('').transform(() => null), day], { error: 'Enter a day.' }).default(null),
    note: optionalLine(200),
  })
  .refine(({ code, howMany }) => code === '' || howMany === 1, {
    path: ['howMany'],
    error: 'A code of your own is for one coupon. Leave the code empty to make several.',
  });

export const endCouponInput = z.strictObject({ id: z.string().max(60) });
