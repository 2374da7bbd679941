import type { Grant, Role } from './model.ts';

/** What a role is called on screen. */
export const roleNames: Readonly<Record<Role, string>> = {
  staff: 'Staff',
  editor: 'Editor',
  ta: 'Technical assistant',
  sam: 'SAM',
  host: 'Host',
  member: 'Member',
};

/**
 * A role with what it is of: “SAM of Hillside School”, “Member without a school”. `scopeName` is the school’s or
 * community’s name; its id stands where it has none any more.
 */
export function roleWords({ role, scopeId }: Grant, scopeName: string | undefined | null): string {
  if (role === 'member' && !scopeId) return 'Member without a school';
  if (!scopeId) return roleNames[role];
  return `${roleNames[role]} ${role === 'member' ? 'through' : 'of'} ${scopeName ?? scopeId}`;
}
