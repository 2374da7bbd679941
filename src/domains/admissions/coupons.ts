import { randomBytes } from 'node:crypto';
import { and, eq, gte, inArray, isNull, lt, or, sql } from 'drizzle-orm';
import type { Reads, Tx } from '#db/client.ts';
import { coupons } from '#db/schema/admissions.ts';
import type { Day } from '../../lib/dates.ts';
import type { Ctx } from '../../platform/context.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { recordAuditEvent } from '../audit/record.ts';
import { type CouponProblem, chinaDay, couponProblem, normaliseCode } from './model.ts';

export type NewCoupons = {
  /** Empty for one that is made up. */
  code: string;
  /** 1 to 100. */
  percentOff: number;
  /** How often each may be used. */
  usesAllowed: number;
  /** Last day it works, in China; null for no end. */
  lastValidOn: Day | null;
  /** For whom, for staff. */
  note: string;
  howMany: number;
};

/** Issues coupons and returns their codes. Refuses a code that exists, ended ones included, and a last day that has passed. Audited. */
export async function issueCoupons(
  ctx: Ctx,
  actorId: Id<'usr'>,
  { code, howMany, ...terms }: NewCoupons,
): Promise<{ codes: string[] } | 'code-taken' | 'day-passed'> {
  const { now } = ctx;
  if (terms.lastValidOn !== null && terms.lastValidOn < chinaDay(now)) return 'day-passed';
  const codes = code ? [normaliseCode(code)] : newCodes(howMany);
  return ctx.db.write(async (tx) => {
    if (await tx.$count(coupons, inArray(coupons.code, codes))) return 'code-taken';
    for (const one of codes) {
      const id = newId('cpn', now);
      await tx.insert(coupons).values({ ...terms, id, code: one, createdById: actorId, createdAt: now });
      await recordAuditEvent(tx, {
        at: now,
        actorId,
        action: 'coupon.issued',
        subjectType: 'coupon',
        subjectId: id,
        detail: { percentOff: terms.percentOff, usesAllowed: terms.usesAllowed },
      });
    }
    return { codes };
  });
}

/** Ends a coupon: nobody can use it any more, and applications that hold it keep their price. Harmless when it has ended. Audited. */
export async function endCoupon(ctx: Ctx, actorId: Id<'usr'>, id: string): Promise<'ended' | 'unknown'> {
  const { now } = ctx;
  return ctx.db.write(async (tx) => {
    const couponId = id as Id<'cpn'>;
    const ended = await tx
      .update(coupons)
      .set({ endedAt: now })
      .where(and(eq(coupons.id, couponId), isNull(coupons.endedAt)))
      .returning({ id: coupons.id });
    if (ended.length === 0) return (await tx.$count(coupons, eq(coupons.id, couponId))) ? 'ended' : 'unknown';
    await recordAuditEvent(tx, {
      at: now,
      actorId,
      action: 'coupon.ended',
      subjectType: 'coupon',
      subjectId: id,
    });
    return 'ended';
  });
}

/** What the coupon with this code takes off, if it can be used now. Uses nothing. */
export async function findCoupon(
  read: Reads,
  now: Date,
  code: string,
): Promise<{ percentOff: number } | { problem: CouponProblem }> {
  const [row] = await read
    .select({
      percentOff: coupons.percentOff,
      usesAllowed: coupons.usesAllowed,
      usesTaken: coupons.usesTaken,
      lastValidOn: coupons.lastValidOn,
      endedAt: coupons.endedAt,
    })
    .from(coupons)
    .where(eq(coupons.code, normaliseCode(code)));
  if (!row) return { problem: 'unknown' };
  const problem = couponProblem(row, now);
  return problem ? { problem } : { percentOff: row.percentOff };
}

/** Uses the coupon with this code once, in one statement, so that of many at once no more have it than may. Or says why not. */
export async function takeCoupon(
  tx: Tx,
  now: Date,
  code: string,
): Promise<{ couponId: Id<'cpn'>; percentOff: number } | { problem: CouponProblem }> {
  const [taken] = await tx
    .update(coupons)
    .set({ usesTaken: sql`${coupons.usesTaken} + 1` })
    .where(
      and(
        eq(coupons.code, normaliseCode(code)),
        isNull(coupons.endedAt),
        lt(coupons.usesTaken, coupons.usesAllowed),
        or(isNull(coupons.lastValidOn), gte(coupons.lastValidOn, chinaDay(now))),
      ),
    )
    .returning({ couponId: coupons.id, percentOff: coupons.percentOff });
  if (taken) return taken;
  const found = await findCoupon(tx, now, code);
  return 'problem' in found ? found : { problem: 'used-up' };
}

/** Gives back one use of a coupon: the application that held it came to nothing. */
export async function giveBackCoupon(tx: Tx, couponId: Id<'cpn'>): Promise<void> {
  await tx
    .update(coupons)
    .set({ usesTaken: sql`${coupons.usesTaken} - 1` })
    .where(eq(coupons.id, couponId));
}

/** 32 letters and digits that nobody takes for another: no 0, O, 1 or I. */
const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

/** `7KQ2-MXPA`: 40 random bits, each code once. */
function newCodes(howMany: number): string[] {
  const codes = new Set<string>();
  while (codes.size < howMany) {
    const letters = [...randomBytes(8)].map((byte) => alphabet[byte % alphabet.length]).join('');
    codes.add(`${letters.slice(0, 4)}-${letters.slice(4)}`);
  }
  return [...codes];
}
