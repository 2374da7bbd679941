import { eq, sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { Db } from '#db/client.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { applications } from '#db/schema/admissions.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { outbox } from '#db/schema/mail.ts';
import { schools } from '#db/schema/schools.ts';
import { addUser, useDatabase } from '../../../tests/database.ts';
import { listView } from '../../lib/paging.ts';
import type { Ctx } from '../../platform/context.ts';
import { newId } from '../../platform/ids.ts';
import { unseal } from '../../platform/seal.ts';
import { lookUpToken, redeemToken } from '../accounts/tokens.ts';
import {
  acceptApplication,
  acceptMembership,
  applicationForSetUp,
  applyForMembership,
  declineApplication,
  markApplicationPaid,
  type NewApplication,
  resendSetUpLink,
  withdrawApplication,
} from './applications.ts';
import { issueCoupons } from './coupons.ts';
import {
  applicationCounts,
  applicationSorts,
  applicationsPage,
  applicationView,
  couponsPage,
  isMemberAddress,
} from './queries.ts';

const now = new Date('2026-11-21T09:30:00Z');
const later = (minutes: number) => new Date(now.getTime() + minutes * 60_000);
const terms = { prices: { currency: 'USD', individual: 290 }, codeOfConductVersion: '2.0' };
const staff = newId('usr', now);

const mira: NewApplication = {
  name: 'Mira Solano',
  email: 'Mira@Example.test',
  jobTitle: 'Primary librarian',
  workplace: '',
  country: 'VN',
  timeZone: 'Asia/Ho_Chi_Minh',
  communities: ['school-librarians'],
  message: 'I am the only librarian here. 🙂 图书馆',
  coupon: '',
};

async function context(): Promise<Ctx & { db: Db }> {
  return { db: await useDatabase(), now };
}

/** In the order of the inserts: ids of one millisecond have none. */
const asMade = sql`rowid`;

const rows = ({ db }: Ctx) => db.read.select().from(applications).orderBy(asMade);
const only = async (ctx: Ctx) => (await rows(ctx))[0]!;
const actions = async ({ db }: Ctx) =>
  (await db.read.select({ action: auditEvents.action }).from(auditEvents).orderBy(auditEvents.position)).map(
    ({ action }) => action,
  );

async function mails({ db }: Ctx) {
  const queued = await db.read.select().from(outbox).orderBy(asMade);
  return queued.map(({ kind, to, subject, sealedBody }) => {
    const body = JSON.parse(unseal('mail-body', sealedBody!)!) as { text: string; html: string };
    return { kind, to, subject, ...body };
  });
}

const secretIn = (text: string) => /\/join\/set-up\/([\w-]{43})/.exec(text)?.[1] ?? '';

async function applied(ctx: Ctx, changes: Partial<NewApplication> = {}) {
  expect(await applyForMembership(ctx, { ...mira, ...changes }, terms)).toBe('received');
  return (await rows(ctx)).at(-1)!.id;
}

async function paid(ctx: Ctx) {
  const id = await applied(ctx);
  await acceptApplication(ctx, staff, id, '');
  await markApplicationPaid(ctx, staff, id, 'Invoice 12');
  return id;
}

async function coupon(ctx: Ctx, percentOff = 50, usesAllowed = 1) {
  const issued = await issueCoupons(ctx, staff, {
    code: '',
    percentOff,
    usesAllowed,
    lastValidOn: null,
    note: '',
    howMany: 1,
  });
  if (typeof issued === 'string') throw new Error(issued);
  return issued.codes[0]!;
}

const usesTaken = async (ctx: Ctx) =>
  (
    await couponsPage(ctx.db.read, now, listView(new URLSearchParams(), ['code'], 'code'), undefined)
  ).rows.map((row) => row.usesTaken);

test('an application is kept as it was sent, at the site’s price, and answered by mail', async () => {
  const ctx = await context();
  await applied(ctx);
  expect(await only(ctx)).toMatchObject({
    name: 'Mira Solano',
    email: 'mira@example.test',
    message: mira.message,
    communities: ['school-librarians'],
    price: 290,
    currency: 'USD',
    couponId: null,
    codeOfConductVersion: '2.0',
    state: 'received',
  });
  const [mail] = await mails(ctx);
  expect(mail).toMatchObject({ to: 'mira@example.test', subject: 'We have your application to PeerSphere' });
  expect(mail?.text).toContain('USD 290');
});

test('the mail to an address that nobody has proved repeats nothing that was typed', async () => {
  const ctx = await context();
  const typed = 'win-a-prize-at-evil.example';
  await applied(ctx, { name: typed, jobTitle: typed, workplace: typed, message: typed });
  const [mail] = await mails(ctx);
  expect(`${mail?.subject}${mail?.text}${mail?.html}`).not.toContain(typed);
});

test('a coupon lowers the price, and has one use less', async () => {
  const ctx = await context();
  await applied(ctx, { coupon: (await coupon(ctx)).toLowerCase().replace('-', ' ') });
  expect((await only(ctx)).price).toBe(145);
  expect(await usesTaken(ctx)).toEqual([1]);
});

test('an application with a coupon that cannot be used is not kept', async () => {
  const ctx = await context();
  expect(await applyForMembership(ctx, { ...mira, coupon: 'NO-SUCH' }, terms)).toEqual({ coupon: 'unknown' });
  expect(await rows(ctx)).toEqual([]);
  expect(await mails(ctx)).toEqual([]);
});

test('of fifty people who use the last use of a coupon at once, exactly one has it', async () => {
  const ctx = await context();
  const code = await coupon(ctx);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      applyForMembership(ctx, { ...mira, email: `person-${index}@example.test`, coupon: code }, terms),
    ),
  );
  expect(answers.filter((answer) => answer === 'received')).toHaveLength(1);
  expect(answers.filter((answer) => typeof answer === 'object' && answer.coupon === 'used-up')).toHaveLength(
    49,
  );
  expect(await rows(ctx)).toHaveLength(1);
  expect(await usesTaken(ctx)).toEqual([1]);
});

