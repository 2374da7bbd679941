import { request as httpRequest } from 'node:http';
import { eq } from 'drizzle-orm';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { attendanceImports } from '../../db/schema/attendance.ts';
import type { liveSessions } from '../../db/schema/live-sessions.ts';
import type { Id } from '../../src/platform/ids.ts';
import { attendanceFixture, zoomReport } from '../attendance.ts';
import { newPage, useBrowser } from '../browser.ts';
import { addLiveSession, addMembers } from '../live-sessions.ts';
import { cookieOf, makeUser, signInAs, siteDb, type TestUser, usePortal } from '../portal.ts';

useBrowser();
usePortal();

const siteUrl = () => inject('siteUrl');
const refusals = /the server responded with a status of (?:404|409|413|422)/;
/** What the fixtures are of: six in the evening in Berlin. */
const startsAt = new Date('2026-10-06T16:00:00Z');
const before = new Date('2026-09-01T08:00:00Z');
const slug = `attendance-${process.pid}`;

let ta: TestUser;
let members: TestUser[];

beforeAll(async () => {
  ta = await makeUser([['ta']], 'Tove Timekeeper');
  members = [];
  for (const name of ['Ana Sample', 'Bo Sample', 'Chen Li Sample', 'Elif Sample'])
    members.push(await makeUser([['member']], name));
  await addMembers(
    await siteDb(),
    before,
    slug,
    members.map(({ id }) => id),
  );
});

async function heldLiveSession(title: string, values: Partial<typeof liveSessions.$inferInsert> = {}) {
  const planned = { title, startsAt, timeZone: 'Europe/Berlin', wallTime: '2026-10-06T18:00', ...values };
  return addLiveSession(await siteDb(), before, slug, planned);
}

const sheetOf = (id: Id<'ses'>) => `/live-sessions/${id}/attendance`;

async function signedIn(user: TestUser): Promise<Page> {
  const page = await newPage({ expected: refusals, javaScriptEnabled: false });
  await signInAs(page, user);
  return page;
}

async function readFile(page: Page, name: string, bytes: Uint8Array) {
  const file = { name, mimeType: 'text/csv', buffer: Buffer.from(bytes) };
  await page.getByLabel('Attendance report').setInputFiles(file);
  await page.getByRole('button', { name: 'Read the file' }).click();
}

const marked = (page: Page, name: string) =>
  page
    .getByRole('group', { name: `Mark of ${name}` })
    .locator('input:checked')
    .getAttribute('value');

