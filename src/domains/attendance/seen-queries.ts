import { and, asc, eq, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { roleGrants } from '#db/schema/accounts.ts';
import { schools } from '#db/schema/schools.ts';
import type { Id } from '../../platform/ids.ts';
import type { SeasonFacts } from '../live-sessions/seasons.ts';
import { type SeenMember, seenMember } from './sam-queries.ts';
import { chooseSeason } from './sam-table.ts';
import { type AttendanceTable, attendanceTable, wholeTable } from './sam-table-queries.ts';

/** What the SAM of one school sees of one of its members: the rows of both tables, from the same queries. */
export type SeenBySchool = {
  schoolName: string;
  /** The address that the invitation went to; null where they came by the activation link. */
  invitedAddress: string | null;
  member: SeenMember;
  /** Their rows in the season of now; undefined where content has none. */
  table: AttendanceTable | undefined;
};

/** What the SAMs of the user’s schools see of them, by name of the school. 1 query, and 4 a school: hardly anybody has two. */
export async function seenBySchools(
  read: Reads,
  userId: Id<'usr'>,
  seasons: readonly SeasonFacts[],
  now: Date,
): Promise<SeenBySchool[]> {
  const theirs = await read
    .select({
      schoolId: schools.id,
      schoolName: schools.name,
      invitedAddress: sql<string | null>`(SELECT asked.email FROM invitations AS asked
        JOIN users AS person ON person.email = asked.email
        WHERE person.id = ${userId} AND asked.school_id = schools.id)`,
    })
    .from(roleGrants)
    .innerJoin(schools, eq(schools.id, roleGrants.scopeId))
    .where(and(eq(roleGrants.userId, userId), eq(roleGrants.role, 'member')))
    .orderBy(asc(schools.name));
  const season = chooseSeason(seasons, null, now);
  const seen = await Promise.all(
    theirs.map(async ({ schoolId, ...school }) => {
      const member = await seenMember(read, schoolId, userId);
      const table =
        season && (await attendanceTable(read, schoolId, { season, seasons }, wholeTable, { userId }, now));
      return member && { ...school, member, table };
    }),
  );
  return seen.filter((each) => each !== undefined);
}
