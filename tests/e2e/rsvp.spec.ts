import { eq } from 'drizzle-orm';
import type { Page } from 'playwright-core';
import { describe, expect, inject, test } from 'vitest';
import { rsvps } from '../../db/schema/live-sessions.ts';
import { rsvpUrl } from '../../src/domains/live-sessions/rsvp-links.ts';
import type { GivenAnswer } from '../../src/domains/live-sessions/rsvp-words.ts';
import { type Id, newId } from '../../src/platform/ids.ts';
import { newPage, type PageOptions, useBrowser } from '../browser.ts';
import { addLiveSession, addMembers } from '../live-sessions.ts';
import {
  cookieOf,
  mailsTo,
  mailTo,
  makeUser,
  password,
  siteDb,
  type TestUser,
  usePortal,
} from '../portal.ts';

useBrowser();
usePortal();

const siteUrl = () => inject('siteUrl');
const slug = 'school-librarians';
const refusals = /the server responded with a status of (?:403|404|410|422)/;

async function memberOf(community = slug): Promise<TestUser> {
  const user = await makeUser([['member']]);
  await addMembers(await siteDb(), new Date(), community, [user.id]);
  return user;
}

const liveSession = async (values: Parameters<typeof addLiveSession>[3] = {}, community = slug) =>
  addLiveSession(await siteDb(), new Date(), community, values);

/** Posts as a browser does, and returns the answer itself. */
const post = async (
  path: string,
  fields: Record<string, string> = {},
  headers: Record<string, string> = {},
) =>
  fetch(siteUrl() + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { Origin: siteUrl(), ...headers },
    body: new URLSearchParams(fields),
  });

const press = async (user: TestUser, id: string, answer = 'going') =>
  post(`/live-sessions/${id}/rsvp`, { answer }, { Cookie: await cookieOf(user) });

async function answersTo(id: string) {
  const db = await siteDb();
  return db.read
    .select({ userId: rsvps.userId, answer: rsvps.answer })
    .from(rsvps)
    .where(eq(rsvps.liveSessionId, id as Id<'ses'>));
}

