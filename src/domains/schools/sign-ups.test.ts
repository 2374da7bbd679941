import { and, eq } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { schools, signUps } from '#db/schema/schools.ts';
import {
  activated,
  chosenPassword,
  mailCount,
  newestMail,
  signedUp,
  type TestCtx,
  useSchool,
} from '../../../tests/activation.ts';
import { addUser } from '../../../tests/database.ts';
import type { Id } from '../../platform/ids.ts';
import { newSecret } from '../../platform/tokens.ts';
import { issueToken } from '../accounts/tokens.ts';
import {
  type Browser,
  confirmSignUp,
  findVerification,
  joinSchool,
  resendVerification,
  signUpOfBrowser,
  signUpOfLink,
  verificationStatus,
} from './sign-ups.ts';

const minute = 60_000;
const hour = 60 * minute;
const email = 'ana@lotus.example.test';
const otherBrowser: Browser = { viewer: null, signUpCookie: undefined };

const grantsOf = (ctx: TestCtx, userId: string) =>
  ctx.db.read
    .select({ role: roleGrants.role, scopeId: roleGrants.scopeId })
    .from(roleGrants)
    .where(eq(roleGrants.userId, userId as Id<'usr'>))
    .orderBy(roleGrants.scopeId);

const change = (ctx: TestCtx, schoolId: Id<'sch'>, given: Partial<typeof schools.$inferInsert>) =>
  ctx.db.write((tx) => tx.update(schools).set(given).where(eq(schools.id, schoolId)));

