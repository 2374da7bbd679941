import { parse } from 'csv-parse/sync';
import { eq } from 'drizzle-orm';
import { strFromU8, unzipSync } from 'fflate';
import { beforeAll, expect, inject, test } from 'vitest';
import { roleGrants } from '../../db/schema/accounts.ts';
import { confirmSheet, markByHand } from '../../src/domains/attendance/marks.ts';
import { sendInvitations } from '../../src/domains/schools/invitations.ts';
import type { Id } from '../../src/platform/ids.ts';
import { problemsInEachLook } from '../accessible.ts';
import { newPage, useBrowser } from '../browser.ts';
import { addLiveSession, addMembers } from '../live-sessions.ts';
import {
  cookieOf,
  mailTo,
  makeUser,
  newAddress,
  signInAs,
  siteDb,
  type TestUser,
  usePortal,
} from '../portal.ts';
import { addSchool } from '../schools.ts';

useBrowser();
usePortal();

const siteUrl = () => inject('siteUrl');
const dayMs = 24 * 3_600_000;
const slug = 'school-nurses';
const seasonSlug = '2026-27';

let school: Id<'sch'>;
let sam: TestUser;
let member: TestUser;
let idle: TestUser;
let invited: string;
const at = () => `/sam/${school}`;

beforeAll(async () => {
  const [db, now] = [await siteDb(), new Date()];
  const longAgo = new Date(now.getTime() - 100 * dayMs);
  school = await addSchool(db, now, `Tamarind Hill School ${now.getTime()}`, {
    membershipStartsOn: '2026-08-01',
    membershipEndsOn: '2036-07-31',
  });
  sam = await makeUser(
    [
      ['member', school],
      ['sam', school],
    ],
    'Sampson Reuel',
  );
  member = await makeUser([['member', school]], '=Ebba Tanaka-Moss');
  idle = await makeUser([['member', school]], 'Idris Quiet');
  await addMembers(db, longAgo, slug, [sam.id, member.id]);
  const staff = await makeUser([['staff']], 'Ottoline Brask');
  const taker = { id: staff.id, grants: [{ role: 'staff' as const, scopeId: '' }] };
  const [held, awaited] = [
    await addLiveSession(db, now, slug, {
      seasonSlug,
      round: 1,
      startsAt: new Date(now.getTime() - 9 * dayMs),
    }),
    await addLiveSession(db, now, slug, { seasonSlug, round: 2, startsAt: new Date(now.getTime() - dayMs) }),
  ];
  // They joined the school before that: what was earlier, no school sees.
  await db.write((tx) =>
    tx
      .update(roleGrants)
      .set({ createdAt: new Date(now.getTime() - 60 * dayMs) })
      .where(eq(roleGrants.scopeId, school)),
  );
  await markByHand({ db, now }, taker, held, [{ userId: member.id, mark: 'live', minutes: 80 }]);
  await confirmSheet({ db, now }, taker, held);
  expect(awaited).toBeDefined();
  invited = newAddress('waits');
  const before = new Date(now.getTime() - 2 * dayMs);
  await sendInvitations({ db, now: before }, { id: sam.id, invitedBy: sam.name }, school, invited);
});

async function samPage(path: string, javaScriptEnabled = true) {
  const page = await newPage({ javaScriptEnabled });
  await signInAs(page, sam);
  await page.goto(path);
  return page;
}

const post = async (path: string, user: TestUser) =>
  fetch(siteUrl() + path, {
    method: 'POST',
    redirect: 'manual',
    headers: {
      Origin: siteUrl(),
      Cookie: await cookieOf(user),
      'Content-Type': 'application/x-www-form-urlencoded',
    },
  });

test('a SAM sees who has joined, and narrows, sorts and searches it without JavaScript', async () => {
  const page = await samPage(at(), false);
  const table = page.getByRole('table', { name: 'People who have joined' });
  await table.getByRole('row', { name: /Ebba Tanaka-Moss.*school.nurses/i }).waitFor();
  expect(await table.getByRole('row').count()).toBe(4);
  await page.getByLabel('Who', { exact: true }).selectOption('In no community');
  await page.getByRole('button', { name: 'Show' }).click();
  expect(await table.getByRole('row').allInnerTexts()).toMatchObject({ length: 2 });
  await table.getByRole('row', { name: /Idris Quiet/ }).waitFor();
  await page.getByRole('link', { name: 'Show all' }).click();
  await page.getByRole('link', { name: 'Attended' }).click();
  expect(await table.getByRole('row').nth(1).innerText()).toContain('Ebba');
  await page.getByLabel('Find people').fill('idris');
  await page.getByRole('button', { name: 'Show' }).click();
  expect(await table.getByRole('row').count()).toBe(2);
});

