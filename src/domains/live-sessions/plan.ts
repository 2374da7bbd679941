import { and, eq, inArray, isNull, ne, or } from 'drizzle-orm';
import type { Tx } from '#db/client.ts';
import { roleGrants } from '#db/schema/accounts.ts';
import { communities } from '#db/schema/communities.ts';
import { liveSessionCommunities, liveSessionPeople, liveSessions } from '#db/schema/live-sessions.ts';
import type { Ctx } from '../../platform/context.ts';
import { type Id, newId } from '../../platform/ids.ts';
import type { Viewer } from '../accounts/model.ts';
import type { AuditDetail } from '../audit/model.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { changesBetween } from './changes.ts';
import { type LiveSessionAudience, type LiveSessionPart, stateAt } from './model.ts';
import { canPlan, canRun } from './policy.ts';
import { findLiveSession, type LiveSessionView } from './queries.ts';
import { promoteWaiting } from './rsvp.ts';
import { tellAttendees } from './rsvp-mails.ts';
import { isInWindow, type SeasonFacts, windowOf } from './seasons.ts';
import { daysLater, startOf } from './zoned-time.ts';

/** Who plans: a viewer, or as much of one as a job or seed has. */
export type Planner = Pick<Viewer, 'id' | 'grants'>;

/** What hosts and staff say of a live session. Links are https or empty. */
export type Plan = {
  title: string;
  focus: string;
  details: string;
  /** What the clocks of `timeZone` show when it starts: `2026-11-24T16:00`. */
  wallTime: string;
  timeZone: string;
  minutes: number;
  communities: readonly string[];
  audience: LiveSessionAudience;
  /** Both or neither. */
  seasonSlug: string | null;
  round: number | null;
  /** Why it is outside of its round’s window, or of any season. */
  outsideReason: string;
  /** Null for no limit. */
  capacity: number | null;
  /** User ids; the first is the host, the others co-hosts. */
  hosts: readonly string[];
  /** Empty for none. */
  taId: string;
  meetingLink: string;
  deckUrl: string;
  preReading: string;
};

export type PlanRefusal =
  /** The hour that the clocks jump over, and the nearest that exist. */
  | { skipped: string; earlier: string; later: string }
  | 'no-such-time'
  | 'in-the-past'
  | 'no-such-round'
  /** Outside of its window, or of any season, and no reason given. */
  | 'outside'
  | 'unknown-community'
  | 'not-a-host'
  | 'not-a-ta'
  /** The same community meets at this very minute. */
  | 'already-planned';

export type Refused<Reason> = { refused: Reason };

/** Every two weeks, as in a sprint season. */
const daysBetween = 14;

/**
 * Plans a live session, as a draft or for its members to see. Refuses communities that the planner does not host or that are
 * retired, a start that is over or that the clocks skip, and a start outside of its window without a reason. `seasons` are
 * those of content. Audited when it is not their own.
 */
export async function createLiveSession(
  ctx: Ctx,
  planner: Planner,
  plan: Plan & { state: 'draft' | 'scheduled' },
  seasons: readonly SeasonFacts[],
): Promise<{ liveSessionId: Id<'ses'> } | Refused<PlanRefusal>> {
  const made = await createLiveSessions(ctx, planner, plan, 1, seasons);
  return 'refused' in made ? made : { liveSessionId: made.liveSessionIds[0]! };
}

/**
 * Plans `count` live sessions, one every two weeks at the same hour of the clock, in consecutive rounds: all or none. Refuses
 * what `createLiveSession` refuses, of each.
 */
export async function createLiveSessions(
  ctx: Ctx,
  planner: Planner,
  plan: Plan & { state: 'draft' | 'scheduled' },
  count: number,
  seasons: readonly SeasonFacts[],
): Promise<{ liveSessionIds: Id<'ses'>[] } | Refused<PlanRefusal>> {
  const { db, now } = ctx;
  if (!canPlan(planner, plan.communities)) return { refused: 'unknown-community' };
  const placed: Placed[] = [];
  for (let index = 0; index < count; index += 1) {
    const round = plan.round === null ? null : plan.round + index;
    const wallTime = index === 0 ? plan.wallTime : daysLater(plan.wallTime, index * daysBetween);
    const one = place({ ...plan, round, wallTime }, seasons);
    if ('refused' in one) return one;
    if (one.startsAt <= now) return { refused: 'in-the-past' };
    placed.push({ ...one, round, wallTime });
  }
  return db.write(async (tx) => {
    const refused =
      (await refusedCommunities(tx, plan.communities)) ??
      (await refusedPeople(tx, plan, [])) ??
      (await refusedTimes(tx, plan.communities, placed));
    if (refused) return { refused };
    const rows = placed.map((times) => ({ id: newId('ses', now), times }));
    const { communities: slugs, hosts: _hosts, taId: _taId, minutes: _minutes, ...facts } = plan;
    await tx.insert(liveSessions).values(
      rows.map(({ id, times }) => ({
        ...{ id, ...facts, ...times },
        ...{ createdById: planner.id, createdAt: now, updatedAt: now },
      })),
    );
    await tx
      .insert(liveSessionCommunities)
      .values(
        rows.flatMap(({ id, times: { startsAt } }) =>
          unique(slugs).map((communitySlug) => ({ liveSessionId: id, communitySlug, startsAt })),
        ),
      );
    const people = rows.flatMap(({ id }) => peopleRows(id, plan));
    if (people.length > 0) await tx.insert(liveSessionPeople).values(people);
    if (!people.some(({ userId }) => userId === planner.id))
      for (const { id } of rows) await record(tx, now, 'planned', id, planner.id);
    return { liveSessionIds: rows.map(({ id }) => id) };
  });
}

