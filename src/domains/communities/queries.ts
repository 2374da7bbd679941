import { and, asc, count, eq, exists, gte, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { firstSteps, roleGrants, users } from '#db/schema/accounts.ts';
import { communities, communityMembers, surveyResponses } from '#db/schema/communities.ts';
import { schools } from '#db/schema/schools.ts';
import type { ListView } from '../../lib/paging.ts';
import { dayIn } from '../../lib/time.ts';
import { contains } from '../../platform/contains.ts';
import type { Id } from '../../platform/ids.ts';
import { isShownTo, type ProfilePart, type Viewer, type Visibility } from '../accounts/model.ts';
import type { MembershipState } from './model.ts';
import { type Barred, barredFrom, canRunCommunity, mayEnterHub } from './policy.ts';

/** A community in which somebody is, or asked to be. */
export type CommunityOfUser = {
  slug: string;
  name: string;
  membership: string;
  state: 'joined' | 'requested';
  since: Date;
};

const isTheirs = inArray(communityMembers.state, ['joined', 'requested']);

/** The communities that the user has joined or asked to join, by name; retired ones are left out. 1 query. */
export async function communitiesOf(read: Reads, userId: Id<'usr'>): Promise<CommunityOfUser[]> {
  const rows = await read
    .select({
      slug: communities.slug,
      name: communities.name,
      membership: communities.membership,
      state: communityMembers.state,
      since: communityMembers.since,
    })
    .from(communityMembers)
    .innerJoin(communities, eq(communities.slug, communityMembers.communitySlug))
    .where(and(eq(communityMembers.userId, userId), isTheirs, isNull(communities.retiredAt)))
    .orderBy(asc(communities.name));
  return rows as CommunityOfUser[];
}

/** The user’s communities, and what of their profile tells which others fit. 1 query. */
export async function communitiesAndWorkOf(read: Reads, userId: Id<'usr'>) {
  const rows = await read
    .select({
      slug: communities.slug,
      name: communities.name,
      membership: communities.membership,
      state: communityMembers.state,
      since: communityMembers.since,
      jobTitle: users.jobTitle,
      subjects: users.subjects,
    })
    .from(users)
    .leftJoin(communityMembers, and(eq(communityMembers.userId, users.id), isTheirs))
    .leftJoin(
      communities,
      and(eq(communities.slug, communityMembers.communitySlug), isNull(communities.retiredAt)),
    )
    .where(eq(users.id, userId))
    .orderBy(asc(communities.name));
  const [first] = rows;
  const own = rows.flatMap(({ jobTitle: _, subjects: __, ...row }) =>
    row.slug ? [row as CommunityOfUser] : [],
  );
  return { own, work: { jobTitle: first?.jobTitle ?? '', subjects: first?.subjects ?? '' } };
}

/** Whether the user has joined the community, and it is not retired. */
export async function isMemberOf(read: Reads, userId: Id<'usr'>, slug: string): Promise<boolean> {
  const joined = read
    .select({ slug: communities.slug })
    .from(communityMembers)
    .innerJoin(communities, eq(communities.slug, communityMembers.communitySlug))
    .where(
      and(
        eq(communityMembers.userId, userId),
        eq(communityMembers.communitySlug, slug),
        eq(communityMembers.state, 'joined'),
        isNull(communities.retiredAt),
      ),
    );
  return (await joined).length > 0;
}

/** A community’s hub, as it stands to one viewer. */
export type Hub = {
  slug: string;
  name: string;
  membership: string;
  /** Null where the viewer never had to do with it. */
  state: MembershipState | null;
  memberCount: number;
  isRetired: boolean;
  /** Whether the viewer sees what is inside. */
  isOpen: boolean;
  canRun: boolean;
  /** What keeps the viewer from joining. */
  barred: Barred | undefined;
  hasAnswered: boolean;
  /** Whether the first step “explore your hub” is taken. */
  hasExplored: boolean;
};

/**
 * The hub of a community for the viewer; one that has closed is open to nobody. Undefined when there is none. 1 query.
 */
export async function findHub(
  read: Reads,
  viewer: Viewer,
  slug: string | undefined,
): Promise<Hub | undefined> {
  const [row] = await read
    .select({
      slug: communities.slug,
      name: communities.name,
      membership: communities.membership,
      retiredAt: communities.retiredAt,
      state: communityMembers.state,
      memberCount: sql<number>`(SELECT count(*) FROM community_members AS m WHERE m.community_slug = ${communities.slug} AND m.state = 'joined')`,
      hasAnswered: exists(
        read
          .select({ one: sql`1` })
          .from(surveyResponses)
          .where(
            and(eq(surveyResponses.userId, viewer.id), eq(surveyResponses.communitySlug, communities.slug)),
          ),
      ).mapWith(Boolean),
      hasExplored: exists(
        read
          .select({ one: sql`1` })
          .from(firstSteps)
          .where(and(eq(firstSteps.userId, viewer.id), eq(firstSteps.step, 'hub'))),
      ).mapWith(Boolean),
    })
    .from(communities)
    .leftJoin(
      communityMembers,
      and(eq(communityMembers.communitySlug, communities.slug), eq(communityMembers.userId, viewer.id)),
    )
    .where(eq(communities.slug, slug ?? ''));
  if (!row) return undefined;
  const { retiredAt, ...hub } = row;
  const isRetired = retiredAt !== null;
  return {
    ...hub,
    isRetired,
    isOpen: !isRetired && mayEnterHub(viewer, hub, hub.state),
    canRun: !isRetired && canRunCommunity(viewer, hub.slug),
    barred: barredFrom(viewer, hub),
  };
}

/** A member as the directory of a hub shows them: what is not for the viewer is empty. */
export type MemberCard = {
  id: Id<'usr'>;
  name: string;
  jobTitle: string;
  subjects: string;
  workplace: string;
  country: string;
  pictureId: Id<'pic'> | null;
  since: Date;
};

export type DirectoryFilter = { school: string; country: string };

export type MemberDirectory = Awaited<ReturnType<typeof memberDirectory>>;

/** What the page of a hub’s members shows: the directory, and for those who run the hub also who asks to join. 3 queries. */
export async function hubMembers(
  read: Reads,
  now: Date,
  viewer: Viewer,
  hub: Hub,
  list: ListView,
  filter: DirectoryFilter,
): Promise<{ directory: MemberDirectory; requests: MemberCard[] }> {
  const who = isOneOfThem(viewer, hub) ? 'communities' : 'members';
  const directory = await memberDirectory(read, now, hub.slug, who, list, filter);
  return { directory, requests: hub.canRun ? await requestsFor(read, now, hub.slug) : [] };
}

/** Whether the viewer counts as one of the community: its other members show them what is for “people in my communities”. */
function isOneOfThem(viewer: Viewer, hub: Pick<Hub, 'slug' | 'state'>): boolean {
  return (
    hub.state === 'joined' ||
    viewer.grants.some(({ role, scopeId }) => role === 'host' && scopeId === hub.slug)
  );
}

/**
 * The members of a community, 25 a page by name, with how many there are and what they can be narrowed by. A part of a profile
 * that is not shown to `who` is not found by either. 2 queries.
 */
async function memberDirectory(
  read: Reads,
  now: Date,
  slug: string,
  who: 'members' | 'communities',
  list: ListView,
  filter: DirectoryFilter,
) {
  const today = lastDayAnywhere(now);
  const shown = (part: ProfilePart) => shownTo(who, part);
  const inSchool = (school: string) =>
    exists(
      read
        .select({ one: sql`1` })
        .from(roleGrants)
        .innerJoin(schools, eq(schools.id, roleGrants.scopeId))
        .where(
          and(
            eq(roleGrants.userId, users.id),
            eq(roleGrants.role, 'member'),
            eq(roleGrants.scopeId, school),
            gte(schools.membershipEndsOn, today),
          ),
        ),
    );
  const rows = await read
    .select({ ...cardColumns(today), total: sql<number>`count(*) OVER ()` })
    .from(communityMembers)
    .innerJoin(users, eq(users.id, communityMembers.userId))
    .where(
      and(
        ...inCommunity(slug, 'joined'),
        filter.country ? and(eq(users.country, filter.country), shown('country')) : undefined,
        filter.school ? and(inSchool(filter.school), shown('school')) : undefined,
        list.q
          ? and(contains(list.q, sql`(${users.jobTitle} || ' ' || ${users.subjects})`), shown('jobTitle'))
          : undefined,
      ),
    )
    .orderBy(asc(users.name), asc(users.id))
    .limit(list.limit)
    .offset(list.offset);
  const places = await read
    .select({
      country: sql<string>`CASE WHEN ${shown('country')} THEN ${users.country} ELSE '' END`,
      schoolId: sql<string>`CASE WHEN ${shown('school')} THEN coalesce(${schools.id}, '') ELSE '' END`,
      schoolName: sql<string>`CASE WHEN ${shown('school')} THEN coalesce(${schools.name}, '') ELSE '' END`,
      count: count(),
    })
    .from(communityMembers)
    .innerJoin(users, eq(users.id, communityMembers.userId))
    .leftJoin(roleGrants, and(eq(roleGrants.userId, users.id), eq(roleGrants.role, 'member')))
    .leftJoin(schools, and(eq(schools.id, roleGrants.scopeId), gte(schools.membershipEndsOn, today)))
    .where(and(...inCommunity(slug, 'joined')))
    .groupBy(sql`1`, sql`2`, sql`3`);
  const byName = new Map(places.filter((p) => p.schoolId).map((p) => [p.schoolId, p.schoolName]));
  return {
    members: rows.map((row) => cardFor(who, row)),
    total: rows[0]?.total ?? 0,
    schools: [...byName].map(([id, name]) => ({ id, name })).sort((a, b) => a.name.localeCompare(b.name)),
    countries: [...new Set(places.map(({ country }) => country).filter(Boolean))],
  };
}

/** Who waits for an answer of the hosts, the longest first; at most 100. Parts of their profile as members see them. 1 query. */
async function requestsFor(read: Reads, now: Date, slug: string): Promise<MemberCard[]> {
  const rows = await read
    .select(cardColumns(lastDayAnywhere(now)))
    .from(communityMembers)
    .innerJoin(users, eq(users.id, communityMembers.userId))
    .where(and(...inCommunity(slug, 'requested')))
    .orderBy(asc(communityMembers.since))
    .limit(100);
  return rows.map((row) => cardFor('members', row));
}

const inCommunity = (slug: string, state: MembershipState): SQL[] => [
  eq(communityMembers.communitySlug, slug),
  eq(communityMembers.state, state),
  isNull(users.suspendedAt),
  isNull(users.erasureDueAt),
];

const cardColumns = (today: string) => ({
  id: users.id,
  name: users.name,
  jobTitle: users.jobTitle,
  subjects: users.subjects,
  ownWorkplace: users.workplace,
  country: users.country,
  pictureId: users.pictureId,
  visibility: users.visibility,
  since: communityMembers.since,
  schoolNames: sql<
    string | null
  >`(SELECT group_concat(${schools.name}, ', ') FROM ${roleGrants} INNER JOIN ${schools} ON ${schools.id} = ${roleGrants.scopeId} WHERE ${roleGrants.userId} = ${users.id} AND ${roleGrants.role} = 'member' AND ${schools.membershipEndsOn} >= ${today})`,
});

type CardRow = Omit<MemberCard, 'workplace'> & {
  ownWorkplace: string;
  visibility: Visibility;
  schoolNames: string | null;
};

function cardFor(who: 'members' | 'communities', row: CardRow): MemberCard {
  const shown = (part: ProfilePart) => isShownTo(who, part, row.visibility);
  return {
    id: row.id,
    name: row.name,
    jobTitle: shown('jobTitle') ? row.jobTitle : '',
    subjects: shown('jobTitle') ? row.subjects : '',
    workplace: shown('school') ? row.schoolNames || row.ownWorkplace : '',
    country: shown('country') ? row.country : '',
    pictureId: shown('picture') ? row.pictureId : null,
    since: row.since,
  };
}

/** The same as `isShownTo`, for the database: what is missing is shown to members. */
function shownTo(who: 'members' | 'communities', part: ProfilePart): SQL {
  const audience = sql`coalesce(json_extract(${users.visibility}, ${`$.${part}`}), 'members')`;
  return who === 'members' ? sql`${audience} = 'members'` : sql`${audience} IN ('members', 'communities')`;
}

/** The day in the zone that is the last to begin it: a school whose year is not over anywhere is current. */
const lastDayAnywhere = (now: Date) => dayIn('Etc/GMT+12', now);