test('the Session Attendance table says in words what is known, what is awaited and when it changed', async () => {
  const page = await samPage(`${at()}/attendance`, false);
  const table = page.getByRole('table', { name: /Session Attendance/ });
  await table.getByRole('row', { name: /Ebba.*Attended live.*day 1 of 3.*Not planned/ }).waitFor();
  await table.getByRole('row', { name: /Sampson.*Did not attend/ }).waitFor();
  await page.getByText(/Last updated[\s\S]*Still awaited: the data of 1 live session/).waitFor();
  await page.getByLabel('In some round').selectOption('Did not attend');
  await page.getByRole('button', { name: 'Show' }).click();
  expect(await table.getByRole('row').count()).toBe(2);
});

test('what is on the screen is downloaded as CSV and XLSX, with formulas as text', async () => {
  const csvFile = await post(`${at()}/members.csv?q=ebba`, sam);
  expect(csvFile.status).toBe(200);
  expect(csvFile.headers.get('cache-control')).toContain('no-store');
  expect(csvFile.headers.get('content-disposition')).toMatch(
    /tamarind-hill-school-\d+-members-\d{4}-\d\d-\d\d\.csv/,
  );
  const rows: string[][] = parse(await csvFile.text(), { bom: true });
  expect(rows.slice(1).map(([name]) => name)).toEqual([`'=Ebba Tanaka-Moss`]);

  const xlsxFile = await post(`${at()}/attendance.xlsx`, sam);
  expect(xlsxFile.headers.get('content-type')).toContain('spreadsheetml');
  const files = unzipSync(new Uint8Array(await xlsxFile.arrayBuffer()));
  const sheet = strFromU8(files['xl/worksheets/sheet1.xml']!) + strFromU8(files['xl/sharedStrings.xml']!);
  expect(sheet).toContain('Attended live');
  expect(sheet).not.toContain('<f>');

  const page = await samPage(at());
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: /as XLSX/ }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/members.*\.xlsx$/);
});

test('charts have a name, a description, and their numbers in a table', async () => {
  const page = await samPage(`${at()}/charts`);
  for (const name of ['Attendance by round', 'Attendance by community', 'People reached over time'])
    await page.getByRole('img', { name, exact: false }).first().waitFor();
  await page.getByRole('row', { name: /Live Session 1\s+1\s+0\s+1/ }).waitFor();
});

test('a nudge goes out once a week, with a line of the SAM’s own', async () => {
  const page = await samPage(`${at()}/nudges?kind=join-community`, false);
  await page.getByLabel('Idris Quiet').check();
  await page.getByLabel(/A line of your own/).fill('I will help you choose.');
  await page.getByRole('button', { name: 'Send to those ticked' }).click();
  await page.getByRole('status').getByText('The mails are on their way.').waitFor();
  const mail = await mailTo(idle.email, 'One community');
  expect(mail.text).toContain('I will help you choose.');
  await page.getByText(/Nudged less than a minute ago/).waitFor();
  expect(await page.getByRole('button', { name: /Send/ }).count()).toBe(0);

  await page.getByRole('link', { name: /Not activated/ }).click();
  await page.getByLabel(invited).check();
  await page.getByRole('button', { name: 'Send to those ticked' }).click();
  expect((await mailTo(invited, 'still free')).text).toContain('/activate/');
});

test('a member sees on their own page what the SAM sees of them', async () => {
  const page = await newPage();
  await signInAs(page, member);
  await page.goto('/me');
  const seen = page.getByRole('region', { name: 'What your school sees' });
  const words = (await seen.innerText()).replaceAll(/\s+/g, ' ');
  for (const part of ['Ebba Tanaka-Moss', 'Live sessions attended 1', 'Live Session 1 Attended live'])
    expect(words).toContain(part);
});

test('another school’s SAM, and a member, find nothing there', async () => {
  const db = await siteDb();
  const elsewhere = await addSchool(db, new Date(), `Juniper School ${Date.now()}`, {
    membershipEndsOn: '2036-07-31',
  });
  const stranger = await makeUser([['sam', elsewhere]]);
  for (const user of [stranger, member]) {
    for (const path of ['', '/attendance', '/charts', '/nudges']) {
      const answer = await fetch(siteUrl() + at() + path, { headers: { Cookie: await cookieOf(user) } });
      expect([path, answer.status]).toEqual([path, 404]);
    }
    for (const path of ['/members.csv', '/members.xlsx', '/attendance.csv', '/attendance.xlsx', '/nudges'])
      expect([path, (await post(at() + path, user)).status]).toEqual([path, 404]);
  }
  expect((await post(`${at()}/members.pdf`, sam)).status).toBe(404);
});

test.for(['', '/attendance', '/charts', '/nudges'])(
  '/sam/…%s can be used by everybody, on a narrow screen too',
  async (path) => {
    const page = await samPage(at() + path);
    expect(await problemsInEachLook(page)).toEqual({ light: [], dark: [] });
  },
);
