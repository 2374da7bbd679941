import type { Reads } from '#db/client.ts';
import type { Id } from '../../platform/ids.ts';
import { scopesOf, type Viewer } from '../accounts/model.ts';
import { openActivationLink } from './activation-links.ts';
import { invitationsOf } from './invitations.ts';
import { memberCount, samsOf } from './queries.ts';

/** What a SAM sees of the school beside its own record and its people: its link, whom it invited, and its SAMs. 4 queries. */
export async function samDashboard(read: Reads, viewer: Viewer, schoolId: Id<'sch'>, now: Date) {
  return {
    link: await openActivationLink(read, schoolId),
    sams: await samsOf(read, schoolId, now),
    invited: await invitationsOf(read, schoolId),
    /** Whether the viewer is SAM of more schools than this one. */
    hasOthers: scopesOf(viewer, 'sam').some((id) => id !== schoolId),
  };
}

/** What staff see of a school beside its own record: its link, its SAMs, and how many people have joined. */
export async function staffDashboard(read: Reads, schoolId: Id<'sch'>, now: Date) {
  return {
    link: await openActivationLink(read, schoolId),
    sams: await samsOf(read, schoolId, now),
    members: await memberCount(read, schoolId),
  };
}