describe('a TA', () => {
  test('brings in a report, decides who is who, corrects by keyboard, and takes it back', async () => {
    const id = await heldLiveSession('Shelves that everybody reaches');
    const page = await signedIn(ta);
    await page.goto('/attendance?q=Shelves that everybody');
    await page.getByRole('row', { name: 'Shelves that everybody reaches' }).getByText('days late').waitFor();
    await page.getByRole('link', { name: 'Shelves that everybody reaches' }).click();

    const report = attendanceFixture('teams-2026-english-utf16.csv');
    await readFile(page, 'report.csv', report);
    await page.getByRole('heading', { name: 'Check the file' }).waitFor();
    await page.getByText('Library peers: reading for all').waitFor();
    expect(await page.getByRole('listitem').filter({ hasText: 'undecided' }).textContent()).toContain('2');
    await page.getByRole('group', { name: 'Chen Sample' }).getByLabel('Chen Li Sample').check();
    await page
      .getByRole('group', { name: 'Dana Sample' })
      .getByPlaceholder('Name or address')
      .fill('Nobody Atall');
    await page.getByRole('button', { name: 'Confirm: it counts' }).click();
    await page.getByText('no member is called “Nobody Atall”').first().waitFor();
    expect(
      await page.getByRole('group', { name: 'Chen Sample' }).getByLabel('Chen Li Sample').isChecked(),
    ).toBe(true);
    await page.getByRole('group', { name: 'Dana Sample' }).getByLabel('Ignore').check();
    await page.getByRole('button', { name: 'Confirm: it counts' }).click();

    await page.getByText('The file counts, and the attendance is complete.').waitFor();
    expect(await marked(page, 'Ana Sample')).toBe('live');
    expect(await page.getByLabel('Minutes of Bo Sample').inputValue()).toBe('72');
    expect(await marked(page, 'Chen Li Sample')).toBe('live');
    expect(await marked(page, 'Elif Sample')).toBe('absent');

    await page.getByRole('group', { name: 'Mark of Elif Sample' }).locator('input:checked').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('Saved.').waitFor();
    expect(await marked(page, 'Elif Sample')).toBe('excused');
    expect(await page.getByRole('row', { name: 'Elif Sample' }).textContent()).toContain('by hand, TA');
    await page.locator('summary', { hasText: 'of Elif Sample' }).click();
    await page.getByRole('listitem').filter({ hasText: 'Did not attend, not on any list' }).waitFor();

    await page.getByRole('button', { name: 'Undo report.csv' }).click();
    await page.getByText('The file does not count any more.').waitFor();
    expect(await marked(page, 'Ana Sample')).toBe('');
    expect(await marked(page, 'Elif Sample')).toBe('excused');

    await readFile(page, 'report.csv', report);
    await page.getByRole('heading', { name: 'Check the file' }).waitFor();
    await page.getByText(/4 lines|3 lines/).waitFor(); // Chen and Dana are remembered
    await page.getByRole('button', { name: 'Discard this file' }).click();
    await page.getByText('The file is discarded.').waitFor();
    expect(
      await (await siteDb()).read.$count(attendanceImports, eq(attendanceImports.liveSessionId, id)),
    ).toBe(2);
  });

  test('takes it all by hand: finds people by first letters, adds one, and says that it is complete', async () => {
    const id = await heldLiveSession('By hand alone');
    const other = await makeUser([['member']], `Quill Unexpected${process.pid}`);
    const page = await signedIn(ta);
    await page.goto(sheetOf(id));
    await page.getByLabel('Find').fill('bo');
    await page.getByRole('button', { name: 'Search' }).first().click();
    expect(await page.getByRole('group', { name: /^Mark of/ }).count()).toBe(1);
    await page.getByLabel('Minutes of Bo Sample').fill('many');
    await page.keyboard.press('Enter');
    await page.getByText('Enter whole minutes').first().waitFor();
    await page.getByLabel('Minutes of Bo Sample').fill('55');
    await page.keyboard.press('Enter');
    await page.getByText('Saved.').waitFor();
    expect(await marked(page, 'Bo Sample')).toBe('live');

    await page.getByLabel('Add a member who was not expected').fill(other.name);
    await page.keyboard.press('Enter');
    await page
      .getByRole('group', { name: `Mark of ${other.name}` })
      .getByLabel('Live')
      .check({ force: true });
    await page.getByRole('button', { name: 'Add with this mark' }).click();
    await page.getByText('Saved.').waitFor();
    expect(await marked(page, other.name)).toBe('live');

    await page.getByText('3 people without a mark will count as absent.').waitFor();
    await page.getByRole('button', { name: 'Confirm: it is complete' }).click();
    expect(await marked(page, 'Ana Sample')).toBe('absent');
    await page.getByRole('button', { name: 'Open it again' }).click();
    expect(await marked(page, 'Ana Sample')).toBe('');
    expect(await marked(page, 'Bo Sample')).toBe('live');
  });
});