async function signIn(page: Page, user: TestUser) {
  await page.getByLabel('E-mail address').fill(user.email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
}

async function pressSignedOut(page: Page, id: string, answer = 'Going') {
  await page.goto(`/live-sessions/${id}`);
  await page.getByRole('button', { name: answer, exact: true }).click();
  await page.waitForURL('**/sign-in?*');
}

const wishOf = async (page: Page) => (await page.context().cookies()).find(({ name }) => name === 'rsvp');

describe.each([true, false])(
  'somebody signed out who presses an answer, with JavaScript: %s',
  (javaScriptEnabled) => {
    const open = (options: PageOptions = {}) =>
      newPage({ javaScriptEnabled, expected: refusals, ...options });

    test('signs in and has answered, without another press', async () => {
      const [user, id] = [await memberOf(), await liveSession({ title: 'From outside' })];
      const page = await open();
      await pressSignedOut(page, id);
      await page.getByText('Sign in, and it is noted that you are going.').waitFor();
      expect(await answersTo(id)).toEqual([]);
      await signIn(page, user);
      await page.waitForURL(`**/live-sessions/${id}?done=rsvp-going`);
      await page.getByText('You are going').first().waitFor();
      expect(await answersTo(id)).toEqual([{ userId: user.id, answer: 'going' }]);
      await mailTo(user.email, 'You are going: From outside');
      expect(await wishOf(page)).toBeUndefined();
    });

    test('keeps the wish when the password is wrong at first', async () => {
      const [user, id] = [await memberOf(), await liveSession()];
      const page = await open();
      await pressSignedOut(page, id, 'Maybe');
      await page.getByLabel('E-mail address').fill(user.email);
      await page.getByLabel('Password', { exact: true }).fill('not the password');
      await page.getByRole('main').getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').waitFor();
      await page.getByText('Sign in, and your “maybe” is noted.').waitFor();
      await signIn(page, user);
      await page.waitForURL(`**/live-sessions/${id}?done=rsvp-maybe`);
      expect(await answersTo(id)).toEqual([{ userId: user.id, answer: 'maybe' }]);
    });

    test('stands on the waiting list where no place is left, and is told where', async () => {
      const [first, user, id] = [await memberOf(), await memberOf(), await liveSession({ capacity: 1 })];
      await press(first, id);
      const page = await open();
      await pressSignedOut(page, id);
      await signIn(page, user);
      await page.waitForURL(`**/live-sessions/${id}?done=rsvp-waiting`);
      await page
        .getByText(/number 1/)
        .first()
        .waitFor();
      expect(await answersTo(id)).toContainEqual({ userId: user.id, answer: 'waiting' });
    });

    test('who is not in the community is told why not, and how to join', async () => {
      const [user, id] = [await makeUser([['member']]), await liveSession()];
      const page = await open();
      await pressSignedOut(page, id);
      await signIn(page, user);
      await page.getByRole('alert').getByText('Join the community first').waitFor();
      expect(await answersTo(id)).toEqual([]);
      await page.getByRole('link', { name: 'Join School Librarians' }).click();
      await page.getByRole('button', { name: 'Join this community' }).click();
      await page.getByText('You are in.').waitFor();
      expect((await press(user, id)).status).toBe(303);
    });

    test('whose answer comes too late is told so', async () => {
      const [user, id] = [await memberOf(), await liveSession()];
      const page = await open();
      await pressSignedOut(page, id);
      const db = await siteDb();
      const { liveSessions } = await import('../../db/schema/live-sessions.ts');
      await db.write((tx) =>
        tx.update(liveSessions).set({ state: 'cancelled' }).where(eq(liveSessions.id, id)),
      );
      await signIn(page, user);
      await page.getByRole('alert').getByText('is cancelled').waitFor();
      expect(await answersTo(id)).toEqual([]);
    });

    test('whose browser keeps no cookies presses once more', async () => {
      const [user, id] = [await memberOf(), await liveSession()];
      const page = await open();
      await pressSignedOut(page, id);
      await page.context().clearCookies();
      await signIn(page, user);
      await page.getByRole('heading', { name: 'Are you going?' }).waitFor();
      expect(await answersTo(id)).toEqual([]);
      await page.getByRole('button', { name: 'Going', exact: true }).click();
      await page.waitForURL(`**/live-sessions/${id}?done=rsvp-going`);
    });
  },
);

test('from the island on the community’s static page it leads back to the page, which shows the answer', async () => {
  const community = 'school-nurses';
  const user = await memberOf(community);
  const id = await liveSession({ title: 'Bandages', startsAt: new Date(Date.now() + 3_600_000) }, community);
  const page = await newPage();
  await page.goto(`/communities/${community}`);
  const form = page.getByRole('form', { name: 'Your answer to Bandages' });
  await form.getByRole('button', { name: 'Going', exact: true }).click();
  await signIn(page, user);
  await page.waitForURL(`**/communities/${community}?done=rsvp-going*`);
  await form.getByText('You are going').waitFor();
  expect(await answersTo(id)).toEqual([{ userId: user.id, answer: 'going' }]);
});

describe('a wish that was pressed before signing in', () => {
  async function wished(id: string, answer = 'going') {
    const answered = await post(`/live-sessions/${id}/rsvp`, { answer });
    expect(answered.status).toBe(303);
    const cookie = answered.headers.getSetCookie().find((one) => one.startsWith('rsvp='))!;
    const next = new URL(answered.headers.get('Location')!, siteUrl()).searchParams.get('next')!;
    return { cookie, value: cookie.split(';')[0]!, next };
  }
  const signInWith = (user: TestUser, next: string, cookie?: string) =>
    post('/sign-in', { email: user.email, password, next }, cookie ? { Cookie: cookie } : {});

  test('is kept for an hour in a cookie that scripts cannot read, and says nothing in clear', async () => {
    const id = await liveSession();
    const { cookie, value } = await wished(id);
    expect(cookie).toMatch(/; HttpOnly/i);
    expect(cookie).toMatch(/; SameSite=Lax/i);
    expect(cookie).toMatch(/; Max-Age=3600/i);
    expect(value).not.toContain(id);
  });

  test('is not completed by an address alone, by looking, or by a sign-in that leads elsewhere, which forgets it', async () => {
    const [user, id] = [await memberOf(), await liveSession()];
    const { value, next } = await wished(id);
    expect((await signInWith(user, next)).headers.get('Location')).toBe(next);
    const looked = await fetch(siteUrl() + next, {
      headers: { Cookie: `${await cookieOf(user)}; ${value}` },
    });
    expect(looked.status).toBe(200);
    const elsewhere = await signInWith(user, '/me', value);
    expect(elsewhere.headers.get('Location')).toBe('/me');
    expect(elsewhere.headers.getSetCookie().find((one) => one.startsWith('rsvp='))).toMatch(/Max-Age=0/i);
    expect((await signInWith(user, next.replace('going', 'cant'), value)).status).toBe(303);
    const other = await liveSession();
    await signInWith(user, next.replace(id, other), value);
    expect([...(await answersTo(id)), ...(await answersTo(other))]).toEqual([]);
  });

  test('is nothing when it was changed or made up', async () => {
    const [user, id] = [await memberOf(), await liveSession()];
    const { value, next } = await wished(id);
    const broken = value.slice(0, -4) + (value.endsWith('AAAA') ? 'BBBB' : 'AAAA');
    for (const cookie of [broken, 'rsvp=', 'rsvp=x', `rsvp=${'A'.repeat(120)}`, `rsvp=${'%00'.repeat(20)}`]) {
      const answered = await signInWith(user, next, cookie);
      expect([answered.status, answered.headers.get('Location')]).toEqual([303, next]);
    }
    expect(await answersTo(id)).toEqual([]);
  });

  test('is forgotten by signing out', async () => {
    const [user, id] = [await memberOf(), await liveSession()];
    const { value } = await wished(id);
    const out = await post('/sign-out', {}, { Cookie: `${await cookieOf(user)}; ${value}` });
    expect(out.headers.getSetCookie().find((one) => one.startsWith('rsvp='))).toMatch(/Max-Age=0/i);
  });

  test('cannot be made by another site, nor for what there cannot be', async () => {
    const id = await liveSession();
    const foreign = await post(
      `/live-sessions/${id}/rsvp`,
      { answer: 'going' },
      { Origin: 'https://evil.test' },
    );
    expect([foreign.status, foreign.headers.getSetCookie()]).toEqual([403, []]);
    expect((await post('/live-sessions/nothing%20at%20all/rsvp', { answer: 'going' })).status).toBe(404);
    expect((await post(`/live-sessions/${id}/rsvp`, { answer: 'perhaps' })).status).not.toBe(500);
  });

  test('never leads to another site', async () => {
    const [user, id] = [await memberOf(), await liveSession()];
    const answered = await post(`/live-sessions/${id}/rsvp`, { answer: 'going', next: '//evil.test/x' });
    const cookie = answered.headers.getSetCookie()[0]!.split(';')[0]!;
    const next = new URL(answered.headers.get('Location')!, siteUrl()).searchParams.get('next')!;
    const signedIn = await signInWith(user, next, cookie);
    expect(signedIn.headers.get('Location')).toBe(`/live-sessions/${id}?done=rsvp-going`);
  });
});

describe('an answer is refused with a sentence and the right status', () => {
  const past = () => ({ startsAt: new Date(Date.now() - 5 * 3_600_000) });
  const link = (user: TestUser, id: string, answer: GivenAnswer = 'going', inMs = 3_600_000) =>
    new URL(
      rsvpUrl({
        userId: user.id,
        liveSessionId: id as Id<'ses'>,
        answer,
        expiresAt: new Date(Date.now() + inMs),
      }),
    ).pathname;

  test.for([
    ['past', 410, 'This live session is over'],
    ['cancelled', 410, 'This live session is cancelled'],
    ['of SAMs', 403, 'is for School Account Managers'],
    ['foreign', 403, 'Join the community first'],
    ['a draft', 404, undefined],
    ['unknown', 404, undefined],
  ] as const)('by form and by mail, to one that is %s', async ([what, status, sentence]) => {
    const user = what === 'foreign' ? await makeUser([['member']]) : await memberOf();
    const id = {
      past: () => liveSession(past()),
      cancelled: () => liveSession({ state: 'cancelled' }),
      'of SAMs': () => liveSession({ audience: 'sams' }),
      foreign: () => liveSession(),
      'a draft': () => liveSession({ state: 'draft' }),
      unknown: async () => newId('ses', new Date()),
    }[what];
    const liveSessionId = await id();
    const cookie = { Cookie: await cookieOf(user) };
    const answers = [
      await press(user, liveSessionId),
      await fetch(`${siteUrl()}/live-sessions/${liveSessionId}/rsvp`, { headers: cookie }),
      await post(link(user, liveSessionId)),
      await fetch(siteUrl() + link(user, liveSessionId)),
    ];
    for (const answered of answers) {
      const text = await answered.text();
      expect(answered.status).toBe(status);
      expect(text).toContain(sentence ?? '<h1');
      if (!sentence) expect(text).not.toContain('Quiet corners');
    }
    expect(await answersTo(liveSessionId)).toEqual([]);
  });

  test('by a link of somebody who has gone, and by one that is over', async () => {
    const [user, id] = [await memberOf(), await liveSession()];
    const late = await post(link(user, id, 'going', -1000));
    expect([late.status, (await late.text()).includes('is over')]).toEqual([410, true]);
    const nobody = { ...user, id: newId('usr', new Date()) };
    expect((await post(link(nobody, id))).status).toBe(404);
    expect(await answersTo(id)).toEqual([]);
  });

  test('a double press keeps one answer and sends one mail', async () => {
    const [user, id] = [await memberOf(), await liveSession({ title: 'Pressed twice' })];
    const answered = await Promise.all([1, 2, 3, 4].map(() => press(user, id)));
    expect(answered.map(({ status }) => status)).toEqual([303, 303, 303, 303]);
    const byMail = await Promise.all([1, 2].map(() => post(link(user, id))));
    expect(byMail.map(({ status }) => status)).toEqual([200, 200]);
    expect(await answersTo(id)).toHaveLength(1);
    await mailTo(user.email, 'You are going: Pressed twice');
    expect(await mailsTo(user.email)).toHaveLength(1);
  });

  test('a mail scanner or a browser that loads ahead changes nothing', async () => {
    const [user, id] = [await memberOf(), await liveSession()];
    const path = siteUrl() + link(user, id);
    const looks: RequestInit[] = [
      {},
      { method: 'HEAD' },
      { headers: { Purpose: 'prefetch', 'Sec-Purpose': 'prefetch;prerender' } },
      {
        headers: {
          'User-Agent': 'Mozilla/5.0 (compatible; SafeLinks scanner)',
          Cookie: await cookieOf(user),
        },
      },
    ];
    for (const look of looks) expect((await fetch(path, look)).status).toBe(200);
    const page = `${siteUrl()}/live-sessions/${id}/rsvp?answer=going`;
    for (const method of ['GET', 'HEAD'])
      expect((await fetch(page, { method, headers: { Cookie: await cookieOf(user) } })).status).toBe(200);
    expect((await fetch(path, { method: 'POST', body: new URLSearchParams() })).status).toBe(403);
    expect(await answersTo(id)).toEqual([]);
  });
});
