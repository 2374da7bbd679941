import { and, eq, isNull, ne } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { roleGrants } from '#db/schema/accounts.ts';
import { samOffers, schools } from '#db/schema/schools.ts';
import type { Ctx } from '../../platform/context.ts';
import { env } from '../../platform/env.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { normaliseAddress } from '../accounts/model.ts';
import { grantRole, revokeRole } from '../accounts/roles.ts';
import { issueToken, revokeTokens } from '../accounts/tokens.ts';
import { findUserByAddress } from '../accounts/users.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { enqueueMail } from '../mail/enqueue.ts';
import { openActivationLink } from './activation-links.ts';
import { activateYourMembership } from './emails/activate-your-membership.ts';
import { forwardToColleagues } from './emails/forward-to-colleagues.ts';
import { samOffer } from './emails/sam-offer.ts';
import { youAreSam } from './emails/you-are-sam.ts';
import { membershipState, type OfferOutcome, resendPauseMs } from './model.ts';
import { holdsRole, seatsTaken } from './queries.ts';

/** Somebody who is asked to be SAM. */
export type Asked = { name: string; email: string };

/** The address of a personal set-up link. */
export const setUpUrl = (secret: string) => `${env.siteUrl}/set-up/${secret}`;

/**
 * Staff ask somebody to be the school’s SAM: the two onboarding mails are queued, one with a set-up link of their own. A
 * member of the school is SAM at once and told so. Keeps a place for them, and refuses where none is left. Audited.
 */
export function onboardSam(
  ctx: Ctx,
  actorId: Id<'usr'>,
  schoolId: string,
  asked: Asked,
): Promise<OfferOutcome> {
  return ctx.db.write((tx) => offerWith(sendOnboardingMails, tx, ctx.now, actorId, schoolId, asked));
}

/** The same, asked by a SAM: one mail with the set-up link, that says who asks. */
export function offerSamRole(
  ctx: Ctx,
  actor: { id: Id<'usr'>; name: string },
  schoolId: string,
  asked: Asked,
): Promise<OfferOutcome> {
  const send: Send = (tx, now, offer) => sendOffer(tx, now, offer, actor.name);
  return ctx.db.write((tx) => offerWith(send, tx, ctx.now, actor.id, schoolId, asked));
}

/** For a school that was made in this transaction: asks one of its first SAMs. */
export async function onboardNewSam(
  tx: Tx,
  now: Date,
  actorId: Id<'usr'>,
  schoolId: Id<'sch'>,
  asked: Asked,
): Promise<void> {
  await sendOnboardingMails(tx, now, await openOffer(tx, now, actorId, schoolId, asked));
}

/** What came of sending again: nothing goes out within a minute of the last mail, so that a second press is harmless. */
export type Resent = 'sent' | 'just-sent' | 'not-pending';

/** Sends both onboarding mails again, with a new set-up link; the one before stops working. Audited. */
export function resendOnboardingMails(
  ctx: Ctx,
  actorId: Id<'usr'>,
  schoolId: string,
  offerId: string,
): Promise<Resent> {
  return ctx.db.write((tx) => resendWith(sendOnboardingMails, tx, ctx.now, actorId, schoolId, offerId));
}

/** Sends a SAM’s offer again, with a new set-up link; the one before stops working. Audited. */
export function resendSamOffer(
  ctx: Ctx,
  actor: { id: Id<'usr'>; name: string },
  schoolId: string,
  offerId: string,
): Promise<Resent> {
  const send: Send = (tx, now, offer) => sendOffer(tx, now, offer, actor.name);
  return ctx.db.write((tx) => resendWith(send, tx, ctx.now, actor.id, schoolId, offerId));
}

/** Takes an offer back: its set-up link stops working and the kept place is free. Refuses one that is accepted or withdrawn. Audited. */
export function withdrawSamOffer(
  ctx: Ctx,
  actorId: Id<'usr'>,
  schoolId: string,
  offerId: string,
): Promise<'withdrawn' | 'not-pending'> {
  return ctx.db.write(async (tx) => {
    const offer = await findPending(tx, schoolId, offerId);
    if (!offer) return 'not-pending';
    await withdraw(tx, ctx.now, actorId, offer);
    return 'withdrawn';
  });
}

/**
 * Staff put a wrong name or address right: the old offer is withdrawn, and the two onboarding mails go to the new address.
 * Where only the name changes, they go to the same one again. Audited.
 */
export function correctSamOffer(
  ctx: Ctx,
  actorId: Id<'usr'>,
  schoolId: string,
  offerId: string,
  asked: Asked,
): Promise<OfferOutcome | 'not-pending'> {
  const { db, now } = ctx;
  return db.write(async (tx) => {
    const offer = await findPending(tx, schoolId, offerId);
    if (!offer) return 'not-pending';
    const isSameAddress = offer.email === normaliseAddress(asked.email);
    const refusal = isSameAddress ? undefined : await refusalOf(tx, offer.schoolId, asked, offer);
    if (refusal) return refusal;
    await withdraw(tx, now, actorId, offer);
    return offerWith(sendOnboardingMails, tx, now, actorId, schoolId, asked);
  });
}

