import { and, eq } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { applications } from '#db/schema/admissions.ts';
import type { Ctx } from '../../platform/context.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { normaliseAddress } from '../accounts/model.ts';
import { grantRole } from '../accounts/roles.ts';
import { issueToken, revokeTokens } from '../accounts/tokens.ts';
import { findUserByAddress, type KnownUser } from '../accounts/users.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { enqueueMail } from '../mail/enqueue.ts';
import { giveBackCoupon, takeCoupon } from './coupons.ts';
import { applicationAccepted } from './emails/application-accepted.ts';
import { applicationDeclined } from './emails/application-declined.ts';
import { applicationFromMember } from './emails/application-from-member.ts';
import { applicationReceived } from './emails/application-received.ts';
import { membershipReady } from './emails/membership-ready.ts';
import { membershipSetUp } from './emails/membership-set-up.ts';
import {
  type ApplicationState,
  type CouponProblem,
  discountedPrice,
  type Prices,
  priceText,
} from './model.ts';
import { digestOf, onceADay } from './once.ts';
import { isMemberAddress } from './queries.ts';

export type NewApplication = {
  name: string;
  email: string;
  jobTitle: string;
  workplace: string;
  country: string;
  timeZone: string;
  /** Slugs of communities that exist: the caller has looked. */
  communities: string[];
  message: string;
  /** Empty for none. */
  coupon: string;
};

/** What holds at the moment of applying: the site’s prices, and the version of the code of conduct that was accepted. */
export type ApplicationTerms = { prices: Prices; codeOfConductVersion: string };

/**
 * Puts an application into the queue of staff, at the price that the prices and the coupon make, and answers by mail: at
 * most once a day to an address, whatever was typed. The same is true of an address that belongs to a member; only the mail
 * says something else. The same form sent again on the same day changes nothing. Refuses, and keeps nothing, when the
 * coupon cannot be used.
 */
export async function applyForMembership(
  ctx: Ctx,
  { coupon, ...application }: NewApplication,
  { prices, codeOfConductVersion }: ApplicationTerms,
): Promise<'received' | { coupon: CouponProblem }> {
  const { now } = ctx;
  const email = normaliseAddress(application.email);
  const digest = digestOf(now, [email, { ...application, email }, coupon]);
  return ctx.db.write(async (tx) => {
    if (await tx.$count(applications, eq(applications.digest, digest))) return 'received';
    const held = coupon ? await takeCoupon(tx, now, coupon) : { couponId: null, percentOff: 0 };
    if ('problem' in held) return { coupon: held.problem };
    const { currency } = prices;
    const price = discountedPrice(prices, held.percentOff);
    await tx.insert(applications).values({
      ...application,
      id: newId('app', now),
      email,
      codeOfConductVersion,
      digest,
      couponId: held.couponId,
      price,
      currency,
      state: 'received',
      createdAt: now,
      updatedAt: now,
    });
    const isMember = await isMemberAddress(tx, now, email);
    const received = applicationReceived({ price: priceText(price, currency) });
    await enqueueMail(tx, now, {
      kind: 'application-received',
      dedupeKey: onceADay('application-received', email, now),
      to: email,
      content: isMember ? applicationFromMember() : received,
    });
    return 'received';
  });
}

/** `already`: it was so before, and nothing happened. `moved-on`: its state does not allow it any more. */
export type ApplicationOutcome = 'done' | 'already' | 'moved-on' | 'unknown';

/** Accepts an application that waits to be read, and mails the price, how to pay, and `note`. Audited. */
export function acceptApplication(
  ctx: Ctx,
  actorId: Id<'usr'>,
  id: string,
  note: string,
): Promise<ApplicationOutcome> {
  const { now } = ctx;
  return ctx.db.write(async (tx) => {
    const application = await findApplication(tx, id);
    if (!application) return 'unknown';
    if (application.state === 'accepted') return 'already';
    if (application.state !== 'received') return 'moved-on';
    await move(tx, now, actorId, application, 'accepted', {
      acceptNote: note,
      decidedAt: now,
      decidedById: actorId,
    });
    const { email, name, price, currency } = application;
    await enqueueMail(tx, now, {
      kind: 'application-accepted',
      dedupeKey: `application-accepted:${id}`,
      to: email,
      content: applicationAccepted({ name, note, price: price ? priceText(price, currency) : undefined }),
    });
    return 'done';
  });
}