describe('the link in a verification mail', () => {
  test('changes nothing by being opened, however often, and works afterwards', async () => {
    const { ctx, secret: link } = await useSchool();
    const { browser, secret } = await signedUp(ctx, link);
    const before = await ctx.db.dump();
    for (let turn = 0; turn < 10; turn += 1)
      expect(await findVerification(ctx, secret, otherBrowser)).toMatchObject({
        state: 'confirm',
        needsPassword: true,
      });
    expect(await ctx.db.dump()).toBe(before);
    expect(await findVerification(ctx, secret, browser)).toMatchObject({
      state: 'confirm',
      needsPassword: false,
      email,
      school: { name: 'Lotus Bay School' },
    });
    expect(await confirmSignUp(ctx, secret, browser, undefined)).toHaveProperty('userId');
  });

  test('makes a user with everything from the form, a member of the school, and forgets the form', async () => {
    const { ctx, schoolId, secret: link } = await useSchool();
    const userId = await activated(ctx, link);
    const [user] = await ctx.db.read.select().from(users).where(eq(users.id, userId));
    expect(user).toMatchObject({
      email,
      name: 'Ana Sample',
      jobTitle: 'Librarian',
      subjects: 'Primary',
      country: 'TH',
      timeZone: 'Asia/Bangkok',
      codeOfConductVersion: '2.0',
      codeOfConductAcceptedAt: ctx.now,
      emailVerifiedAt: ctx.now,
    });
    expect(await grantsOf(ctx, userId)).toEqual([{ role: 'member', scopeId: schoolId }]);
    expect(await ctx.db.read.$count(signUps)).toBe(0);
    const [event] = await ctx.db.read
      .select({ action: auditEvents.action, actorId: auditEvents.actorId, detail: auditEvents.detail })
      .from(auditEvents)
      .where(eq(auditEvents.subjectId, userId));
    expect(event).toEqual({
      action: 'role.granted',
      actorId: null,
      detail: { role: 'member', scopeId: schoolId },
    });
  });

  test('sends the Members Handbook once', async () => {
    const { ctx, secret: link } = await useSchool();
    await activated(ctx, link);
    expect(await mailCount(ctx.db, 'members-handbook', email)).toBe(1);
    expect((await newestMail(ctx.db, email)).text).toContain('/handbooks/members');
  });

  test('is used up by fifty presses at once, and makes one user', async () => {
    const { ctx, schoolId, secret: link } = await useSchool();
    const { browser, secret } = await signedUp(ctx, link);
    const results = await Promise.all(
      Array.from({ length: 50 }, () => confirmSignUp(ctx, secret, browser, undefined)),
    );
    expect(results.filter((result) => 'userId' in result)).toHaveLength(1);
    expect(results.filter((result) => 'refused' in result && result.refused === 'not-now')).toHaveLength(49);
    expect(await ctx.db.read.$count(users)).toBe(1);
    expect(await ctx.db.read.$count(roleGrants, eq(roleGrants.scopeId, schoolId))).toBe(1);
    expect(await mailCount(ctx.db, 'members-handbook', email)).toBe(1);
  });

  test('pressed a second time leads on where the person is signed in, and elsewhere says that it is done', async () => {
    const { ctx, secret: link } = await useSchool();
    const { browser, secret } = await signedUp(ctx, link);
    const result = await confirmSignUp(ctx, secret, browser, undefined);
    if ('refused' in result) throw new Error(result.refused);
    const signedIn: Browser = { viewer: { id: result.userId, email }, signUpCookie: undefined };
    expect(await confirmSignUp(ctx, secret, signedIn, undefined)).toEqual({ refused: 'used-here' });
    expect(await findVerification(ctx, secret, signedIn)).toEqual({ state: 'used', here: true });
    expect(await confirmSignUp(ctx, secret, browser, undefined)).toEqual({ refused: 'not-now' });
    const elsewhere = await findVerification(ctx, secret, browser);
    expect(elsewhere).toEqual({ state: 'used', here: false });
    expect(verificationStatus(elsewhere)).toBe(410);
  });

  test('expires after a day, and another can be asked for during the next', async () => {
    const { ctx, secret: link } = await useSchool();
    const { browser, secret } = await signedUp(ctx, link);
    const dayLater = ctx.later(24 * hour);
    expect(await findVerification(dayLater, secret, browser)).toEqual({ state: 'expired', mayResend: true });
    expect(await confirmSignUp(dayLater, secret, browser, undefined)).toEqual({ refused: 'not-now' });
    const signUpId = await signUpOfLink(dayLater, secret);
    expect(await resendVerification(dayLater, signUpId!)).toBe('sent');
    expect(await findVerification(dayLater, secret, browser)).toEqual({ state: 'replaced' });
    const { secret: newer } = await newestMail(ctx.db, email);
    expect(await confirmSignUp(dayLater, newer, browser, undefined)).toHaveProperty('userId');
  });

  test('can be renewed no more once the form is forgotten', async () => {
    const { ctx, secret: link } = await useSchool();
    const { browser, secret } = await signedUp(ctx, link);
    const late = ctx.later(48 * hour);
    expect(await findVerification(late, secret, browser)).toEqual({ state: 'expired', mayResend: false });
    expect(await signUpOfLink(late, secret)).toBeUndefined();
    expect(await signUpOfBrowser(late.db.read, late.now, browser.signUpCookie)).toBeUndefined();
  });

  test.each(['', 'abc', 'ü'.repeat(43)])('that is no whole link is malformed: “%s”', async (secret) => {
    const { ctx } = await useSchool();
    const found = await findVerification(ctx, secret, otherBrowser);
    expect(found).toEqual({ state: 'malformed' });
    expect(verificationStatus(found)).toBe(404);
    expect(await confirmSignUp(ctx, secret, otherBrowser, 'x')).toEqual({ refused: 'not-now' });
  });

  test('of another purpose confirms nothing', async () => {
    const { ctx, secret: link } = await useSchool();
    const purposes = ['reset-password', 'set-up', 'invitation', 'change-address', 'undo-address'] as const;
    for (const purpose of purposes) {
      const { browser } = await signedUp(ctx, link, { email: `${purpose}@lotus.example.test` });
      const found = await signUpOfBrowser(ctx.db.read, ctx.now, browser.signUpCookie);
      const foreign = await ctx.db.write((tx) =>
        issueToken(tx, ctx.now, { purpose, subjectId: found!.id, email: found!.email }),
      );
      expect(await findVerification(ctx, foreign, browser)).toEqual({ state: 'foreign' });
      expect(await confirmSignUp(ctx, foreign, browser, chosenPassword)).toEqual({ refused: 'not-now' });
      expect(await joinSchool(ctx, foreign, { id: 'usr_1' as Id<'usr'> })).toBe('not-now');
    }
    expect(await findVerification(ctx, link, otherBrowser)).toEqual({ state: 'unknown' });
    expect(await ctx.db.read.$count(users)).toBe(0);
  });
});

