import { hasRole, isMember, type Viewer } from '../accounts/model.ts';
import type { MembershipState } from './model.ts';

type Grants = Pick<Viewer, 'grants'>;

/** Whether the viewer may read a community’s survey, add questions to it and answer requests: its hosts, and staff. */
export function canRunCommunity(viewer: Grants, slug: string): boolean {
  return hasRole(viewer, 'host', slug) || hasRole(viewer, 'staff');
}

/** Why somebody may not be in a community at all. */
export type Barred = 'not-member' | 'for-sams' | 'for-hosts';

/** What keeps the viewer out of a community of this type; undefined when nothing does. Who runs it may always be in it. */
export function barredFrom(
  viewer: Grants,
  { slug, membership }: { slug: string; membership: string },
): Barred | undefined {
  if (!isMember(viewer)) return 'not-member';
  if (canRunCommunity(viewer, slug)) return undefined;
  if (membership === 'sams' && !hasRole(viewer, 'sam')) return 'for-sams';
  if (membership === 'hosts' && !hasRole(viewer, 'host')) return 'for-hosts';
  return undefined;
}

/** Whether the hub is open to the viewer: they have joined and still may, or they run it. */
export function mayEnterHub(
  viewer: Grants,
  community: { slug: string; membership: string },
  state: MembershipState | null,
): boolean {
  if (canRunCommunity(viewer, community.slug)) return true;
  return state === 'joined' && barredFrom(viewer, community) === undefined;
}
