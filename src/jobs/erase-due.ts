import { eraseDueUser } from '../actions/personal-data.ts';
import { usersDueForErasure } from '../domains/accounts/erasure.ts';
import type { Ctx } from '../platform/context.ts';
import { log } from '../platform/log.ts';

/** Erases everybody whose time to change their mind is over. One who cannot be erased does not keep back the others. */
export async function eraseDueUsers(ctx: Ctx): Promise<void> {
  for (const userId of await usersDueForErasure(ctx.db.read, ctx.now)) {
    try {
      if (await eraseDueUser(ctx, userId)) log.info({ userId }, 'user.erased');
    } catch (error) {
      log.error({ err: error, userId }, 'user.erasure-failed');
    }
  }
}