/** Takes the role of SAM from a user of the school; they stay a member. Audited. */
export function removeSam(
  ctx: Ctx,
  actorId: Id<'usr'>,
  schoolId: string,
  userId: string,
): Promise<'removed' | 'not-sam'> {
  return ctx.db.write((tx) => takeRole(tx, ctx.now, actorId, schoolId, userId as Id<'usr'>));
}

/** A SAM gives the role up and stays a member. Refused for the only one: a school without a SAM has nobody to ask. Audited. */
export function giveUpSamRole(
  ctx: Ctx,
  userId: Id<'usr'>,
  schoolId: string,
): Promise<'removed' | 'not-sam' | 'only-sam'> {
  return ctx.db.write(async (tx) => {
    const others = await tx.$count(
      roleGrants,
      and(eq(roleGrants.role, 'sam'), eq(roleGrants.scopeId, schoolId), ne(roleGrants.userId, userId)),
    );
    if (others === 0) return 'only-sam';
    return takeRole(tx, ctx.now, userId, schoolId, userId);
  });
}

async function takeRole(tx: Tx, now: Date, actorId: Id<'usr'>, schoolId: string, userId: Id<'usr'>) {
  const revoked = await revokeRole(tx, now, actorId, { userId, role: 'sam', scopeId: schoolId });
  return revoked === 'revoked' ? 'removed' : 'not-sam';
}

/** An offer that waits, with what its mails say of the school. */
type PendingOffer = {
  id: Id<'sam'>;
  schoolId: Id<'sch'>;
  name: string;
  email: string;
  lastSentAt: Date;
};

type Send = (tx: Tx, now: Date, offer: PendingOffer) => Promise<void>;

async function offerWith(
  send: Send,
  tx: Tx,
  now: Date,
  actorId: Id<'usr'>,
  schoolId: string,
  asked: Asked,
): Promise<OfferOutcome> {
  const school = await findSchool(tx, schoolId);
  if (!school) return 'unknown';
  const refusal = await refusalOf(tx, school.id, asked);
  if (refusal) return refusal;
  const user = await findUserByAddress(tx, asked.email);
  if (user && (await holdsRole(tx, user.id, 'member', school.id))) {
    await grantRole(tx, now, actorId, { userId: user.id, role: 'sam', scopeId: school.id });
    await enqueueMail(tx, now, {
      kind: 'you-are-sam',
      dedupeKey: `you-are-sam:${newId('req', now)}`,
      to: user.email,
      content: youAreSam({ name: user.name, school }),
    });
    return 'granted';
  }
  await send(tx, now, await openOffer(tx, now, actorId, school.id, asked));
  return 'offered';
}

/** Why nobody is asked at this address. `replaced` is an offer that makes room by being withdrawn. */
async function refusalOf(
  tx: Tx,
  schoolId: Id<'sch'>,
  { email }: Asked,
  replaced?: PendingOffer,
): Promise<'already-sam' | 'already-offered' | 'full' | undefined> {
  const user = await findUserByAddress(tx, email);
  if (user && (await holdsRole(tx, user.id, 'sam', schoolId))) return 'already-sam';
  const sameAddress = and(pendingOf(schoolId), eq(samOffers.email, normaliseAddress(email)));
  if ((await tx.$count(samOffers, sameAddress)) > 0) return 'already-offered';
  if (await isMemberOf(tx, schoolId, email)) return undefined;
  const school = await findSchool(tx, schoolId);
  if (!school || school.seatLimit === null) return undefined;
  const freed = replaced && !(await isMemberOf(tx, schoolId, replaced.email)) ? 1 : 0;
  return (await seatsTaken(tx, schoolId)) - freed >= school.seatLimit ? 'full' : undefined;
}

async function isMemberOf(tx: Tx, schoolId: Id<'sch'>, email: string): Promise<boolean> {
  const user = await findUserByAddress(tx, email);
  return user !== undefined && holdsRole(tx, user.id, 'member', schoolId);
}

/** Makes the offer, or opens again the one this address had before. */
async function openOffer(
  tx: Tx,
  now: Date,
  actorId: Id<'usr'>,
  schoolId: Id<'sch'>,
  { name, email }: Asked,
): Promise<PendingOffer> {
  const values = {
    name,
    offeredById: actorId,
    createdAt: now,
    lastSentAt: now,
    acceptedAt: null,
    withdrawnAt: null,
  };
  const [offer] = await tx
    .insert(samOffers)
    .values({ id: newId('sam', now), schoolId, email: normaliseAddress(email), ...values })
    .onConflictDoUpdate({ target: [samOffers.schoolId, samOffers.email], set: values })
    .returning(pending);
  if (!offer) throw new Error(`The offer for school ${schoolId} was not kept.`);
  await record(tx, now, 'sam-offer.made', actorId, offer);
  return offer;
}

