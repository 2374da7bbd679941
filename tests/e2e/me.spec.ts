import { eq } from 'drizzle-orm';
import { strFromU8, unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { describe, expect, inject, test } from 'vitest';
import { loginSessions, users } from '../../db/schema/accounts.ts';
import { problemsInEachLook } from '../accessible.ts';
import { newPage, type PageOptions, useBrowser } from '../browser.ts';
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
  type TestUser,
  usePortal,
} from '../portal.ts';

useBrowser();
usePortal();

const siteUrl = () => inject('siteUrl');
const withoutJavaScript = { javaScriptEnabled: false } as const;
/** Browsers complain of every answer that is none of success. */
const refusals = /the server responded with a status of (?:404|409|410|422)/;

async function pageOf(user: TestUser, options: PageOptions = {}): Promise<Page> {
  const page = await newPage({ expected: refusals, ...options });
  await signInAs(page, user);
  return page;
}

const photo = () =>
  sharp({ create: { width: 900, height: 600, channels: 3, background: '#2c6bc9' } })
    .jpeg()
    .toBuffer();

const post = (path: string, cookie: string, body: FormData | URLSearchParams) =>
  fetch(siteUrl() + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { Origin: siteUrl(), Cookie: cookie },
    body,
  });

async function confirmPassword(page: Page) {
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Go on' }).click();
}

/** Lets twenty minutes pass since the user gave the password. */
async function forgetPasswordGiven(user: TestUser) {
  const db = await siteDb();
  const authenticatedAt = new Date(Date.now() - 20 * 60_000);
  await db.write((tx) =>
    tx.update(loginSessions).set({ authenticatedAt }).where(eq(loginSessions.userId, user.id)),
  );
}

describe('the profile', () => {
  test('is written without JavaScript, keeps what was typed when something is wrong, and shows it', async () => {
    const page = await pageOf(await makeUser([['member']]), withoutJavaScript);
    await page.goto('/me/profile');
    await page.getByLabel('Name', { exact: true }).fill('Noor 山田 Lindqvist');
    await page.getByLabel('About me', { exact: false }).first().fill('480 children.\nAsk me about weeding.');
    await page.getByLabel('Where you work').fill('Banyan Bay');
    await page.getByRole('checkbox', { name: /^Vietnamese/ }).check();
    await page.getByLabel('Address of link 1').fill('javascript:alert(1)');
    await page.getByRole('button', { name: 'Save profile' }).click();
    await page.getByText('Enter a web address that begins with https://.').first().waitFor();
    expect(await page.getByLabel('Name', { exact: true }).inputValue()).toBe('Noor 山田 Lindqvist');
    expect(await page.getByRole('checkbox', { name: /^Vietnamese/ }).isChecked()).toBe(true);

    await page.getByLabel('Address of link 1').fill('books.example.test/noor');
    await page.locator('#linksFor').selectOption('members');
    await page.locator('#countryFor').selectOption('nobody');
    await page.getByRole('button', { name: 'Save profile' }).click();
    await page.waitForURL('**/me?done=profile');
    await page.getByText('Your profile is saved.').waitFor();
    const card = page.locator('.profile-card');
    await card.getByText('Ask me about weeding.').waitFor();
    await card.getByText('Vietnamese').waitFor();
    const link = card.getByRole('link', { name: 'books.example.test' });
    expect(await link.getAttribute('href')).toBe('https://books.example.test/noor');
    expect(await link.getAttribute('rel')).toContain('nofollow');
    await page.getByText('Nobody sees: country.').waitFor();
    await page.getByText('Say who you are (done)').waitFor();
  });

  test('takes no field that it does not have', async () => {
    const user = await makeUser([['member']]);
    const body = new URLSearchParams({ name: 'Noor', timeZone: 'Asia/Shanghai', email: 'x@example.test' });
    expect((await post('/me/profile', await cookieOf(user), body)).status).toBe(422);
  });
});

