import { and, eq, gte, isNull, lt } from 'drizzle-orm';
import type { Tx } from '#db/client.ts';
import { addressChanges, tokens, users } from '#db/schema/accounts.ts';
import type { Ctx } from '../../platform/context.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { hashPassword } from '../../platform/password.ts';
import { newSecret } from '../../platform/tokens.ts';
import { recordAuditEvent } from '../audit/record.ts';
import type { MailContent } from '../mail/blocks.ts';
import { enqueueMail } from '../mail/enqueue.ts';
import { confirmPassword } from './confirm-password.ts';
import {
  addressChangedMail,
  addressRestoredMail,
  addressTakenBackMail,
  newAddressMail,
} from './emails/address-changed.ts';
import { addressInUseMail, changeAddressMail } from './emails/change-address.ts';
import { endAllLoginSessions, endOtherLoginSessions } from './login-sessions.ts';
import { normaliseAddress, type TokenProblem, type TokenPurpose, type Viewer } from './model.ts';
import { countAct, forgetWrongPasswords, type Limit, limits } from './throttles.ts';
import { issueToken, lookUpToken, redeemToken, revokeTokens } from './tokens.ts';
import { findUser, findUserByAddress, hasPassword, type KnownUser } from './users.ts';

const hour = 3_600_000;
const asking = { name: 'address-changes', most: 10, inMs: hour } as const satisfies Limit;

/** How long it is remembered which address somebody left. */
const keepChangesMs = 30 * 24 * hour;

/**
 * Mails a link to a new address for the viewer’s profile. Nothing changes before it is confirmed from there. Whether somebody
 * has that address shows in nothing here: its owner is told by mail. At most three mails an hour go to an address; more do nothing.
 */
export async function askToChangeAddress(
  ctx: Ctx,
  viewer: Viewer,
  { password, email }: { password: string; email: string },
): Promise<'asked' | 'same' | 'wrong-password' | { until: Date }> {
  const newEmail = normaliseAddress(email);
  const confirmed = await confirmPassword(ctx, viewer, password);
  if (confirmed === 'wrong') return 'wrong-password';
  if ('until' in confirmed) return confirmed;
  if (newEmail === viewer.email) return 'same';
  const until = await countAct(ctx, asking, viewer.id);
  if (until) return { until };
  const isFull = await countAct(ctx, limits.signUpMails, newEmail);
  return ctx.db.write(async (tx) => {
    if (!(await hasPassword(tx, viewer.id, confirmed.passwordHash))) return 'wrong-password';
    await audit(tx, ctx.now, viewer.id, 'address.change-asked');
    if (isFull) return 'asked';
    const owner = await findUserByAddress(tx, newEmail);
    if (owner) {
      await mail(tx, ctx.now, 'address-in-use', owner.email, addressInUseMail({ name: owner.name }));
      return 'asked';
    }
    const subject = { purpose: 'change-address', subjectId: viewer.id, email: newEmail } as const;
    const secret = await issueToken(tx, ctx.now, subject);
    await mail(tx, ctx.now, 'change-address', newEmail, changeAddressMail({ name: viewer.name, secret }));
    return 'asked';
  });
}

/** What a link for a change of address, or for undoing one, would do; or why it does nothing. */
export type AddressLink =
  /** `email` becomes the address of this user. */
  | { kind: 'change'; userId: Id<'usr'>; name: string; email: string }
  /** `email` becomes their address again. */
  | { kind: 'undo'; userId: Id<'usr'>; name: string; email: string }
  | { problem: TokenProblem; purpose: AddressPurpose | undefined };

type AddressPurpose = 'change-address' | 'undo-address';

