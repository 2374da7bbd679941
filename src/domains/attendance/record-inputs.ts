import { z } from 'astro/zod';

/** Which of the choices of periods; one that there is not means the first. */
export const giveCodeInput = z.strictObject({ covers: z.string().max(80).default('') });

export const withdrawCodeInput = z.strictObject({ record: z.string().regex(/^rec_[0-9a-f]{32}$/) });
