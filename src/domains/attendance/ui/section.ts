import { hasRole, type Viewer } from '#src/domains/accounts/model.ts';

/** Whose navigation stands beside the attendance desk: TAs have nothing beside it. */
export function sectionFor(viewer: Viewer): 'staff' | 'host' | 'none' {
  if (hasRole(viewer, 'staff')) return 'staff';
  return hasRole(viewer, 'host') ? 'host' : 'none';
}
