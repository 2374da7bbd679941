import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { eq } from 'drizzle-orm';
import sharp from 'sharp';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { roleGrants, tokens, users } from '#db/schema/accounts.ts';
import { outbox } from '#db/schema/mail.ts';
import { schools, signUps } from '#db/schema/schools.ts';
import {
  activated,
  chosenPassword,
  ctxAt,
  filledIn,
  mailCount,
  newestMail,
  signedUp,
  type TestCtx,
  useSchool,
} from '../../../tests/activation.ts';
import { alikeWithin, type Compared, compareTimes } from '../../../tests/compare-times.ts';
import { addUser, useDatabase } from '../../../tests/database.ts';
import { env } from '../../platform/env.ts';
import { newSecret } from '../../platform/tokens.ts';
import { countAct, limits, purgeThrottles } from '../accounts/throttles.ts';
import { issueToken } from '../accounts/tokens.ts';
import { activationStatus, findActivation, type OpenActivation, signUp } from './activation.ts';
import { signUpInput } from './activation-inputs.ts';
import { revokeActivationLink, rotateActivationLink } from './activation-links.ts';
import { confirmSignUp, findVerification, purgeSignUps } from './sign-ups.ts';

vi.hoisted(() => {
  process.env['DATA_DIR'] = `${process.env['TMPDIR'] ?? '/tmp'}/peersphere-activation-${process.pid}`;
});
afterAll(() => rm(env.dataDir, { recursive: true, force: true }));

const minute = 60_000;
const hour = 60 * minute;

describe('an activation link', () => {
  test('says which school it is for before anything is asked, and changes nothing', async () => {
    const { ctx, secret } = await useSchool();
    for (let turn = 0; turn < 10; turn += 1) await findActivation(ctx, secret);
    const found = await findActivation(ctx, secret);
    expect(found).toMatchObject({
      state: 'open',
      school: { name: 'Lotus Bay School', city: 'Bangkok', state: 'open' },
    });
    expect(activationStatus(found)).toBeUndefined();
    expect(await ctx.db.read.$count(signUps)).toBe(0);
  });

  test('that was replaced or taken back says so, for which school, and takes no form', async () => {
    for (const end of [rotateActivationLink, revokeActivationLink]) {
      const { ctx, schoolId, secret } = await useSchool();
      const sam = await addUser(ctx.db, ctx.now, { name: 'Mira Sample', roles: [['sam', schoolId]] });
      await end(ctx, sam.id, schoolId);
      const found = await findActivation(ctx, secret);
      expect(found).toMatchObject({
        state: end === rotateActivationLink ? 'rotated' : 'revoked',
        school: { name: 'Lotus Bay School', samNames: ['Mira Sample'] },
      });
      expect(activationStatus(found)).toBe(410);
      expect(await signUp(ctx, secret, filledIn())).toEqual({ refused: 'no-link' });
    }
  });

  test.each(['', 'abc', 'x'.repeat(10_000), `${'x'.repeat(42)}=`, '../../etc/passwd\0'])(
    'that is no whole link is malformed: %#',
    async (secret) => {
      const ctx = ctxAt(await useDatabase());
      const found = await findActivation(ctx, secret);
      expect(found).toEqual({ state: 'malformed' });
      expect(activationStatus(found)).toBe(404);
    },
  );

  test('that nobody ever made is unknown, and one of another mail is foreign', async () => {
    const { ctx } = await useSchool();
    expect(await findActivation(ctx, newSecret())).toEqual({ state: 'unknown' });
    const foreign = await ctx.db.write((tx) =>
      issueToken(tx, ctx.now, { purpose: 'reset-password', subjectId: 'usr_1', email: 'ana@example.test' }),
    );
    const found = await findActivation(ctx, foreign);
    expect(found).toEqual({ state: 'foreign' });
    expect(activationStatus(found)).toBe(404);
    expect(await signUp(ctx, foreign, filledIn())).toEqual({ refused: 'no-link' });
  });

  test.each([
    ['paused', { pausedAt: new Date('2026-09-01T00:00:00Z') }],
    ['ended', { membershipStartsOn: '2025-08-01', membershipEndsOn: '2026-07-31' }],
    ['not-started', { membershipStartsOn: '2026-10-01' }],
  ] as const)('of a school that is %s takes no form and says why', async (state, given) => {
    const { ctx, secret } = await useSchool(given);
    expect(activationStatus(await findActivation(ctx, secret))).toBe(409);
    expect(await signUp(ctx, secret, filledIn())).toMatchObject({ refused: state });
    expect(await ctx.db.read.$count(outbox)).toBe(0);
  });

  test('of a full school takes no form', async () => {
    const { ctx, secret } = await useSchool({ seatLimit: 1 });
    await activated(ctx, secret);
    expect(await signUp(ctx, secret, filledIn({ email: 'bo@lotus.example.test' }))).toMatchObject({
      refused: 'full',
    });
  });

  test('of a school with domains refuses other addresses, also those that only look like them', async () => {
    const { ctx, secret } = await useSchool({ emailDomains: ['lotus.example.test'] });
    for (const email of [
      'ana@other.example.test',
      'ana@evil-lotus.example.test',
      'ana@lotus.example.test.evil.test',
    ])
      expect(await signUp(ctx, secret, filledIn({ email }))).toMatchObject({ refused: 'other-domain' });
    expect(await signUp(ctx, secret, filledIn({ email: 'Ana@LOTUS.example.test' }))).toHaveProperty('cookie');
  });
});

