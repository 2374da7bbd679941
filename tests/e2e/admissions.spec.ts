import { eq, like } from 'drizzle-orm';
import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, inject, test } from 'vitest';
import { throttles } from '../../db/schema/accounts.ts';
import { applications, enquiries } from '../../db/schema/admissions.ts';
import { issueCoupons } from '../../src/domains/admissions/coupons.ts';
import { violations } from '../accessible.ts';
import { newPage, useBrowser } from '../browser.ts';
import {
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

/** All tests come from one network address, which may send twenty forms an hour. */
beforeEach(async () => {
  const db = await siteDb();
  await db.write((tx) => tx.delete(throttles).where(like(throttles.key, 'public-forms:%')));
});

const siteUrl = () => inject('siteUrl');

/** Posts a form as a browser would, and returns the answer itself, redirects included. */
function post(path: string, fields: Record<string, string>) {
  return fetch(siteUrl() + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { Origin: siteUrl() },
    body: new URLSearchParams(fields),
  });
}

const enquiry = (email: string) => ({
  name: 'Rosa Example',
  email,
  topic: 'school',
  message: 'How much is it?',
});

const application = (email: string) => ({
  form: 'apply',
  name: 'Mira Example',
  email,
  jobTitle: 'Librarian',
  country: 'VN',
  timeZone: 'Asia/Ho_Chi_Minh',
  codeOfConductVersion: '2.0',
  conduct: 'on',
});

/** A code that takes 50 % off, once. */
async function newCoupon(): Promise<string> {
  const staff = await makeUser([['staff']]);
  const terms = { code: '', percentOff: 50, usesAllowed: 1, lastValidOn: null, note: '', howMany: 1 };
  const issued = await issueCoupons({ db: await siteDb(), now: new Date() }, staff.id, terms);
  if (typeof issued === 'string') throw new Error(issued);
  return issued.codes[0]!;
}

async function fillApplication(page: Page, email: string) {
  await page.getByLabel('Name').fill('Mira Example 陳');
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('What do you do?').fill('Primary librarian');
  await page.getByLabel('Country or region').selectOption('VN');
  await page.getByLabel('Time zone').selectOption('Asia/Ho_Chi_Minh');
}

async function staffPage(path: string, javaScriptEnabled = false): Promise<Page> {
  const page = await newPage({ javaScriptEnabled });
  await signInAs(page, await makeUser([['staff']], 'Ines Example'));
  await page.goto(path);
  return page;
}