/** Reads a link of purpose `change-address` or `undo-address` without using it; others are `unknown`. */
export async function findAddressLink(ctx: Ctx, secret: string): Promise<AddressLink> {
  const { problem, subject } = await lookUpToken(ctx.db.read, ctx.now, secret);
  const purpose = subject && addressPurposeOf(subject.purpose);
  if (!subject || !purpose) return { problem: 'unknown', purpose };
  if (problem) return { problem, purpose };
  if (purpose === 'change-address') {
    const user = await findUser(ctx.db.read, subject.subjectId);
    if (!user || user.suspendedAt || user.erasureDueAt) return { problem: 'revoked', purpose };
    return { kind: 'change', userId: user.id, name: user.name, email: subject.email };
  }
  const change = await findChange(ctx.db.read, subject.subjectId);
  if (!change) return { problem: 'revoked', purpose };
  return { kind: 'undo', userId: change.userId, name: change.name, email: change.oldEmail };
}

/** Whether a link’s purpose has to do with a change of address. */
export function addressPurposeOf(purpose: TokenPurpose): AddressPurpose | undefined {
  return purpose === 'change-address' || purpose === 'undo-address' ? purpose : undefined;
}

/**
 * Moves a user to the address that the link was sent to. Afterwards the other sign-ins are over, open links of the user are
 * worth nothing, both addresses are told, and the old one can undo it for seven days. Whoever presses must be signed in as that user or know the
 * password: else one could put a profile of one’s own on an address whose owner presses the button. Refuses an address that another user has by
 * now. Throws `TooManyPasswords`.
 */
export async function changeAddress(
  ctx: Ctx,
  secret: string,
  { viewer, password }: { viewer: Viewer | null; password?: string | undefined },
): Promise<
  | { changed: Id<'usr'> }
  | 'needs-password'
  | 'wrong-password'
  | 'taken'
  | { until: Date }
  | { problem: TokenProblem }
> {
  const link = await findAddressLink(ctx, secret);
  if ('problem' in link) return { problem: link.problem };
  if (link.kind !== 'change') return { problem: 'unknown' };
  const user = await findUser(ctx.db.read, link.userId);
  if (!user) return { problem: 'revoked' };
  const here = viewer?.id === user.id ? viewer : undefined;
  if (!here) {
    if (!password) return 'needs-password';
    const confirmed = await confirmPassword(ctx, user, password);
    if (confirmed === 'wrong') return 'wrong-password';
    if ('until' in confirmed) return confirmed;
  }
  return ctx.db.write(async (tx) => {
    const owner = await findUserByAddress(tx, link.email);
    if (owner && owner.id !== user.id) return 'taken';
    const redeemed = await redeemToken(tx, ctx.now, 'change-address', secret);
    if (!redeemed) return { problem: 'used' as const };
    const current = await findUser(tx, user.id);
    if (!current) return { problem: 'revoked' as const };
    await move(tx, ctx.now, current, link.email);
    if (here) await endOtherLoginSessions(tx, user.id, here.loginSession.idHash);
    else await endAllLoginSessions(tx, user.id);
    return { changed: user.id };
  });
}

async function move(tx: Tx, now: Date, user: KnownUser, newEmail: string): Promise<void> {
  const oldEmail = user.email;
  await tx.update(users).set({ email: newEmail, emailVerifiedAt: now }).where(eq(users.id, user.id));
  await revokeLinksOf(tx, now, user.id);
  const changeId = newId('adr', now);
  await tx
    .insert(addressChanges)
    .values({ id: changeId, userId: user.id, oldEmail, newEmail, changedAt: now });
  const secret = await issueToken(tx, now, {
    purpose: 'undo-address',
    subjectId: changeId,
    email: oldEmail,
  });
  await audit(tx, now, user.id, 'address.changed');
  await mail(tx, now, 'address-changed', oldEmail, addressChangedMail({ name: user.name, secret }));
  await mail(tx, now, 'new-address', newEmail, newAddressMail({ name: user.name }));
}

/**
 * Gives a user back the address that the link was sent to, signed in or not. Afterwards everybody is signed out, the
 * password and every open link are worth nothing, a wish to be erased is withdrawn, and both addresses are told. Returns
 * the secret of a link for a new password. Refuses an address that another user has by now. Throws `TooManyPasswords`.
 */
