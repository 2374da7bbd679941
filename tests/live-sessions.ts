import type { Db } from '../db/client.ts';
import { communities, communityMembers } from '../db/schema/communities.ts';
import { liveSessionCommunities, liveSessions } from '../db/schema/live-sessions.ts';
import { type Id, newId } from '../src/platform/ids.ts';

/** Adds the community, unless it is there, and makes these users members of it. */
export async function addMembers(
  db: Db,
  now: Date,
  slug: string,
  userIds: readonly Id<'usr'>[] = [],
): Promise<void> {
  await db.write(async (tx) => {
    await tx
      .insert(communities)
      .values({
        slug,
        name: `Community ${slug}`,
        membership: 'open',
        area: 'teaching',
        createdAt: now,
        syncedAt: now,
      })
      .onConflictDoNothing();
    for (const userId of userIds)
      await tx
        .insert(communityMembers)
        .values({ userId, communitySlug: slug, state: 'joined', since: now, createdAt: now })
        .onConflictDoNothing();
  });
}

/** Adds a live session of the community `slug` (which must be there) that starts two days after `now`, and returns its id. */
export async function addLiveSession(
  db: Db,
  now: Date,
  slug: string,
  values: Partial<typeof liveSessions.$inferInsert> = {},
): Promise<Id<'ses'>> {
  const id = newId('ses', now);
  const startsAt = values.startsAt ?? new Date(now.getTime() + 2 * 86_400_000);
  await db.write(async (tx) => {
    await tx.insert(liveSessions).values({
      id,
      title: 'Quiet corners',
      focus: 'Places to read in',
      startsAt,
      endsAt: new Date(startsAt.getTime() + 90 * 60_000),
      timeZone: 'Asia/Shanghai',
      wallTime: '2026-11-24T16:00',
      meetingLink: 'https://meet.example.test/room',
      audience: 'communities',
      state: 'scheduled',
      createdAt: now,
      updatedAt: now,
      ...values,
    });
    await tx.insert(liveSessionCommunities).values({ liveSessionId: id, communitySlug: slug, startsAt });
  });
  return id;
}
