import { and, asc, count, eq, gt, inArray, isNotNull, lte, sql } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { jsonRow } from '#db/json-row.ts';
import { prepared } from '#db/prepared.ts';
import { users } from '#db/schema/accounts.ts';
import { liveSessionCommunities, liveSessions, rsvps } from '#db/schema/live-sessions.ts';
import type { Ctx } from '../../platform/context.ts';
import type { Id } from '../../platform/ids.ts';
import { recordStep } from '../accounts/first-steps.ts';
import { dayBefore } from '../accounts/login-sessions.ts';
import { isMember } from '../accounts/model.ts';
import { type Attendee, attendeeColumns, attendeeFrom, findAttendee, isHere } from './attendees.ts';
import { type RsvpAnswer, stateAt } from './model.ts';
import { mayAttend } from './policy.ts';
import { findLiveSession, type LiveSessionView, viewFacts, viewOf } from './queries.ts';
import { mailConfirmation, mailPromotion, mailWaiting } from './rsvp-mails.ts';
import type { GivenAnswer, RsvpRefusal } from './rsvp-words.ts';

/** `place`: where somebody who waits stands in the waiting list, from 1. `changed`: whether the answer was another before. */
export type RsvpKept = { answer: RsvpAnswer; place?: number; changed: boolean };

/**
 * Keeps what the viewer answers, in one transaction. Going takes a place while one is free, else the next one in the waiting
 * list; giving up a place hands it to the first who waits. Who goes or waits is told by mail, with the invitation for those
 * who go. The same answer again changes and sends nothing. Ticks the first step `rsvp`.
 */
export function rsvp(
  { db, now }: Ctx,
  viewer: { id: Id<'usr'> },
  liveSessionId: string,
  answer: GivenAnswer,
): Promise<RsvpKept | { refused: RsvpRefusal }> {
  return db.write(async (tx) => {
    const standing = await standingOf(tx, now, liveSessionId, viewer.id);
    if (!standing) return { refused: 'unknown' };
    const { liveSession, attendee, before } = standing;
    const refused = refusalOf(liveSession, attendee, now);
    if (refused) return { refused };

    if (before.answer === answer) return { answer, changed: false };
    if (before.answer === 'waiting' && answer === 'going')
      return { ...(await rsvpOf(tx, liveSession.id, attendee.id))!, changed: false };

    const kept = await keep(tx, now, liveSession, attendee.id, answer, before.taken);
    if (!before.hasStep) await recordStep(tx, now, attendee.id, 'rsvp');
    if (kept.answer === 'going') await mailConfirmation(tx, now, liveSession, attendee);
    if (kept.place) await mailWaiting(tx, now, liveSession, attendee, kept.place);
    if (before.answer === 'going') await promoteWaiting(tx, now, liveSession.id);
    return { ...kept, changed: true };
  });
}

/**
 * Everything that decides over an answer: the live session, who answers, and how they stand to it: what they have answered, how
 * many places are taken where they are counted, and whether the first step is ticked. Undefined where one of both is not there.
 */
async function standingOf(tx: Tx, now: Date, liveSessionId: string, userId: Id<'usr'>) {
  const [row] = await standing(tx).all({ liveSessionId, userId, yesterday: dayBefore(now) });
  return row && { liveSession: viewOf(row.facts), attendee: attendeeFrom(row), before: row.before };
}

const standing = prepared((tx: Tx) =>
  tx
    .select({
      facts: jsonRow(viewFacts),
      ...attendeeColumns(sql.placeholder('yesterday')),
      before: jsonRow({
        answer: sql<RsvpAnswer | null>`${rsvps.answer}`,
        taken: sql<number>`CASE WHEN live_sessions.capacity IS NULL THEN 0 ELSE (SELECT count(*) FROM rsvps AS r
          WHERE r.live_session_id = live_sessions.id AND r.answer = 'going') END`,
        hasStep: sql<0 | 1>`EXISTS (SELECT 1 FROM first_steps WHERE user_id = users.id AND step = 'rsvp')`,
      }),
    })
    .from(liveSessions)
    .innerJoin(users, and(eq(users.id, sql.placeholder('userId')), isHere))
    .leftJoin(rsvps, and(eq(rsvps.liveSessionId, liveSessions.id), eq(rsvps.userId, users.id)))
    .where(eq(liveSessions.id, sql.placeholder('liveSessionId')))
    .prepare(),
);

