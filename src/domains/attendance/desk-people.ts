import { and, asc, eq, exists, inArray, sql } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { jsonRow, packedList } from '#db/json-row.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { contains } from '../../platform/contains.ts';
import type { Id } from '../../platform/ids.ts';
import { isShownTo, normaliseAddress } from '../accounts/model.ts';
import type { ExpectedPerson } from './expected.ts';
import { normaliseName } from './match.ts';

/**
 * Somebody as the desk names them: the school as far as they show it to people of their communities, with the address where
 * two of one name and school could not be told apart without it.
 */
export type DeskPerson = { userId: Id<'usr'>; name: string; school: string };

/** Members whose name or address has these words, but for those in `except`; at most eight. 1 query. */
export async function findPeople(
  read: Reads,
  words: string,
  except: readonly Id<'usr'>[],
): Promise<ExpectedPerson[]> {
  const address = words.includes('@') ? eq(users.email, normaliseAddress(words)) : undefined;
  const left = new Set(except);
  const rows = await read
    .select({ userId: users.id, name: users.name, email: users.email })
    .from(users)
    .where(and(address ?? contains(words, users.name), hasAnyRole(read)))
    .orderBy(asc(users.name))
    .limit(8 + left.size);
  return rows.filter(({ userId }) => !left.has(userId)).slice(0, 8);
}

const hasAnyRole = (read: Reads) =>
  exists(read.select({ one: sql`1` }).from(roleGrants).where(eq(roleGrants.userId, users.id)));

/** The school or workplace of each, as far as they show it to people of their communities. 1 query. */
export async function schoolsOf(read: Reads, ids: readonly Id<'usr'>[]): Promise<Map<Id<'usr'>, string>> {
  const schoolOf = new Map<Id<'usr'>, string>();
  const rows = await read
    .select({
      row: jsonRow({
        userId: users.id,
        workplace: users.workplace,
        visibility: users.visibility,
        schoolNames: sql<
          string | null
        >`(SELECT group_concat(s.name, ', ') FROM role_grants g JOIN schools s ON s.id = g.scope_id
          WHERE g.user_id = ${users.id} AND g.role = 'member')`,
      }),
    })
    .from(users)
    .where(inArray(users.id, packedList(ids)));
  for (const { row } of rows)
    if (isShownTo('communities', 'school', row.visibility))
      schoolOf.set(row.userId, row.schoolNames || row.workplace);
  return schoolOf;
}

/** The schools, with the address beside it for each of several people who have the same name and school. */
export function toldApart(
  people: readonly ExpectedPerson[],
  schoolOf: ReadonlyMap<Id<'usr'>, string>,
): Map<Id<'usr'>, string> {
  const school = ({ userId }: ExpectedPerson) => schoolOf.get(userId) ?? '';
  const alike = Map.groupBy(people, (person) => `${normaliseName(person.name)}\n${school(person)}`);
  const all = new Map(schoolOf);
  for (const theirs of alike.values())
    if (theirs.length > 1)
      for (const person of theirs)
        all.set(person.userId, [school(person), person.email].filter(Boolean).join(', '));
  return all;
}

/** What is typed into a row: a name as the list offers it, any name, or an address. */
export type Named = { user: Id<'usr'> } | { unclear: 'nobody' } | { unclear: 'several'; names: number };

/**
 * Whom each typed text means: an expected person by name and school, else the only expected person of that name, else the only
 * member of that name or address anywhere. At most 2 queries and one for each text that names nobody expected.
 */
export async function whoIsNamed(
  read: Reads,
  view: { expected: readonly DeskPerson[] },
  texts: readonly string[],
): Promise<Named[]> {
  const named: Named[] = [];
  for (const text of texts) named.push(await whoIs(read, view.expected, text));
  return named;
}

async function whoIs(read: Reads, expected: readonly DeskPerson[], text: string): Promise<Named> {
  const exact = expected.filter((person) => personLabel(person) === text);
  const alike = expected.filter(({ name }) => normaliseName(name) === normaliseName(text));
  const chosen = exact.length > 0 ? exact : alike;
  if (chosen.length === 1) return { user: chosen[0]!.userId };
  if (chosen.length > 1) return { unclear: 'several', names: chosen.length };
  const found = await findPeople(read, text, []);
  const same = text.includes('@')
    ? found
    : found.filter(({ name }) => normaliseName(name) === normaliseName(text));
  if (same.length === 1) return { user: same[0]!.userId };
  return same.length > 1 ? { unclear: 'several', names: same.length } : { unclear: 'nobody' };
}

/** `Mia Sample, Harbour School`: how lists offer a person. */
export const personLabel = ({ name, school }: DeskPerson) => (school ? `${name}, ${school}` : name);
