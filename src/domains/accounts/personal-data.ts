import { and, asc, eq, inArray, isNull, or } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import {
  addressChanges,
  erasures,
  firstSteps,
  loginSessions,
  roleGrants,
  tokens,
  users,
} from '#db/schema/accounts.ts';
import { auditEvents } from '#db/schema/audit.ts';
import type { Id } from '../../platform/ids.ts';
import { recordAuditEvent } from '../audit/record.ts';

/** Whose data it is, for every domain: the user, and the addresses under which things of theirs are kept. */
export type Person = {
  userId: Id<'usr'>;
  name: string;
  /** The first is the one they sign in with. */
  addresses: string[];
  pictureId: Id<'pic'> | null;
  erasureDueAt: Date | null;
};

/**
 * The user with the addresses that are theirs or were in the last thirty days; undefined when there is no such user. An
 * address that somebody else took back, or has by now, is not theirs.
 */
export async function findPerson(read: Reads, userId: Id<'usr'>): Promise<Person | undefined> {
  const [user] = await read
    .select({
      name: users.name,
      email: users.email,
      pictureId: users.pictureId,
      erasureDueAt: users.erasureDueAt,
    })
    .from(users)
    .where(eq(users.id, userId));
  if (!user) return undefined;
  const { email, ...rest } = user;
  const left = await read
    .selectDistinct({ email: addressChanges.oldEmail })
    .from(addressChanges)
    .leftJoin(users, eq(users.email, addressChanges.oldEmail))
    .where(and(eq(addressChanges.userId, userId), isNull(addressChanges.undoneAt), isNull(users.id)));
  return { userId, ...rest, addresses: [email, ...left.map((row) => row.email)] };
}

/** What accounts keep about somebody, but for what only hashes of secrets would add. */
export async function personalAccounts(read: Reads, { userId, addresses }: Person) {
  const [user] = await read
    .select({
      id: users.id,
      name: users.name,
      email: users.email,
      emailVerifiedAt: users.emailVerifiedAt,
      jobTitle: users.jobTitle,
      subjects: users.subjects,
      about: users.about,
      workplace: users.workplace,
      country: users.country,
      timeZone: users.timeZone,
      languages: users.languages,
      links: users.links,
      visibility: users.visibility,
      pictureId: users.pictureId,
      personSlug: users.personSlug,
      codeOfConductVersion: users.codeOfConductVersion,
      codeOfConductAcceptedAt: users.codeOfConductAcceptedAt,
      createdAt: users.createdAt,
      lastSeenOn: users.lastSeenOn,
      suspendedAt: users.suspendedAt,
      erasureDueAt: users.erasureDueAt,
    })
    .from(users)
    .where(eq(users.id, userId));
  const roles = await read
    .select({ role: roleGrants.role, scopeId: roleGrants.scopeId, grantedAt: roleGrants.createdAt })
    .from(roleGrants)
    .where(eq(roleGrants.userId, userId));
  const signIns = await read
    .select({
      device: loginSessions.device,
      signedInAt: loginSessions.createdAt,
      lastUsedAt: loginSessions.lastUsedAt,
      passwordGivenAt: loginSessions.authenticatedAt,
      endsAt: loginSessions.expiresAt,
    })
    .from(loginSessions)
    .where(eq(loginSessions.userId, userId))
    .orderBy(asc(loginSessions.createdAt));
  const steps = await read
    .select({ step: firstSteps.step, takenAt: firstSteps.takenAt })
    .from(firstSteps)
    .where(eq(firstSteps.userId, userId));
  const addressesLeft = await read
    .select({
      oldEmail: addressChanges.oldEmail,
      newEmail: addressChanges.newEmail,
      changedAt: addressChanges.changedAt,
      undoneAt: addressChanges.undoneAt,
    })
    .from(addressChanges)
    .where(eq(addressChanges.userId, userId));
  const links = await read
    .select({
      purpose: tokens.purpose,
      email: tokens.email,
      createdAt: tokens.createdAt,
      expiresAt: tokens.expiresAt,
      usedAt: tokens.usedAt,
      revokedAt: tokens.revokedAt,
    })
    .from(tokens)
    .where(or(eq(tokens.subjectId, userId), inArray(tokens.email, addresses)))
    .orderBy(asc(tokens.createdAt));
  const log = await read
    .select({
      at: auditEvents.at,
      action: auditEvents.action,
      actorId: auditEvents.actorId,
      subjectType: auditEvents.subjectType,
      subjectId: auditEvents.subjectId,
      detail: auditEvents.detail,
    })
    .from(auditEvents)
    .where(or(eq(auditEvents.actorId, userId), eq(auditEvents.subjectId, userId)))
    .orderBy(asc(auditEvents.position));
  return {
    profile: user ?? null,
    roles,
    signIns,
    firstSteps: steps,
    addressChanges: addressesLeft,
    links,
    // Other people’s ids are not theirs to take away.
    log: log.map(({ actorId, ...event }) => ({ ...event, by: actorName(actorId, userId) })),
  };
}

const actorName = (actorId: string | null, userId: string) => {
  if (actorId === userId) return 'you';
  return actorId ? 'somebody else' : 'the portal';
};

/**
 * Deletes the user and all that hangs on them: sign-ins, roles, steps, changes of address, open and spent links. Their id
 * stays in the audit log, and on the list of those to be deleted again after a backup is restored. The picture’s file is
 * the caller’s to remove once this is kept.
 */
export async function eraseAccounts(tx: Tx, now: Date, { userId, addresses }: Person): Promise<void> {
  const changes = await tx
    .select({ id: addressChanges.id })
    .from(addressChanges)
    .where(eq(addressChanges.userId, userId));
  const subjects = [userId, ...changes.map(({ id }) => id)];
  await tx.delete(tokens).where(or(inArray(tokens.subjectId, subjects), inArray(tokens.email, addresses)));
  await tx.update(roleGrants).set({ grantedById: null }).where(eq(roleGrants.grantedById, userId));
  await tx.delete(users).where(eq(users.id, userId));
  await tx.insert(erasures).values({ userId, erasedAt: now }).onConflictDoNothing();
  await recordAuditEvent(tx, {
    at: now,
    actorId: null,
    action: 'user.erased',
    subjectType: 'user',
    subjectId: userId,
  });
}
