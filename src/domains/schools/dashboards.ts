import type { Reads } from '#db/client.ts';
import type { ListView } from '../../lib/paging.ts';
import type { Id } from '../../platform/ids.ts';
import { scopesOf, type Viewer } from '../accounts/model.ts';
import { openActivationLink } from './activation-links.ts';
import { invitationsOf } from './invitations.ts';
import { type MemberSort, memberCounts, samsOf, schoolMembers } from './queries.ts';

/** What a SAM sees of the school beside its own record: its link, its people, whom it invited, and its SAMs. */
export async function samDashboard(
  read: Reads,
  viewer: Viewer,
  schoolId: Id<'sch'>,
  list: ListView<MemberSort>,
  now: Date,
) {
  return {
    link: await openActivationLink(read, schoolId),
    sams: await samsOf(read, schoolId, now),
    counts: await memberCounts(read, schoolId),
    found: await schoolMembers(read, schoolId, list),
    invited: await invitationsOf(read, schoolId),
    /** Whether the viewer is SAM of more schools than this one. */
    hasOthers: scopesOf(viewer, 'sam').some((id) => id !== schoolId),
  };
}

/** What staff see of a school beside its own record: its link, its SAMs, and how many people have joined. */
export async function staffDashboard(read: Reads, schoolId: Id<'sch'>, now: Date) {
  const { members } = await memberCounts(read, schoolId);
  return { link: await openActivationLink(read, schoolId), sams: await samsOf(read, schoolId, now), members };
}
