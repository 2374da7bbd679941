import type { Page } from 'playwright-core';
import { describe, expect, inject, test } from 'vitest';
import { newPage, type PageOptions, useBrowser } from '../browser.ts';
import { cookieOf, mailTo, makeUser, signInAs, type TestUser, usePortal } from '../portal.ts';

useBrowser();
usePortal();

const siteUrl = () => inject('siteUrl');
const refusals = /the server responded with a status of (?:403|404|410|422)/;

async function pageOf(user: TestUser, options: PageOptions = {}): Promise<Page> {
  const page = await newPage({ expected: refusals, ...options });
  await signInAs(page, user);
  return page;
}

const get = async (path: string, user?: TestUser) =>
  fetch(siteUrl() + path, {
    redirect: 'manual',
    headers: user ? { Cookie: await cookieOf(user) } : {},
  });

const post = async (path: string, user: TestUser, fields: Record<string, string>) =>
  fetch(siteUrl() + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { Origin: siteUrl(), Cookie: await cookieOf(user) },
    body: new URLSearchParams(fields),
  });

const hub = '/communities/school-librarians/hub';
const sections = ['', '/live-sessions', '/resources', '/members', '/survey'];

describe.each([true, false])('with JavaScript: %s', (javaScriptEnabled) => {
  test('a member joins from the list, visits the hub, answers the survey and leaves', async () => {
    const page = await pageOf(await makeUser([['member']]), { javaScriptEnabled });
    await page.goto('/me/communities');
    await page.getByRole('button', { name: 'Join School Librarians' }).first().click();
    await page.getByText('You are in School Librarians.').waitFor();
    await page
      .getByRole('region', { name: 'Your communities' })
      .getByRole('link', { name: 'Open the hub' })
      .click();
    await page.getByRole('heading', { level: 1, name: 'School Librarians' }).waitFor();
    await page.getByRole('link', { name: 'Fill in the welcome survey' }).click();
    await page.getByText('Who sees your answers').waitFor();
    await page.getByRole('button', { name: 'Send the answers' }).click();
    await page.getByRole('alert').getByText('Answer at least one question.').waitFor();
    await page.getByLabel('Two or three years').check();
    await page.getByLabel('Which topics should we take up').fill('Weeding');
    await page.getByRole('button', { name: 'Send the answers' }).click();
    await page.getByText('Your hosts read it before they plan').waitFor();
    expect(await page.getByLabel('Two or three years').isChecked()).toBe(true);
    await page.goto('/me/communities');
    expect(await page.locator('.first-steps .taken').allInnerTexts()).toEqual([
      expect.stringContaining('Explore your hub'),
      expect.stringContaining('Complete the welcome survey'),
    ]);
    await page.goto(hub);
    await page.getByRole('button', { name: 'Leave this community' }).click();
    await page.getByText('You are not in School Librarians any more.').waitFor();
  });
});

test('joining from a filtered list keeps the filter', async () => {
  const page = await pageOf(await makeUser([['member']]));
  await page.goto('/me/communities?area=pastoral&q=nurse');
  await page.getByRole('button', { name: 'Join School Nurses' }).first().click();
  await page.getByText('You are in School Nurses.').waitFor();
  const { searchParams } = new URL(page.url());
  expect([searchParams.get('area'), searchParams.get('q')]).toEqual(['pastoral', 'nurse']);
});

test('a request goes to the host by mail, is approved in the hub, and the member hears of it', async () => {
  const host = await makeUser([['host', 'instructional-coaches']], 'Hedda Host');
  const asker = await makeUser([['member']], 'Asta Asker');
  const page = await pageOf(asker);
  await page.goto('/communities/instructional-coaches/hub');
  await page.getByRole('button', { name: 'Ask to join' }).click();
  await page.getByText('You have asked to join. Its hosts read it').waitFor();
  expect((await get('/communities/instructional-coaches/hub/members', asker)).status).toBe(303);
  await mailTo(host.email, 'asks to join Instructional Coaches');

  const hostPage = await pageOf(host);
  await hostPage.goto('/communities/instructional-coaches/hub/members');
  await hostPage.getByRole('button', { name: 'Let them in: Asta Asker' }).click();
  await hostPage.getByText('They are in, and they get a mail.').waitFor();
  await mailTo(asker.email, 'You are in: Instructional Coaches');
  expect((await get('/communities/instructional-coaches/hub/members', asker)).status).toBe(200);
});

test('who has not joined sees what the hub is, and nothing inside', async () => {
  const outside = await makeUser([['member']]);
  const first = await get(hub, outside);
  expect(first.status).toBe(200);
  expect(await first.text()).toContain('Join this community');
  for (const section of sections.slice(1)) {
    const answer = await get(hub + section, outside);
    expect([answer.status, answer.headers.get('Location')]).toEqual([303, hub]);
  }
  for (const section of ['/survey/questions', '/survey/responses'])
    expect((await get(hub + section, outside)).status).toBe(404);
  expect((await post(`${hub}/survey`, outside, { topics: 'x' })).status).toBe(404);
});

test('strangers are led to sign-in, and a community that is not there is not found', async () => {
  expect((await get(hub)).headers.get('Location')).toContain('/sign-in');
  const member = await makeUser([['member']]);
  expect((await get('/communities/nothing/hub', member)).status).toBe(404);
  expect((await post('/communities/nothing/hub', member, { form: 'joinHub' })).status).toBe(404);
  expect(
    (await post('/me/communities', member, { form: 'joinFromList', community: 'host-circle' })).status,
  ).toBe(403);
  const nobody = await makeUser();
  expect(
    (await post('/me/communities', nobody, { form: 'joinFromList', community: 'school-nurses' })).status,
  ).toBe(403);
});

test('hosts add a question, read the responses and take them as a file; members do not', async () => {
  const slug = 'school-counsellors';
  const [host, member] = [await makeUser([['host', slug]]), await makeUser([['member']], '=Formula Finch')];
  await post(`/communities/${slug}/hub`, member, { form: 'joinHub' });
  const page = await pageOf(host);
  await page.goto(`/communities/${slug}/hub/survey/questions`);
  await page.getByRole('textbox', { name: 'Question' }).fill('Do you share a room?');
  await page.getByLabel('How it is answered').selectOption('choice');
  await page.getByRole('button', { name: 'Add the question' }).click();
  await page.getByRole('alert').getByText('Write at least two options').waitFor();
  await page.getByLabel('Options').fill('Yes\nNo');
  await page.getByRole('button', { name: 'Add the question' }).click();
  await page.getByText('The question is asked from now on').waitFor();

  const memberPage = await pageOf(member);
  await memberPage.goto(`/communities/${slug}/hub/survey`);
  await memberPage.getByRole('group', { name: 'Do you share a room?' }).getByLabel('Yes').check();
  await memberPage.getByRole('button', { name: 'Send the answers' }).click();
  await memberPage.getByText('Thank you.').waitFor();

  await page.goto(`/communities/${slug}/hub/survey/responses`);
  await page.getByRole('figure', { name: 'Do you share a room?' }).waitFor();
  const file = await post(`/communities/${slug}/hub/survey/responses`, host, {});
  expect(file.headers.get('Content-Type')).toContain('text/csv');
  expect(await file.text()).toContain(`"'=Formula Finch"`);
  expect((await post(`/communities/${slug}/hub/survey/responses`, member, {})).status).toBe(404);
});