describe('a picture', () => {
  test('is chosen and taken away without JavaScript', async () => {
    const page = await pageOf(await makeUser([['member']]), withoutJavaScript);
    await page.goto('/me/picture');
    const file = { name: 'me.jpg', mimeType: 'image/jpeg', buffer: await photo() };
    await page.getByLabel('Choose a picture').setInputFiles(file);
    await page.getByRole('button', { name: 'Use this picture' }).click();
    await page.waitForURL('**/me?done=picture');
    await page.getByText('Add a profile picture (done)').waitFor();
    const image = page.locator('.profile-card img');
    expect(await image.evaluate((node: HTMLImageElement) => node.naturalWidth)).toBe(512);

    await page.goto('/me/picture');
    await page.getByRole('button', { name: 'Remove my picture' }).click();
    await page.waitForURL('**/me?done=picture-removed');
    expect(await page.locator('.profile-card img').count()).toBe(0);
  });

  test('that is none is refused on the same page', async () => {
    const page = await pageOf(await makeUser([['member']]));
    await page.goto('/me/picture');
    const file = { name: 'me.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('<svg onload="x"/>') };
    await page.getByLabel('Choose a picture').setInputFiles(file);
    await page.getByRole('button', { name: 'Use this picture' }).click();
    await page.getByText('Choose a picture that is a JPEG, PNG or WebP file.').first().waitFor();
  });

  test('is served with safe headers to those who may see it, and is not there for others', async () => {
    const [owner, member, leaver] = [
      await makeUser([['member']]),
      await makeUser([['member']]),
      await makeUser(),
    ];
    const body = new FormData();
    body.set('form', 'uploadPicture');
    body.set('picture', new File([new Uint8Array(await photo())], 'me.jpg', { type: 'image/jpeg' }));
    expect((await post('/me/picture', await cookieOf(owner), body)).status).toBe(303);
    const db = await siteDb();
    const [{ pictureId } = { pictureId: null }] = await db.read
      .select({ pictureId: users.pictureId })
      .from(users)
      .where(eq(users.id, owner.id));
    const seenBy = async (cookie: string) =>
      fetch(`${siteUrl()}/pictures/${pictureId}`, { redirect: 'manual', headers: { Cookie: cookie } });

    const seen = await seenBy(await cookieOf(member));
    expect(seen.status).toBe(200);
    expect(seen.headers.get('Content-Type')).toBe('image/webp');
    expect(seen.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(seen.headers.get('Cache-Control')).toMatch(/^private, max-age=\d+$/);
    expect(seen.headers.get('Content-Security-Policy')).toContain("sandbox; default-src 'none'");
    expect((await seenBy('')).status).toBe(303);
    expect((await seenBy(await cookieOf(leaver))).status).toBe(404);

    await db.write((tx) =>
      tx
        .update(users)
        .set({ visibility: { picture: 'nobody' } })
        .where(eq(users.id, owner.id)),
    );
    expect((await seenBy(await cookieOf(member))).status).toBe(404);
    expect((await seenBy(await cookieOf(owner))).status).toBe(200);
    for (const id of ['pic_x', '..%2f..%2fapp-secret', `pic_${'0'.repeat(32)}`]) {
      const answer = await fetch(`${siteUrl()}/pictures/${id}`, {
        headers: { Cookie: await cookieOf(owner) },
      });
      expect(answer.status).toBe(404);
    }
  });
});

describe('a change of address', () => {
  async function ask(page: Page, address: string) {
    await page.goto('/me/address');
    await page.getByLabel('New e-mail address').fill(address);
    await page.getByLabel('Your password').fill(password);
    await page.getByRole('button', { name: 'Send a mail to the new address' }).click();
    await page.getByText('A mail is on its way to the new address.').waitFor();
  }

  test('happens with a press from the new address, and the old one undoes it, without JavaScript', async () => {
    const [user, address] = [await makeUser([['member']]), newAddress('new')];
    const page = await pageOf(user, withoutJavaScript);
    const elsewhere = await cookieOf(user);
    await ask(page, address);
    const link = linkIn(await mailTo(address, 'Confirm your new address'), '/verify/');
    for (let turn = 0; turn < 3; turn += 1) expect((await fetch(link)).status).toBe(200);
    await page.goto(link);
    await page.getByRole('button', { name: 'Confirm the new address' }).click();
    await page.waitForURL('**/me?done=address');
    await page.getByText(address).waitFor();
    expect((await fetch(`${siteUrl()}/me/menu`, { headers: { Cookie: elsewhere } })).status).toBe(204);
    await mailTo(address, 'You now sign in to PeerSphere with this address');
    await page.goto(link);
    await page.getByRole('heading', { name: 'Already confirmed' }).waitFor();

    const undo = linkIn(await mailTo(user.email, 'address was changed'), '/verify/');
    const owner = await newPage({ ...withoutJavaScript, expected: refusals });
    await owner.goto(undo);
    await owner.getByRole('button', { name: 'Undo it and choose a new password' }).click();
    await owner.waitForURL('**/reset-password/*');
    await owner.getByLabel('New password').fill('an entirely new sentence');
    await owner.getByRole('button', { name: 'Save and sign in' }).click();
    await owner.waitForURL('**/me/communities*');
    await owner.goto('/me');
    await owner.getByText(user.email).waitFor();
    await page.goto('/me');
    await page.waitForURL('**/sign-in*');
    await owner.goto(undo);
    await owner.getByRole('heading', { name: 'Already undone' }).waitFor();
  });

  test('in another browser asks for the password', async () => {
    const [user, address] = [await makeUser([['member']]), newAddress('new')];
    await ask(await pageOf(user), address);
    const phone = await newPage({ expected: refusals });
    await phone.goto(linkIn(await mailTo(address, 'Confirm your new address'), '/verify/'));
    await phone.getByLabel('Password of the profile').fill('a guess');
    await phone.getByRole('button', { name: 'Confirm the new address' }).click();
    await phone.getByText('This is not the password of the profile.').first().waitFor();
    await phone.getByLabel('Password of the profile').fill(password);
    await phone.getByRole('button', { name: 'Confirm the new address' }).click();
    await phone.getByText('Your new address is confirmed.').waitFor();
  });

  test('says the same of an address that is taken, and tells its owner', async () => {
    const [user, owner] = [await makeUser([['member']]), await makeUser([['member']])];
    await ask(await pageOf(user), owner.email);
    await mailTo(owner.email, 'already has a PeerSphere profile');
    expect((await mailsTo(owner.email)).flatMap(({ text }) => text.match(/\/verify\//) ?? [])).toEqual([]);
  });
});

describe('sign-ins and password', () => {
  test('one browser signs out another, or all others', async () => {
    const user = await makeUser([['member']]);
    const [one, other] = [await cookieOf(user), await cookieOf(user)];
    const page = await pageOf(user, withoutJavaScript);
    const isIn = async (cookie: string) =>
      (await fetch(`${siteUrl()}/me/menu`, { headers: { Cookie: cookie } })).status === 200;
    await page.goto('/me');
    expect(await page.getByRole('button', { name: 'Sign out Chrome on Linux' }).count()).toBe(3);
    await page.getByRole('button', { name: 'Sign out Chrome on Linux' }).nth(1).click();
    await page.getByText('That browser is signed out.').waitFor();
    expect([await isIn(one), await isIn(other)].filter(Boolean)).toHaveLength(1);
    await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await page.getByText('All other browsers are signed out.').waitFor();
    expect([await isIn(one), await isIn(other)]).toEqual([false, false]);
    await page.getByRole('button', { name: 'Sign out Chrome on Linux' }).click();
    await page.waitForURL('**/sign-in?done=signed-out*');
  });

  test('a new password gives this browser a new cookie and ends the others', async () => {
    const user = await makeUser([['member']]);
    const elsewhere = await cookieOf(user);
    const page = await pageOf(user, withoutJavaScript);
    const cookieHere = async () =>
      (await page.context().cookies()).find(({ name }) => name === 'login')?.value;
    const before = await cookieHere();
    await page.goto('/me/password');
    await page.getByLabel('The password you have').fill(password);
    await page.getByLabel('New password').fill('quite another sentence');
    await page.getByRole('button', { name: 'Change password' }).click();
    await page.waitForURL('**/me?done=password');
    expect(await cookieHere()).not.toBe(before);
    for (const cookie of [elsewhere, `login=${before}`])
      expect((await fetch(`${siteUrl()}/me/menu`, { headers: { Cookie: cookie } })).status).toBe(204);
    await mailTo(user.email, 'password was changed');
  });
});

describe('what is mine', () => {
  test('comes as a ZIP once the password is given again, and no cache keeps it', async () => {
    const user = await makeUser([['member']]);
    const page = await pageOf(user);
    await forgetPasswordGiven(user);
    await page.goto('/me/export');
    await page.waitForURL('**/sign-in/confirm?next=%2Fme%2Fexport');
    await confirmPassword(page);
    await page.waitForURL('**/me/export');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Make the file' }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^peersphere-\d{4}-\d{2}-\d{2}\.zip$/);

    const answer = await post('/me/export', await cookieOf(user), new URLSearchParams());
    expect(answer.headers.get('Content-Type')).toBe('application/zip');
    expect(answer.headers.get('Cache-Control')).toBe('private, no-store');
    const files = unzipSync(new Uint8Array(await answer.arrayBuffer()));
    expect(strFromU8(files['peersphere.json']!)).toContain(user.email);
    expect(strFromU8(files['README.txt']!)).toContain('What PeerSphere keeps about you');
  });

  test('is not given to a browser whose password was given long ago', async () => {
    const user = await makeUser([['member']]);
    const cookie = await cookieOf(user);
    await forgetPasswordGiven(user);
    const answer = await post('/me/export', cookie, new URLSearchParams());
    expect([answer.status, answer.headers.get('Location')]).toEqual([
      303,
      '/sign-in/confirm?next=%2Fme%2Fexport',
    ]);
  });

  test('is deleted in seven days unless its owner signs in and keeps it, without JavaScript', async () => {
    const user = await makeUser([['member']]);
    const page = await pageOf(user, { ...withoutJavaScript, expected: /status of 4/ });
    await page.goto('/me/delete');
    await page.getByRole('heading', { name: 'This stays' }).waitFor();
    await page.getByLabel('Your password').fill('a guess');
    await page.getByRole('button', { name: 'Delete my profile' }).click();
    await page.getByText('This is not your password.').first().waitFor();
    await page.getByLabel('Your password').fill(password);
    await page.getByRole('button', { name: 'Delete my profile' }).click();
    await page.getByText('your profile is deleted in seven days').waitFor();
    await mailTo(user.email, 'will be deleted');

    const signIn = async () => {
      await page.getByLabel('E-mail address').fill(user.email);
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Sign in' }).click();
    };
    await signIn();
    await page.getByText('You asked us to delete everything').first().waitFor();
    await page.getByLabel('Keep everything that is mine').check();
    await signIn();
    await page.waitForURL('**/me/communities');
    await mailTo(user.email, 'profile stays');
  });
});

describe('all communities', () => {
  test('are there to narrow down, and welcome whoever has just arrived', async () => {
    const page = await pageOf(await makeUser([['member']]));
    await page.goto('/me/communities?done=welcome');
    await page.getByText('Welcome, Noor Lindqvist').waitFor();
    const shown = page.locator('.community-card:visible');
    const all = await shown.count();
    expect(all).toBeGreaterThan(50);
    await page.getByLabel('Words').fill('librar');
    await expect.poll(() => shown.count()).toBeLessThan(all);
    await page.getByRole('link', { name: 'Add a profile picture' }).click();
    await page.waitForURL('**/me/picture');
  });

  test('are there without JavaScript as well', async () => {
    const page = await pageOf(await makeUser([['member']]), withoutJavaScript);
    await page.goto('/me/communities');
    await page.getByRole('link', { name: 'School Librarians' }).first().click();
    await page.waitForURL('**/communities/school-librarians');
  });

  test('say plainly when somebody has no membership, and what to do', async () => {
    const page = await pageOf(await makeUser());
    await page.goto('/me/communities');
    await page.getByRole('heading', { name: 'You have no membership at the moment' }).waitFor();
    await page.getByRole('link', { name: 'join on your own' }).waitFor();
  });
});

const pages = [
  '/me',
  '/me/communities?done=welcome',
  '/me/profile',
  '/me/picture',
  '/me/address?done=sent',
  '/me/password',
  '/me/export',
  '/me/delete',
  '/me/calendar/reminders?done=saved',
];

test('nothing is wrong with own pages, wide and light or narrow and dark', { timeout: 180_000 }, async () => {
  const page = await pageOf(await makeUser([['member'], ['sam', 'sch_x']]));
  for (const path of pages) {
    await page.goto(path);
    expect([path, await problemsInEachLook(page)]).toEqual([path, { light: [], dark: [] }]);
  }
});

test('own pages fit a narrow screen, also with a long name', async () => {
  const long = 'Wolfeschlegelsteinhausenbergerdorff-Vandevelde Montgomery';
  const page = await pageOf(await makeUser([['member']], long), { viewport: { width: 320, height: 800 } });
  for (const path of pages) {
    await page.goto(path);
    const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect([path, tooWide]).toEqual([path, 0]);
  }
});

test.each(pages.map((path) => path.split('?')[0]!))(
  '%s leads whoever is not signed in to sign-in',
  async (path) => {
    const answer = await fetch(siteUrl() + path, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('Location')]).toEqual([
      303,
      `/sign-in?next=${encodeURIComponent(path)}`,
    ]);
  },
);