async function resendWith(
  send: Send,
  tx: Tx,
  now: Date,
  actorId: Id<'usr'>,
  schoolId: string,
  offerId: string,
): Promise<Resent> {
  const offer = await findPending(tx, schoolId, offerId);
  if (!offer) return 'not-pending';
  if (now.getTime() - offer.lastSentAt.getTime() < resendPauseMs) return 'just-sent';
  await tx.update(samOffers).set({ lastSentAt: now }).where(eq(samOffers.id, offer.id));
  await send(tx, now, offer);
  await record(tx, now, 'sam-offer.sent-again', actorId, offer);
  return 'sent';
}

async function withdraw(tx: Tx, now: Date, actorId: Id<'usr'>, offer: PendingOffer) {
  await tx.update(samOffers).set({ withdrawnAt: now }).where(eq(samOffers.id, offer.id));
  await revokeTokens(tx, now, 'set-up', offer.id);
  await record(tx, now, 'sam-offer.withdrawn', actorId, offer);
}

/** A new set-up link in the first mail; the second only where there is a link to forward. */
async function sendOnboardingMails(tx: Tx, now: Date, offer: PendingOffer) {
  const school = await findSchool(tx, offer.schoolId);
  if (!school) throw new Error(`Offer ${offer.id} has no school.`);
  const secret = await issueSetUp(tx, now, offer);
  const activationUrl = (await openActivationLink(tx, school.id))?.url;
  const opensOn = membershipState(school, now) === 'not-started' ? school.membershipStartsOn : undefined;
  const props = { name: offer.name, school, opensOn, activationUrl };
  await enqueueMail(tx, now, {
    kind: 'activate-your-membership',
    dedupeKey: `activate-your-membership:${newId('req', now)}`,
    to: offer.email,
    content: activateYourMembership({ ...props, setUpUrl: setUpUrl(secret) }),
  });
  if (!activationUrl) return;
  await enqueueMail(tx, now, {
    kind: 'forward-to-colleagues',
    dedupeKey: `forward-to-colleagues:${newId('req', now)}`,
    to: offer.email,
    content: forwardToColleagues({ ...props, activationUrl }),
  });
}

async function sendOffer(tx: Tx, now: Date, offer: PendingOffer, askedBy: string) {
  const school = await findSchool(tx, offer.schoolId);
  if (!school) throw new Error(`Offer ${offer.id} has no school.`);
  const secret = await issueSetUp(tx, now, offer);
  await enqueueMail(tx, now, {
    kind: 'sam-offer',
    dedupeKey: `sam-offer:${newId('req', now)}`,
    to: offer.email,
    content: samOffer({ name: offer.name, askedBy, school, setUpUrl: setUpUrl(secret) }),
  });
}

function issueSetUp(tx: Tx, now: Date, offer: PendingOffer): Promise<string> {
  return issueToken(tx, now, { purpose: 'set-up', subjectId: offer.id, email: offer.email });
}

const pending = {
  id: samOffers.id,
  schoolId: samOffers.schoolId,
  name: samOffers.name,
  email: samOffers.email,
  lastSentAt: samOffers.lastSentAt,
};

const pendingOf = (schoolId: string) =>
  and(
    eq(samOffers.schoolId, schoolId as Id<'sch'>),
    isNull(samOffers.acceptedAt),
    isNull(samOffers.withdrawnAt),
  );

async function findPending(
  read: Reads,
  schoolId: string,
  offerId: string,
): Promise<PendingOffer | undefined> {
  const [row] = await read
    .select(pending)
    .from(samOffers)
    .where(and(pendingOf(schoolId), eq(samOffers.id, offerId as Id<'sam'>)));
  return row;
}

async function findSchool(read: Reads, schoolId: string) {
  const [row] = await read
    .select({
      id: schools.id,
      name: schools.name,
      seatLimit: schools.seatLimit,
      emailDomains: schools.emailDomains,
      timeZone: schools.timeZone,
      pausedAt: schools.pausedAt,
      membershipStartsOn: schools.membershipStartsOn,
      membershipEndsOn: schools.membershipEndsOn,
    })
    .from(schools)
    .where(eq(schools.id, schoolId as Id<'sch'>));
  return row;
}

async function record(
  tx: Tx,
  at: Date,
  action: `sam-offer.${'made' | 'sent-again' | 'withdrawn'}`,
  actorId: Id<'usr'>,
  { id, schoolId }: PendingOffer,
) {
  await recordAuditEvent(tx, {
    at,
    actorId,
    action,
    subjectType: 'school',
    subjectId: schoolId,
    detail: { offerId: id },
  });
}
