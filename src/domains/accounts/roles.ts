import { and, eq, sql } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { recordAuditEvent } from '../audit/record.ts';
import type { Grant } from './model.ts';

/** A role of a user: of a school (sam, member), of a community (host), or with an empty scope. */
export type UserGrant = Grant & { userId: Id<'usr'> };

/**
 * Gives a user a role and writes it into the audit log. Does nothing when they hold it. `actorId` is null when the system
 * did it, as an activation link does.
 */
export async function grantRole(
  tx: Tx,
  now: Date,
  actorId: Id<'usr'> | null,
  { userId, role, scopeId }: UserGrant,
): Promise<void> {
  const granted = await tx
    .insert(roleGrants)
    .values({ id: newId('rol', now), userId, role, scopeId, grantedById: actorId, createdAt: now })
    .onConflictDoNothing()
    .returning({ id: roleGrants.id });
  if (granted.length === 0) return;
  await recordAuditEvent(tx, {
    at: now,
    actorId,
    action: 'role.granted',
    subjectType: 'user',
    subjectId: userId,
    detail: { role, scopeId },
  });
}

/** Takes a role from a user and writes it into the audit log. Refuses to take `staff` from the last one who has it. */
export async function revokeRole(
  tx: Tx,
  now: Date,
  actorId: Id<'usr'> | null,
  { userId, role, scopeId }: UserGrant,
): Promise<'revoked' | 'not-held' | 'last-staff'> {
  if (role === 'staff' && (await isLastStaff(tx, userId))) return 'last-staff';
  const revoked = await tx
    .delete(roleGrants)
    .where(and(eq(roleGrants.userId, userId), eq(roleGrants.role, role), eq(roleGrants.scopeId, scopeId)))
    .returning({ id: roleGrants.id });
  if (revoked.length === 0) return 'not-held';
  await recordAuditEvent(tx, {
    at: now,
    actorId,
    action: 'role.revoked',
    subjectType: 'user',
    subjectId: userId,
    detail: { role, scopeId },
  });
  return 'revoked';
}

/** Whether this user is staff and nobody else, who can sign in, is. */
export async function isLastStaff(read: Reads, userId: Id<'usr'>): Promise<boolean> {
  const [row] = await read
    .select({
      own: sql<number>`sum(${roleGrants.userId} = ${userId})`,
      others: sql<number>`sum(${roleGrants.userId} <> ${userId} AND ${users.suspendedAt} IS NULL AND ${users.erasureDueAt} IS NULL)`,
    })
    .from(roleGrants)
    .innerJoin(users, eq(users.id, roleGrants.userId))
    .where(eq(roleGrants.role, 'staff'));
  return Boolean(row?.own) && !row?.others;
}
