import { hasRole, type Viewer } from '../accounts/model.ts';
import type { AttendanceSource } from './model.ts';

type LiveSession = {
  communities: readonly { slug: string }[];
  people: readonly { userId: string; part: string }[];
};

/**
 * As what the viewer takes the attendance of this live session: as staff, as a host of one of its communities, or as its TA
 * (any TA while it has none). Undefined for everybody else.
 */
export function takesAttendanceAs(
  viewer: Pick<Viewer, 'id' | 'grants'>,
  liveSession: LiveSession,
): Extract<AttendanceSource, 'ta' | 'host' | 'staff'> | undefined {
  if (hasRole(viewer, 'staff')) return 'staff';
  if (liveSession.communities.some(({ slug }) => hasRole(viewer, 'host', slug))) return 'host';
  if (!hasRole(viewer, 'ta')) return undefined;
  const tas = liveSession.people.filter(({ part }) => part === 'ta');
  return tas.length === 0 || tas.some(({ userId }) => userId === viewer.id) ? 'ta' : undefined;
}
