import { z } from 'astro/zod';
import { line, optionalLine, timeZone } from '../../lib/inputs.ts';

const optionalDay = optionalLine(10).refine(
  (typed) => typed === '' || z.iso.date().safeParse(typed).success,
  'Enter a day like 2026-11-24, or leave day and hour empty.',
);
const optionalClock = optionalLine(8)
  .refine(
    (typed) => typed === '' || /^(?:[01]\d|2[0-3]):[0-5]\d(?::00)?$/.test(typed),
    'Enter an hour like 16:00, or leave day and hour empty.',
  )
  .transform((typed) => typed.slice(0, 5));

/** A planned change. Without day and hour it waits until somebody publishes it. */
export const plannedInput = z
  .strictObject({ title: line('what the change is', 80), day: optionalDay, clock: optionalClock, timeZone })
  .superRefine(({ day, clock }, context) => {
    if (day && !clock)
      context.addIssue({ code: 'custom', path: ['clock'], message: 'Enter the hour as well, like 16:00.' });
    if (clock && !day) context.addIssue({ code: 'custom', path: ['day'], message: 'Enter the day as well.' });
  });

export const nothingInput = z.strictObject({});

/** Restores an entry as it was after a save. */
export const restoreInput = z.strictObject({ path: z.string().max(300) });
