import { z } from 'astro/zod';
import { day, line, optionalLine, optionalText, text, timeZone } from '../../lib/inputs.ts';
import { defaultLengthMinutes, liveSessionAudiences, liveSessionLimits } from './model.ts';

const limits = liveSessionLimits;

/** An address that begins with https, or nothing. */
const link = optionalLine(limits.url).refine(
  (address) => address === '' || isHttps(address),
  'Enter a link that begins with https://, or leave it empty.',
);

/** A whole number between two others. */
const wholeNumber = (least: number, most: number) =>
  optionalLine(5).refine(
    (typed) => /^\d*$/.test(typed) && (typed === '' || (Number(typed) >= least && Number(typed) <= most)),
    `Enter a whole number from ${least} to ${most.toLocaleString('en')}.`,
  );

const clock = z
  .string({ error: 'Enter an hour like 16:00.' })
  .trim()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d(?::00)?$/, 'Enter an hour like 16:00.')
  .transform((typed) => typed.slice(0, 5));

const slug = z.string().regex(/^[a-z0-9-]{1,80}$/, 'Choose a community from the list.');
const userId = z.string().regex(/^usr_[0-9a-f]{32}$/, 'Choose people from the list.');

/** When it is, of a plan. */
const when = {
  day,
  clock,
  timeZone,
  minutes: wholeNumber(limits.shortestMinutes, limits.longestMinutes).transform((typed) =>
    typed === '' ? defaultLengthMinutes : Number(typed),
  ),
  communities: z
    .array(slug)
    .min(1, 'Choose at least one community.')
    .max(limits.communities, `Choose at most ${limits.communities} communities.`),
};

const plan = {
  title: line('a title', limits.title),
  focus: optionalText(limits.focus),
  details: optionalText(limits.details),
  ...when,
  audience: z.enum(liveSessionAudiences, { error: 'Choose for whom it is.' }),
  /** `2026-27/1`: season and round; empty outside of any. */
  round: z.union([z.literal(''), z.string().regex(/^[a-z0-9-]{1,80}\/[1-4]$/)], {
    error: 'Choose a round from the list.',
  }),
  outsideReason: optionalText(limits.reason),
  capacity: wholeNumber(1, limits.places).transform((typed) => (typed === '' ? null : Number(typed))),
  hosts: z.array(userId).max(limits.coHosts + 1, `Choose at most ${limits.coHosts + 1} people.`),
  taId: z.union([z.literal(''), userId], { error: 'Choose a TA from the list.' }).default(''),
  meetingLink: link,
  deckUrl: link,
  preReading: optionalText(limits.preReading),
};

export const changePlanInput = z.strictObject(plan);

/** `times`: how many, one every two weeks. */
export const newPlanInput = z.strictObject({
  ...plan,
  times: z.enum(['1', '2', '3', '4'], { error: 'Choose how many.' }).default('1'),
});

/** Not looked at: whatever was typed comes back as it was. */
const unread = Object.fromEntries(
  [...Object.keys(plan), 'times'].map((name) => [name, z.unknown().optional()]),
) as Record<keyof typeof plan | 'times', z.ZodOptional<z.ZodUnknown>>;

/** Asks about the time only, of a form of which the rest may be unfinished. */
export const timeCheckInput = z.strictObject({ ...unread, ...when, round: plan.round.catch('') });

/** Day and clock as one, season and round apart: as commands take them. */
export function plannedTime<Input extends { day: string; clock: string; round: string }>(input: Input) {
  const { day: date, clock: hour, round, ...rest } = input;
  const [seasonSlug = '', number] = round.split('/');
  return {
    ...rest,
    wallTime: `${date}T${hour}`,
    seasonSlug: round ? seasonSlug : null,
    round: round ? Number(number) : null,
  };
}

export const cancelInput = z.strictObject({
  reason: text('why it is cancelled: people read it in their mail', limits.reason),
});

export const recordingInput = z.strictObject({
  recordingUrl: link.refine((address) => address !== '', 'Enter the link of the recording.'),
});

export const nothingInput = z.strictObject({});

function isHttps(address: string): boolean {
  const url = URL.parse(address);
  return url?.protocol === 'https:' && url.username === '' && url.password === '' && !/\s/.test(address);
}