/** What the user has answered; undefined when nothing. 1 query, and 1 more for somebody who waits. */
export async function rsvpOf(
  read: Reads,
  liveSessionId: Id<'ses'>,
  userId: Id<'usr'>,
): Promise<{ answer: RsvpAnswer; place?: number } | undefined> {
  const [row] = await read
    .select({ answer: rsvps.answer, position: rsvps.position })
    .from(rsvps)
    .where(and(eq(rsvps.liveSessionId, liveSessionId), eq(rsvps.userId, userId)));
  if (!row) return undefined;
  return row.position === null
    ? { answer: row.answer }
    : { answer: row.answer, place: await placeOf(read, liveSessionId, row.position) };
}

/**
 * Gives free places to those who wait, in their order, and tells them by mail. Who may not attend any more is passed over and
 * keeps waiting. Does nothing for a live session that is over or cancelled. Call it where places may have become free.
 */
export async function promoteWaiting(tx: Tx, now: Date, liveSessionId: Id<'ses'>): Promise<void> {
  const liveSession = await findLiveSession(tx, liveSessionId);
  if (!liveSession || !isOpen(liveSession, now)) return;
  let free = await freePlaces(tx, liveSession);
  let after = 0;
  while (free > 0) {
    const [first] = await tx
      .select({ userId: rsvps.userId, position: rsvps.position })
      .from(rsvps)
      .where(and(isWaitingFor(liveSessionId), gt(rsvps.position, after)))
      .orderBy(asc(rsvps.position))
      .limit(1);
    if (!first?.position) return;
    after = first.position;
    const attendee = await findAttendee(tx, now, first.userId);
    if (!attendee || !mayAttend(attendee, attendee.memberships, liveSession)) continue;
    await tx
      .update(rsvps)
      .set({ answer: 'going', position: null, updatedAt: now })
      .where(and(eq(rsvps.liveSessionId, liveSessionId), eq(rsvps.userId, first.userId)));
    await mailPromotion(tx, now, liveSession, attendee);
    free -= 1;
  }
}

/**
 * Takes the user’s answers to live sessions that are still to end away, and gives their places to those who wait. Call it in
 * the transaction in which they leave the community `communitySlug`, after it: answers to live sessions that they may attend
 * all the same stay.
 */
export async function dropRsvps(tx: Tx, now: Date, userId: Id<'usr'>, communitySlug: string): Promise<void> {
  const rows = await tx
    .select({ id: rsvps.liveSessionId })
    .from(rsvps)
    .innerJoin(liveSessions, eq(liveSessions.id, rsvps.liveSessionId))
    .innerJoin(liveSessionCommunities, eq(liveSessionCommunities.liveSessionId, rsvps.liveSessionId))
    .where(
      and(
        eq(rsvps.userId, userId),
        eq(liveSessionCommunities.communitySlug, communitySlug),
        gt(liveSessions.endsAt, now),
      ),
    );
  const attendee = await findAttendee(tx, now, userId);
  for (const { id } of rows) {
    const liveSession = await findLiveSession(tx, id);
    if (liveSession && attendee && mayAttend(attendee, attendee.memberships, liveSession)) continue;
    await dropRsvp(tx, now, id, userId);
  }
}

/** Takes all answers of a user who is erased away; places that they held in live sessions to come go to those who wait. */
export async function dropAllRsvps(tx: Tx, now: Date, userId: Id<'usr'>): Promise<void> {
  const rows = await tx.select({ id: rsvps.liveSessionId }).from(rsvps).where(eq(rsvps.userId, userId));
  for (const { id } of rows) await dropRsvp(tx, now, id, userId);
}

async function dropRsvp(tx: Tx, now: Date, liveSessionId: Id<'ses'>, userId: Id<'usr'>): Promise<void> {
  const [dropped] = await tx
    .delete(rsvps)
    .where(and(eq(rsvps.liveSessionId, liveSessionId), eq(rsvps.userId, userId)))
    .returning({ answer: rsvps.answer });
  if (dropped?.answer === 'going') await promoteWaiting(tx, now, liveSessionId);
}

const isOpen = (liveSession: LiveSessionView, now: Date) =>
  ['scheduled', 'confirmed'].includes(stateAt(liveSession, now));

