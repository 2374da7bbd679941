import { and, asc, count, desc, eq, isNotNull, type SQL, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { loginSessions, roleGrants, users } from '#db/schema/accounts.ts';
import { schools } from '#db/schema/schools.ts';
import type { ListView } from '../../lib/paging.ts';
import { contains } from '../../platform/contains.ts';
import type { Id } from '../../platform/ids.ts';
import type { Role } from './model.ts';

export const peopleSorts = ['name', 'joined', 'last-here'] as const;
export type PeopleSort = (typeof peopleSorts)[number];

/** Users who cannot sign in: staff suspended them, or they asked for everything to be deleted. */
export const awayStates = ['suspended', 'leaving'] as const;
export type AwayState = (typeof awayStates)[number];

/** Both `role` and `school` mean that role of that school; `school` alone its members and SAMs. */
export type PeopleFilter = {
  role?: Role | undefined;
  schoolId?: string | undefined;
  away?: AwayState | undefined;
};

/** A role and, where it is of a school, the school’s name. */
export type NamedGrant = { role: Role; scopeId: string; schoolName: string | null };

export type PersonRow = {
  id: Id<'usr'>;
  name: string;
  email: string;
  createdAt: Date;
  suspendedAt: Date | null;
  erasureDueAt: Date | null;
  /** When a sign-in of theirs that is still open was used last. */
  lastHereAt: Date | null;
  grants: NamedGrant[];
};

const lastHereAt =
  sql<Date | null>`(SELECT max(login_sessions.last_used_at) FROM login_sessions WHERE login_sessions.user_id = users.id)`.mapWith(
    loginSessions.lastUsedAt,
  );

/** Roles in the order of `roles`, each with its school’s name. */
const grants = sql<NamedGrant[]>`(
  SELECT json_group_array(json_object('role', held.role, 'scopeId', held.scope_id, 'schoolName', held.name))
  FROM (
    SELECT role_grants.role, role_grants.scope_id, schools.name FROM role_grants
    LEFT JOIN schools ON schools.id = role_grants.scope_id AND role_grants.role IN ('sam', 'member')
    WHERE role_grants.user_id = users.id
    ORDER BY instr('staff editor ta sam host member', role_grants.role), schools.name, role_grants.scope_id
  ) AS held
)`.mapWith((text: string) => JSON.parse(text) as NamedGrant[]);

const row = {
  id: users.id,
  name: users.name,
  email: users.email,
  createdAt: users.createdAt,
  suspendedAt: users.suspendedAt,
  erasureDueAt: users.erasureDueAt,
  lastHereAt,
  grants,
};

/** One page of the people that staff look for, and how many there are on all pages. 2 queries. */
export async function peoplePage(
  read: Reads,
  list: ListView<PeopleSort>,
  filter: PeopleFilter,
): Promise<{ people: PersonRow[]; total: number }> {
  const where = and(contains(list.q, users.name, users.email), grantedAs(filter), awayAs(filter.away));
  const direction = list.descending ? desc : asc;
  const people = await read
    .select(row)
    .from(users)
    .where(where)
    .orderBy(direction(orders[list.sort]), users.id)
    .limit(list.limit)
    .offset(list.offset);
  const [counted] = await read.select({ total: count() }).from(users).where(where);
  return { people, total: counted?.total ?? 0 };
}

const orders: Record<PeopleSort, SQL> = {
  name: sql`users.name COLLATE NOCASE`,
  joined: sql`users.created_at`,
  'last-here': sql`(SELECT max(login_sessions.last_used_at) FROM login_sessions WHERE login_sessions.user_id = users.id)`,
};

function grantedAs({ role, schoolId }: PeopleFilter): SQL | undefined {
  if (!role && !schoolId) return undefined;
  const held = and(
    sql`role_grants.user_id = users.id`,
    role && eq(roleGrants.role, role),
    schoolId ? and(eq(roleGrants.scopeId, schoolId), sql`role_grants.role IN ('member', 'sam')`) : undefined,
  );
  return sql`EXISTS (SELECT 1 FROM ${roleGrants} WHERE ${held})`;
}

function awayAs(away: AwayState | undefined): SQL | undefined {
  if (!away) return undefined;
  return isNotNull(away === 'suspended' ? users.suspendedAt : users.erasureDueAt);
}

export type Person = PersonRow & {
  jobTitle: string;
  subjects: string;
  workplace: string;
  country: string;
  timeZone: string;
  emailVerifiedAt: Date;
  personSlug: string | null;
};

/** One person as staff see them; undefined when there is none of this id. */
export async function findPerson(read: Reads, id: string | undefined): Promise<Person | undefined> {
  const [person] = await read
    .select({
      ...row,
      jobTitle: users.jobTitle,
      subjects: users.subjects,
      workplace: users.workplace,
      country: users.country,
      timeZone: users.timeZone,
      emailVerifiedAt: users.emailVerifiedAt,
      personSlug: users.personSlug,
    })
    .from(users)
    .where(eq(users.id, (id ?? '') as Id<'usr'>));
  return person;
}

/** Name of a school; undefined when there is none of this id. */
export async function schoolName(read: Reads, id: string): Promise<string | undefined> {
  const [school] = await read
    .select({ name: schools.name })
    .from(schools)
    .where(eq(schools.id, id as Id<'sch'>));
  return school?.name;
}

/** Every school by name, to choose one from. */
export function schoolChoices(read: Reads): Promise<{ id: Id<'sch'>; name: string; city: string }[]> {
  return read
    .select({ id: schools.id, name: schools.name, city: schools.city })
    .from(schools)
    .orderBy(sql`${schools.name} COLLATE NOCASE`, schools.city);
}