/** Declines an application that is not paid, mails the reason, and gives its coupon back. Audited. */
export function declineApplication(
  ctx: Ctx,
  actorId: Id<'usr'>,
  id: string,
  reason: string,
): Promise<ApplicationOutcome> {
  const { now } = ctx;
  return ctx.db.write(async (tx) => {
    const application = await findApplication(tx, id);
    if (!application) return 'unknown';
    if (application.state === 'declined') return 'already';
    if (!isUnpaid(application)) return 'moved-on';
    await move(tx, now, actorId, application, 'declined', {
      declineReason: reason,
      decidedAt: now,
      decidedById: actorId,
    });
    if (application.couponId) await giveBackCoupon(tx, application.couponId);
    await enqueueMail(tx, now, {
      kind: 'application-declined',
      dedupeKey: `application-declined:${id}`,
      to: application.email,
      content: applicationDeclined({ name: application.name, reason }),
    });
    return 'done';
  });
}

/** Closes an unpaid application whose applicant told us that they changed their mind, and gives its coupon back. No mail. Audited. */
export function withdrawApplication(ctx: Ctx, actorId: Id<'usr'>, id: string): Promise<ApplicationOutcome> {
  const { now } = ctx;
  return ctx.db.write(async (tx) => {
    const application = await findApplication(tx, id);
    if (!application) return 'unknown';
    if (application.state === 'withdrawn') return 'already';
    if (!isUnpaid(application)) return 'moved-on';
    await move(tx, now, actorId, application, 'withdrawn', { decidedAt: now, decidedById: actorId });
    if (application.couponId) await giveBackCoupon(tx, application.couponId);
    return 'done';
  });
}

/**
 * Notes that an accepted application is paid. Then the applicant is mailed the link with which they become a member; or,
 * where they have a sign-in already, is one at once and told so. Refuses while that sign-in is suspended or about to be
 * deleted (`no-entry`). Audited.
 */
export function markApplicationPaid(
  ctx: Ctx,
  actorId: Id<'usr'>,
  id: string,
  note: string,
): Promise<ApplicationOutcome | 'no-entry'> {
  const { now } = ctx;
  return ctx.db.write(async (tx) => {
    const application = await findApplication(tx, id);
    if (!application) return 'unknown';
    if (application.state === 'paid' || application.state === 'joined') return 'already';
    if (application.state !== 'accepted') return 'moved-on';
    const user = await findUserByAddress(tx, application.email);
    if (user && !mayEnter(user)) return 'no-entry';
    await move(tx, now, actorId, application, 'paid', { paidAt: now, paymentNote: note });
    if (user) await joinKnownUser(tx, now, actorId, application, user);
    else await mailSetUpLink(tx, now, application);
    return 'done';
  });
}

/**
 * Mails the applicant of a paid application a new set-up link; the one before stops working. Within a minute of the last
 * one it does nothing: that was a second press. Whoever got a sign-in meanwhile becomes a member at once. Audited.
 */
export function resendSetUpLink(
  ctx: Ctx,
  actorId: Id<'usr'>,
  id: string,
): Promise<ApplicationOutcome | 'no-entry'> {
  const { now } = ctx;
  return ctx.db.write(async (tx) => {
    const application = await findApplication(tx, id);
    if (!application) return 'unknown';
    if (application.state !== 'paid') return 'moved-on';
    const lastSentAt = application.setUpSentAt?.getTime() ?? 0;
    if (now.getTime() - lastSentAt < 60_000) return 'already';
    const user = await findUserByAddress(tx, application.email);
    if (user && !mayEnter(user)) return 'no-entry';
    if (user) await joinKnownUser(tx, now, actorId, application, user);
    else {
      await mailSetUpLink(tx, now, application);
      await record(tx, now, actorId, 'application.set-up-sent', application.id);
    }
    return 'done';
  });
}

/** An application whose applicant may set up: what the set-up form starts with. */
export type ApplicationForSetUp = {
  id: Id<'app'>;
  name: string;
  email: string;
  jobTitle: string;
  workplace: string;
  country: string;
  timeZone: string;
  /** The version that was accepted with the application. */
  codeOfConductVersion: string;
};

