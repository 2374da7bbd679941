import { hasRole, isMember, type Viewer } from '../accounts/model.ts';
import type { LiveSessionAudience } from './model.ts';

type Grants = Pick<Viewer, 'grants'>;

/** Whether the viewer may plan live sessions of all these communities: a host of each of them, or staff. */
export function canPlan(viewer: Grants, communitySlugs: readonly string[]): boolean {
  if (hasRole(viewer, 'staff')) return true;
  return communitySlugs.length > 0 && communitySlugs.every((slug) => hasRole(viewer, 'host', slug));
}

/** Whether the viewer may change this live session: staff, and whoever hosts one of its communities. */
export function canRun(viewer: Grants, liveSession: { communities: readonly { slug: string }[] }): boolean {
  return (
    hasRole(viewer, 'staff') || liveSession.communities.some(({ slug }) => hasRole(viewer, 'host', slug))
  );
}

/**
 * Whether the viewer may attend, and so see its meeting link. `memberships` are the slugs of communities that they have joined
 * (not only asked to). Whoever runs the live session or supports it may; of the others, whom its audience names. One that is
 * still a draft is attended by nobody else.
 */
export function mayAttend(
  viewer: Pick<Viewer, 'grants' | 'id'>,
  memberships: readonly string[],
  liveSession: {
    audience: LiveSessionAudience;
    state: string;
    communities: readonly { slug: string }[];
    people: readonly { userId: string }[];
  },
): boolean {
  if (canRun(viewer, liveSession)) return true;
  if (hasRole(viewer, 'ta') || liveSession.people.some(({ userId }) => userId === viewer.id))
    return isMember(viewer);
  if (liveSession.state === 'draft' || !isMember(viewer)) return false;
  switch (liveSession.audience) {
    case 'communities':
      return liveSession.communities.some(({ slug }) => memberships.includes(slug));
    case 'members':
      return true;
    case 'sams':
      return hasRole(viewer, 'sam');
  }
}