export type ChangeRefusal = PlanRefusal | 'unknown' | 'over' | 'cancelled';

/**
 * Says everything of a live session anew. Calendars hear of what they show (`sequence` grows), and whoever said going or maybe
 * gets a mail. Refuses what a new plan refuses, one that is over or cancelled, and to put it into or take it out of
 * communities that the planner does not host. A start that stays may be past its window. Audited when it is not their own.
 */
export async function changeLiveSession(
  ctx: Ctx,
  planner: Planner,
  liveSessionId: string,
  plan: Plan,
  seasons: readonly SeasonFacts[],
): Promise<{ changed: boolean } | Refused<ChangeRefusal>> {
  const { db, now } = ctx;
  return db.write(async (tx) => {
    const before = await findRunBy(tx, planner, liveSessionId);
    if (!before) return { refused: 'unknown' };
    const state = stateAt(before, now);
    if (state === 'cancelled') return { refused: 'cancelled' };
    if (state === 'held' || state === 'recorded') return { refused: 'over' };
    const placed = place(plan, seasons);
    if ('refused' in placed) return placed;
    const isMoved = placed.startsAt.getTime() !== before.startsAt.getTime();
    if (isMoved && placed.startsAt <= now) return { refused: 'in-the-past' };
    if (placed.endsAt <= now) return { refused: 'in-the-past' };

    const slugs = unique(plan.communities);
    const was = before.communities.map(({ slug }) => slug);
    const added = slugs.filter((slug) => !was.includes(slug));
    const removed = was.filter((slug) => !slugs.includes(slug));
    if (
      slugs.length === 0 ||
      ([...added, ...removed].length > 0 && !canPlan(planner, [...added, ...removed]))
    )
      return { refused: 'unknown-community' };
    const stay = before.people.map(({ userId }) => userId);
    const refused =
      (await refusedCommunities(tx, added)) ??
      (await refusedPeople(tx, plan, stay)) ??
      (isMoved || added.length > 0 ? await refusedTimes(tx, slugs, [placed], before.id) : undefined);
    if (refused) return { refused };

    const { communities: _slugs, hosts: _hosts, taId: _taId, minutes: _minutes, ...facts } = plan;
    await tx
      .update(liveSessions)
      .set({ ...facts, ...placed })
      .where(eq(liveSessions.id, before.id));
    await putCommunities(tx, before.id, slugs, placed.startsAt);
    await putPeople(tx, before.id, plan);
    const after = await tell(tx, now, before);
    const changed = changesBetween(before, after);
    if (after.capacity !== before.capacity) await promoteWaiting(tx, now, before.id);
    if (changed.length > 0) await recordUnlessOwn(tx, now, 'changed', before, planner, { changed });
    return { changed: changed.length > 0 };
  });
}

/** Shows a draft to its members. Refuses one that would have started. Does nothing when it is shown. */
export function scheduleLiveSession(
  ctx: Ctx,
  planner: Planner,
  liveSessionId: string,
): Promise<'scheduled' | 'unknown' | 'not-open' | 'in-the-past'> {
  const { db, now } = ctx;
  return db.write(async (tx) => {
    const before = await findRunBy(tx, planner, liveSessionId);
    if (!before) return 'unknown';
    if (before.state === 'scheduled') return 'scheduled';
    if (before.state !== 'draft') return 'not-open';
    if (before.startsAt <= now) return 'in-the-past';
    await tx.update(liveSessions).set({ state: 'scheduled' }).where(eq(liveSessions.id, before.id));
    await tell(tx, now, before);
    await recordUnlessOwn(tx, now, 'scheduled', before, planner);
    return 'scheduled';
  });
}