test('the same form sent twice is one application, and uses its coupon once', async () => {
  const ctx = await context();
  const code = await coupon(ctx, 50, 5);
  await Promise.all([1, 2, 3].map(() => applied(ctx, { coupon: code })));
  expect(await rows(ctx)).toHaveLength(1);
  expect(await usesTaken(ctx)).toEqual([1]);
  expect(await mails(ctx)).toHaveLength(1);
});

test('an address is answered at most once a day, however often somebody applies with it', async () => {
  const ctx = await context();
  for (const message of ['one', 'two', 'three']) await applied(ctx, { message });
  expect(await rows(ctx)).toHaveLength(3);
  expect(await mails(ctx)).toHaveLength(1);
  await applied({ ...ctx, now: later(24 * 60) }, { message: 'four' });
  expect(await mails(ctx)).toHaveLength(2);
});

test('a member’s address is treated alike, but for the mail, which says that they are one', async () => {
  const ctx = await context();
  const member = await addUser(ctx.db, now, { roles: [['member', 'sch_x']], email: 'omar@example.test' });
  const host = await addUser(ctx.db, now, { roles: [['host', 'librarians']], email: 'hanna@example.test' });
  await schoolUntil(ctx, '2027-06-30');
  for (const { email } of [member, host]) await applied(ctx, { email, coupon: await coupon(ctx) });
  expect((await rows(ctx)).map(({ state, price }) => [state, price])).toEqual([
    ['received', 145],
    ['received', 145],
  ]);
  expect((await mails(ctx)).map(({ to, subject }) => [to, subject])).toEqual([
    ['omar@example.test', 'You are a PeerSphere member already'],
    ['hanna@example.test', 'You are a PeerSphere member already'],
  ]);
});

test('an application takes as long for a member’s address as for one that nobody has', async () => {
  const ctx = await context();
  const times: Record<'member' | 'stranger', number[]> = { member: [], stranger: [] };
  for (let round = 0; round < 60; round += 1) {
    const { email } = await addUser(ctx.db, now, { roles: [['host', 'librarians']] });
    for (const [who, address] of [
      ['member', email],
      ['stranger', `stranger-${round}@example.test`],
    ] as const) {
      const startedAt = performance.now();
      await applied(ctx, { email: address });
      times[who].push(performance.now() - startedAt);
    }
  }
  const median = (all: number[]) => all.sort((a, b) => a - b)[all.length / 2]!;
  expect(Math.abs(median(times.member) - median(times.stranger))).toBeLessThan(5);
});

