import { picturesStoredBefore, removePicture } from '../domains/accounts/pictures.ts';
import { picturesInUse } from '../domains/accounts/profile-queries.ts';
import type { Ctx } from '../platform/context.ts';

/** How long a picture may belong to nobody: between storing it and writing its id down lies a request. */
const unclaimedMs = 24 * 3_600_000;
const atATime = 500;

/**
 * Removes pictures that have belonged to nobody for a day: of a process that stopped between storing one and writing that
 * down, or between forgetting somebody and removing theirs.
 */
export async function sweepPictures({ db, now }: Ctx): Promise<void> {
  const stored = await picturesStoredBefore(new Date(now.getTime() - unclaimedMs));
  for (let from = 0; from < stored.length; from += atATime) {
    const some = stored.slice(from, from + atATime);
    const inUse = await picturesInUse(db.read, some);
    for (const id of some) if (!inUse.has(id)) await removePicture(id);
  }
}