describe('a wrong file', () => {
  test('is refused in a sentence with its line, and nothing is written', async () => {
    const id = await heldLiveSession('Wrong files');
    const page = await signedIn(ta);
    await page.goto(sheetOf(id));
    const refusedAs = async (name: string, bytes: Uint8Array, sentence: RegExp) => {
      const answer = page.waitForResponse((response) => response.request().method() === 'POST');
      await readFile(page, name, bytes);
      expect((await answer).status(), name).toBe(422);
      await page.getByRole('alert').getByText(sentence).first().waitFor();
    };
    const text = (words: string) => new TextEncoder().encode(words);
    await refusedAs('report.pdf', text('%PDF-1.7 …'), /PDF/);
    await refusedAs('nothing.csv', new Uint8Array(), /file/);
    await refusedAs('cut.csv', attendanceFixture('refused-cut-off-in-quotes.csv'), /[Ll]ine \d+/);
    await refusedAs('large.csv', new Uint8Array(2_000_001), /larger than 2 MB/);
    expect(
      await (await siteDb()).read.$count(attendanceImports, eq(attendanceImports.liveSessionId, id)),
    ).toBe(0);
  });

  test('of 100 MB is turned away before it is read', async () => {
    const id = await heldLiveSession('A film');
    const cookie = await cookieOf(ta);
    const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const sent = httpRequest(`${siteUrl()}${sheetOf(id)}`, {
        method: 'POST',
        headers: {
          Cookie: cookie,
          Origin: siteUrl(),
          'Content-Type': 'multipart/form-data; boundary=x',
          'Content-Length': 100_000_000,
        },
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        let words = '';
        response.on('data', (part) => {
          words += part;
        });
        response.on('end', () => {
          sent.destroy();
          resolve({ status: response.statusCode, text: words });
        });
      });
      sent.write('--x\r\n');
    });
    expect(answer).toEqual({ status: 413, text: expect.stringContaining('larger than 2 MB') });
  });

  test('of other people is told by its numbers', async () => {
    const id = await heldLiveSession('Others came');
    const page = await signedIn(ta);
    await page.goto(sheetOf(id));
    const rows = ['Wim', 'Xen', 'Yara', 'Zoe'].map((name) => ({ name: `${name} Elsewhere`, minutes: 60 }));
    await readFile(page, 'others.csv', zoomReport(startsAt, [...rows, { name: 'Ana Sample', minutes: 60 }]));
    await page.getByText('Only 1 of the 5 people in this file were expected at this live session.').waitFor();
  });
});

test('whoever does not take this attendance finds none', async () => {
  const id = await heldLiveSession('Not for all');
  const page = await signedIn(ta);
  await page.goto(sheetOf(id));
  await readFile(page, 'a.csv', zoomReport(startsAt, [{ name: 'Ana Sample', minutes: 60 }]));
  await page.getByRole('heading', { name: 'Check the file' }).waitFor();
  const importPath = new URL(page.url()).pathname;
  const other = await heldLiveSession('Another one');
  const ofOther = importPath.replace(id, other);
  const statusFor = async (user: TestUser, path: string) =>
    (await fetch(siteUrl() + path, { headers: { Cookie: await cookieOf(user) }, redirect: 'manual' })).status;
  for (const role of [['member'], ['sam', 'sch_x'], ['editor'], ['host', 'another-community']] as const) {
    const user = await makeUser([role]);
    for (const path of [sheetOf(id), importPath])
      expect(await statusFor(user, path), `${role} ${path}`).toBe(404);
  }
  expect(await statusFor(ta, ofOther)).toBe(404);
  expect(await statusFor(await makeUser([['host', slug]]), sheetOf(id))).toBe(200);
  const ahead = await heldLiveSession('Still ahead', { startsAt: new Date(Date.now() + 86_400_000) });
  await page.goto(sheetOf(ahead));
  await page.getByText('This live session has not begun yet.').waitFor();
});

test('a member opens the recording from its page, confirms at the end, and it counts', async () => {
  const values = { state: 'recorded', recordingUrl: 'https://video.example.test/shelves' } as const;
  const id = await heldLiveSession('Watched later', values);
  const page = await signedIn(members[0]!);
  await page
    .context()
    .route('https://video.example.test/**', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<title>The film</title>' }),
    );
  await page.goto(`/live-sessions/${id}`);
  await page.getByRole('button', { name: 'I have watched it to the end' }).click();
  await page.getByText('Open the recording from this page first').first().waitFor();
  const opened = page.context().waitForEvent('page');
  await page.getByRole('button', { name: 'Open the recording' }).click();
  const film = await opened;
  await film.waitForURL('https://video.example.test/shelves');
  await page.getByRole('button', { name: 'I have watched it to the end' }).click();
  await page.getByText('You watched the recording.').waitFor();
  await page.getByText('It stands in your record of professional development.').waitFor();
  expect(await page.getByRole('button', { name: 'I have watched it to the end' }).count()).toBe(0);

  const stranger = await signedIn(await makeUser([['member']]));
  await stranger.goto(`/live-sessions/${id}`);
  expect(await stranger.getByText('Open the recording').count()).toBe(0);
});

test('staff set from how many minutes on somebody attended live', async () => {
  const page = await signedIn(await makeUser([['staff']]));
  await page.goto('/staff/settings');
  await page.getByLabel('Minutes from which somebody attended live').fill('481');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Enter a whole number from 1 to 480.').first().waitFor();
  await page.getByLabel('Minutes from which somebody attended live').fill('30');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('It counts for files that are read from now on.').waitFor();
});
