import { hasRole, type Viewer } from '../accounts/model.ts';

/** Whether the viewer may see and change how this school is run: its SAMs, and staff. */
export function canRunSchool(viewer: Viewer, schoolId: string): boolean {
  return hasRole(viewer, 'sam', schoolId) || hasRole(viewer, 'staff');
}