/**
 * Says that focus, key details and meeting link stand. Refuses while one of them is missing, and whatever is not scheduled.
 * Does nothing when they are confirmed.
 */
export function confirmDetails(
  ctx: Ctx,
  planner: Planner,
  liveSessionId: string,
): Promise<'confirmed' | 'unknown' | 'not-open' | 'incomplete'> {
  const { db, now } = ctx;
  return db.write(async (tx) => {
    const before = await findRunBy(tx, planner, liveSessionId);
    if (!before) return 'unknown';
    const state = stateAt(before, now);
    if (state === 'confirmed') return 'confirmed';
    if (state !== 'scheduled') return 'not-open';
    if (!before.focus || !before.details || !before.meetingLink) return 'incomplete';
    await tx.update(liveSessions).set({ state: 'confirmed' }).where(eq(liveSessions.id, before.id));
    await tell(tx, now, before);
    await recordUnlessOwn(tx, now, 'confirmed', before, planner);
    return 'confirmed';
  });
}

/**
 * Calls a live session off, for good: whoever answered is told with `reason`, and calendars strike it out. Refuses one that is
 * over. Does nothing when it is cancelled.
 */
export function cancelLiveSession(
  ctx: Ctx,
  planner: Planner,
  liveSessionId: string,
  reason: string,
): Promise<'cancelled' | 'unknown' | 'over'> {
  const { db, now } = ctx;
  return db.write(async (tx) => {
    const before = await findRunBy(tx, planner, liveSessionId);
    if (!before) return 'unknown';
    const state = stateAt(before, now);
    if (state === 'cancelled') return 'cancelled';
    if (state === 'held' || state === 'recorded') return 'over';
    await tx
      .update(liveSessions)
      .set({ state: 'cancelled', cancelReason: reason })
      .where(eq(liveSessions.id, before.id));
    await tell(tx, now, before);
    await recordUnlessOwn(tx, now, 'cancelled', before, planner);
    return 'cancelled';
  });
}

/** Puts the recording of a live session that is over where those who may attend find it, or another in its place. */
export function publishRecording(
  ctx: Ctx,
  planner: Planner,
  liveSessionId: string,
  recordingUrl: string,
): Promise<'recorded' | 'unknown' | 'not-held'> {
  const { db, now } = ctx;
  return db.write(async (tx) => {
    const before = await findRunBy(tx, planner, liveSessionId);
    if (!before) return 'unknown';
    const state = stateAt(before, now);
    if (state !== 'held' && state !== 'recorded') return 'not-held';
    await tx
      .update(liveSessions)
      .set({ state: 'recorded', recordingUrl })
      .where(eq(liveSessions.id, before.id));
    await tell(tx, now, before);
    await recordUnlessOwn(tx, now, 'recording-published', before, planner);
    return 'recorded';
  });
}

type Times = { startsAt: Date; endsAt: Date; outsideReason: string };
type Placed = Times & { round: number | null; wallTime: string };

/** The instants a plan means, and the reason it needs for them; or why it means none. */
function place(plan: Plan, seasons: readonly SeasonFacts[]): Times | Refused<PlanRefusal> {
  const start = startOf(plan.wallTime, plan.timeZone);
  if (!start) return { refused: 'no-such-time' };
  if ('skipped' in start) return { refused: { skipped: plan.wallTime, ...start.skipped } };
  const { startsAt } = start;
  const endsAt = new Date(startsAt.getTime() + plan.minutes * 60_000);
  if (plan.seasonSlug === null || plan.round === null)
    return plan.outsideReason
      ? { startsAt, endsAt, outsideReason: plan.outsideReason }
      : { refused: 'outside' };
  const found = windowOf(seasons, plan.seasonSlug, plan.round);
  if (!found) return { refused: 'no-such-round' };
  if (isInWindow(found.season, found.window, startsAt)) return { startsAt, endsAt, outsideReason: '' };
  return plan.outsideReason
    ? { startsAt, endsAt, outsideReason: plan.outsideReason }
    : { refused: 'outside' };
}

/** The live session, for whoever may run it. */
async function findRunBy(tx: Tx, planner: Planner, id: string): Promise<LiveSessionView | undefined> {
  const found = await findLiveSession(tx, id);
  return found && canRun(planner, found) ? found : undefined;
}

/** Lets calendars and people hear what has changed since `before`; returns the live session as it is now. */
async function tell(tx: Tx, now: Date, before: LiveSessionView): Promise<LiveSessionView> {
  const after = (await findLiveSession(tx, before.id))!;
  if (changesBetween(before, after).length === 0 && before.state === after.state) return after;
  const sequence = before.sequence + 1;
  await tx.update(liveSessions).set({ sequence, updatedAt: now }).where(eq(liveSessions.id, before.id));
  const told = { ...after, sequence, updatedAt: now };
  await tellAttendees(tx, now, before, told);
  return told;
}