describe('joining on one’s own', () => {
  test('leads without JavaScript from the form to the first page of a member', async () => {
    const email = newAddress('mira');
    const page = await newPage({ javaScriptEnabled: false, expected: /422/ });
    await page.goto('/membership');
    await page.getByRole('link', { name: 'Apply on your own' }).click();
    await fillApplication(page, email);
    await page.getByLabel('Coupon').fill((await newCoupon()).toLowerCase());
    await page.getByRole('button', { name: 'Show the price' }).click();
    await page.getByText('USD 145').waitFor();
    expect(await page.getByLabel('Name').inputValue()).toBe('Mira Example 陳');
    await page.getByText('Operations', { exact: true }).click();
    await page.locator('details[open]').getByRole('checkbox').first().check();
    await page.getByLabel('I accept the').check();
    await page.getByRole('button', { name: 'Send my application' }).click();
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    const received = await mailTo(email, 'We have your application');
    expect(received.text).not.toContain('Mira');

    const staff = await staffPage('/staff/applications');
    await staff.getByLabel('Find applications').fill(email);
    await staff.getByRole('button', { name: 'Search' }).click();
    await staff.getByRole('link', { name: 'Mira Example' }).click();
    await staff.getByText('USD 145 for one year').waitFor();
    await staff.getByRole('button', { name: 'Accept' }).click();
    await staff.getByText('The application is accepted.').waitFor();
    expect((await mailTo(email, 'is accepted')).text).toContain('USD 145');
    await staff.getByRole('button', { name: 'Mark as paid' }).click();
    await staff.getByText('The payment is noted').waitFor();

    await page.goto(linkIn(await mailTo(email, 'Set up your'), '/join/set-up/'));
    await page.getByLabel('Password').fill('short');
    await page.getByRole('button', { name: 'Begin my membership' }).click();
    await page.getByText('Use at least 10 characters').first().waitFor();
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Begin my membership' }).click();
    await page.waitForURL('**/me/communities?done=welcome');
    await mailTo(email, 'Members Handbook');
  });

  test('says everything that is missing, keeps what was typed, and is free of axe’s complaints', async () => {
    const page = await newPage({ expected: /422/ });
    await page.goto('/join');
    await page.getByLabel('Where do you work?').fill('Hillside School');
    await page.getByLabel('Coupon').fill('NO-SUCH-CODE');
    await page.getByRole('button', { name: 'Send my application' }).click();
    await page.getByText('things need your attention').waitFor();
    expect(await page.getByLabel('Where do you work?').inputValue()).toBe('Hillside School');
    expect(await violations(page)).toEqual([]);
  });

  test('chooses the time zone of the browser', async () => {
    const page = await newPage({ timezoneId: 'Asia/Bangkok' });
    await page.goto('/join');
    await expect.poll(() => page.getByLabel('Time zone').inputValue()).toBe('Asia/Bangkok');
  });

  test('answers a member’s address like any other, and tells the member by mail', async () => {
    const member = await makeUser([['member']]);
    const answers = await Promise.all(
      [member.email, newAddress()].map(async (email) => {
        const answer = await post('/join', application(email));
        const headers = [...answer.headers].filter(([name]) => name !== 'date');
        return { status: answer.status, headers, body: await answer.text() };
      }),
    );
    expect(answers[0]).toEqual(answers[1]);
    expect(answers[0]?.status).toBe(303);
    await mailTo(member.email, 'a PeerSphere member already');
  });

  test('never takes a price from the form', async () => {
    const email = newAddress();
    expect((await post('/join', { ...application(email), price: '1' })).status).toBe(422);
    await post('/join', application(email));
    const rows = await (await siteDb()).read.select().from(applications).where(eq(applications.email, email));
    expect(rows.map(({ price }) => price)).toEqual([290]);
  });

  test.each([
    ['a name with a line break', { name: 'Mira\r\nBcc: all@example.test' }],
    ['a name of 10,000 characters', { name: 'x'.repeat(10_000) }],
    ['a name written backwards', { name: 'Mira \u202etxt' }],
    ['an address nobody sees whole', { email: 'mira\u200b@example.test' }],
    ['a community that is not there', { communities: 'no-such-community' }],
    ['a country that is none', { country: '__proto__' }],
    ['a field that the form does not have', { state: 'joined' }],
  ])('refuses %s in a sentence', async (_what, wrong) => {
    const answer = await post('/join', { ...application(newAddress()), ...wrong });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain('One thing needs your attention');
  });

  test('a decline comes with its reason', async () => {
    const email = newAddress();
    await post('/join', application(email));
    const staff = await staffPage(`/staff/applications?q=${email}`, true);
    await staff.getByRole('link', { name: 'Mira Example' }).click();
    await staff.getByLabel('Reason').fill('Your school has joined: ask your SAM for the link.');
    await staff.getByRole('button', { name: 'Decline' }).click();
    await staff.getByText('The application is declined.').waitFor();
    expect(await violations(staff)).toEqual([]);
    expect((await mailTo(email, 'About your application')).text).toContain('ask your SAM for the link');
  });

  test.each([
    ['nonsense', 404],
    ['A'.repeat(43), 404],
  ])('a set-up link that never was (%s) has a page of its own', async (secret, status) => {
    const answer = await fetch(`${siteUrl()}/join/set-up/${secret}`);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain('Write to us');
  });
});

