import { and, asc, eq, inArray, isNull, or } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { communities, communityMembers } from '#db/schema/communities.ts';
import { schools, signUps } from '#db/schema/schools.ts';
import type { Day } from '../../lib/dates.ts';
import { dayIn } from '../../lib/time.ts';
import type { Id } from '../../platform/ids.ts';
import {
  hasRole,
  isShownTo,
  type ProfileLink,
  type ProfilePart,
  scopesOf,
  type Viewer,
  type Visibility,
} from './model.ts';

/** A user’s own profile, whole, as they edit it. */
export type OwnProfile = {
  id: Id<'usr'>;
  name: string;
  email: string;
  jobTitle: string;
  subjects: string;
  about: string;
  workplace: string;
  country: string;
  timeZone: string;
  languages: string[];
  links: ProfileLink[];
  visibility: Visibility;
  pictureId: Id<'pic'> | null;
  personSlug: string | null;
  createdAt: Date;
  /** Those whose member they are. */
  schools: Membership[];
};

export type Membership = { schoolId: string; schoolName: string; endsOn: Day; hasEnded: boolean };

/** The user’s profile; undefined when there is no such user. */
export async function findOwnProfile(
  read: Reads,
  now: Date,
  userId: Id<'usr'>,
): Promise<OwnProfile | undefined> {
  const [row] = await read
    .select({
      id: users.id,
      name: users.name,
      email: users.email,
      jobTitle: users.jobTitle,
      subjects: users.subjects,
      about: users.about,
      workplace: users.workplace,
      country: users.country,
      timeZone: users.timeZone,
      languages: users.languages,
      links: users.links,
      visibility: users.visibility,
      pictureId: users.pictureId,
      personSlug: users.personSlug,
      createdAt: users.createdAt,
    })
    .from(users)
    .where(eq(users.id, userId));
  return row && { ...row, schools: await membershipsOf(read, now, userId) };
}

/** The schools whose member the user is, those included whose membership year is over. */
export async function membershipsOf(read: Reads, now: Date, userId: Id<'usr'>): Promise<Membership[]> {
  const rows = await read
    .select({
      schoolId: schools.id,
      schoolName: schools.name,
      endsOn: schools.membershipEndsOn,
      timeZone: schools.timeZone,
    })
    .from(roleGrants)
    .innerJoin(schools, eq(schools.id, roleGrants.scopeId))
    .where(and(eq(roleGrants.userId, userId), eq(roleGrants.role, 'member')))
    .orderBy(asc(schools.name));
  return rows.map(({ timeZone, ...school }) => ({
    ...school,
    hasEnded: dayIn(timeZone, now) > school.endsOn,
  }));
}

/** A profile as others see it: a part that is not for them is empty. */
export type ShownProfile = {
  id: Id<'usr'>;
  name: string;
  jobTitle: string;
  subjects: string;
  about: string;
  /** Where they work: their schools, or what they wrote. */
  workplace: string;
  country: string;
  timeZone: string;
  languages: string[];
  links: ProfileLink[];
  pictureId: Id<'pic'> | null;
};

/** What members see of a profile, or those who share a community with its user. The address is in neither. */
export function shownProfile(profile: OwnProfile, who: 'members' | 'communities'): ShownProfile {
  const shown = (part: ProfilePart) => isShownTo(who, part, profile.visibility);
  const current = profile.schools.filter(({ hasEnded }) => !hasEnded).map(({ schoolName }) => schoolName);
  return {
    id: profile.id,
    name: profile.name,
    jobTitle: shown('jobTitle') ? profile.jobTitle : '',
    subjects: shown('jobTitle') ? profile.subjects : '',
    about: shown('about') ? profile.about : '',
    workplace: shown('school') ? current.join(', ') || profile.workplace : '',
    country: shown('country') ? profile.country : '',
    timeZone: shown('timeZone') ? profile.timeZone : '',
    languages: shown('languages') ? profile.languages : [],
    links: shown('links') ? profile.links : [],
    pictureId: shown('picture') ? profile.pictureId : null,
  };
}

/**
 * Whether this is somebody’s picture that the viewer may see: their own, a member’s who shows it to members or to people in a
 * community that both are in, and for staff any.
 */
export async function maySeePicture(read: Reads, viewer: Viewer, pictureId: string): Promise<boolean> {
  const [owner] = await read
    .select({ id: users.id, visibility: users.visibility })
    .from(users)
    .where(and(eq(users.pictureId, pictureId as Id<'pic'>), isNull(users.erasureDueAt)));
  if (!owner) return false;
  if (owner.id === viewer.id || hasRole(viewer, 'staff')) return true;
  if (viewer.grants.length === 0) return false;
  if (isShownTo('members', 'picture', owner.visibility)) return true;
  return (
    isShownTo('communities', 'picture', owner.visibility) && (await shareCommunity(read, viewer, owner.id))
  );
}

/**
 * Whether the other user has joined a community that the viewer has joined or hosts. A retired one counts no more, nor one
 * that somebody only asked to join, or left.
 */
async function shareCommunity(read: Reads, viewer: Viewer, userId: Id<'usr'>): Promise<boolean> {
  const joinedBy = (id: Id<'usr'>) =>
    and(eq(communityMembers.userId, id), eq(communityMembers.state, 'joined'));
  const theViewers = read
    .select({ slug: communityMembers.communitySlug })
    .from(communityMembers)
    .where(joinedBy(viewer.id));
  const shared = await read
    .select({ slug: communityMembers.communitySlug })
    .from(communityMembers)
    .innerJoin(communities, eq(communities.slug, communityMembers.communitySlug))
    .where(
      and(
        joinedBy(userId),
        isNull(communities.retiredAt),
        or(
          inArray(communityMembers.communitySlug, theViewers),
          inArray(communityMembers.communitySlug, scopesOf(viewer, 'host')),
        ),
      ),
    )
    .limit(1);
  return shared.length > 0;
}

/** Which of these pictures belong to a user, or to a profile form that waits for its address to be verified. */
export async function picturesInUse(read: Reads, ids: Id<'pic'>[]): Promise<ReadonlySet<string>> {
  const ofUsers = await read.select({ id: users.pictureId }).from(users).where(inArray(users.pictureId, ids));
  const ofForms = await read
    .select({ id: signUps.pictureId })
    .from(signUps)
    .where(inArray(signUps.pictureId, ids));
  return new Set([...ofUsers, ...ofForms].flatMap(({ id }) => (id ? [id] : [])));
}