describe('a profile form', () => {
  test('is kept without making anybody a user, and one mail with a link goes to the address', async () => {
    const { ctx, secret } = await useSchool();
    const result = await signUp(ctx, secret, filledIn({ email: ' Ana@Lotus.example.test ' }));
    expect(result).toMatchObject({
      cookie: { name: 'sign-up', attributes: { httpOnly: true, sameSite: 'lax', path: '/', maxAge: 86_400 } },
    });
    expect(await ctx.db.read.$count(users)).toBe(0);
    const mail = await newestMail(ctx.db, 'ana@lotus.example.test');
    expect(mail).toMatchObject({ kind: 'verify-sign-up', secret: expect.stringMatching(/^.{43}$/) });
    expect(mail.text).toContain('Lotus Bay School');
  });

  test('leaves no password, cookie or link in the database', async () => {
    const { ctx, secret } = await useSchool();
    const { browser, secret: link } = await signedUp(ctx, secret);
    const dump = await ctx.db.dump();
    for (const hidden of [chosenPassword, browser.signUpCookie, link, secret])
      expect(dump).not.toContain(hidden);
  });

  test('sent again ends the earlier one: only the newest mail counts', async () => {
    const { ctx, secret } = await useSchool();
    const first = await signedUp(ctx, secret);
    const second = await signedUp(ctx.later(minute), secret, { name: 'Ana S. Sample' });
    expect(await findVerification(ctx.later(minute), first.secret, first.browser)).toEqual({
      state: 'replaced',
    });
    expect(await confirmSignUp(ctx.later(minute), first.secret, first.browser, chosenPassword)).toEqual({
      refused: 'not-now',
    });
    expect(await confirmSignUp(ctx.later(minute), second.secret, second.browser, undefined)).toHaveProperty(
      'userId',
    );
    const [user] = await ctx.db.read.select({ name: users.name }).from(users);
    expect(user?.name).toBe('Ana S. Sample');
  });

  test('with a weak or own password is refused, and nothing is sent or counted', async () => {
    const { ctx, secret } = await useSchool();
    for (const password of ['short', '1234567890', 'Ana Sample', 'x'.repeat(129), ''])
      expect(await signUp(ctx, secret, filledIn({ password }))).toMatchObject({ refused: 'bad-password' });
    expect(await ctx.db.read.$count(outbox)).toBe(0);
  });

  test('for one address is taken three times an hour, then says when to come again', async () => {
    const { ctx, secret } = await useSchool();
    for (let turn = 0; turn < 3; turn += 1) await signedUp(ctx.later(turn * minute), secret);
    const fourth = await signUp(ctx.later(3 * minute), secret, filledIn({ email: 'ANA@lotus.example.test' }));
    expect(fourth).toEqual({
      refused: 'too-often',
      of: 'address',
      until: new Date(ctx.now.getTime() + hour),
    });
    expect(await signUp(ctx.later(hour), secret, filledIn())).toHaveProperty('cookie');
  });

  test('goes through one link two hundred times an hour', async () => {
    const { ctx, secret } = await useSchool();
    const { linkId } = (await findActivation(ctx, secret)) as OpenActivation;
    for (let turn = 0; turn < 199; turn += 1) await countAct(ctx, limits.activationLink, linkId);
    expect(await signUp(ctx, secret, filledIn())).toHaveProperty('cookie');
    const next = filledIn({ email: 'bo@lotus.example.test' });
    const until = new Date(ctx.now.getTime() + hour);
    expect(await signUp(ctx.later(minute), secret, next)).toEqual({
      refused: 'too-often',
      of: 'link',
      until,
    });
    expect(await signUp(ctx.later(hour), secret, next)).toHaveProperty('cookie');
  });

  test('with a picture keeps it until the sign-up is forgotten', async () => {
    const { ctx, secret } = await useSchool();
    const picture = await sharp({ create: { width: 40, height: 40, channels: 3, background: '#c04000' } })
      .png()
      .toBuffer();
    await signedUp(ctx, secret, { picture });
    const [row] = await ctx.db.read.select({ pictureId: signUps.pictureId }).from(signUps);
    const files = () => readdir(path.join(env.dataDir, 'uploads', 'pictures'));
    expect(await files()).toContain(`${row?.pictureId}.webp`);
    const purge = (at: TestCtx) => at.db.write((tx) => purgeSignUps(tx, at.now));
    expect(await purge(ctx.later(47 * hour))).toEqual([]);
    expect(await purge(ctx.later(48 * hour))).toEqual([row?.pictureId]);
    expect(await ctx.db.read.$count(signUps)).toBe(0);
  });

  test('with something else than a picture is refused in a sentence', async () => {
    const { ctx, secret } = await useSchool();
    const picture = new TextEncoder().encode('<svg onload=alert(1)>');
    expect(await signUp(ctx, secret, filledIn({ picture }))).toMatchObject({
      refused: 'bad-picture',
      sentence: expect.stringContaining('JPEG'),
    });
    expect(await ctx.db.read.$count(signUps)).toBe(0);
  });
});

