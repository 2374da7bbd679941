import { eq, lt, sql } from 'drizzle-orm';
import type { Tx } from '#db/client.ts';
import { throttles } from '#db/schema/accounts.ts';
import type { Ctx } from '../../platform/context.ts';
import { keyedHash } from '../../platform/seal.ts';

/** So many in so long, counted from the first one of each span. */
export type Limit = { name: string; most: number; inMs: number };

const minute = 60_000;
const hour = 60 * minute;

/**
 * The limits of the whole site. A staff room activates behind one address, so an address of the network is only ever
 * counted for failures and for forms that nobody fills in by the dozen.
 */
export const limits = {
  failuresAMinute: { name: 'failures-a-minute', most: 30, inMs: minute },
  failuresAnHour: { name: 'failures-an-hour', most: 300, inMs: hour },
  activationLink: { name: 'activation-link', most: 200, inMs: hour },
  resetMails: { name: 'reset-mails', most: 3, inMs: hour },
  resetRequests: { name: 'reset-requests', most: 100, inMs: hour },
  signUpMails: { name: 'sign-up-mails', most: 3, inMs: hour },
  publicForms: { name: 'public-forms', most: 20, inMs: hour },
} as const satisfies Record<string, Limit>;

/**
 * Counts one act against `limit` for `whom` (an address, a link, a network address). Returns null when it fits, else when to
 * come again. An act that does not fit is not counted.
 */
export function countAct(ctx: Ctx, limit: Limit, whom: string): Promise<Date | null> {
  return ctx.db.write((tx) => countActIn(tx, ctx.now, limit, whom));
}

/** The same within a transaction: the act is counted if and only if what goes with it is kept. */
export async function countActIn(tx: Tx, now: Date, limit: Limit, whom: string): Promise<Date | null> {
  const key = keyOf(limit.name, whom);
  const from = new Date(now.getTime() - limit.inMs);
  const [row] = await tx
    .select({ count: throttles.count, startedAt: throttles.startedAt })
    .from(throttles)
    .where(eq(throttles.key, key));
  const current = row && row.startedAt > from ? row : { count: 0, startedAt: now };
  const end = new Date(current.startedAt.getTime() + limit.inMs);
  if (current.count >= limit.most) return end;
  const values = { count: current.count + 1, startedAt: current.startedAt, expiresAt: end };
  await tx
    .insert(throttles)
    .values({ key, ...values })
    .onConflictDoUpdate({ target: throttles.key, set: values });
  return null;
}

/** When `whom` may go on under `limit`; null when now. Counts nothing. */
export async function fullUntil(ctx: Ctx, limit: Limit, whom: string): Promise<Date | null> {
  const [row] = await ctx.db.read
    .select({ count: throttles.count, startedAt: throttles.startedAt })
    .from(throttles)
    .where(eq(throttles.key, keyOf(limit.name, whom)));
  if (!row || row.count < limit.most) return null;
  const end = new Date(row.startedAt.getTime() + limit.inMs);
  return end > ctx.now ? end : null;
}

const freeAttempts = 4;
const firstLockMs = 10 * minute;
const longestLockMs = 7 * 24 * hour;

/**
 * Counts an attempt at the password of `email` (normalised; also one that nobody has) before it is checked, so that many at
 * once are counted as well. Returns null when it may be made, else when the next one may. Four attempts are free; each
 * further one locks the address for ten minutes, then twice as long, up to seven days. The right password forgets them all.
 */
export async function beginPasswordAttempt(tx: Tx, now: Date, email: string): Promise<Date | null> {
  const key = keyOf('passwords', email);
  const [row] = await tx
    .select({ count: throttles.count, lockedUntil: throttles.lockedUntil, expiresAt: throttles.expiresAt })
    .from(throttles)
    .where(eq(throttles.key, key));
  if (row?.lockedUntil && row.lockedUntil > now) return row.lockedUntil;
  const count = (row && row.expiresAt > now ? row.count : 0) + 1;
  const lockMs =
    count < freeAttempts ? 0 : Math.min(firstLockMs * 2 ** (count - freeAttempts), longestLockMs);
  const values = {
    count,
    startedAt: now,
    lockedUntil: lockMs ? new Date(now.getTime() + lockMs) : null,
    // Half a day of quiet is forgotten where nothing is locked; after a lock it takes its length again.
    expiresAt: new Date(now.getTime() + Math.max(2 * lockMs, 12 * hour)),
  };
  await tx
    .insert(throttles)
    .values({ key, ...values })
    .onConflictDoUpdate({ target: throttles.key, set: values });
  return null;
}

/** Takes an attempt back that was begun and could not be made: it says nothing about who made it. */
export async function takeBackPasswordAttempt(tx: Tx, email: string): Promise<void> {
  await tx
    .update(throttles)
    .set({ count: sql`max(0, ${throttles.count} - 1)`, lockedUntil: null })
    .where(eq(throttles.key, keyOf('passwords', email)));
}

/** Forgets wrong passwords for this address: the right one was given, or a new one set by mail. */
export async function forgetWrongPasswords(tx: Tx, email: string): Promise<void> {
  await tx.delete(throttles).where(eq(throttles.key, keyOf('passwords', email)));
}

/** Forgets counts whose time is over. */
export async function purgeThrottles(tx: Tx, now: Date): Promise<void> {
  await tx.delete(throttles).where(lt(throttles.expiresAt, now));
}

const keyOf = (name: string, whom: string) => `${name}:${keyedHash('throttle', whom)}`;
