import type { Ctx } from '../../platform/context.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { revokeRole } from '../accounts/roles.ts';
import { findUser } from '../accounts/users.ts';
import { enqueueMail } from '../mail/enqueue.ts';
import { youLeftSchool } from './emails/you-left-school.ts';
import { holdsRole, schoolNames } from './queries.ts';

/**
 * Takes somebody who has left out of the school: their place is free, their sign-in and all that is theirs stays, and they
 * are told by mail. Refuses a SAM, who gives that role up first. Audited.
 */
export function removeMember(
  ctx: Ctx,
  actorId: Id<'usr'>,
  schoolId: string,
  userId: string,
): Promise<'removed' | 'not-member' | 'is-sam'> {
  const { db, now } = ctx;
  return db.write(async (tx) => {
    const user = await findUser(tx, userId);
    const [school] = await schoolNames(tx, [schoolId]);
    if (!user || !school) return 'not-member';
    if (await holdsRole(tx, user.id, 'sam', schoolId)) return 'is-sam';
    const revoked = await revokeRole(tx, now, actorId, {
      userId: user.id,
      role: 'member',
      scopeId: schoolId,
    });
    if (revoked !== 'revoked') return 'not-member';
    await enqueueMail(tx, now, {
      kind: 'you-left-school',
      dedupeKey: `you-left-school:${newId('req', now)}`,
      to: user.email,
      content: youLeftSchool({ name: user.name, schoolName: school.name }),
    });
    return 'removed';
  });
}
