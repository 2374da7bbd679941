import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { pauseSchool } from '../../src/domains/schools/schools.ts';
import type { Id } from '../../src/platform/ids.ts';
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
  type TestUser,
  usePortal,
} from '../portal.ts';

useBrowser();
usePortal();

const siteUrl = () => inject('siteUrl');
const pathOf = (link: string) => new URL(link).pathname;
const heading = async (path: string, cookie = '') => {
  const answer = await fetch(siteUrl() + path, { headers: { Cookie: cookie } });
  return [answer.status, /<h1[^>]*>\s*([^<]*?)\s*</.exec(await answer.text())?.[1]];
};

let staff: TestUser;
beforeAll(async () => {
  staff = await makeUser([['staff']], 'Ottoline Brask');
});

type School = { name: string; samEmail: string; id: Id<'sch'>; samSetUp: string; activation: string };

let schoolCount = 0;

/** A school that staff make in a browser, as far as its SAM’s mails. */
async function makeSchool(fields: Record<string, string> = {}): Promise<School> {
  schoolCount += 1;
  const name = `Cedar Point School ${schoolCount}`;
  const samEmail = newAddress('sam');
  const page = await newPage({ javaScriptEnabled: false });
  await signInAs(page, staff);
  await page.goto('/staff/schools/new');
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('City').fill('Busan');
  await page.getByLabel('Country').selectOption('KR');
  await page.getByLabel('Time zone').selectOption('Asia/Seoul');
  await page.getByLabel('First day').fill('2026-08-01');
  await page.getByLabel('Last day').fill('2036-07-31');
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value);
  await page.getByLabel('Name of the SAM').fill('Sampson Reuel');
  await page.getByLabel('Address of the SAM').fill(samEmail);
  await page.getByRole('button', { name: 'Add the school and send the mails' }).click();
  await page.getByRole('heading', { level: 1, name }).waitFor();
  const id = pathOf(page.url()).split('/').at(-1) as Id<'sch'>;
  const forward = await mailTo(samEmail, '[forward to your colleagues]');
  // Its subject is a part of the other’s, and either may arrive first.
  const withSetUp = async () => (await mailsTo(samEmail)).find(({ text }) => text.includes('/set-up/'));
  await expect.poll(withSetUp, { timeout: 15_000 }).toBeDefined();
  const setUpMail = (await withSetUp())!;
  return {
    name,
    samEmail,
    id,
    samSetUp: linkIn(setUpMail, '/set-up/'),
    activation: linkIn(forward, '/activate/'),
  };
}

async function fillActivation(page: Page, email: string, name = 'Ebba Tanaka-Moss') {
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('What do you do?').fill('School nurse');
  await page.getByLabel('Password').fill(password);
  await page.getByLabel(/I accept/).check();
  await page.getByRole('button', { name: 'Send me the mail to confirm' }).click();
}

/** Posts a form as a browser would. */
function post(path: string, fields: Record<string, string>, cookie = '') {
  return fetch(siteUrl() + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { Origin: siteUrl(), Cookie: cookie },
    body: new URLSearchParams(fields),
  });
}

const activationFields = (email: string, more: Record<string, string> = {}) => ({
  name: 'Ebba Tanaka-Moss',
  email,
  jobTitle: 'School nurse',
  subjects: '',
  country: 'KR',
  timeZone: 'Asia/Seoul',
  password,
  codeOfConduct: 'on',
  codeOfConductVersion: '2.0',
  ...more,
});

