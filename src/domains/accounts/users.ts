import { and, eq } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { users } from '#db/schema/accounts.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { normaliseAddress } from './model.ts';

/** A person whose address has just been proved to be theirs. */
export type NewUser = {
  email: string;
  passwordHash: string;
  name: string;
  jobTitle?: string;
  subjects?: string;
  workplace?: string;
  country?: string;
  timeZone: string;
  pictureId?: Id<'pic'> | null;
  codeOfConductVersion: string;
};

/** Makes a user with a verified address and returns the id. Throws when the address has one: look first, in the same transaction. */
export async function createUser(tx: Tx, now: Date, user: NewUser): Promise<Id<'usr'>> {
  const id = newId('usr', now);
  await tx.insert(users).values({
    ...user,
    id,
    email: normaliseAddress(user.email),
    emailVerifiedAt: now,
    codeOfConductAcceptedAt: now,
    createdAt: now,
  });
  return id;
}

export type KnownUser = {
  id: Id<'usr'>;
  email: string;
  name: string;
  passwordHash: string;
  timeZone: string;
  suspendedAt: Date | null;
  erasureDueAt: Date | null;
};

const known = {
  id: users.id,
  email: users.email,
  name: users.name,
  passwordHash: users.passwordHash,
  timeZone: users.timeZone,
  suspendedAt: users.suspendedAt,
  erasureDueAt: users.erasureDueAt,
};

/** The user with this address, however it is written. */
export async function findUserByAddress(read: Reads, address: string): Promise<KnownUser | undefined> {
  const [row] = await read
    .select(known)
    .from(users)
    .where(eq(users.email, normaliseAddress(address)));
  return row;
}

/** Whether the user’s password is still the one with this hash: another may have been set since it was checked. */
export async function hasPassword(read: Reads, id: Id<'usr'>, passwordHash: string): Promise<boolean> {
  return (await read.$count(users, and(eq(users.id, id), eq(users.passwordHash, passwordHash)))) > 0;
}

export async function findUser(read: Reads, id: string): Promise<KnownUser | undefined> {
  const [row] = await read
    .select(known)
    .from(users)
    .where(eq(users.id, id as Id<'usr'>));
  return row;
}