test('somebody whose school’s membership is over, who is suspended or who never had a role is no member', async () => {
  const ctx = await context();
  await schoolUntil(ctx, '2026-10-31');
  const { email } = await addUser(ctx.db, now, { roles: [['member', 'sch_x']] });
  const leaver = await addUser(ctx.db, now);
  expect(await isMemberAddress(ctx.db.read, now, email)).toBe(false);
  expect(await isMemberAddress(ctx.db.read, now, leaver.email)).toBe(false);
  expect(await isMemberAddress(ctx.db.read, now, 'nobody@example.test')).toBe(false);
});

async function schoolUntil({ db }: Ctx, membershipEndsOn: string) {
  await db.write((tx) =>
    tx.insert(schools).values({
      id: 'sch_x' as never,
      name: 'Hillside School',
      country: 'VN',
      city: 'Da Nang',
      timeZone: 'Asia/Ho_Chi_Minh',
      membershipStartsOn: '2025-08-01',
      membershipEndsOn,
      createdAt: now,
      updatedAt: now,
    }),
  );
}

test('accepting mails the price, how to pay and the note of staff', async () => {
  const ctx = await context();
  const id = await applied(ctx);
  expect(await acceptApplication(ctx, staff, id, 'See you on Monday.')).toBe('done');
  expect(await only(ctx)).toMatchObject({ state: 'accepted', decidedById: staff, decidedAt: now });
  const mail = (await mails(ctx)).at(-1);
  for (const words of ['Hello Mira Solano,', 'USD 290', 'invoice', 'See you on Monday.'])
    expect(mail?.text).toContain(words);
  expect(await actions(ctx)).toEqual(['application.accepted']);
});

test('with a coupon for the whole price there is nothing to pay', async () => {
  const ctx = await context();
  const id = await applied(ctx, { coupon: await coupon(ctx, 100) });
  await acceptApplication(ctx, staff, id, '');
  expect((await mails(ctx)).at(-1)?.text).toContain('nothing to pay');
});

test('a name that could be an address or a message is not repeated in a mail', async () => {
  const ctx = await context();
  const id = await applied(ctx, { name: 'Free prize at www.evil.example' });
  await acceptApplication(ctx, staff, id, '');
  expect((await mails(ctx)).at(-1)?.text).toContain('Hello,');
  expect((await mails(ctx)).at(-1)?.text).not.toContain('evil');
});

test('declining mails the reason and gives the coupon back', async () => {
  const ctx = await context();
  const code = await coupon(ctx);
  const id = await applied(ctx, { coupon: code });
  expect(await declineApplication(ctx, staff, id, 'Your school is a member already.')).toBe('done');
  expect((await mails(ctx)).at(-1)?.text).toContain('Your school is a member already.');
  expect(await usesTaken(ctx)).toEqual([0]);
  expect(await applyForMembership(ctx, { ...mira, email: 'next@example.test', coupon: code }, terms)).toBe(
    'received',
  );
});

test('an accepted application can still be declined, or withdrawn, which mails nothing', async () => {
  const ctx = await context();
  const id = await applied(ctx);
  await acceptApplication(ctx, staff, id, '');
  expect(await declineApplication(ctx, staff, id, 'It was not paid.')).toBe('done');
  const other = await applied(ctx, { email: 'other@example.test', coupon: await coupon(ctx) });
  const before = (await mails(ctx)).length;
  expect(await withdrawApplication(ctx, staff, other)).toBe('done');
  expect(await usesTaken(ctx)).toEqual([0]);
  expect(await mails(ctx)).toHaveLength(before);
});