describe('in another browser than the one with the form', () => {
  test('the chosen password is asked for, so that nobody prepares a profile on somebody else’s address', async () => {
    const { ctx, secret: link } = await useSchool();
    const { secret } = await signedUp(ctx, link);
    for (const cookie of [undefined, '', 'abc', newSecret()]) {
      const browser: Browser = { viewer: null, signUpCookie: cookie };
      expect(await findVerification(ctx, secret, browser)).toMatchObject({ needsPassword: true });
      expect(await confirmSignUp(ctx, secret, browser, undefined)).toEqual({ refused: 'wrong-password' });
    }
    expect(await confirmSignUp(ctx, secret, otherBrowser, 'a quiet lantern in mai')).toEqual({
      refused: 'wrong-password',
    });
    expect(await ctx.db.read.$count(users)).toBe(0);
    expect(await confirmSignUp(ctx, secret, otherBrowser, chosenPassword)).toHaveProperty('userId');
  });

  test('the cookie of another sign-up counts as another browser', async () => {
    const { ctx, secret: link } = await useSchool();
    const { secret } = await signedUp(ctx, link);
    const bo = await signedUp(ctx, link, { email: 'bo@lotus.example.test' });
    expect(await confirmSignUp(ctx, secret, bo.browser, undefined)).toEqual({ refused: 'wrong-password' });
  });

  test('wrong passwords lock the address for a while, and the browser with the form goes on', async () => {
    const { ctx, secret: link } = await useSchool();
    const { browser, secret } = await signedUp(ctx, link);
    const guess = () => confirmSignUp(ctx, secret, otherBrowser, newSecret());
    let result = await guess();
    for (let turn = 0; turn < 10 && 'refused' in result && result.refused === 'wrong-password'; turn += 1)
      result = await guess();
    expect(result).toEqual({ refused: 'too-often', until: expect.any(Date) });
    expect(await confirmSignUp(ctx, secret, otherBrowser, chosenPassword)).toMatchObject({
      refused: 'too-often',
    });
    expect(await confirmSignUp(ctx, secret, browser, undefined)).toHaveProperty('userId');
  });
});

describe('when the school has changed since the form', () => {
  test.each([
    ['paused', { pausedAt: new Date('2026-09-15T08:31:00Z') }],
    ['ended', { membershipEndsOn: '2026-09-01' }],
    ['other-domain', { emailDomains: ['other.example.test'] }],
  ] as const)('%s: says why and whom to ask, and the link works once it is over', async (problem, given) => {
    const { ctx, schoolId, secret: link } = await useSchool();
    const { browser, secret } = await signedUp(ctx, link);
    await change(ctx, schoolId, {
      ...given,
      emailDomains: [...('emailDomains' in given ? given.emailDomains : [])],
    });
    const found = await findVerification(ctx, secret, browser);
    expect(found).toMatchObject({ state: 'closed', problem });
    expect(verificationStatus(found)).toBe(409);
    expect(await confirmSignUp(ctx, secret, browser, undefined)).toEqual({ refused: 'not-now' });
    await change(ctx, schoolId, { pausedAt: null, membershipEndsOn: '2027-07-31', emailDomains: [] });
    expect(await confirmSignUp(ctx, secret, browser, undefined)).toHaveProperty('userId');
  });

  test('of twenty who confirm at once, as many get in as there are places', async () => {
    const { ctx, schoolId, secret: link } = await useSchool({ seatLimit: 7 });
    const forms = await Promise.all(
      Array.from({ length: 20 }, (_, at) => signedUp(ctx, link, { email: `p${at}@lotus.example.test` })),
    );
    const results = await Promise.all(
      forms.map(({ secret, browser }) => confirmSignUp(ctx, secret, browser, undefined)),
    );
    expect(results.filter((result) => 'userId' in result)).toHaveLength(7);
    const isMember = and(eq(roleGrants.role, 'member'), eq(roleGrants.scopeId, schoolId));
    expect(await ctx.db.read.$count(roleGrants, isMember)).toBe(7);
    expect(await ctx.db.read.$count(users)).toBe(7);
    const left = forms[results.findIndex((result) => 'refused' in result)]!;
    expect(await findVerification(ctx, left.secret, left.browser)).toMatchObject({
      state: 'closed',
      problem: 'full',
    });
    await change(ctx, schoolId, { seatLimit: 8 });
    expect(await confirmSignUp(ctx, left.secret, left.browser, undefined)).toHaveProperty('userId');
  });
});

