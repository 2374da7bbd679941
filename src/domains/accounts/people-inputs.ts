import { z } from 'astro/zod';
import { suspensionReasons } from './people-words.ts';

/** Of buttons that ask nothing. */
export const nothingInput = z.strictObject({});

export const suspendInput = z.strictObject({
  reason: z.enum(suspensionReasons, { error: 'Choose a reason.' }),
});

/** Roles of the whole site. */
export const siteRoleInput = z.strictObject({
  role: z.enum(['staff', 'editor', 'ta'], { error: 'Choose a role.' }),
});

export const hostRoleInput = z.strictObject({
  community: z.string({ error: 'Choose a community.' }).min(1, 'Choose a community.').max(200),
});

export const samRoleInput = z.strictObject({
  school: z.string({ error: 'Choose a school.' }).min(1, 'Choose a school.').max(200),
});

/** A role that the user holds, as its button names it. */
export const heldRoleInput = z.strictObject({
  role: z.enum(['staff', 'editor', 'ta', 'sam', 'host', 'member']),
  scope: z.string().max(200).default(''),
});
