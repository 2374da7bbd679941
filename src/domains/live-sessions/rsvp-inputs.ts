import { z } from 'astro/zod';
import { feedScopes } from './model.ts';
import { givenAnswers } from './rsvp-words.ts';

export const rsvpInput = z.strictObject({
  answer: z.enum(givenAnswers, 'Choose whether you are going.'),
  /** Path of the page on which it was pressed. */
  next: z.string().max(2000).default(''),
});

export const feedInput = z.strictObject({
  scope: z.enum(feedScopes, 'Choose what the calendar holds.'),
});
