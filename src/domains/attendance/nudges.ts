import { setImmediate as otherWorkDone } from 'node:timers/promises';
import { eq, inArray, lt, or } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { nudges } from '#db/schema/attendance.ts';
import { schools } from '#db/schema/schools.ts';
import type { Ctx } from '../../platform/context.ts';
import { type Id, newId } from '../../platform/ids.ts';
import type { Person } from '../accounts/personal-data.ts';
import { recordAuditEvent } from '../audit/record.ts';
import type { MailContent } from '../mail/blocks.ts';
import { enqueueMail } from '../mail/enqueue.ts';
import { renewInvitation } from '../schools/invitations.ts';
import { schoolNames } from '../schools/queries.ts';
import { type NudgeProps, nudgeToActivate, nudgeToAnswer, nudgeToJoin } from './emails/nudge.ts';
import type { NudgeKind } from './model.ts';
import { mayBeNudged, type NudgeTarget, nextForEach, nudgeTargets } from './nudge-queries.ts';

/** How long a nudge is remembered: well beyond the week in which it keeps others away. */
const keptMs = 30 * 24 * 3_600_000;

/** Local writes never leave the event loop by themselves: after so many mails, whoever else asks for a page gets it. */
const mailsATurn = 10;

export type NudgeRequest = {
  kind: NudgeKind;
  /** Ids of users, or of invitations for `activate`; undefined for everybody whom this kind is for. */
  to: readonly string[] | undefined;
  /** In the SAM’s own words; empty for none. */
  note: string;
};

/**
 * Mails the ready message of this kind to people of the school, with the note, in one transaction. Nobody is nudged who was in
 * the last seven days, to whatever and by whomever, or who is none of those whom this kind is for. Somebody who was invited
 * within a day gets nothing either, and while nobody may join nobody is asked to (`closed`). Returns how many were nudged and
 * how many of those meant were not. `from` is the name that the mail gives. Audited.
 */
export function sendNudges(
  { db, now }: Ctx,
  actor: { id: Id<'usr'>; from: string },
  schoolId: Id<'sch'>,
  { kind, to, note }: NudgeRequest,
): Promise<{ nudged: number; left: number } | 'no-school' | 'closed'> {
  return db.write(async (tx) => {
    const [school] = await schoolNames(tx, [schoolId]);
    if (!school) return 'no-school';
    const targets = await nudgeTargets(tx, school.id, kind, now, to);
    const next = kind === 'answer' ? await nextForEach(tx, usersOf(targets), now) : new Map();
    let nudged = 0;
    for (const target of targets.filter(mayBeNudged)) {
      const { id, name, email, userId, timeZone } = target;
      const props = { name: name === email ? '' : name, schoolName: school.name, from: actor.from, note };
      const upcoming = next.get(id);
      const content = await contentFor(tx, now, school.id, kind, target, {
        ...props,
        next: upcoming && { ...upcoming, timeZone },
      });
      if (content === 'closed') return 'closed';
      if (!content) continue;
      const nudgeId = newId('nud', now);
      await tx
        .insert(nudges)
        .values({ id: nudgeId, schoolId: school.id, kind, email, userId, sentById: actor.id, sentAt: now });
      await enqueueMail(tx, now, {
        kind: 'nudge',
        dedupeKey: `nudge:${nudgeId}`,
        to: email,
        optional: true,
        content,
      });
      nudged += 1;
      if (nudged % mailsATurn === 0) await otherWorkDone();
    }
    if (nudged > 0)
      await recordAuditEvent(tx, {
        at: now,
        actorId: actor.id,
        action: 'nudges.sent',
        subjectType: 'school',
        subjectId: school.id,
        detail: { kind, count: nudged },
      });
    return { nudged, left: (to?.length ?? targets.length) - nudged };
  });
}

const usersOf = (targets: readonly NudgeTarget[]) =>
  targets.flatMap(({ userId }) => (userId ? [userId] : []));

async function contentFor(
  tx: Tx,
  now: Date,
  schoolId: Id<'sch'>,
  kind: NudgeKind,
  { id }: NudgeTarget,
  props: NudgeProps & Pick<Parameters<typeof nudgeToAnswer>[0], 'next'>,
): Promise<MailContent | 'closed' | undefined> {
  if (kind === 'join-community') return nudgeToJoin(props);
  if (kind === 'answer') return nudgeToAnswer(props);
  const renewed = await renewInvitation(tx, now, schoolId, id);
  if (typeof renewed === 'object') return nudgeToActivate({ ...props, secret: renewed.secret });
  return renewed === 'closed' ? 'closed' : undefined;
}

/** Forgets nudges after thirty days. */
export async function purgeNudges(tx: Tx, now: Date): Promise<void> {
  await tx.delete(nudges).where(lt(nudges.sentAt, new Date(now.getTime() - keptMs)));
}

/** The nudges of the last thirty days to somebody. */
export function personalNudges(read: Reads, { userId, addresses }: Person) {
  return read
    .select({ schoolName: schools.name, kind: nudges.kind, email: nudges.email, sentAt: nudges.sentAt })
    .from(nudges)
    .innerJoin(schools, eq(schools.id, nudges.schoolId))
    .where(or(eq(nudges.userId, userId), inArray(nudges.email, addresses)))
    .orderBy(nudges.sentAt);
}

/** Deletes those to them; those that they sent stay without their id. */
export async function eraseNudges(tx: Tx, { userId, addresses }: Person): Promise<void> {
  await tx.delete(nudges).where(or(eq(nudges.userId, userId), inArray(nudges.email, addresses)));
  await tx.update(nudges).set({ sentById: null }).where(eq(nudges.sentById, userId));
}