describe('somebody who has a profile', () => {
  async function invitedBack(roles: NonNullable<Parameters<typeof addUser>[2]>['roles'] = []) {
    const { ctx, schoolId, secret: link } = await useSchool();
    const user = await addUser(ctx.db, ctx.now, { email, name: 'Ana Sample', roles });
    const { browser, secret } = await signedUp(ctx, link, { name: 'Somebody Else' });
    const here: Browser = { viewer: { id: user.id, email }, signUpCookie: browser.signUpCookie };
    return { ctx, schoolId, link, user, browser, here, secret };
  }

  test('joins by signing in and one button, and keeps profile and password', async () => {
    const { ctx, schoolId, user, browser, here, secret } = await invitedBack();
    const [before] = await ctx.db.read.select().from(users).where(eq(users.id, user.id));
    expect(await findVerification(ctx, secret, browser)).toMatchObject({ state: 'sign-in' });
    expect(await findVerification(ctx, secret, here)).toMatchObject({ state: 'join' });
    expect(await joinSchool(ctx, secret, user)).toBe('joined');
    expect(await grantsOf(ctx, user.id)).toEqual([{ role: 'member', scopeId: schoolId }]);
    expect(await ctx.db.read.select().from(users).where(eq(users.id, user.id))).toEqual([before]);
    expect(await findVerification(ctx, secret, here)).toEqual({ state: 'used', here: true });
    expect(await joinSchool(ctx, secret, user)).toBe('not-now');
  });

  test('is never made anew: neither the browser with the form nor its password confirms anything', async () => {
    const { ctx, user, browser, secret } = await invitedBack();
    expect(await confirmSignUp(ctx, secret, browser, chosenPassword)).toEqual({ refused: 'not-now' });
    expect(await ctx.db.read.$count(users)).toBe(1);
    expect(await grantsOf(ctx, user.id)).toEqual([]);
  });

  test('is the only one who may: others who are signed in are refused', async () => {
    const { ctx, secret } = await invitedBack();
    const other = await addUser(ctx.db, ctx.now);
    const found = await findVerification(ctx, secret, { viewer: other, signUpCookie: undefined });
    expect(found).toMatchObject({ state: 'other-user' });
    expect(verificationStatus(found)).toBe(403);
    expect(await joinSchool(ctx, secret, other)).toBe('not-yours');
    expect(await grantsOf(ctx, other.id)).toEqual([]);
  });

  test('leaves the individual membership, keeps other schools, and gets no second handbook', async () => {
    const first = await invitedBack([
      ['member', ''],
      ['member', 'sch_other'],
      ['host', 'school-librarians'],
    ]);
    expect(await joinSchool(first.ctx, first.secret, first.user)).toBe('joined');
    const scopes = (await grantsOf(first.ctx, first.user.id)).map(
      ({ role, scopeId }) => `${role} ${scopeId}`,
    );
    expect(new Set(scopes)).toEqual(
      new Set(['member sch_other', `member ${first.schoolId}`, 'host school-librarians']),
    );
    expect(await mailCount(first.ctx.db, 'members-handbook', email)).toBe(0);
  });

  test('who becomes a member for the first time gets the handbook', async () => {
    const { ctx, user, secret } = await invitedBack([['ta']]);
    await joinSchool(ctx, secret, user);
    expect(await mailCount(ctx.db, 'members-handbook', email)).toBe(1);
  });

  test('and is in already is told so, also where no place is left', async () => {
    const { ctx, schoolId, link, user, here, secret } = await invitedBack();
    await joinSchool(ctx, secret, user);
    const again = await signedUp(ctx, link);
    await change(ctx, schoolId, { seatLimit: 1 });
    expect(await findVerification(ctx, again.secret, here)).toMatchObject({ state: 'joined' });
    expect(await joinSchool(ctx, again.secret, user)).toBe('joined');
    expect(await grantsOf(ctx, user.id)).toHaveLength(1);
  });

  test('does not get in where no place is left', async () => {
    const { ctx, schoolId, user, here, secret } = await invitedBack();
    await addUser(ctx.db, ctx.now, { roles: [['member', schoolId]] });
    await change(ctx, schoolId, { seatLimit: 1 });
    expect(await findVerification(ctx, secret, here)).toMatchObject({ state: 'closed', problem: 'full' });
    expect(await joinSchool(ctx, secret, user)).toBe('not-now');
    expect(await grantsOf(ctx, user.id)).toEqual([]);
  });

  test('got it between form and mail: the link then asks them to sign in', async () => {
    const { ctx, secret: link } = await useSchool();
    const { browser, secret } = await signedUp(ctx, link);
    const user = await addUser(ctx.db, ctx.now, { email });
    expect(await findVerification(ctx, secret, browser)).toMatchObject({ state: 'sign-in' });
    expect(await confirmSignUp(ctx, secret, browser, undefined)).toEqual({ refused: 'not-now' });
    expect(await joinSchool(ctx, secret, user)).toBe('joined');
  });
});

