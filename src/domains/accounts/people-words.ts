/**
 * Why somebody was suspended. A list and no text field: the reason is kept in the audit log, from which nothing can be
 * erased.
 */
export const suspensionReasons = [
  'code-of-conduct',
  'security',
  'left-school',
  'membership-ended',
  'own-wish',
  'other',
] as const;
export type SuspensionReason = (typeof suspensionReasons)[number];

export const suspensionReasonNames: Readonly<Record<SuspensionReason, string>> = {
  'code-of-conduct': 'They broke the code of conduct',
  security: 'Somebody else may be using their sign-in',
  'left-school': 'They have left their school',
  'membership-ended': 'Their membership has ended',
  'own-wish': 'They asked for it',
  other: 'Something else',
};
