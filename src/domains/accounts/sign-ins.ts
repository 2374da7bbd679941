import type { Ctx } from '../../platform/context.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { endLoginSessionOf, endOtherLoginSessions } from './login-sessions.ts';
import type { Viewer } from './model.ts';

/** Ends one of the viewer’s own sign-ins; one of somebody else stays. */
export async function endSignIn(ctx: Ctx, viewer: Viewer, idHash: string): Promise<void> {
  await ctx.db.write((tx) => endLoginSessionOf(tx, viewer.id, idHash));
}

/** Ends all sign-ins of the viewer but this one, and writes that into the audit log. */
export async function endOtherSignIns(ctx: Ctx, viewer: Viewer): Promise<void> {
  await ctx.db.write(async (tx) => {
    await endOtherLoginSessions(tx, viewer.id, viewer.loginSession.idHash);
    await recordAuditEvent(tx, {
      at: ctx.now,
      actorId: viewer.id,
      action: 'user.other-sign-ins-ended',
      subjectType: 'user',
      subjectId: viewer.id,
    });
  });
}