export async function undoAddressChange(
  ctx: Ctx,
  secret: string,
): Promise<{ resetSecret: string } | 'taken' | { problem: TokenProblem }> {
  const link = await findAddressLink(ctx, secret);
  if ('problem' in link) return { problem: link.problem };
  if (link.kind !== 'undo') return { problem: 'unknown' };
  const { userId, email } = link;
  // Whoever changed the address knew the password.
  const passwordHash = await hashPassword(newSecret());
  return ctx.db.write(async (tx) => {
    const owner = await findUserByAddress(tx, email);
    if (owner && owner.id !== userId) return 'taken';
    const redeemed = await redeemToken(tx, ctx.now, 'undo-address', secret);
    const [user, change] = [await findUser(tx, userId), await findChange(tx, redeemed?.subjectId)];
    if (!user || !change) return { problem: 'used' as const };
    await tx
      .update(users)
      .set({ email, emailVerifiedAt: ctx.now, passwordHash, erasureDueAt: null })
      .where(eq(users.id, userId));
    await endAllLoginSessions(tx, userId);
    await revokeLinksOf(tx, ctx.now, userId);
    await undoFrom(tx, ctx.now, userId, change.changedAt);
    await forgetWrongPasswords(tx, email);
    await audit(tx, ctx.now, userId, 'address.change-undone');
    await mail(tx, ctx.now, 'address-restored', email, addressRestoredMail({ name: user.name }));
    if (user.email !== email)
      await mail(tx, ctx.now, 'address-taken-back', user.email, addressTakenBackMail());
    const resetSecret = await issueToken(tx, ctx.now, {
      purpose: 'reset-password',
      subjectId: userId,
      email,
    });
    return { resetSecret };
  });
}

/** This change and later ones are undone, and their links with them: the next address of a thief must not win it back. */
async function undoFrom(tx: Tx, now: Date, userId: Id<'usr'>, changedAt: Date): Promise<void> {
  const undone = await tx
    .update(addressChanges)
    .set({ undoneAt: now })
    .where(
      and(
        eq(addressChanges.userId, userId),
        gte(addressChanges.changedAt, changedAt),
        isNull(addressChanges.undoneAt),
      ),
    )
    .returning({ id: addressChanges.id });
  for (const { id } of undone) await revokeTokens(tx, now, 'undo-address', id);
}

/** Forgets which addresses people left, thirty days after. */
export async function purgeAddressChanges(tx: Tx, now: Date): Promise<void> {
  await tx
    .delete(addressChanges)
    .where(lt(addressChanges.changedAt, new Date(now.getTime() - keepChangesMs)));
}

async function findChange(read: Pick<Tx, 'select'>, id: string | undefined) {
  if (id === undefined) return undefined;
  const [row] = await read
    .select({
      userId: addressChanges.userId,
      name: users.name,
      oldEmail: addressChanges.oldEmail,
      changedAt: addressChanges.changedAt,
    })
    .from(addressChanges)
    .innerJoin(users, eq(users.id, addressChanges.userId))
    .where(and(eq(addressChanges.id, id as Id<'adr'>), isNull(addressChanges.undoneAt)));
  return row;
}

async function revokeLinksOf(tx: Tx, now: Date, userId: Id<'usr'>): Promise<void> {
  await tx
    .update(tokens)
    .set({ revokedAt: now })
    .where(and(eq(tokens.subjectId, userId), isNull(tokens.usedAt), isNull(tokens.revokedAt)));
}

async function audit(tx: Tx, at: Date, userId: Id<'usr'>, action: `address.${string}`): Promise<void> {
  await recordAuditEvent(tx, { at, actorId: userId, action, subjectType: 'user', subjectId: userId });
}

async function mail(tx: Tx, now: Date, kind: string, to: string, content: MailContent): Promise<void> {
  await enqueueMail(tx, now, { kind, dedupeKey: `${kind}:${newId('req', now)}`, to, content });
}
