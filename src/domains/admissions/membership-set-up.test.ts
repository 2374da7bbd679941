import { eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { users } from '#db/schema/accounts.ts';
import { applications } from '#db/schema/admissions.ts';
import { outbox } from '#db/schema/mail.ts';
import { addUser, testPassword, useDatabase } from '../../../tests/database.ts';
import type { Ctx } from '../../platform/context.ts';
import { newId } from '../../platform/ids.ts';
import { unseal } from '../../platform/seal.ts';
import { newSecret } from '../../platform/tokens.ts';
import { issueToken } from '../accounts/tokens.ts';
import {
  acceptApplication,
  applyForMembership,
  markApplicationPaid,
  resendSetUpLink,
} from './applications.ts';
import {
  acceptMembershipSetUp,
  findMembershipSetUp,
  membershipSetUpStatus,
  setUpMembership,
} from './membership-set-up.ts';

const now = new Date('2026-11-21T09:30:00Z');
const inDays = (days: number) => new Date(now.getTime() + days * 86_400_000);
const staff = newId('usr', now);
const email = 'mira@example.test';

/** Somebody whose payment has arrived, and the secret of their link. */
async function paid(): Promise<{ ctx: Ctx; secret: string; id: string }> {
  const ctx = { db: await useDatabase(), now };
  await applyForMembership(
    ctx,
    {
      name: 'Mira Solano',
      email,
      jobTitle: 'Librarian',
      workplace: 'Hillside School',
      country: 'VN',
      timeZone: 'Asia/Ho_Chi_Minh',
      communities: [],
      message: '',
      coupon: '',
    },
    { prices: { currency: 'USD', individual: 290 }, codeOfConductVersion: '2.0' },
  );
  const [row] = await ctx.db.read.select({ id: applications.id }).from(applications);
  await acceptApplication(ctx, staff, row!.id, '');
  await markApplicationPaid(ctx, staff, row!.id, '');
  return { ctx, id: row!.id, secret: await newestSecret(ctx) };
}

async function newestSecret({ db }: Ctx): Promise<string> {
  const mails = await db.read
    .select({ sealedBody: outbox.sealedBody })
    .from(outbox)
    .where(eq(outbox.kind, 'membership-set-up'))
    .orderBy(outbox.createdAt);
  const { text } = JSON.parse(unseal('mail-body', mails.at(-1)!.sealedBody!)!) as { text: string };
  return /\/join\/set-up\/([\w-]{43})/.exec(text)?.[1] ?? '';
}

const stateOf = async ({ db }: Ctx, secret: string, viewer: { email: string } | null = null, at = now) =>
  findMembershipSetUp(db.read, at, secret, viewer);

test('the link makes a user with the profile of the application, who is a member and gets the handbook', async () => {
  const { ctx, secret } = await paid();
  const result = await setUpMembership(ctx, secret, testPassword);
  expect(result).toEqual({ userId: expect.stringMatching(/^usr_/) });
  const [user] = await ctx.db.read.select().from(users);
  expect(user).toMatchObject({
    email,
    name: 'Mira Solano',
    workplace: 'Hillside School',
    country: 'VN',
    codeOfConductVersion: '2.0',
  });
  expect((await ctx.db.read.select({ kind: outbox.kind }).from(outbox)).map(({ kind }) => kind)).toContain(
    'members-handbook',
  );
  expect(await stateOf(ctx, secret)).toEqual({ state: 'used', here: false, email });
  expect(await stateOf(ctx, secret, { email })).toMatchObject({ state: 'used', here: true });
});

test('of many presses at once one makes the user', async () => {
  const { ctx, secret } = await paid();
  const results = await Promise.all([1, 2, 3].map(() => setUpMembership(ctx, secret, testPassword)));
  expect(results.filter((result) => 'userId' in result)).toHaveLength(1);
  expect(results.filter((result) => 'notNow' in result)).toHaveLength(2);
});

test('looking at the link changes nothing', async () => {
  const { ctx, secret } = await paid();
  for (let times = 0; times < 10; times += 1)
    expect(await stateOf(ctx, secret)).toMatchObject({ state: 'create', application: { email } });
});

test('a bad password uses nothing up', async () => {
  const { ctx, secret } = await paid();
  expect(await setUpMembership(ctx, secret, 'short')).toEqual({ badPassword: expect.stringMatching(/\.$/) });
  expect(await stateOf(ctx, secret)).toMatchObject({ state: 'create' });
});

test('a link that is malformed, unknown, for something else, replaced or expired says so, and makes nobody', async () => {
  const { ctx, secret, id } = await paid();
  const foreign = await ctx.db.write((tx) =>
    issueToken(tx, now, { purpose: 'set-up', subjectId: 'sam_x', email }),
  );
  await resendSetUpLink({ ...ctx, now: inDays(1) }, staff, id);
  const newest = await newestSecret(ctx);
  for (const [one, state, status] of [
    ['nonsense', 'malformed', 404],
    [newSecret(), 'unknown', 404],
    [foreign, 'unknown', 404],
    [secret, 'replaced', 410],
    [newest, 'expired', 410],
  ] as const) {
    const at = state === 'expired' ? inDays(8) : inDays(1);
    const found = await stateOf(ctx, one, null, at);
    expect(found.state).toBe(state);
    expect(membershipSetUpStatus(found)).toBe(status);
    expect(await setUpMembership({ ...ctx, now: at }, one, testPassword)).toEqual({ notNow: true });
  }
});

test('somebody who got a sign-in meanwhile signs in, and the link gives them the membership', async () => {
  const { ctx, secret } = await paid();
  const user = await addUser(ctx.db, now, { email });
  expect(await stateOf(ctx, secret)).toMatchObject({ state: 'sign-in' });
  expect(await setUpMembership(ctx, secret, testPassword)).toEqual({ notNow: true });
  expect(await stateOf(ctx, secret, user)).toMatchObject({ state: 'accept' });
  expect(await Promise.all([1, 2].map(() => acceptMembershipSetUp(ctx, secret, user)))).toEqual([
    'joined',
    'joined',
  ]);
});

test('somebody else who is signed in gets nothing by the link', async () => {
  const { ctx, secret } = await paid();
  const other = await addUser(ctx.db, now);
  expect(await stateOf(ctx, secret, other)).toMatchObject({ state: 'other-user' });
  expect(await acceptMembershipSetUp(ctx, secret, other)).toBe('not-now');
});

test('another link that is asked for after somebody got a sign-in makes them a member, and ends the link', async () => {
  const { ctx, secret, id } = await paid();
  await addUser(ctx.db, now, { email });
  expect(await resendSetUpLink({ ...ctx, now: inDays(1) }, staff, id)).toBe('done');
  expect((await stateOf(ctx, secret, null, inDays(1))).state).toBe('used');
});
