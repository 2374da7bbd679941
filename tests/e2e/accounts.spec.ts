import { eq } from 'drizzle-orm';
import type { Page } from 'playwright-core';
import { describe, expect, inject, test } from 'vitest';
import { loginSessions, tokens } from '../../db/schema/accounts.ts';
import { problemsInEachLook } from '../accessible.ts';
import { newPage, useBrowser } from '../browser.ts';
import {
  cookieOf,
  linkIn,
  mailsTo,
  mailTo,
  makeUser,
  newAddress,
  password,
  signInAs,
  siteDb,
  usePortal,
} from '../portal.ts';

useBrowser();
usePortal();

const siteUrl = () => inject('siteUrl');

/** Posts a form as a browser would, and returns the answer itself, redirects included. */
function post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}) {
  return fetch(siteUrl() + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { Origin: siteUrl(), ...headers },
    body: new URLSearchParams(fields),
  });
}

async function fillSignIn(page: Page, email: string, secret: string) {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

describe('signing in', () => {
  test('works with the keyboard alone and lands on All Communities', async () => {
    const user = await makeUser([['member']]);
    const page = await newPage();
    await page.goto('/sign-in');
    await page.getByLabel('E-mail address').focus();
    await page.keyboard.type(user.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(password);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/me/communities');
    await page.getByText(user.name).first().waitFor();
  });

  test('works without JavaScript, and so does signing out', async () => {
    const user = await makeUser([['member']]);
    const page = await newPage({ javaScriptEnabled: false });
    await page.goto('/sign-in');
    await fillSignIn(page, user.email.toUpperCase(), password);
    await page.waitForURL('**/me/communities');
    await page.goto('/sign-out');
    await page.locator('main').getByRole('button', { name: 'Sign out' }).click();
    await page.getByText('You are signed out on this device.').waitFor();
    await page.goto('/me');
    expect(new URL(page.url()).pathname).toBe('/sign-in');
  });

  test('with a wrong password keeps the address, says what is wrong and moves there', async () => {
    const user = await makeUser();
    const page = await newPage({ expected: /422/ });
    await page.goto('/sign-in');
    await fillSignIn(page, user.email, 'not the password');
    const problems = page.getByRole('alert');
    await problems.getByText('This address and this password do not belong together.').waitFor();
    expect(await page.getByLabel('E-mail address').inputValue()).toBe(user.email);
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    expect(await problems.evaluate((element) => element === document.activeElement)).toBe(true);
  });

  test('answers alike for an address that nobody has', async () => {
    const user = await makeUser();
    const known = await post('/sign-in', { email: user.email, password: 'not the password' });
    const stranger = newAddress();
    const unknown = await post('/sign-in', { email: stranger, password: 'not the password' });
    expect(unknown.status).toBe(known.status);
    expect((await unknown.text()).replaceAll(stranger, '')).toBe(
      (await known.text()).replaceAll(user.email, ''),
    );
  });

  test('leads back to the page that asked for it, and to no other site', async () => {
    const user = await makeUser([['member']]);
    const page = await newPage();
    await page.goto('/me/profile');
    expect(page.url()).toContain('/sign-in?next=%2Fme%2Fprofile');
    await fillSignIn(page, user.email, password);
    await page.waitForURL('**/me/profile');
    const away = await post('/sign-in', { email: user.email, password, next: '//evil.example.test/' });
    expect([away.status, away.headers.get('Location')]).toEqual([303, '/me/communities']);
  });

  test('never takes over a cookie that somebody planted', async () => {
    const [user, other] = [await makeUser(), await makeUser()];
    const planted = await cookieOf(other);
    const answer = await post('/sign-in', { email: user.email, password }, { Cookie: planted });
    expect(answer.headers.getSetCookie().join()).not.toContain(/login=([^;]+)/.exec(planted)![1]);
    const after = await fetch(`${siteUrl()}/me/menu`, { headers: { Cookie: planted } });
    expect(after.status).toBe(204);
  });

  test('sets cookies that scripts and other sites do not get, but for the hint', async () => {
    const user = await makeUser();
    const cookies = (await post('/sign-in', { email: user.email, password })).headers.getSetCookie();
    expect(cookies).toHaveLength(2);
    for (const cookie of cookies) {
      expect(cookie).toMatch(/; Path=\/(?:;|$)/);
      expect(cookie).toMatch(/; SameSite=Lax/);
      expect(cookie).not.toMatch(/Domain=/);
    }
    expect(
      cookies.filter((cookie) => cookie.includes('HttpOnly')).map((cookie) => cookie.split('=')[0]),
    ).toEqual(['login']);
  });

  test('is locked after four wrong passwords, and a new password by mail opens it at once', async () => {
    const user = await makeUser();
    for (let turn = 0; turn < 4; turn += 1)
      expect((await post('/sign-in', { email: user.email, password: `wrong ${turn}` })).status).toBe(422);
    const locked = await post('/sign-in', { email: user.email, password });
    expect(locked.status).toBe(429);
    expect(Number(locked.headers.get('Retry-After'))).toBeGreaterThan(500);

    await post('/forgot-password', { email: user.email });
    const link = linkIn(await mailTo(user.email, 'new PeerSphere password'), '/reset-password/');
    const reset = await post(new URL(link).pathname, { password: 'another long password' });
    expect(reset.status).toBe(303);
    const again = await post('/sign-in', { email: user.email, password: 'another long password' });
    expect(again.status).toBe(303);
  });

  test.each([
    'application/json',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
  ])('from another site is refused, sent as %s', async (type) => {
    for (const origin of ['http://evil.example.test', 'null', `${siteUrl()}.evil.test`]) {
      const answer = await fetch(`${siteUrl()}/sign-in`, {
        method: 'POST',
        headers: { Origin: origin, 'Content-Type': type },
        body: 'email=a@example.test&password=x',
      });
      expect(answer.status).toBe(403);
    }
  });

  test('takes only forms, only its own fields, and no body without end', async () => {
    const json = await fetch(`${siteUrl()}/sign-in`, {
      method: 'POST',
      headers: { Origin: siteUrl(), 'Content-Type': 'application/json' },
      body: '{}',
    });
    expect(json.status).toBe(415);
    expect((await post('/sign-in', { email: 'a@example.test', password: 'x', role: 'staff' })).status).toBe(
      422,
    );
    expect((await post('/sign-in', { email: 'x'.repeat(10_000), password: 'x' })).status).toBe(422);
    expect((await post('/sign-in', { email: 'a@example.test', password: 'x'.repeat(300_000) })).status).toBe(
      413,
    );
    expect(
      (await post('/sign-in', { form: '__proto__', email: 'a@example.test', password: 'x' })).status,
    ).toBe(400);
  });
});

describe('a forgotten password', () => {
  test('is replaced by a link from a mail, without JavaScript, and every other browser is signed out', async () => {
    const user = await makeUser([['member']]);
    const elsewhere = await cookieOf(user);
    const page = await newPage({ javaScriptEnabled: false, expected: /422/ });
    await page.goto('/sign-in');
    await page.getByRole('link', { name: 'I have forgotten my password' }).click();
    await page.getByLabel('E-mail address').fill(user.email);
    await page.getByRole('button', { name: 'Mail me a link' }).click();
    await page.getByRole('heading', { name: 'Look into your inbox' }).waitFor();
    const mail = await mailTo(user.email, 'new PeerSphere password');
    await page.goto(linkIn(mail, '/reset-password/'));
    await page.getByLabel('New password').fill('short');
    await page.getByRole('button', { name: 'Save and sign in' }).click();
    await page.getByRole('alert').getByText('Use at least 10 characters').waitFor();
    await page.getByLabel('New password').fill('a new and longer password');
    await page.getByRole('button', { name: 'Save and sign in' }).click();
    await page.waitForURL('**/me/communities**');
    expect((await fetch(`${siteUrl()}/me/menu`, { headers: { Cookie: elsewhere } })).status).toBe(204);
    await mailTo(user.email, 'password was changed');
  });

  test('link changes nothing by being opened, works once, and says so afterwards', async () => {
    const user = await makeUser();
    await post('/forgot-password', { email: user.email });
    const { pathname } = new URL(
      linkIn(await mailTo(user.email, 'new PeerSphere password'), '/reset-password/'),
    );
    for (let turn = 0; turn < 10; turn += 1) {
      const opened = await fetch(siteUrl() + pathname);
      expect(opened.status).toBe(200);
      expect(opened.headers.get('Cache-Control')).toMatch(/no-store/);
      expect(opened.headers.get('Referrer-Policy')).toBe('same-origin');
    }
    const presses = await Promise.all(
      [1, 2, 3].map((turn) => post(pathname, { password: `a long new password ${turn}` })),
    );
    const cookies = presses.filter((answer) => answer.headers.getSetCookie().length > 0);
    expect(cookies).toHaveLength(1);
    const used = await fetch(siteUrl() + pathname);
    expect(used.status).toBe(410);
    expect(await used.text()).toContain('This link was used already');
  });

  test('link that is over, replaced, cut off or unknown gets a page of its own', async () => {
    const user = await makeUser();
    await post('/forgot-password', { email: user.email });
    const first = new URL(linkIn(await mailTo(user.email, 'new PeerSphere password'), '/reset-password/'))
      .pathname;
    await post('/forgot-password', { email: user.email });
    await expect.poll(async () => (await mailsTo(user.email)).length, { timeout: 15_000 }).toBe(2);
    const answers = async (path: string) => {
      const answer = await fetch(siteUrl() + path);
      return [answer.status, /<h1[^>]*>([^<]*)/.exec(await answer.text())?.[1]];
    };
    expect(await answers(first)).toEqual([410, 'This link was replaced']);
    expect(await answers('/reset-password/abc')).toEqual([404, 'This is not a whole link']);
    expect(await answers(`/reset-password/${'x'.repeat(43)}`)).toEqual([404, 'We do not know this link']);

    const db = await siteDb();
    await db.write((tx) =>
      tx
        .update(tokens)
        .set({ expiresAt: new Date(0) })
        .where(eq(tokens.subjectId, user.id)),
    );
    const second = new URL(linkIn((await mailsTo(user.email)).at(-1)!, '/reset-password/')).pathname;
    expect(await answers(second)).toEqual([410, 'This link has expired']);
  });

  test('sends no mail to an address that nobody has, and answers like for one', async () => {
    const [user, stranger] = [await makeUser(), newAddress()];
    const known = await post('/forgot-password', { email: user.email });
    const unknown = await post('/forgot-password', { email: stranger });
    expect([unknown.status, unknown.headers.get('Location')]).toEqual([
      known.status,
      known.headers.get('Location'),
    ]);
    await mailTo(user.email, 'new PeerSphere password');
    expect(await mailsTo(stranger)).toEqual([]);
  });
});

describe('a signed-in header', () => {
  test('costs a visitor of a static page no request', async () => {
    const page = await newPage();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto('/communities');
    await page.getByRole('link', { name: 'Sign in' }).first().waitFor();
    expect(asked).not.toContain('/me/menu');
  });

  test('comes to a static page by one request, and its menu works with the keyboard', async () => {
    const user = await makeUser([['staff']], 'Wen Abernathy');
    const page = await newPage();
    await signInAs(page, user);
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto('/communities');
    const menu = page.locator('.account-menu summary');
    await menu.waitFor();
    expect(asked.filter((path) => path === '/me/menu')).toHaveLength(1);
    await menu.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Staff area' }).waitFor();
    await page.keyboard.press('Escape');
    expect(await page.locator('.account-menu').getAttribute('open')).toBeNull();
  });

  test('disappears with its hint when the sign-in is over', async () => {
    const user = await makeUser();
    const page = await newPage();
    await signInAs(page, user);
    const db = await siteDb();
    await db.write((tx) => tx.delete(loginSessions).where(eq(loginSessions.userId, user.id)));
    await page.goto('/communities');
    await expect
      .poll(async () => (await page.context().cookies()).map(({ name }) => name))
      .not.toContain('signed-in');
    await page.getByRole('link', { name: 'Sign in' }).first().waitFor();
  });
});

describe('the CMS', () => {
  const spellings = [
    '/keystatic',
    '/KEYSTATIC',
    '/%6beystatic',
    '//keystatic',
    '/./keystatic',
    '/x/../keystatic',
    '/keystatic/',
    '/keystatic/collection/pages',
    '/keystatic%2f',
    '/keystatic;x',
    '/api/keystatic/tree',
    '/api//keystatic/tree',
    '/API/keystatic/tree',
    '/api/keystatic/blob/x/content/home.yaml',
  ];

  test.each(['member', 'ta', 'sam', 'host'] as const)(
    'is not there for a %s, however it is spelled',
    async (role) => {
      const user = await makeUser([[role, role === 'sam' ? 'sch_none' : '']]);
      const Cookie = await cookieOf(user);
      for (const path of spellings)
        for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'PATCH']) {
          const answer = await fetch(siteUrl() + path, {
            method,
            headers: { Cookie, 'no-cors': '1', Origin: siteUrl() },
          });
          expect(answer.status, `${method} ${path}`).toBe(404);
        }
    },
  );

  test.each(['editor', 'staff'] as const)('opens for %s', async (role) => {
    const Cookie = await cookieOf(await makeUser([[role]]));
    expect((await fetch(`${siteUrl()}/keystatic`, { headers: { Cookie } })).status).toBe(200);
    const tree = await fetch(`${siteUrl()}/api/keystatic/tree`, { headers: { Cookie, 'no-cors': '1' } });
    expect(tree.status).toBe(200);
  });
});

test.each(['/sign-in', '/forgot-password', '/forgot-password?done=sent', '/reset-password/abc', '/sign-out'])(
  'nothing is wrong with %s, wide and light or narrow and dark',
  async (path) => {
    const page = await newPage({ expected: /404/ });
    await page.goto(path);
    expect(await problemsInEachLook(page)).toEqual({ light: [], dark: [] });
  },
);
