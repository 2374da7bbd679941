import type { MemberShow } from './sam-queries.ts';

export const memberShowWords: Readonly<Record<MemberShow, string>> = {
  active: 'Active in the last 30 days',
  inactive: 'Not active in the last 30 days',
  never: 'Never signed in',
  'no-community': 'In no community',
  'attended-none': 'Attended nothing yet',
};
