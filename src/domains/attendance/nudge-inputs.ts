import { z } from 'astro/zod';
import { optionalText } from '../../lib/inputs.ts';
import { nudgeKinds } from './model.ts';

/** Longest note, in characters: it is to stay a short mail. */
export const longestNote = 400;

/** Nudging some people of a list, or everybody whom the kind is for. */
export const nudgeInput = z.strictObject({
  kind: z.enum(nudgeKinds, { error: 'Choose what it is about.' }),
  whom: z.enum(['chosen', 'all'], { error: 'Choose whom to send it to.' }),
  person: z.array(z.string().max(60)).max(100, 'Choose at most one page of people.'),
  note: optionalText(longestNote),
});
