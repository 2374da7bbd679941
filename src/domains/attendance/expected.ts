import { and, eq, inArray, isNull, lte } from 'drizzle-orm';
import type { Reads } from '#db/client.ts';
import { jsonRow, packedList } from '#db/json-row.ts';
import { users } from '#db/schema/accounts.ts';
import { communityMembers } from '#db/schema/communities.ts';
import { rsvps } from '#db/schema/live-sessions.ts';
import type { Id } from '../../platform/ids.ts';
import type { LiveSessionView } from '../live-sessions/queries.ts';

/** Somebody who was expected at a live session. */
export type ExpectedPerson = { userId: Id<'usr'>; name: string; email: string };

/**
 * Who was expected: whoever had joined one of its communities by its end, and whoever said going. One that is for all members
 * or SAMs expects only those who said so: a hundred thousand people missed nothing that they never meant to come to. Nobody
 * who is suspended. By name. With `only`, those among them. 2 queries.
 */
export async function expectedAt(
  read: Reads,
  liveSession: LiveSessionView,
  only?: readonly Id<'usr'>[],
): Promise<ExpectedPerson[]> {
  const among = only ? inArray(users.id, packedList(only)) : undefined;
  const slugs = liveSession.audience === 'communities' ? liveSession.communities.map(({ slug }) => slug) : [];
  const [members, going] = await Promise.all([
    slugs.length === 0
      ? []
      : read
          .selectDistinct({ person })
          .from(communityMembers)
          .innerJoin(users, eq(users.id, communityMembers.userId))
          .where(
            and(
              inArray(communityMembers.communitySlug, slugs),
              eq(communityMembers.state, 'joined'),
              lte(communityMembers.since, liveSession.endsAt),
              isNull(users.suspendedAt),
              among,
            ),
          ),
    read
      .select({ person })
      .from(rsvps)
      .innerJoin(users, eq(users.id, rsvps.userId))
      .where(
        and(
          eq(rsvps.liveSessionId, liveSession.id),
          eq(rsvps.answer, 'going'),
          isNull(users.suspendedAt),
          among,
        ),
      ),
  ]);
  const all = new Map([...members, ...going].map((each) => [each.person.userId, each.person]));
  return [...all.values()].sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

/** Those of these users whom a file may name although nobody expected them: the people who lead it, and other members. */
export async function usersAtAddresses(read: Reads, addresses: readonly string[]): Promise<ExpectedPerson[]> {
  const wanted = [...new Set(addresses.filter(Boolean))];
  const rows = await read
    .select({ person })
    .from(users)
    .where(inArray(users.email, packedList(wanted)));
  return rows.map((row) => row.person);
}

const person = jsonRow({ userId: users.id, name: users.name, email: users.email });