describe('another mail', () => {
  test('ends the link before it, for known and unknown addresses alike', async () => {
    const { ctx, secret: link } = await useSchool();
    await addUser(ctx.db, ctx.now, { email: 'known@lotus.example.test' });
    for (const address of ['known@lotus.example.test', 'unknown@lotus.example.test']) {
      const { browser, secret } = await signedUp(ctx, link, { email: address });
      const found = await signUpOfBrowser(ctx.db.read, ctx.now, browser.signUpCookie);
      expect(found).toMatchObject({ email: address, schoolName: 'Lotus Bay School' });
      expect(await resendVerification(ctx.later(minute), found!.id)).toBe('sent');
      expect(await findVerification(ctx.later(minute), secret, browser)).toEqual({ state: 'replaced' });
    }
  });

  test('comes at most three times an hour, the first included', async () => {
    const { ctx, secret: link } = await useSchool();
    const { browser } = await signedUp(ctx, link);
    const found = await signUpOfBrowser(ctx.db.read, ctx.now, browser.signUpCookie);
    for (let turn = 0; turn < 2; turn += 1) expect(await resendVerification(ctx, found!.id)).toBe('sent');
    expect(await resendVerification(ctx, found!.id)).toEqual({ until: new Date(ctx.now.getTime() + hour) });
    expect(await resendVerification(ctx, 'sup_unknown' as Id<'sup'>)).toBe('over');
  });

  test('belongs to the browser with the form: a made-up cookie finds nothing', async () => {
    const { ctx, secret: link } = await useSchool();
    await signedUp(ctx, link);
    for (const cookie of [undefined, '', 'abc', newSecret()])
      expect(await signUpOfBrowser(ctx.db.read, ctx.now, cookie)).toBeUndefined();
  });
});