/** The paid application that a set-up link (its subject is `app_…`) is about; undefined when there is none, or it is not waiting for this. */
export async function applicationForSetUp(read: Reads, id: string): Promise<ApplicationForSetUp | undefined> {
  const [row] = await read
    .select({
      id: applications.id,
      name: applications.name,
      email: applications.email,
      jobTitle: applications.jobTitle,
      workplace: applications.workplace,
      country: applications.country,
      timeZone: applications.timeZone,
      codeOfConductVersion: applications.codeOfConductVersion,
    })
    .from(applications)
    .where(and(eq(applications.id, id as Id<'app'>), eq(applications.state, 'paid')));
  return row;
}

/**
 * Makes the user a member without a school by their paid application, and ends it as `joined`. For the transaction that
 * redeems the set-up link. Harmless when it was done before; `not-paid` when there is no such application. Audited.
 */
export async function acceptMembership(
  tx: Tx,
  now: Date,
  applicationId: string,
  userId: Id<'usr'>,
): Promise<'joined' | 'already' | 'not-paid'> {
  const application = await findApplication(tx, applicationId);
  if (application?.state === 'joined') return 'already';
  if (application?.state !== 'paid') return 'not-paid';
  await grantRole(tx, now, null, { userId, role: 'member', scopeId: '' });
  await move(tx, now, userId, application, 'joined');
  return 'joined';
}

type Application = {
  id: Id<'app'>;
  state: ApplicationState;
  name: string;
  email: string;
  price: number;
  currency: string;
  couponId: Id<'cpn'> | null;
  setUpSentAt: Date | null;
};

async function findApplication(read: Reads, id: string): Promise<Application | undefined> {
  const [row] = await read
    .select({
      id: applications.id,
      state: applications.state,
      name: applications.name,
      email: applications.email,
      price: applications.price,
      currency: applications.currency,
      couponId: applications.couponId,
      setUpSentAt: applications.setUpSentAt,
    })
    .from(applications)
    .where(eq(applications.id, id as Id<'app'>));
  return row;
}

const isUnpaid = ({ state }: Application) => state === 'received' || state === 'accepted';

const mayEnter = ({ suspendedAt, erasureDueAt }: KnownUser) => !suspendedAt && !erasureDueAt;

/** Writes the new state, and the act into the audit log. */
async function move(
  tx: Tx,
  now: Date,
  actorId: Id<'usr'>,
  { id, state: from }: Application,
  state: Exclude<ApplicationState, 'received'>,
  changes: Partial<typeof applications.$inferInsert> = {},
): Promise<void> {
  await tx
    .update(applications)
    .set({ ...changes, state, updatedAt: now })
    .where(eq(applications.id, id));
  await record(tx, now, actorId, `application.${state}`, id, { from });
}

async function record(
  tx: Tx,
  at: Date,
  actorId: Id<'usr'>,
  action: `application.${string}`,
  subjectId: Id<'app'>,
  detail: { from?: ApplicationState } = {},
): Promise<void> {
  await recordAuditEvent(tx, { at, actorId, action, subjectType: 'application', subjectId, detail });
}

async function joinKnownUser(
  tx: Tx,
  now: Date,
  actorId: Id<'usr'>,
  application: Application,
  user: KnownUser,
): Promise<void> {
  await revokeTokens(tx, now, 'set-up', application.id);
  await grantRole(tx, now, actorId, { userId: user.id, role: 'member', scopeId: '' });
  await move(tx, now, actorId, { ...application, state: 'paid' }, 'joined');
  await enqueueMail(tx, now, {
    kind: 'membership-ready',
    dedupeKey: `membership-ready:${application.id}`,
    to: user.email,
    content: membershipReady({ name: user.name }),
  });
}

async function mailSetUpLink(tx: Tx, now: Date, { id, email, name }: Application): Promise<void> {
  const secret = await issueToken(tx, now, { purpose: 'set-up', subjectId: id, email });
  await tx.update(applications).set({ setUpSentAt: now, updatedAt: now }).where(eq(applications.id, id));
  await enqueueMail(tx, now, {
    kind: 'membership-set-up',
    dedupeKey: `membership-set-up:${id}:${now.getTime()}`,
    to: email,
    content: membershipSetUp({ name, secret }),
  });
}
