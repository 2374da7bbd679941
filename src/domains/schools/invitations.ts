import { setImmediate as otherWorkDone } from 'node:timers/promises';
import { and, desc, eq, inArray, isNull, or, sql } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { invitations } from '#db/schema/schools.ts';
import type { Ctx } from '../../platform/context.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { hashSecret } from '../../platform/tokens.ts';
import { tokenLifetimesMs, type Viewer } from '../accounts/model.ts';
import { issueToken, revokeTokens } from '../accounts/tokens.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { enqueueMail } from '../mail/enqueue.ts';
import { invitationMail } from './emails/invitation.ts';
import {
  type ListLine,
  type ListProblem,
  listLimits,
  type ReadList,
  readList,
  type UnreadableList,
} from './invitation-list.ts';
import { isAtDomains, type JoiningState } from './model.ts';
import { canRunSchool } from './policy.ts';
import { type SchoolForJoining, schoolForJoining } from './queries.ts';

const dayMs = 24 * 3_600_000;

/** Local writes never leave the event loop by themselves: after so many mails, whoever else asks for a page gets it. */
const mailsATurn = 10;

/** What keeps one person of a list from being invited. All of it is about this school: nothing tells of other schools. */
export type InvitationProblem = ListProblem | 'other-domain' | 'joined' | 'invited' | 'too-soon' | 'no-seat';

type PreviewLine = Omit<ListLine, 'problem'> & { problem: InvitationProblem | undefined };

export type InvitationPreview = {
  lines: PreviewLine[];
  /** Lines without a problem. */
  ready: number;
  /** Those lines again, as `sendInvitations` takes them. */
  list: string;
};

export type InvitationRefusal =
  | { refused: UnreadableList; count: number }
  /** Nobody may join at this moment, so nobody is invited. */
  | { refused: Exclude<JoiningState, 'open' | 'full'> };

/** The school whose people the viewer may invite: as its SAM, or as staff. Undefined for any other school. */
export async function schoolForInviting(
  ctx: Ctx,
  viewer: Viewer | null,
  schoolId: string,
): Promise<SchoolForJoining | undefined> {
  if (!viewer || !canRunSchool(viewer, schoolId)) return undefined;
  return schoolForJoining(ctx.db.read, schoolId, ctx.now);
}

/** What would happen if these people were invited, line by line. Nothing is written and nothing is sent. */
export async function previewInvitations(
  ctx: Ctx,
  school: SchoolForJoining,
  read: ReadList,
): Promise<InvitationPreview | InvitationRefusal> {
  if ('unreadable' in read) return { refused: read.unreadable, count: read.count ?? 0 };
  return preview(ctx.db.read, ctx.now, school, read.lines);
}

/**
 * Invites everybody on the list, in one transaction, and returns how many. When a line has a problem by now, nobody is
 * invited and the new preview comes back. `invitedBy` is the name that the mail gives. Audited.
 */
export async function sendInvitations(
  ctx: Ctx,
  actor: { id: Id<'usr'>; invitedBy: string },
  schoolId: string,
  list: string,
): Promise<{ sent: number } | { preview: InvitationPreview } | InvitationRefusal | 'no-school'> {
  const read = readList(list);
  if ('unreadable' in read) return { refused: read.unreadable, count: read.count ?? 0 };
  return ctx.db.write(async (tx) => {
    const school = await schoolForJoining(tx, schoolId, ctx.now);
    if (!school) return 'no-school';
    const checked = await preview(tx, ctx.now, school, read.lines);
    if ('refused' in checked) return checked;
    if (checked.ready < checked.lines.length) return { preview: checked };
    const invited = await keepInvitations(tx, ctx.now, actor.id, school.id, checked.lines);
    for (const [at, invitation] of invited.entries()) {
      await mailInvitation(tx, ctx.now, school, actor.invitedBy, invitation);
      if (at % mailsATurn === 0) await otherWorkDone();
    }
    await recordAuditEvent(tx, {
      at: ctx.now,
      actorId: actor.id,
      action: 'invitations.sent',
      subjectType: 'school',
      subjectId: school.id,
      detail: { count: invited.length },
    });
    return { sent: invited.length };
  });
}

/** Somebody who was invited and has not activated. */
export type OpenInvitation = {
  id: Id<'inv'>;
  email: string;
  name: string;
  /** When they were invited first, and mailed last. */
  createdAt: Date;
  lastSentAt: Date;
  sentCount: number;
  /** When the link in the last mail stops working. */
  expiresAt: Date;
  /** From when it may be sent again. */
  resendableAt: Date;
};

/** The school’s invitations that nobody has activated and nobody withdrew, the last sent first. */
export async function invitationsOf(read: Reads, schoolId: Id<'sch'>): Promise<OpenInvitation[]> {
  const rows = await read
    .select(columns)
    .from(invitations)
    .where(and(eq(invitations.schoolId, schoolId), isOpen))
    .orderBy(desc(invitations.lastSentAt), invitations.email);
  return rows.map((row) => ({
    ...row,
    expiresAt: new Date(row.lastSentAt.getTime() + tokenLifetimesMs.invitation),
    resendableAt: new Date(row.lastSentAt.getTime() + dayMs),
  }));
}

