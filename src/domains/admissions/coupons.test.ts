import { expect, test } from 'vitest';
import { auditEvents } from '#db/schema/audit.ts';
import { useDatabase } from '../../../tests/database.ts';
import { listView } from '../../lib/paging.ts';
import { newId } from '../../platform/ids.ts';
import {
  endCoupon,
  findCoupon,
  giveBackCoupon,
  issueCoupons,
  type NewCoupons,
  takeCoupon,
} from './coupons.ts';
import { couponProblem, discountedPrice, isCode, normaliseCode, priceText } from './model.ts';
import { couponSorts, couponsPage } from './queries.ts';

const now = new Date('2026-11-21T09:30:00Z');
const staff = newId('usr', now);
const host: NewCoupons = {
  code: '',
  percentOff: 50,
  usesAllowed: 1,
  lastValidOn: null,
  note: 'For a host',
  howMany: 1,
};
const context = async () => ({ db: await useDatabase(), now });
const list = (query = '') => listView(new URLSearchParams(query), couponSorts, '-issued');

test('made-up codes are all different and hold nothing that looks like something else', async () => {
  const ctx = await context();
  const issued = await issueCoupons(ctx, staff, { ...host, howMany: 20 });
  const codes = typeof issued === 'string' ? [] : issued.codes;
  expect(new Set(codes).size).toBe(20);
  for (const code of codes) expect(code).toMatch(/^[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}$/);
  expect(await ctx.db.read.$count(auditEvents)).toBe(20);
});

test('a code of staff’s own is stored in capitals, and not given twice', async () => {
  const ctx = await context();
  expect(await issueCoupons(ctx, staff, { ...host, code: 'library 26' })).toEqual({ codes: ['LIBRARY-26'] });
  expect(await issueCoupons(ctx, staff, { ...host, code: 'LIBRARY-26' })).toBe('code-taken');
});

test('a coupon whose last day has passed is not issued', async () => {
  const ctx = await context();
  expect(await issueCoupons(ctx, staff, { ...host, lastValidOn: '2026-11-20' })).toBe('day-passed');
  expect(await issueCoupons(ctx, staff, { ...host, lastValidOn: '2026-11-21' })).toHaveProperty('codes');
});

test('each coupon that cannot be used says why', async () => {
  const ctx = await context();
  for (const code of ['SPENT', 'ENDED', 'DATED'])
    await issueCoupons(ctx, staff, { ...host, code, lastValidOn: code === 'DATED' ? '2026-11-21' : null });
  await ctx.db.write((tx) => takeCoupon(tx, now, 'SPENT'));
  const { rows } = await couponsPage(ctx.db.read, now, list('q=ENDED'), undefined);
  await endCoupon(ctx, staff, rows[0]!.id);
  const tomorrow = new Date('2026-11-21T16:00:00Z'); // midnight in China
  for (const [code, problem] of [
    ['SPENT', 'used-up'],
    ['ENDED', 'ended'],
    ['DATED', 'expired'],
    ['NOBODY', 'unknown'],
  ] as const) {
    expect(await findCoupon(ctx.db.read, tomorrow, code)).toEqual({ problem });
    expect(await ctx.db.write((tx) => takeCoupon(tx, tomorrow, code))).toEqual({ problem });
  }
  expect(await findCoupon(ctx.db.read, new Date('2026-11-21T15:59:59Z'), 'DATED')).toEqual({
    percentOff: 50,
  });
});

test('a use that is given back can be taken again, and no more than were allowed', async () => {
  const ctx = await context();
  await issueCoupons(ctx, staff, { ...host, code: 'ONCE' });
  const taken = await ctx.db.write((tx) => takeCoupon(tx, now, 'once'));
  if ('problem' in taken) throw new Error(taken.problem);
  await ctx.db.write((tx) => giveBackCoupon(tx, taken.couponId));
  expect(await ctx.db.write((tx) => takeCoupon(tx, now, 'ONCE'))).toMatchObject({ percentOff: 50 });
  await ctx.db.write((tx) => giveBackCoupon(tx, taken.couponId));
  await expect(ctx.db.write((tx) => giveBackCoupon(tx, taken.couponId))).rejects.toThrow();
});

test('ending a coupon twice is harmless; one that never was is unknown', async () => {
  const ctx = await context();
  await issueCoupons(ctx, staff, host);
  const { rows } = await couponsPage(ctx.db.read, now, list(), undefined);
  const { id } = rows[0]!;
  expect(await Promise.all([1, 2].map(() => endCoupon(ctx, staff, id)))).toEqual(['ended', 'ended']);
  expect(await endCoupon(ctx, staff, 'cpn_x')).toBe('unknown');
  expect(await ctx.db.read.$count(auditEvents)).toBe(2);
});

test('staff list the coupons that can be used and those that cannot', async () => {
  const ctx = await context();
  await issueCoupons(ctx, staff, { ...host, code: 'OPEN', usesAllowed: 3, lastValidOn: '2026-12-01' });
  await issueCoupons(ctx, staff, { ...host, code: 'FOREVER' });
  await issueCoupons(ctx, staff, { ...host, code: 'SPENT' });
  await ctx.db.write((tx) => takeCoupon(tx, now, 'SPENT'));
  const codes = async (filter: 'usable' | 'over') =>
    (await couponsPage(ctx.db.read, now, list('sort=code'), filter)).rows.map(({ code }) => code);
  expect(await codes('usable')).toEqual(['FOREVER', 'OPEN']);
  expect(await codes('over')).toEqual(['SPENT']);
});

test('a code is known however people write it', () => {
  for (const typed of ['7kq2-mxpa', ' 7KQ2 MXPA ', '7KQ2–MXPA', '７KQ2-MXPA', '7kq2_mxpa'])
    expect(normaliseCode(typed)).toBe('7KQ2-MXPA');
});

test.each(['', 'ABC', 'A--B12', '-ABCD', 'ABCD-', 'ÄBCD', 'A'.repeat(25), 'AB CD'])(
  '“%s” is no code',
  (code) => {
    expect(isCode(code)).toBe(false);
  },
);

test('prices are rounded to whole units and written with their currency', () => {
  const prices = { currency: 'USD', individual: 290 };
  expect([0, 33, 50, 100].map((percent) => discountedPrice(prices, percent))).toEqual([290, 194, 145, 0]);
  expect(priceText(1145, 'USD')).toBe('USD 1,145');
});

test('a coupon that is ended and used up was ended', () => {
  const terms = { usesAllowed: 1, usesTaken: 1, lastValidOn: null, endedAt: now };
  expect(couponProblem(terms, now)).toBe('ended');
});
