import type { Ctx } from '../../platform/context.ts';
import { recordStep } from '../accounts/first-steps.ts';
import type { Viewer } from '../accounts/model.ts';
import type { Hub } from './queries.ts';

/** Ticks the first step “explore your hub” for somebody who is in a hub that they have joined. Writes at most once a user. */
export async function recordVisit({ db, now }: Ctx, viewer: Pick<Viewer, 'id'>, hub: Hub): Promise<void> {
  if (!hub.isOpen || hub.state !== 'joined' || hub.hasExplored) return;
  await db.write((tx) => recordStep(tx, now, viewer.id, 'hub'));
}