/**
 * Mails the invitation anew; the link in the earlier mail stops working. At most once a day to a person. Audited. An
 * invitation of another school is not found.
 */
export async function resendInvitation(
  ctx: Ctx,
  actor: { id: Id<'usr'>; invitedBy: string },
  schoolId: string,
  invitationId: string,
): Promise<'sent' | 'not-found' | { until: Date } | InvitationRefusal> {
  return ctx.db.write(async (tx) => {
    const school = await schoolForJoining(tx, schoolId, ctx.now);
    const found = school && (await findOpen(tx, school.id, invitationId));
    if (!found) return 'not-found';
    const closed = closedState(school.state);
    if (closed) return { refused: closed };
    const until = new Date(found.lastSentAt.getTime() + dayMs);
    if (until > ctx.now) return { until };
    await countSending(tx, ctx.now, found.id);
    await mailInvitation(tx, ctx.now, school, actor.invitedBy, found);
    await record(tx, ctx.now, actor.id, 'invitation.resent', found.id, school.id);
    return 'sent';
  });
}

/**
 * A new secret for the invitation, which the caller mails in the same transaction; the link in the earlier mail stops working.
 * Refuses what `resendInvitation` refuses.
 */
export async function renewInvitation(
  tx: Tx,
  now: Date,
  schoolId: string,
  invitationId: string,
): Promise<{ secret: string } | 'not-found' | 'too-soon' | 'closed'> {
  const school = await schoolForJoining(tx, schoolId, now);
  const found = school && (await findOpen(tx, school.id, invitationId));
  if (!found) return 'not-found';
  if (closedState(school.state)) return 'closed';
  if (found.lastSentAt.getTime() + dayMs > now.getTime()) return 'too-soon';
  await countSending(tx, now, found.id);
  const { id, email } = found;
  return { secret: await issueToken(tx, now, { purpose: 'invitation', subjectId: id, email }) };
}

/** Takes the invitation back: its link says so from now on, also to somebody who has not verified yet. Audited. */
export async function withdrawInvitation(
  ctx: Ctx,
  actorId: Id<'usr'>,
  schoolId: string,
  invitationId: string,
): Promise<'withdrawn' | 'not-found'> {
  return ctx.db.write(async (tx) => {
    const found = await findOpen(tx, schoolId as Id<'sch'>, invitationId);
    if (!found) return 'not-found';
    await tx.update(invitations).set({ withdrawnAt: ctx.now }).where(eq(invitations.id, found.id));
    await revokeTokens(tx, ctx.now, 'invitation', found.id);
    await record(tx, ctx.now, actorId, 'invitation.withdrawn', found.id, schoolId);
    return 'withdrawn';
  });
}

/**
 * Ends the school’s open invitations to this address, and the one whose link was followed: the person is a member now.
 * Call it in the transaction that makes them one.
 */
export async function markInvitationsActivated(
  tx: Tx,
  now: Date,
  schoolId: Id<'sch'>,
  email: string,
  followedId: Id<'inv'> | null = null,
): Promise<void> {
  const theirs = followedId
    ? or(eq(invitations.email, email), eq(invitations.id, followedId))
    : eq(invitations.email, email);
  const ended = await tx
    .update(invitations)
    .set({ activatedAt: now })
    .where(and(eq(invitations.schoolId, schoolId), theirs, isOpen))
    .returning({ id: invitations.id });
  for (const { id } of ended) await revokeTokens(tx, now, 'invitation', id);
}

/** How an invitation ended; undefined while it is open. */
export async function invitationEnd(
  read: Reads,
  id: Id<'inv'>,
): Promise<'activated' | 'withdrawn' | undefined> {
  const [row] = await read
    .select({ activatedAt: invitations.activatedAt, withdrawnAt: invitations.withdrawnAt })
    .from(invitations)
    .where(eq(invitations.id, id));
  if (row?.withdrawnAt) return 'withdrawn';
  return row?.activatedAt ? 'activated' : undefined;
}

const columns = {
  id: invitations.id,
  email: invitations.email,
  name: invitations.name,
  createdAt: invitations.createdAt,
  lastSentAt: invitations.lastSentAt,
  sentCount: invitations.sentCount,
};

const isOpen = and(isNull(invitations.activatedAt), isNull(invitations.withdrawnAt));

const closedState = (state: JoiningState) => (state === 'open' || state === 'full' ? undefined : state);