test('a payment leads to a set-up link, which makes a member without a school', async () => {
  const ctx = await context();
  const id = await paid(ctx);
  expect(await only(ctx)).toMatchObject({ state: 'paid', paymentNote: 'Invoice 12', paidAt: now });
  const mail = (await mails(ctx)).at(-1)!;
  expect(mail.subject).toBe('Set up your PeerSphere membership');
  const secret = secretIn(mail.text);
  expect((await lookUpToken(ctx.db.read, now, secret)).subject).toEqual({
    purpose: 'set-up',
    subjectId: id,
    email: 'mira@example.test',
  });
  expect(await applicationForSetUp(ctx.db.read, id)).toMatchObject({ name: 'Mira Solano', country: 'VN' });

  const user = await addUser(ctx.db, now, { email: 'mira@example.test' });
  const outcome = await ctx.db.write(async (tx) => {
    const subject = await redeemToken(tx, now, 'set-up', secret);
    return acceptMembership(tx, now, subject!.subjectId, user.id);
  });
  expect(outcome).toBe('joined');
  expect(await grantsOf(ctx, user.id)).toEqual([{ role: 'member', scopeId: '' }]);
  expect((await only(ctx)).state).toBe('joined');
  expect(await applicationForSetUp(ctx.db.read, id)).toBeUndefined();
  expect(await ctx.db.write((tx) => acceptMembership(tx, now, id, user.id))).toBe('already');
});

const grantsOf = ({ db }: Ctx, userId: string) =>
  db.read
    .select({ role: roleGrants.role, scopeId: roleGrants.scopeId })
    .from(roleGrants)
    .where(eq(roleGrants.userId, userId as never));

test('somebody who has a sign-in becomes a member with the payment, and is told so', async () => {
  const ctx = await context();
  const leaver = await addUser(ctx.db, now, { email: 'mira@example.test' });
  await paid(ctx);
  expect((await only(ctx)).state).toBe('joined');
  expect(await grantsOf(ctx, leaver.id)).toEqual([{ role: 'member', scopeId: '' }]);
  expect((await mails(ctx)).at(-1)?.subject).toBe('Your PeerSphere membership has begun');
  expect(await actions(ctx)).toEqual([
    'application.accepted',
    'application.paid',
    'role.granted',
    'application.joined',
  ]);
});

test('nobody becomes a member by a sign-in that is suspended or about to be deleted', async () => {
  const ctx = await context();
  const { id: userId } = await addUser(ctx.db, now, { email: 'mira@example.test' });
  const id = await applied(ctx);
  await acceptApplication(ctx, staff, id, '');
  for (const block of [{ suspendedAt: now }, { suspendedAt: null, erasureDueAt: now }]) {
    await ctx.db.write((tx) => tx.update(users).set(block).where(eq(users.id, userId)));
    expect(await markApplicationPaid(ctx, staff, id, '')).toBe('no-entry');
  }
  expect((await only(ctx)).state).toBe('accepted');
  expect(await grantsOf(ctx, userId)).toEqual([]);
});

test('a new set-up link ends the one before; a second press does not', async () => {
  const ctx = await context();
  const id = await paid(ctx);
  const first = secretIn((await mails(ctx)).at(-1)!.text);
  expect(await resendSetUpLink({ ...ctx, now: later(0.5) }, staff, id)).toBe('already');
  expect((await lookUpToken(ctx.db.read, later(1), first)).problem).toBeUndefined();
  expect(await resendSetUpLink({ ...ctx, now: later(2) }, staff, id)).toBe('done');
  const second = secretIn((await mails(ctx)).at(-1)!.text);
  expect((await lookUpToken(ctx.db.read, later(3), first)).problem).toBe('revoked');
  expect((await lookUpToken(ctx.db.read, later(3), second)).problem).toBeUndefined();
});

test('pressing a button twice does what it says once', async () => {
  const ctx = await context();
  const id = await applied(ctx, { coupon: await coupon(ctx) });
  expect(await Promise.all([1, 2].map(() => acceptApplication(ctx, staff, id, '')))).toEqual([
    'done',
    'already',
  ]);
  expect(await Promise.all([1, 2].map(() => markApplicationPaid(ctx, staff, id, '')))).toEqual([
    'done',
    'already',
  ]);
  const declined = await applied(ctx, { email: 'other@example.test' });
  expect(await Promise.all([1, 2].map(() => declineApplication(ctx, staff, declined, 'No.')))).toEqual([
    'done',
    'already',
  ]);
  const withdrawn = await applied(ctx, { email: 'third@example.test' });
  expect(await Promise.all([1, 2].map(() => withdrawApplication(ctx, staff, withdrawn)))).toEqual([
    'done',
    'already',
  ]);
  expect((await actions(ctx)).filter((action) => action.startsWith('application'))).toEqual([
    'application.accepted',
    'application.paid',
    'application.declined',
    'application.withdrawn',
  ]);
  expect((await mails(ctx)).filter(({ kind }) => kind !== 'application-received')).toHaveLength(3);
});

