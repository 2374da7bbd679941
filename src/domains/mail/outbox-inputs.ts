import { z } from 'astro/zod';
import { suppressionReasons } from './model.ts';

/** Of the button that asks nothing. */
export const retryInput = z.strictObject({});

/** A row of the suppression list, as its button names it. */
export const suppressionInput = z.strictObject({
  // As `checkedAddress` asks, so that it never throws.
  email: z
    .string()
    .max(320)
    .regex(/^[^\s@<>,;:"()[\]\\\p{C}]+@[^\s@<>,;:"()\\\p{C}]+$/u, 'This address is none of the list.'),
  reason: z.enum(suppressionReasons),
});