async function preview(
  read: Reads,
  now: Date,
  school: SchoolForJoining,
  lines: readonly ListLine[],
): Promise<InvitationPreview | InvitationRefusal> {
  const closed = closedState(school.state);
  if (closed) return { refused: closed };
  const good = lines.filter(({ problem }) => !problem).length;
  if (good > listLimits.people) return { refused: 'too-many-people', count: good };

  const emails = lines.flatMap(({ email, problem }) => (email && !problem ? [email] : []));
  const [joined, invited] = await Promise.all([
    membersAmong(read, school.id, emails),
    invitedAmong(read, school.id, emails),
  ]);
  let seatsLeft = await seatsToOffer(read, now, school);

  const checked = lines.map((line): PreviewLine => {
    const before = invited.get(line.email);
    if (line.problem) return { ...line, problem: line.problem };
    if (!isAtDomains(line.email, school.emailDomains)) return { ...line, problem: 'other-domain' };
    if (joined.has(line.email)) return { ...line, problem: 'joined' };
    if (before?.open) return { ...line, problem: 'invited' };
    if (before && now.getTime() - before.lastSentAt.getTime() < dayMs)
      return { ...line, problem: 'too-soon' };
    if (seatsLeft <= 0) return { ...line, problem: 'no-seat' };
    seatsLeft -= 1;
    return { ...line, problem: undefined };
  });
  const ready = checked.filter(({ problem }) => !problem);
  return {
    lines: checked,
    ready: ready.length,
    list: ['email\tname', ...ready.map(({ email, name }) => `${email}\t${name}`)].join('\n'),
  };
}

/** Seats that are neither taken nor promised by an invitation that still works. */
async function seatsToOffer(read: Reads, now: Date, school: SchoolForJoining): Promise<number> {
  if (school.seatsLeft === null) return Number.POSITIVE_INFINITY;
  const since = new Date(now.getTime() - tokenLifetimesMs.invitation);
  const promised = await read.$count(
    invitations,
    and(eq(invitations.schoolId, school.id), isOpen, sql`${invitations.lastSentAt} > ${since.getTime()}`),
  );
  return school.seatsLeft - promised;
}

/** Which of these addresses are of members of this school. */
async function membersAmong(read: Reads, schoolId: Id<'sch'>, emails: string[]): Promise<Set<string>> {
  const rows = await read
    .select({ email: users.email })
    .from(users)
    .innerJoin(roleGrants, eq(roleGrants.userId, users.id))
    .where(
      and(inArray(users.email, emails), eq(roleGrants.role, 'member'), eq(roleGrants.scopeId, schoolId)),
    );
  return new Set(rows.map(({ email }) => email));
}

async function invitedAmong(
  read: Reads,
  schoolId: Id<'sch'>,
  emails: string[],
): Promise<Map<string, { open: boolean; lastSentAt: Date }>> {
  const rows = await read
    .select({
      email: invitations.email,
      lastSentAt: invitations.lastSentAt,
      activatedAt: invitations.activatedAt,
      withdrawnAt: invitations.withdrawnAt,
    })
    .from(invitations)
    .where(and(eq(invitations.schoolId, schoolId), inArray(invitations.email, emails)));
  return new Map(
    rows.map(({ email, lastSentAt, activatedAt, withdrawnAt }) => [
      email,
      { open: !activatedAt && !withdrawnAt, lastSentAt },
    ]),
  );
}

/** Whoever was invited before and left or was withdrawn is invited anew under the same id. */
function keepInvitations(
  tx: Tx,
  now: Date,
  invitedById: Id<'usr'>,
  schoolId: Id<'sch'>,
  lines: readonly PreviewLine[],
) {
  return tx
    .insert(invitations)
    .values(
      lines.map(({ email, name }) => ({
        id: newId('inv', now),
        schoolId,
        email,
        name,
        invitedById,
        createdAt: now,
        lastSentAt: now,
      })),
    )
    .onConflictDoUpdate({
      target: [invitations.schoolId, invitations.email],
      set: {
        name: sql`excluded.name`,
        invitedById,
        createdAt: now,
        lastSentAt: now,
        sentCount: sql`${invitations.sentCount} + 1`,
        activatedAt: null,
        withdrawnAt: null,
      },
    })
    .returning(columns);
}

async function mailInvitation(
  tx: Tx,
  now: Date,
  school: SchoolForJoining,
  invitedBy: string,
  { id, email, name }: { id: Id<'inv'>; email: string; name: string },
) {
  const secret = await issueToken(tx, now, { purpose: 'invitation', subjectId: id, email });
  await enqueueMail(tx, now, {
    kind: 'invitation',
    dedupeKey: `invitation:${hashSecret(secret)}`,
    to: email,
    optional: true,
    content: invitationMail({ name, schoolName: school.name, invitedBy, secret }),
  });
}

async function countSending(tx: Tx, now: Date, id: Id<'inv'>) {
  await tx
    .update(invitations)
    .set({ lastSentAt: now, sentCount: sql`${invitations.sentCount} + 1` })
    .where(eq(invitations.id, id));
}

async function findOpen(read: Reads, schoolId: Id<'sch'>, invitationId: string) {
  const [row] = await read
    .select(columns)
    .from(invitations)
    .where(and(eq(invitations.id, invitationId as Id<'inv'>), eq(invitations.schoolId, schoolId), isOpen));
  return row;
}

async function record(
  tx: Tx,
  at: Date,
  actorId: Id<'usr'>,
  action: 'invitation.resent' | 'invitation.withdrawn',
  subjectId: Id<'inv'>,
  schoolId: string,
) {
  await recordAuditEvent(tx, {
    at,
    actorId,
    action,
    subjectType: 'invitation',
    subjectId,
    detail: { schoolId },
  });
}