/** Why nobody, or not this person, can answer; undefined when they can. Who may not attend learns nothing more. */
export function refusalOf(
  liveSession: LiveSessionView,
  attendee: Attendee,
  now: Date,
): RsvpRefusal | undefined {
  if (liveSession.state === 'draft') return 'unknown';
  if (!mayAttend(attendee, attendee.memberships, liveSession)) return whyNot(liveSession, attendee);
  if (liveSession.state === 'cancelled') return 'cancelled';
  return isOpen(liveSession, now) ? undefined : 'over';
}

function whyNot({ audience, communities }: LiveSessionView, attendee: Attendee): RsvpRefusal {
  if (!isMember(attendee)) return 'not-member';
  if (audience === 'sams') return 'for-sams';
  return communities.every(({ isRetired }) => isRetired) ? 'closed' : 'not-joined';
}

async function keep(
  tx: Tx,
  now: Date,
  { id: liveSessionId, capacity }: LiveSessionView,
  userId: Id<'usr'>,
  given: GivenAnswer,
  taken: number,
): Promise<{ answer: RsvpAnswer; place?: number }> {
  const waits = given === 'going' && capacity !== null && taken >= capacity;
  const position = waits ? await takePosition(tx, liveSessionId) : null;
  const answer = waits ? 'waiting' : given;
  await keepRow(tx).run({ liveSessionId, userId, answer, position, now });
  return position === null ? { answer } : { answer, place: await placeOf(tx, liveSessionId, position) };
}

const keepRow = prepared((tx: Tx) =>
  tx
    .insert(rsvps)
    .values({
      liveSessionId: sql.placeholder('liveSessionId'),
      userId: sql.placeholder('userId'),
      answer: sql.placeholder('answer'),
      position: sql.placeholder('position'),
      createdAt: sql.placeholder('now'),
      updatedAt: sql.placeholder('now'),
    })
    .onConflictDoUpdate({
      target: [rsvps.liveSessionId, rsvps.userId],
      set: {
        answer: sql`excluded.answer`,
        position: sql`excluded.position`,
        updatedAt: sql`excluded.updated_at`,
      },
    })
    .prepare(),
);

async function freePlaces(read: Reads, { id, capacity }: LiveSessionView): Promise<number> {
  if (capacity === null) return Number.POSITIVE_INFINITY;
  const taken = await read.$count(rsvps, and(eq(rsvps.liveSessionId, id), eq(rsvps.answer, 'going')));
  return capacity - taken;
}

async function takePosition(tx: Tx, liveSessionId: Id<'ses'>): Promise<number> {
  const [row] = await tx
    .update(liveSessions)
    .set({ nextPosition: sql`${liveSessions.nextPosition} + 1` })
    .where(eq(liveSessions.id, liveSessionId))
    .returning({ next: liveSessions.nextPosition });
  if (!row) throw new Error(`There is no live session ${liveSessionId} to wait for.`);
  return row.next - 1;
}

const isWaitingFor = (liveSessionId: Id<'ses'>) =>
  and(eq(rsvps.liveSessionId, liveSessionId), eq(rsvps.answer, 'waiting'), isNotNull(rsvps.position));

/** Positions are never given twice, so the place counts those before who still wait. */
async function placeOf(read: Reads, liveSessionId: Id<'ses'>, position: number): Promise<number> {
  return read.$count(rsvps, and(isWaitingFor(liveSessionId), lte(rsvps.position, position)));
}

/** How many have answered what; 0 for answers that nobody gave. For members only. 1 query. */
export async function rsvpCounts(
  read: Reads,
  liveSessionIds: readonly Id<'ses'>[],
): Promise<Map<Id<'ses'>, Record<RsvpAnswer, number>>> {
  const counts = new Map(
    liveSessionIds.map((id) => [
      id,
      { going: 0, maybe: 0, cant: 0, waiting: 0 } as Record<RsvpAnswer, number>,
    ]),
  );
  if (liveSessionIds.length === 0) return counts;
  const rows = await read
    .select({ id: rsvps.liveSessionId, answer: rsvps.answer, count: count() })
    .from(rsvps)
    .where(inArray(rsvps.liveSessionId, [...liveSessionIds]))
    .groupBy(rsvps.liveSessionId, rsvps.answer);
  for (const { id, answer, count: many } of rows) counts.get(id)![answer] = many;
  return counts;
}