describe('asking us something', () => {
  test('works without JavaScript from the contact page to the answer in the inbox', async () => {
    const email = newAddress('rosa');
    const page = await newPage({ javaScriptEnabled: false, expected: /422/ });
    await page.goto('/contact');
    await page.getByLabel('Name').fill('Rosa Example');
    await page.getByLabel('E-mail address').fill(email);
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('2 things need your attention').waitFor();
    expect(await page.getByLabel('Name').inputValue()).toBe('Rosa Example');
    await page.getByLabel('What is it about?').selectOption('school');
    await page.getByLabel('Number of staff').fill('120');
    await page.getByRole('textbox', { name: 'Message' }).fill('What does it cost?');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByRole('heading', { name: 'Thank you' }).waitFor();
    expect((await mailTo(email, 'We have your message')).text).not.toContain('What does it cost?');

    const staff = await staffPage('/staff/enquiries?state=new');
    await staff.getByLabel('Find enquiries').fill(email);
    await staff.getByRole('button', { name: 'Search' }).click();
    await staff.getByRole('link', { name: 'Rosa Example' }).click();
    await staff.getByLabel('Note', { exact: true }).fill('Rang them.');
    await staff.getByRole('button', { name: 'Keep the note' }).click();
    await staff.getByLabel('Your answer').fill('It costs less than you think.');
    await staff.getByRole('button', { name: 'Send the answer' }).click();
    await staff.getByText('Your answer is on its way').waitFor();
    const answer = await mailTo(email, 'Our answer');
    expect(answer.text).toContain('Ines Example');
    expect(answer.text).not.toContain('Rang them');
  });

  test('a program that fills in the hidden field is told the same, and nothing is kept', async () => {
    const email = newAddress('bot');
    const answers = [
      await post('/contact/send', { ...enquiry(newAddress()), homepage: '' }),
      await post('/contact/send', { ...enquiry(email), homepage: 'http://example.test' }),
    ];
    expect(answers.map((answer) => [answer.status, answer.headers.get('Location')])).toEqual(
      Array(2).fill([303, '/contact/sent']),
    );
    expect(await (await siteDb()).read.$count(enquiries, eq(enquiries.email, email))).toBe(0);
    expect(await mailsTo(email)).toEqual([]);
  });

  test('nobody sees or reaches the hidden field', async () => {
    const page = await newPage();
    await page.goto('/contact');
    const field = page.locator('#homepage');
    expect((await field.boundingBox())!.x).toBeLessThan(-500);
    expect(await field.getAttribute('tabindex')).toBe('-1');
    expect(await page.getByRole('textbox', { name: 'Leave this empty' }).count()).toBe(0);
  });

  test('the twenty-first form within an hour from one network has to wait, and says how long', async () => {
    const sent: Response[] = [];
    for (let index = 0; index < 21; index += 1)
      sent.push(await post('/contact/send', { ...enquiry(newAddress()), message: `Number ${index}` }));
    expect(sent.map(({ status }) => status)).toEqual([...Array(20).fill(303), 429]);
    expect(Number(sent[20]?.headers.get('Retry-After'))).toBeGreaterThan(3000);
    expect(await sent[20]?.text()).toContain('Many forms have come from your network');
  });
});

describe('coupons', () => {
  test('are made, found and ended by staff, without JavaScript', async () => {
    const staff = await staffPage('/staff/coupons');
    const note = `For a host ${newAddress()}`;
    if (!(await staff.getByLabel('How many coupons').isVisible()))
      await staff.getByText('Make coupons').click();
    await staff.getByLabel('How many coupons').fill('5');
    await staff.getByRole('textbox', { name: 'For whom' }).fill(note);
    await staff.getByRole('button', { name: 'Make', exact: true }).click();
    await staff.getByText('The coupons are made.').waitFor();
    await staff.getByLabel('Find coupons').fill(note);
    await staff.getByRole('button', { name: 'Search' }).click();
    expect(await staff.locator('tbody tr').count()).toBe(5);
    await staff.locator('tbody').getByRole('link', { name: 'End' }).first().click();
    await staff.getByRole('button', { name: 'End it' }).click();
    await staff.getByText('The coupon has ended.').waitFor();
  });
});

describe('the queues', () => {
  const pages = ['/staff/applications', '/staff/coupons', '/staff/enquiries', '/staff/applications/app_x'];

  test('lead visitors to sign-in', async () => {
    for (const path of pages) {
      const answer = await fetch(siteUrl() + path, { redirect: 'manual' });
      expect(answer.headers.get('Location')).toContain('/sign-in?next=');
    }
  });

  test.each(['member', 'sam', 'editor'] as const)('are not there for a %s', async (role) => {
    const page = await newPage({ expected: /404/ });
    await signInAs(page, await makeUser([[role]]));
    for (const path of pages) expect((await page.goto(path))?.status()).toBe(404);
  });

  test('take whatever stands in the address', async () => {
    const page = await staffPage('/staff/applications?state=__proto__&sort=-constructor&page=99&q=%25%27%00');
    await page.getByText('Nothing fits.').waitFor();
  });
});