describe.each([true, false])('with JavaScript %s', (javaScriptEnabled) => {
  test('a school’s link leads from staff by way of its SAM to a signed-in colleague', async () => {
    const school = await makeSchool();

    const sam = await newPage({ javaScriptEnabled });
    await sam.goto(school.samSetUp);
    await sam.getByLabel('What you do').fill('Head of professional learning');
    await sam.getByLabel('Password').fill(password);
    await sam.getByLabel(/I accept|code of conduct/).check();
    await sam.getByRole('button', { name: 'Set up and sign in' }).click();
    await sam.getByRole('heading', { level: 1, name: school.name }).waitFor();
    expect(await sam.getByRole('textbox', { name: 'For the school’s own staff' }).inputValue()).toBe(
      school.activation,
    );

    const email = newAddress('nurse');
    const colleague = await newPage({ javaScriptEnabled, expected: /422/, timezoneId: 'Asia/Kathmandu' });
    await colleague.goto(school.activation);
    await colleague.getByRole('heading', { level: 1, name: school.name }).waitFor();
    expect(await colleague.getByLabel('Time zone').inputValue()).toBe(
      javaScriptEnabled ? 'Asia/Kathmandu' : 'Asia/Seoul',
    );
    await colleague.getByLabel('E-mail address').fill(email);
    await colleague.getByRole('button', { name: 'Send me the mail to confirm' }).click();
    await colleague.getByRole('alert').waitFor();
    expect(await colleague.getByLabel('E-mail address').inputValue()).toBe(email);
    await fillActivation(colleague, email, 'Ebba 田中 🌿');
    await colleague.getByRole('heading', { name: 'Look into your inbox' }).waitFor();

    await colleague.goto(linkIn(await mailTo(email, ''), '/verify/'));
    await colleague.getByRole('button', { name: 'Confirm and go in' }).click();
    await colleague.waitForURL('**/me/communities**');
    await colleague.getByText('Ebba 田中 🌿').first().waitFor();
    const handbook = await mailTo(email, 'Handbook');
    expect(handbook.headers['List-Unsubscribe-Post']).toBe('List-Unsubscribe=One-Click');

    await sam.goto('/sam');
    await sam.getByText('Ebba 田中 🌿').waitFor();
  });
});

describe('an activation link', () => {
  test('answers alike for an address that is known, and mails its owner a way in', async () => {
    const school = await makeSchool();
    const member = await makeUser([['member']], 'Old Hand');
    const stranger = newAddress();
    const path = pathOf(school.activation);
    const [known, unknown] = [
      await post(path, activationFields(member.email)),
      await post(path, activationFields(stranger)),
    ];
    expect([known.status, known.headers.get('Location')?.split('?')[0]]).toEqual([
      unknown.status,
      unknown.headers.get('Location')?.split('?')[0],
    ]);
    expect(await known.text()).toBe(await unknown.text());

    const link = pathOf(linkIn(await mailTo(member.email, ''), '/verify/'));
    const page = await newPage({ javaScriptEnabled: false });
    await page.goto(link);
    await page.getByRole('link', { name: 'Sign in', exact: true }).last().click();
    await page.getByLabel('E-mail address').fill(member.email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: `Join ${school.name}` }).click();
    await page.waitForURL('**/me/communities**');
    await page.goto('/me');
    await page.getByText(school.name).first().waitFor();
  });

  test('asks for the chosen password in another browser, and changes nothing by being opened', async () => {
    const school = await makeSchool();
    const email = newAddress();
    await post(pathOf(school.activation), activationFields(email));
    const link = linkIn(await mailTo(email, ''), '/verify/');
    for (let turn = 0; turn < 10; turn += 1) expect((await fetch(link)).status).toBe(200);
    const elsewhere = await newPage({ expected: /422/ });
    await elsewhere.goto(link);
    await elsewhere.getByLabel('Password from the form').fill('not the password');
    await elsewhere.getByRole('button', { name: 'Confirm and go in' }).click();
    await elsewhere.getByRole('alert').waitFor();
    await elsewhere.getByLabel('Password from the form').fill(password);
    await elsewhere.getByRole('button', { name: 'Confirm and go in' }).click();
    await elsewhere.waitForURL('**/me/communities**');
    await elsewhere.goto(link);
    expect(await elsewhere.getByRole('heading', { level: 1 }).textContent()).toMatch(/already/i);
    expect((await fetch(link)).status).toBe(410);
  });

  test('that was replaced explains itself and names whom to ask', async () => {
    const school = await makeSchool();
    const page = await newPage();
    await signInAs(page, staff);
    await page.goto(`/sam/${school.id}`);
    await page.getByText('Replace the link').click();
    await page.getByRole('button', { name: /[Rr]eplace/ }).click();
    await page.getByRole('status').first().waitFor();
    const [status, title] = await heading(pathOf(school.activation));
    expect([status, title]).toEqual([410, 'This link was replaced']);
  });

  test('that is cut off, unknown or for something else gets a page of its own', async () => {
    const school = await makeSchool();
    expect(await heading('/activate/abc')).toEqual([404, 'This is not a whole link']);
    expect(await heading(`/activate/${'x'.repeat(43)}`)).toEqual([404, 'We do not know this link']);
    const setUpSecret = pathOf(school.samSetUp).split('/').at(-1);
    expect(await heading(`/activate/${setUpSecret}`)).toEqual([404, 'This link is for something else']);
  });

  test('of a paused school, or for an address of another school, says why and whom to ask', async () => {
    const school = await makeSchool({ 'Domains of addresses': 'cedar.example.test' });
    const wrong = await post(pathOf(school.activation), activationFields(newAddress()));
    expect(wrong.status).toBe(422);
    expect(await wrong.text()).toContain('cedar.example.test');
    await pauseSchool({ db: await siteDb(), now: new Date() }, staff.id, school.id);
    const paused = await fetch(school.activation);
    expect(paused.status).toBeGreaterThanOrEqual(400);
    expect(await paused.text()).toMatch(/paused/);
  });

  test.each([
    ['ten thousand characters', { name: 'x'.repeat(10_000) }],
    ['a header in a name', { name: 'Ebba\r\nBcc: a@b.example' }],
    ['text that turns round', { name: 'Ebba \u202Egnp.exe' }],
    ['a zone that does not exist', { timeZone: 'Mars/Olympus' }],
    ['a field it does not have', { role: 'staff' }],
    ['a password everybody tries', { password: 'password123' }],
  ])('refuses %s with a sentence', async (_what, fields) => {
    const school = await makeSchool();
    const answer = await post(pathOf(school.activation), activationFields(newAddress(), fields));
    expect(answer.status).toBe(422);
    expect(/role="alert"/.test(await answer.text())).toBe(true);
  });
});