async function refusedCommunities(tx: Tx, slugs: readonly string[]): Promise<PlanRefusal | undefined> {
  const wanted = unique(slugs);
  const open = await tx.$count(
    communities,
    and(inArray(communities.slug, wanted), isNull(communities.retiredAt)),
  );
  return open === wanted.length ? undefined : 'unknown-community';
}

/** Hosts are hosts of one of the communities, the TA is one; whoever had their part already keeps it. */
async function refusedPeople(
  tx: Tx,
  { hosts, taId, communities: slugs }: Plan,
  stay: readonly string[],
): Promise<PlanRefusal | undefined> {
  const asked = [...hosts, taId].filter((id) => id && !stay.includes(id)) as Id<'usr'>[];
  if (asked.length === 0) return undefined;
  const held = await tx
    .select({ userId: roleGrants.userId, role: roleGrants.role })
    .from(roleGrants)
    .where(
      and(
        inArray(roleGrants.userId, asked),
        or(
          and(eq(roleGrants.role, 'host'), inArray(roleGrants.scopeId, [...slugs])),
          eq(roleGrants.role, 'ta'),
        ),
      ),
    );
  const holds = (id: string, role: 'host' | 'ta') =>
    stay.includes(id) || held.some((grant) => grant.userId === id && grant.role === role);
  if (!hosts.every((id) => holds(id, 'host'))) return 'not-a-host';
  return taId && !holds(taId, 'ta') ? 'not-a-ta' : undefined;
}

/** One community does not meet twice at one minute: that is a form that was sent twice. */
async function refusedTimes(
  tx: Tx,
  slugs: readonly string[],
  times: readonly Pick<Times, 'startsAt'>[],
  except?: Id<'ses'>,
): Promise<PlanRefusal | undefined> {
  const starts = times.map(({ startsAt }) => startsAt);
  const [same] = await tx
    .select({ id: liveSessions.id })
    .from(liveSessionCommunities)
    .innerJoin(liveSessions, eq(liveSessions.id, liveSessionCommunities.liveSessionId))
    .where(
      and(
        inArray(liveSessionCommunities.communitySlug, [...slugs]),
        inArray(liveSessionCommunities.startsAt, starts),
        ne(liveSessions.state, 'cancelled'),
        except ? ne(liveSessions.id, except) : undefined,
      ),
    )
    .limit(1);
  return same ? 'already-planned' : undefined;
}

async function putCommunities(tx: Tx, liveSessionId: Id<'ses'>, slugs: readonly string[], startsAt: Date) {
  await tx.delete(liveSessionCommunities).where(eq(liveSessionCommunities.liveSessionId, liveSessionId));
  await tx
    .insert(liveSessionCommunities)
    .values(slugs.map((communitySlug) => ({ liveSessionId, communitySlug, startsAt })));
}

async function putPeople(tx: Tx, liveSessionId: Id<'ses'>, plan: Plan) {
  await tx.delete(liveSessionPeople).where(eq(liveSessionPeople.liveSessionId, liveSessionId));
  const people = peopleRows(liveSessionId, plan);
  if (people.length > 0) await tx.insert(liveSessionPeople).values(people);
}

function peopleRows(liveSessionId: Id<'ses'>, { hosts, taId }: Plan) {
  const row = (userId: string, part: LiveSessionPart) => ({
    liveSessionId,
    userId: userId as Id<'usr'>,
    part,
  });
  const rows = unique(hosts).map((userId, index) => row(userId, index === 0 ? 'host' : 'co-host'));
  return taId && !hosts.includes(taId) ? [...rows, row(taId, 'ta')] : rows;
}

type Act = 'planned' | 'changed' | 'scheduled' | 'confirmed' | 'cancelled' | 'recording-published';

async function recordUnlessOwn(
  tx: Tx,
  at: Date,
  act: Act,
  before: LiveSessionView,
  planner: Planner,
  detail: AuditDetail = {},
) {
  if (before.people.some(({ userId }) => userId === planner.id)) return;
  await record(tx, at, act, before.id, planner.id, detail);
}

async function record(
  tx: Tx,
  at: Date,
  act: Act,
  subjectId: Id<'ses'>,
  actorId: Id<'usr'>,
  detail: AuditDetail = {},
) {
  const action = `live-session.${act}` as const;
  await recordAuditEvent(tx, { at, actorId, action, subjectType: 'live-session', subjectId, detail });
}

const unique = (values: readonly string[]) => [...new Set(values)];
