import type { Viewer } from '#src/domains/accounts/model.ts';
import { type Barred, barredFrom } from '../policy.ts';
import type { CommunityOfUser } from '../queries.ts';
import type { CommunityEntry } from './read.ts';

/** How somebody stands to a community: in it, waiting, free to join, or left out by its type. */
export type Standing = {
  state: 'joined' | 'requested' | 'out';
  barred: Barred | undefined;
  byApproval: boolean;
};

/** The viewer’s standing to each of these communities, by slug. */
export function standingsOf(
  viewer: Viewer,
  communities: readonly CommunityEntry[],
  own: readonly CommunityOfUser[],
): ReadonlyMap<string, Standing> {
  const states = new Map(own.map(({ slug, state }) => [slug, state]));
  return new Map(
    communities.map(({ id, data }) => [
      id,
      {
        state: states.get(id) ?? 'out',
        barred: barredFrom(viewer, { slug: id, membership: data.membership }),
        byApproval: data.membership === 'approval',
      },
    ]),
  );
}