test('a SAM invites colleagues after a preview, sends again and withdraws, without JavaScript', async () => {
  const school = await makeSchool();
  const sam = await makeUser([
    ['sam', school.id],
    ['member', school.id],
  ]);
  const [first, second] = [newAddress('first'), newAddress('second')];
  const page = await newPage({ javaScriptEnabled: false, expected: /422/ });
  await signInAs(page, sam);
  await page.goto(`/sam/${school.id}/invite`);
  await page.getByLabel('Addresses').fill(`Ilse Marchetti <${first}>\nnot an address\n${second}\n${first}`);
  await page.getByRole('button', { name: 'Show a preview' }).click();
  await page.getByText('not an address').first().waitFor();
  expect(await mailsTo(first)).toEqual([]);
  await page.getByRole('button', { name: 'Send 2 invitations' }).click();
  const invitation = await mailTo(first, '');
  expect(invitation.headers['List-Unsubscribe']).toMatch(/\/unsubscribe\//);
  const link = pathOf(linkIn(invitation, '/activate/'));
  const invited = await newPage({ javaScriptEnabled: false });
  await invited.goto(link);
  expect(await invited.getByLabel('E-mail address').inputValue()).toBe(first);

  await page.goto(`/sam/${school.id}/invite`);
  const row = page.getByRole('row').filter({ hasText: first });
  await row.getByRole('button', { name: /[Ww]ithdraw/ }).click();
  expect(await heading(link)).toEqual([410, 'This invitation was withdrawn']);
});

test('another school’s SAM finds nothing at a school’s pages', async () => {
  const [mine, other] = [await makeSchool(), await makeSchool()];
  const Cookie = await cookieOf(await makeUser([['sam', other.id]]));
  for (const path of [
    `/sam/${mine.id}`,
    `/sam/${mine.id}/invite`,
    `/staff/schools/${mine.id}`,
    '/sam/sch_none',
  ])
    expect((await fetch(siteUrl() + path, { headers: { Cookie } })).status, path).toBe(404);
  const posted = await post(`/sam/${mine.id}/invite`, { form: 'preview', list: 'a@example.test' }, Cookie);
  expect(posted.status).toBe(404);
});

test('nothing is wrong with the pages of schools, wide and light or narrow and dark', async () => {
  const school = await makeSchool();
  const email = newAddress();
  await post(pathOf(school.activation), activationFields(email));
  const verify = linkIn(await mailTo(email, ''), '/verify/');
  const visitor = await newPage({ expected: /404/ });
  const worker = await newPage();
  await signInAs(worker, staff);
  const visits: [Page, string][] = [
    [visitor, school.activation],
    [visitor, '/activate/abc'],
    [visitor, verify],
    [visitor, school.samSetUp],
    [worker, `/sam/${school.id}`],
    [worker, `/sam/${school.id}/invite`],
    [worker, '/staff/schools'],
    [worker, `/staff/schools/${school.id}`],
    [worker, `/staff/schools/${school.id}/edit`],
  ];
  for (const [page, path] of visits) {
    await page.goto(path);
    expect([path, await problemsInEachLook(page)]).toEqual([path, { light: [], dark: [] }]);
  }
}, 120_000); // nine pages
