import { and, asc, count, desc, eq, inArray, type SQL, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { schools } from '#db/schema/schools.ts';
import type { ListView } from '../../lib/paging.ts';
import { contains } from '../../platform/contains.ts';
import type { Id } from '../../platform/ids.ts';
import { scopesOf, type Viewer } from '../accounts/model.ts';

/** Days back from now in which somebody who was here counts as active. */
export const activeWithinDays = 30;

/** The first day on which somebody who was here counts as active. */
const activeSince = (now: Date) =>
  new Date(now.getTime() - activeWithinDays * 24 * 3_600_000).toISOString().slice(0, 10);

/** How a school stands, in numbers. */
export type MembershipSummary = {
  /** Whoever has activated, and whoever was invited by address and has not. */
  people: number;
  /** By address; those who have activated since are among them. */
  invited: number;
  activated: number;
  activeLately: number;
  /** How many of those who have activated are SAMs of the school. */
  sams: number;
  /** Those that its people have joined, by name, with how many. */
  communities: { slug: string; name: string; members: number }[];
};

/** The Membership Summary of one school. 1 query. */
export async function membershipSummary(
  read: Reads,
  schoolId: Id<'sch'>,
  now: Date,
): Promise<MembershipSummary> {
  const [row] = await read
    .select({
      ...countsOfSchool(now),
      sams: sql<number>`(SELECT count(*) FROM role_grants AS held JOIN role_grants AS sam
        ON sam.user_id = held.user_id AND sam.role = 'sam' AND sam.scope_id = held.scope_id
        WHERE held.role = 'member' AND held.scope_id = schools.id)`,
      communities: sql<string>`(SELECT json_group_array(json_object('slug', slug, 'name', name, 'members', members))
        FROM (SELECT c.slug, c.name, counted.members
          FROM (SELECT joined.community_slug AS slug, count(*) AS members
            FROM role_grants AS held CROSS JOIN community_members AS joined ON joined.user_id = held.user_id
            WHERE held.role = 'member' AND held.scope_id = ${schoolId} AND joined.state = 'joined'
            GROUP BY joined.community_slug) AS counted
          CROSS JOIN communities AS c ON c.slug = counted.slug ORDER BY c.name COLLATE NOCASE))`,
    })
    .from(schools)
    .where(eq(schools.id, schoolId));
  if (!row) throw new Error(`There is no school ${schoolId}.`);
  const { openInvitations, communities, ...counts } = row;
  return { ...counts, people: counts.activated + openInvitations, communities: JSON.parse(communities) };
}

/** The schools whose SAM the viewer is, by name, each with its numbers. 1 query. */
export async function schoolsOfSamWithCounts(read: Reads, viewer: Viewer, now: Date) {
  const rows = await read
    .select({
      id: schools.id,
      name: schools.name,
      city: schools.city,
      country: schools.country,
      ...countsOfSchool(now),
    })
    .from(schools)
    .where(inArray(schools.id, scopesOf(viewer, 'sam') as Id<'sch'>[]))
    .orderBy(asc(schools.name));
  return rows;
}

export const seenMemberSorts = ['name', 'role', 'joined', 'communities', 'seen', 'attended'] as const;
export type SeenMemberSort = (typeof seenMemberSorts)[number];

export const memberShows = ['active', 'inactive', 'never', 'no-community', 'attended-none'] as const;
export type MemberShow = (typeof memberShows)[number];

/** What narrows the table beside words: a community that they have joined, and how they use the membership. */
export type MemberFilter = { community?: string | undefined; show?: MemberShow | undefined };

/** What a SAM sees of a person. What is not here, no SAM learns. */
export type SeenMember = {
  userId: Id<'usr'>;
  name: string;
  jobTitle: string;
  joinedAt: Date;
  isSam: boolean;
  /** Names, by name. */
  communities: string[];
  /** The last day on which they used the portal, in their own zone: `2026-11-21`. Null for never. */
  lastSeenOn: string | null;
  /** Live sessions that they attended since they joined the school, live or by recording. */
  attended: number;
};

/** One page of the people who have joined the school, found by words of name and role. 1 query; 2 beyond the last page. */
export async function seenMembers(
  read: Reads,
  schoolId: Id<'sch'>,
  list: Pick<ListView<SeenMemberSort>, 'q' | 'sort' | 'descending' | 'offset' | 'limit'>,
  filter: MemberFilter,
  now: Date,
): Promise<{ members: SeenMember[]; total: number }> {
  const wanted = and(
    isMember(schoolId),
    contains(list.q, users.name, users.jobTitle),
    filter.community ? hasJoined(filter.community) : undefined,
    filter.show && shows(filter.show, now),
  );
  const rows = await rowsOf(read, schoolId, wanted, list);
  const total = rows[0]?.total ?? (list.offset > 0 ? await countOf(read, wanted) : 0);
  return { members: rows.map(asSeenMember), total };
}

/** What a SAM of the school sees of this one member, from the same query; undefined when they are none. 1 query. */
export async function seenMember(
  read: Reads,
  schoolId: Id<'sch'>,
  userId: Id<'usr'>,
): Promise<SeenMember | undefined> {
  const only = and(isMember(schoolId), eq(users.id, userId));
  const [row] = await rowsOf(read, schoolId, only, { sort: 'name', descending: false, limit: 1, offset: 0 });
  return row && asSeenMember(row);
}

type Row = Omit<SeenMember, 'communities' | 'isSam'> & { communities: string; isSam: number; total: number };

const asSeenMember = ({ total: _, communities, isSam, ...row }: Row): SeenMember => ({
  ...row,
  isSam: isSam === 1,
  communities: (JSON.parse(communities) as string[]).sort((a, b) => a.localeCompare(b, 'en')),
});

/** Which rows stand on the page is found first, and what is counted for each only for those. */
function rowsOf(
  read: Reads,
  schoolId: Id<'sch'>,
  wanted: SQL | undefined,
  list: Pick<ListView<SeenMemberSort>, 'sort' | 'descending' | 'offset' | 'limit'>,
): Promise<Row[]> {
  const order = list.descending ? desc : asc;
  const page = read
    .select({
      userId: sql<Id<'usr'>>`users.id`.as('user_id'),
      name: users.name,
      jobTitle: users.jobTitle,
      lastSeenOn: users.lastSeenOn,
      joinedAt: roleGrants.createdAt,
      total: sql<number>`count(*) OVER ()`.as('total'),
      sortKey: sql`${sortKeys[list.sort]}`.as('sort_key'),
    })
    .from(roleGrants)
    .innerJoin(users, eq(users.id, roleGrants.userId))
    .where(wanted)
    .orderBy(order(sql`sort_key COLLATE NOCASE`), sql`users.id`)
    .limit(list.limit)
    .offset(list.offset)
    .as('page');
  return read
    .select({
      userId: page.userId,
      name: page.name,
      jobTitle: page.jobTitle,
      lastSeenOn: page.lastSeenOn,
      joinedAt: page.joinedAt,
      total: page.total,
      isSam: sql<number>`EXISTS (SELECT 1 FROM role_grants AS sam
        WHERE sam.user_id = page.user_id AND sam.role = 'sam' AND sam.scope_id = ${schoolId})`,
      communities: sql<string>`(SELECT json_group_array(c.name) FROM community_members AS joined
        JOIN communities AS c ON c.slug = joined.community_slug
        WHERE joined.user_id = page.user_id AND joined.state = 'joined')`,
      attended: sql<number>`(SELECT count(*) FROM ${attendedSince(sql`page.user_id`, sql`page.created_at`)})`,
    })
    .from(page)
    .orderBy(order(sql`page.sort_key COLLATE NOCASE`), sql`page.user_id`);
}

async function countOf(read: Reads, wanted: SQL | undefined): Promise<number> {
  const [row] = await read
    .select({ total: count() })
    .from(roleGrants)
    .innerJoin(users, eq(users.id, roleGrants.userId))
    .where(wanted);
  return row?.total ?? 0;
}

const isMember = (schoolId: Id<'sch'>) =>
  and(eq(roleGrants.role, 'member'), eq(roleGrants.scopeId, schoolId)) as SQL;

/*
 * For each row of a query over `users`. Names are written out: in a query of one table Drizzle leaves the table’s away.
 */

const joinedAny = sql`SELECT 1 FROM community_members AS joined
  WHERE joined.user_id = users.id AND joined.state = 'joined'`;
const hasJoined = (slug: string) => sql`EXISTS (${joinedAny} AND joined.community_slug = ${slug})`;

/** A row for each live session that somebody attended which was not over before they joined the school. */
const attendedSince = (userId: SQL, joinedAt: SQL) => sql`attendance AS taken
  CROSS JOIN live_sessions AS met ON met.id = taken.live_session_id
  WHERE taken.user_id = ${userId} AND taken.mark IN ('live', 'recording') AND met.ends_at >= ${joinedAt}`;
const attendedHere = attendedSince(sql`users.id`, sql`role_grants.created_at`);

function shows(show: MemberShow, now: Date): SQL {
  switch (show) {
    case 'active':
      return sql`users.last_seen_on >= ${activeSince(now)}`;
    case 'inactive':
      return sql`coalesce(users.last_seen_on, '') < ${activeSince(now)}`;
    case 'never':
      return sql`users.last_seen_on IS NULL`;
    case 'no-community':
      return sql`NOT EXISTS (${joinedAny})`;
    case 'attended-none':
      return sql`NOT EXISTS (SELECT 1 FROM ${attendedHere})`;
  }
}

const sortKeys: Readonly<Record<SeenMemberSort, SQL>> = {
  name: sql`users.name`,
  role: sql`users.job_title`,
  joined: sql`role_grants.created_at`,
  communities: sql`(SELECT count(*) FROM community_members AS joined
    WHERE joined.user_id = users.id AND joined.state = 'joined')`,
  seen: sql`coalesce(users.last_seen_on, '')`,
  attended: sql`(SELECT count(*) FROM ${attendedHere})`,
};

/** For each row of a query over `schools`. */
const countsOfSchool = (now: Date) => ({
  invited: sql<number>`(SELECT count(*) FROM invitations AS asked
    WHERE asked.school_id = schools.id AND asked.withdrawn_at IS NULL)`,
  openInvitations: sql<number>`(SELECT count(*) FROM invitations AS asked
    WHERE asked.school_id = schools.id AND asked.withdrawn_at IS NULL AND asked.activated_at IS NULL)`,
  activated: sql<number>`(SELECT count(*) FROM role_grants AS held
    WHERE held.role = 'member' AND held.scope_id = schools.id)`,
  activeLately: sql<number>`(SELECT count(*) FROM role_grants AS held JOIN users AS person ON person.id = held.user_id
    WHERE held.role = 'member' AND held.scope_id = schools.id AND person.last_seen_on >= ${activeSince(now)})`,
});