describe('whether somebody has a profile with the address', () => {
  test('shows in nothing that comes back, and in no number of rows: only the words of the mail differ', async () => {
    const { ctx, secret } = await useSchool();
    const known = await addUser(ctx.db, ctx.now, { email: 'known@lotus.example.test', name: 'Kim Sample' });
    const counts = async () =>
      Promise.all([ctx.db.read.$count(signUps), ctx.db.read.$count(tokens), ctx.db.read.$count(outbox)]);
    const before = await counts();
    const one = await signUp(ctx, secret, filledIn({ email: known.email }));
    const between = await counts();
    const other = await signUp(ctx, secret, filledIn({ email: 'unknown@lotus.example.test' }));
    const after = await counts();
    const shape = (result: object) => JSON.stringify(result).replace(/"value":"[\w-]{43}"/, '"value":"…"');
    expect(shape(one)).toBe(shape(other));
    expect(between.map((count, at) => count - before[at]!)).toEqual([1, 1, 1]);
    expect(after.map((count, at) => count - between[at]!)).toEqual([1, 1, 1]);
    expect(await newestMail(ctx.db, known.email)).toMatchObject({ kind: 'join-school' });
    expect(await newestMail(ctx.db, 'unknown@lotus.example.test')).toMatchObject({ kind: 'verify-sign-up' });
  });

  test('shows in no time: the medians differ by less than 5 ms', async () => {
    const { ctx, secret } = await useSchool();
    const send = (email: string) => signUp(ctx, secret, filledIn({ email }));
    const samples = 40;
    let round = 0;
    const measure = async () => {
      round += 1;
      const known = (turn: number) => `known-${round}-${turn}@lotus.example.test`;
      for (let turn = 0; turn < samples; turn += 1) await addUser(ctx.db, ctx.now, { email: known(turn) });
      await ctx.db.write((tx) => purgeThrottles(tx, ctx.later(2 * hour).now));
      return compareTimes(
        samples,
        (turn) => send(known(turn)),
        (turn) => send(`unknown-${round}-${turn}@lotus.example.test`),
      );
    };
    const isAlike = ({ one, other }: Compared) => Math.abs(one - other) < 5;
    expect(await alikeWithin(isAlike, measure)).toSatisfy(isAlike);
  });

  test('a user is greeted by their own name, not by the one that somebody typed', async () => {
    const { ctx, secret } = await useSchool();
    await addUser(ctx.db, ctx.now, { email: 'known@lotus.example.test', name: 'Kim Sample' });
    await signUp(ctx, secret, filledIn({ email: 'known@lotus.example.test', name: 'You have won' }));
    const { text } = await newestMail(ctx.db, 'known@lotus.example.test');
    expect(text).toContain('Kim Sample');
    expect(text).not.toContain('You have won');
  });
});

test('a staff room of sixty activates within five minutes behind one address, wrong passwords and second tries included', async () => {
  const { ctx, schoolId, secret } = await useSchool();
  const sam = await addUser(ctx.db, ctx.now, { roles: [['sam', schoolId]] });
  const results = await Promise.all(
    Array.from({ length: 60 }, async (_, at) => {
      const then = ctx.later(at * 4000);
      const email = `colleague-${at}@lotus.example.test`;
      // Every fifth mistypes the password twice on another device; every tenth sends the form a second time.
      if (at % 10 === 0) await signedUp(then, secret, { email });
      const { browser, secret: link } = await signedUp(then.later(1000), secret, { email });
      const phone = { viewer: null, signUpCookie: undefined };
      if (at % 5 !== 0) return confirmSignUp(then.later(2000), link, browser, undefined);
      for (const wrong of ['a quiet lantern in mai', 'a quiet lantern'])
        expect(await confirmSignUp(then.later(1500), link, phone, wrong)).toEqual({
          refused: 'wrong-password',
        });
      return confirmSignUp(then.later(2000), link, phone, chosenPassword);
    }),
  );
  expect(results.filter((result) => !('userId' in result))).toEqual([]);
  expect(await ctx.db.read.$count(roleGrants, eq(roleGrants.scopeId, schoolId))).toBe(61);
  expect(sam.id).toBeTruthy();
});

