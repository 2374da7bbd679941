import { and, inArray, isNotNull, isNull, notInArray, sql } from 'drizzle-orm';
import type { Tx } from '#db/client.ts';
import { communities } from '#db/schema/communities.ts';

/** What the database keeps of a community’s entry. */
export type CommunityEntryFacts = { slug: string; name: string; membership: string; area: string };

/**
 * Brings the table of communities to what content has: new entries are created, changed ones updated, those that are gone
 * retired with their history, and those that are back opened again. `unreadable` are slugs whose entry is there and cannot
 * be read: they stay as they are. Returns how many of each there were.
 */
export async function syncCommunities(
  tx: Tx,
  now: Date,
  entries: readonly CommunityEntryFacts[],
  unreadable: readonly string[] = [],
): Promise<{ created: number; restored: number; retired: number }> {
  const slugs = entries.map(({ slug }) => slug);
  const before = await tx.$count(communities);
  const restored = await tx
    .update(communities)
    .set({ retiredAt: null })
    .where(and(isNotNull(communities.retiredAt), inArray(communities.slug, slugs)))
    .returning({ slug: communities.slug });
  if (entries.length > 0) {
    await tx
      .insert(communities)
      .values(entries.map((entry) => ({ ...entry, createdAt: now, syncedAt: now })))
      .onConflictDoUpdate({
        target: communities.slug,
        set: {
          name: sql`excluded.name`,
          membership: sql`excluded.membership`,
          area: sql`excluded.area`,
          syncedAt: now,
        },
      });
  }
  const retired = await tx
    .update(communities)
    .set({ retiredAt: now })
    .where(and(isNull(communities.retiredAt), notInArray(communities.slug, [...slugs, ...unreadable])))
    .returning({ slug: communities.slug });
  const created = (await tx.$count(communities)) - before;
  return { created, restored: restored.length, retired: retired.length };
}
