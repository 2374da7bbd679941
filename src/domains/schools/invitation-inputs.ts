import { z } from 'astro/zod';

const wrongFile = 'Choose a CSV file.';

/** Pasted text, or a file. What is wrong with single lines the preview says. */
export const previewInput = z.strictObject({
  list: z
    .string()
    .max(250_000, 'This is too much for one list. Invite at most 500 people at a time.')
    .default(''),
  /** Browsers send an empty file where none was chosen. */
  file: z
    .instanceof(File, { error: wrongFile })
    .optional()
    .transform((file) => (file?.size ? file : undefined)),
});

/** The lines of a preview that had no problem. */
export const sendInput = z.strictObject({ list: z.string().max(250_000, 'Preview the list again.') });

/** An act on one invitation of the list. */
export const invitationInput = z.strictObject({ invitationId: z.string().max(60) });