describe('what people type into the form', () => {
  const fields = {
    name: 'Ana Sample',
    email: 'ana@lotus.example.test',
    jobTitle: 'Librarian',
    subjects: '',
    country: 'TH',
    timeZone: 'Asia/Bangkok',
    password: chosenPassword,
    codeOfConduct: 'on',
    codeOfConductVersion: '2.0',
  };
  const problem = (given: Record<string, unknown>) =>
    signUpInput.safeParse({ ...fields, ...given }).error?.issues.map(({ path: [field] }) => field);

  test('a whole form is taken, with and without a picture', () => {
    expect(problem({})).toBeUndefined();
    const empty = new File([], '', { type: 'application/octet-stream' });
    expect(signUpInput.parse({ ...fields, picture: empty }).picture).toBeUndefined();
    expect(signUpInput.parse({ ...fields, picture: new File(['x'], 'me.png') }).picture).toBeInstanceOf(File);
  });

  test.each(['林小梅', 'Nguyễn Thị Ánh', 'María José O’Hara-Lee', '🌱 Ana 👩‍🏫', 'ชนิดา'])(
    'the name %s is kept as it is, through to the user and the mail',
    async (name) => {
      expect(signUpInput.parse({ ...fields, name }).name).toBe(name);
      const { ctx, secret } = await useSchool();
      const userId = await activated(ctx, secret, { name });
      const [user] = await ctx.db.read.select({ name: users.name }).from(users).where(eq(users.id, userId));
      expect(user?.name).toBe(name);
      expect((await newestMail(ctx.db, filledIn().email)).text).toContain(name);
    },
  );

  const long = 'x'.repeat(10_000);
  test.each([
    ['a name of two lines', 'name', 'Ana\r\nBcc: everybody@example.test'],
    ['a name that turns the direction of text', 'name', 'Ana \u202egnp.exe'],
    ['a name with a NUL', 'name', 'Ana\u0000'],
    ['a name of 10,000 characters', 'name', long],
    ['two names', 'name', ['Ana', 'Bo']],
    ['a job of 10,000 characters', 'jobTitle', long],
    ['subjects of 10,000 characters', 'subjects', long],
    ['an address of 10,000 characters', 'email', `${long}@example.test`],
    ['an address with a second header', 'email', 'ana@example.test\r\nBcc: b@example.test'],
    ['two addresses', 'email', 'ana@example.test, bo@example.test'],
    ['a name and an address', 'email', 'Ana <ana@example.test>'],
    ['a password of 10,000 characters', 'password', long],
    ['a short password', 'password', 'short'],
    ['a country that is none', 'country', 'Atlantis'],
    ['a time zone that is none', 'timeZone', 'Mars/Olympus'],
    ['a box that is not ticked', 'codeOfConduct', undefined],
    ['a picture that is no file', 'picture', 'not a file'],
  ])('%s is refused, beside that field only', (_what, field, value) => {
    expect(new Set(problem({ [field]: value }))).toEqual(new Set([field]));
  });

  test.each(['role', 'schoolId', 'emailVerifiedAt', 'pictureId', '__proto__x'])(
    'nobody can add %s',
    (field) => {
      expect(signUpInput.safeParse({ ...fields, [field]: 'staff' }).success).toBe(false);
    },
  );
});

test('a name that reads like an address is not mailed to strangers', async () => {
  const { ctx, secret } = await useSchool();
  for (const [at, name] of ['Visit evil.example', 'https://evil.example', 'www.evil', 'Buy@now'].entries()) {
    const email = `stranger-${at}@lotus.example.test`;
    await signUp(ctx, secret, filledIn({ name, email }));
    expect((await newestMail(ctx.db, email)).text).not.toContain(name);
  }
  expect(await mailCount(ctx.db, 'verify-sign-up', 'stranger-0@lotus.example.test')).toBe(1);
});

test('a school that is gone takes its links with it', async () => {
  const { ctx, schoolId, secret } = await useSchool();
  await ctx.db.write((tx) => tx.delete(schools).where(eq(schools.id, schoolId)));
  expect(await findActivation(ctx, secret)).toEqual({ state: 'unknown' });
});