test('an act that its state does not allow is refused and changes nothing', async () => {
  const ctx = await context();
  const id = await applied(ctx);
  expect(await markApplicationPaid(ctx, staff, id, '')).toBe('moved-on');
  expect(await resendSetUpLink(ctx, staff, id)).toBe('moved-on');
  expect(await ctx.db.write((tx) => acceptMembership(tx, now, id, staff))).toBe('not-paid');
  await declineApplication(ctx, staff, id, 'No.');
  const before = await rows(ctx);
  expect(await acceptApplication(ctx, staff, id, '')).toBe('moved-on');
  expect(await withdrawApplication(ctx, staff, id)).toBe('moved-on');
  expect(await rows(ctx)).toEqual(before);
  const settled = await paid({ ...ctx, now: later(24 * 60) });
  expect(await declineApplication(ctx, staff, settled, 'No.')).toBe('moved-on');
  expect(await withdrawApplication(ctx, staff, settled)).toBe('moved-on');
  expect(await acceptApplication(ctx, staff, settled, '')).toBe('moved-on');
});

test('an application that does not exist is unknown to every act', async () => {
  const ctx = await context();
  expect(
    await Promise.all([
      acceptApplication(ctx, staff, 'app_x', ''),
      declineApplication(ctx, staff, 'app_x', 'No.'),
      withdrawApplication(ctx, staff, 'app_x'),
      markApplicationPaid(ctx, staff, 'app_x', ''),
      resendSetUpLink(ctx, staff, 'app_x'),
    ]),
  ).toEqual(Array(5).fill('unknown'));
  expect(await applicationForSetUp(ctx.db.read, 'app_x')).toBeUndefined();
  expect(await applicationView(ctx.db.read, now, 'app_x')).toBeUndefined();
});

test('the audit log holds no word of what people or staff wrote', async () => {
  const ctx = await context();
  const id = await applied(ctx);
  await acceptApplication(ctx, staff, id, 'Secret note');
  await markApplicationPaid(ctx, staff, id, 'Invoice 12');
  const log = JSON.stringify(await ctx.db.read.select().from(auditEvents));
  for (const words of ['Mira', 'example.test', 'Secret', 'Invoice']) expect(log).not.toContain(words);
});

test('staff find applications by words and state, page by page', async () => {
  const ctx = await context();
  for (let index = 0; index < 30; index += 1)
    await applied(
      { ...ctx, now: later(index) },
      { name: `Person ${index}`, email: `p${index}@example.test` },
    );
  const first = (await rows(ctx))[0]!;
  await acceptApplication(ctx, staff, first.id, '');
  const page = (query: string, state?: 'accepted') =>
    applicationsPage(ctx.db.read, listView(new URLSearchParams(query), applicationSorts, '-received'), state);
  expect(await page('')).toMatchObject({ total: 30, rows: { length: 25, 0: { name: 'Person 29' } } });
  expect((await page('page=2')).rows).toHaveLength(5);
  expect(await page('q=p7@')).toMatchObject({ total: 1 });
  expect((await page('', 'accepted')).rows.map(({ name }) => name)).toEqual(['Person 0']);
  expect(await applicationCounts(ctx.db.read)).toEqual({ received: 29, accepted: 1 });
});

test('staff see who else the application could be', async () => {
  const ctx = await context();
  const earlier = await applied(ctx);
  const id = await applied({ ...ctx, now: later(5) }, { coupon: await coupon(ctx), message: 'Again' });
  expect(await applicationView(ctx.db.read, now, id)).toMatchObject({
    percentOff: 50,
    price: 145,
    user: undefined,
    others: [{ id: earlier, state: 'received' }],
  });
  await addUser(ctx.db, now, { email: 'mira@example.test', roles: [['member']] });
  expect(await applicationView(ctx.db.read, now, id)).toMatchObject({
    user: { isMember: true, mayEnter: true },
  });
});
