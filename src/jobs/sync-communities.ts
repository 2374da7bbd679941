import path from 'node:path';
import { communities } from '../collections/communities.ts';
import { areas, membershipTypes } from '../domains/communities/model.ts';
import { type CommunityEntryFacts, syncCommunities } from '../domains/communities/sync.ts';
import { readCollection } from '../domains/content/read-content.ts';
import type { Ctx } from '../platform/context.ts';
import { log } from '../platform/log.ts';

/**
 * Communities exist because their content entries do: brings the database to what stands below `contentDir`. An entry that
 * cannot be read keeps its community as it was; where there are no entries at all, nothing is retired, because then it is the
 * content that is missing.
 */
export async function syncCommunitiesWithContent({ db, now }: Ctx, contentDir: string): Promise<void> {
  const { entries, unreadable } = await readCollection(contentDir, communities);
  const facts: CommunityEntryFacts[] = [];
  const unclear = unreadable.map(({ file }) => path.basename(file, '.mdoc'));
  for (const { id, data } of entries) {
    const { name, membership, area } = data;
    if (typeof name === 'string' && isOneOf(membershipTypes, membership) && isOneOf(areas, area))
      facts.push({ slug: id, name, membership, area });
    else unclear.push(id);
  }
  if (facts.length === 0) {
    log.warn({ contentDir }, 'communities.no-entries');
    return;
  }
  log.info(await db.write((tx) => syncCommunities(tx, now, facts, unclear)), 'communities.synced');
}

function isOneOf(words: object, value: unknown): value is string {
  return typeof value === 'string' && Object.hasOwn(words, value);
}
