import { and, eq, inArray, isNull } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { communities, communityMembers } from '#db/schema/communities.ts';
import { dayIn } from '../../lib/time.ts';
import type { Ctx } from '../../platform/context.ts';
import type { Id } from '../../platform/ids.ts';
import type { Viewer } from '../accounts/model.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { enqueueMail } from '../mail/enqueue.ts';
import { requestApproved } from './emails/request-approved.ts';
import { requestDeclined } from './emails/request-declined.ts';
import { requestReceived } from './emails/request-received.ts';
import type { MembershipState } from './model.ts';
import { type Barred, barredFrom, canRunCommunity } from './policy.ts';

type Member = Pick<Viewer, 'id' | 'grants'>;

/**
 * Makes the viewer a member of the community, or leaves a request where its hosts decide: they get a mail, one a day at most
 * however many ask. Joining twice changes nothing. Refuses a community that is not there (`unknown`) or has closed (`retired`),
 * people without a membership, and those whom its type leaves out.
 */
export function joinCommunity(
  { db, now }: Ctx,
  viewer: Member,
  slug: string,
): Promise<'joined' | 'requested' | 'unknown' | 'retired' | Barred> {
  return db.write(async (tx) => {
    const community = await openCommunity(tx, slug);
    if (!community)
      return (await tx.$count(communities, eq(communities.slug, slug))) > 0 ? 'retired' : 'unknown';
    const barred = barredFrom(viewer, community);
    if (barred) return barred;

    const state = await stateOf(tx, viewer.id, slug);
    if (state === 'joined') return 'joined';
    if (community.membership !== 'approval' || canRunCommunity(viewer, slug)) {
      await setState(tx, now, viewer.id, slug, 'joined');
      return 'joined';
    }
    if (state !== 'requested') {
      await setState(tx, now, viewer.id, slug, 'requested');
      await tellHosts(tx, now, community);
    }
    return 'requested';
  });
}

/**
 * Takes the viewer out of the community, or takes their request back. Their history stays. Nobody is told. In the caller’s
 * transaction, because places in live sessions are given up with it.
 */
export async function leaveCommunity(
  tx: Tx,
  now: Date,
  viewer: Pick<Viewer, 'id'>,
  slug: string,
): Promise<'left' | 'not-in'> {
  const state = await stateOf(tx, viewer.id, slug);
  if (state !== 'joined' && state !== 'requested') return 'not-in';
  await setState(tx, now, viewer.id, slug, 'left');
  return 'left';
}

/** Takes in somebody who asked, and tells them. For hosts of the community and staff. Audited. */
export function approveRequest(
  ctx: Ctx,
  viewer: Member,
  slug: string,
  userId: string,
): Promise<'answered' | 'not-waiting' | 'not-found'> {
  return answerRequest(ctx, viewer, slug, userId, 'joined');
}

/** Refuses somebody who asked, and tells them; they may ask again. For hosts of the community and staff. Audited. */
export function declineRequest(
  ctx: Ctx,
  viewer: Member,
  slug: string,
  userId: string,
): Promise<'answered' | 'not-waiting' | 'not-found'> {
  return answerRequest(ctx, viewer, slug, userId, 'declined');
}

function answerRequest(
  { db, now }: Ctx,
  viewer: Member,
  slug: string,
  userId: string,
  answer: 'joined' | 'declined',
): Promise<'answered' | 'not-waiting' | 'not-found'> {
  return db.write(async (tx) => {
    const community = await openCommunity(tx, slug);
    if (!community || !canRunCommunity(viewer, slug)) return 'not-found';
    const [asker] = await tx
      .select({ id: users.id, name: users.name, email: users.email, since: communityMembers.since })
      .from(communityMembers)
      .innerJoin(users, eq(users.id, communityMembers.userId))
      .where(
        and(
          eq(communityMembers.communitySlug, slug),
          eq(communityMembers.userId, userId as Id<'usr'>),
          eq(communityMembers.state, 'requested'),
        ),
      );
    if (!asker) return 'not-waiting';
    await setState(tx, now, asker.id, slug, answer);
    const approved = answer === 'joined';
    await recordAuditEvent(tx, {
      at: now,
      actorId: viewer.id,
      action: approved ? 'community.request-approved' : 'community.request-declined',
      subjectType: 'user',
      subjectId: asker.id,
      detail: { community: slug },
    });
    const kind = approved ? 'community-request-approved' : 'community-request-declined';
    await enqueueMail(tx, now, {
      kind,
      dedupeKey: `${kind}:${slug}:${asker.id}:${asker.since.getTime()}`,
      to: asker.email,
      content: (approved ? requestApproved : requestDeclined)({ name: asker.name, community }),
    });
    return 'answered';
  });
}

type OpenCommunity = { slug: string; name: string; membership: string };

async function openCommunity(read: Reads, slug: string): Promise<OpenCommunity | undefined> {
  const [community] = await read
    .select({ slug: communities.slug, name: communities.name, membership: communities.membership })
    .from(communities)
    .where(and(eq(communities.slug, slug), isNull(communities.retiredAt)));
  return community;
}

async function stateOf(read: Reads, userId: Id<'usr'>, slug: string): Promise<MembershipState | undefined> {
  const [row] = await read
    .select({ state: communityMembers.state })
    .from(communityMembers)
    .where(and(eq(communityMembers.userId, userId), eq(communityMembers.communitySlug, slug)));
  return row?.state;
}

async function setState(tx: Tx, now: Date, userId: Id<'usr'>, slug: string, state: MembershipState) {
  await tx
    .insert(communityMembers)
    .values({ userId, communitySlug: slug, state, since: now, createdAt: now })
    .onConflictDoUpdate({
      target: [communityMembers.userId, communityMembers.communitySlug],
      set: { state, since: now },
    });
}

/** One mail a day to each host; where a community has none yet, to the staff, so that no request is lost. */
async function tellHosts(tx: Tx, now: Date, community: OpenCommunity) {
  const able = and(isNull(users.suspendedAt), isNull(users.erasureDueAt));
  const people = await tx
    .select({ id: users.id, name: users.name, email: users.email, role: roleGrants.role })
    .from(roleGrants)
    .innerJoin(users, eq(users.id, roleGrants.userId))
    .where(
      and(
        inArray(roleGrants.role, ['host', 'staff']),
        inArray(roleGrants.scopeId, [community.slug, '']),
        able,
      ),
    );
  const hosts = people.filter(({ role }) => role === 'host');
  const day = dayIn('Asia/Shanghai', now);
  for (const person of hosts.length > 0 ? hosts : people) {
    await enqueueMail(tx, now, {
      kind: 'community-request-received',
      dedupeKey: `community-request-received:${community.slug}:${person.id}:${day}`,
      to: person.email,
      content: requestReceived({ name: person.name, community }),
    });
  }
}
