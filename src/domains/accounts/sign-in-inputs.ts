import { z } from 'astro/zod';
import { anyPassword, checkbox, emailAddress } from '../../lib/inputs.ts';

export const signInInput = z.strictObject({
  email: emailAddress,
  password: anyPassword,
  next: z.string().max(2000).default(''),
  /** Somebody who asked to be erased changes their mind. */
  keep: checkbox,
});

export const confirmPasswordInput = z.strictObject({
  password: anyPassword,
  next: z.string().max(2000).default(''),
});

export const forgotPasswordInput = z.strictObject({ email: emailAddress });

export const newPasswordInput = z.strictObject({
  password: z.string({ error: 'Choose a password.' }).max(1000, 'Use 128 characters or fewer.'),
});

export const nothingInput = z.strictObject({});
