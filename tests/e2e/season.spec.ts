import { parse } from 'csv-parse/sync';
import { eq } from 'drizzle-orm';
import { strFromU8, unzipSync } from 'fflate';
import type { Page } from 'playwright-core';
import { beforeAll, expect, inject, test } from 'vitest';
import { roleGrants } from '../../db/schema/accounts.ts';
import { liveSessions } from '../../db/schema/live-sessions.ts';
import type { Id } from '../../src/platform/ids.ts';
import { useSchool } from '../activation.ts';
import { attendanceFixture } from '../attendance.ts';
import { newPage, useBrowser } from '../browser.ts';
import type { TestDatabase } from '../database.ts';
import { addMembers } from '../live-sessions.ts';
import { cookieOf, makeUser, signInAs, siteDb, type TestUser, usePortal } from '../portal.ts';

useBrowser();
usePortal();

/** The way of one live session through everything that a school gets for it: planned, held, recorded, told, proved. */

const siteUrl = () => inject('siteUrl');
const slug = 'boarding-leads';
const title = 'Quiet evenings in a boarding house';
const filmUrl = 'https://video.example.test/quiet-evenings';
const monthsAgo = new Date('2026-09-01T08:00:00Z');

let school: Id<'sch'>;
let link: string;
let sam: TestUser;
let staff: TestUser;
let ta: TestUser;
const people: Record<
  'Ana Sample' | 'Bo Sample' | 'Chen Li Sample' | 'Dana Sample' | 'Elif Sample',
  TestUser
> = {} as never;

beforeAll(async () => {
  const db = (await siteDb()) as TestDatabase;
  const years = { membershipStartsOn: '2020-01-01', membershipEndsOn: '2040-12-31' };
  const made = await useSchool({ name: 'Juniper Wharf School', ...years }, db);
  school = made.schoolId;
  link = `${siteUrl()}/activate/${made.secret}`;
  sam = await makeUser(
    [
      ['member', school],
      ['sam', school],
    ],
    'Sampson Reuel',
  );
  staff = await makeUser([['staff']], 'Ottoline Brask');
  ta = await makeUser([['ta']], 'Tove Timekeeper');
  for (const name of ['Ana Sample', 'Bo Sample', 'Chen Li Sample', 'Dana Sample', 'Elif Sample'] as const)
    people[name] = await makeUser([['member', school]], name);
  const ids = Object.values(people).map(({ id }) => id);
  await addMembers(db, monthsAgo, slug, ids);
  // They joined the school then, too: what was before that, no school sees.
  await db.write((tx) =>
    tx.update(roleGrants).set({ createdAt: monthsAgo }).where(eq(roleGrants.scopeId, school)),
  );
});

async function signedIn(user: TestUser, javaScriptEnabled = false): Promise<Page> {
  const page = await newPage({ javaScriptEnabled });
  await signInAs(page, user);
  return page;
}

const download = async (path: string, user: TestUser) => {
  const answer = await fetch(siteUrl() + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { Origin: siteUrl(), Cookie: await cookieOf(user) },
    body: new URLSearchParams(),
  });
  expect([path, answer.status]).toEqual([path, 200]);
  expect(answer.headers.get('cache-control')).toMatch(/private, no-store/);
  expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename="[\w.-]+"$/);
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  return new Uint8Array(await answer.arrayBuffer());
};

/** The texts of every cell, row by row, as a spreadsheet shows them. */
function sheetRows(bytes: Uint8Array): string[][] {
  const files = unzipSync(bytes);
  const xml = (name: string) => strFromU8(files[name] ?? new Uint8Array());
  const textIn = (part: string) =>
    [...part.matchAll(/<t(?: [^>]*)?>([^<]*)<\/t>/g)].map(([, words]) => words).join('');
  const shared = [...xml('xl/sharedStrings.xml').matchAll(/<si>(.*?)<\/si>/gs)].map(([, part]) =>
    textIn(part!),
  );
  return [...xml('xl/worksheets/sheet1.xml').matchAll(/<row [^>]*>(.*?)<\/row>/gs)].map(([, row]) =>
    [...row!.matchAll(/<c ([^>]*)>(.*?)<\/c>/gs)].map(([, attributes, cell]) => {
      const value = /<v>([^<]*)<\/v>/.exec(cell!)?.[1] ?? '';
      return /t="s"/.test(attributes!) ? (shared[Number(value)] ?? '') : value || textIn(cell!);
    }),
  );
}

/** The fixture of Teams in UTF-16, of these members. */
function teamsReport(): Buffer {
  const english = new TextDecoder('utf-16le').decode(attendanceFixture('teams-2026-english-utf16.csv'));
  const ours = english
    .replaceAll(/ana@example\.test/gi, people['Ana Sample'].email)
    .replaceAll('bo.sample@example.test', people['Bo Sample'].email)
    .replaceAll('dana@example.test', people['Dana Sample'].email);
  return Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(ours.replace(/^\ufeff/, ''), 'utf16le')]);
}

/** A live session as staff plan it, answered by two members, and then held on the evening of the report. */
async function heldLiveSession(): Promise<Id<'ses'>> {
  const page = await signedIn(staff);
  await page.goto(`/host/live-sessions/new?community=${slug}`);
  const day = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
  await page.getByLabel('Day', { exact: true }).fill(day);
  await page.getByLabel('Starts at').fill('18:00');
  await page.getByLabel('Time zone').selectOption('Europe/Berlin');
  const round = page.getByLabel('Round of the season');
  await round.selectOption(
    (await round.locator('option', { hasText: 'Season 2026–27: Live Session 2' }).getAttribute('value'))!,
  );
  await page.getByLabel('Why outside of the window').fill('The only free evening.');
  await page.getByLabel('Title').fill(title);
  await page.getByLabel('Technical assistant').selectOption(ta.id);
  await page.getByLabel('Meeting link').fill('https://meet.example.test/quiet');
  await page.getByRole('button', { name: 'Show it to members' }).click();
  await page.waitForLoadState();
  expect(await page.getByRole('alert').allInnerTexts()).toEqual([]);
  await page.waitForURL(/\/host\/live-sessions\/ses_\w+\/edit/);
  const id = /ses_\w+/.exec(page.url())![0] as Id<'ses'>;

  for (const name of ['Ana Sample', 'Elif Sample'] as const) {
    const member = await signedIn(people[name]);
    await member.goto(`/live-sessions/${id}`);
    await member.getByRole('button', { name: 'Going', exact: true }).first().click();
    await member
      .getByText(/You are going/)
      .first()
      .waitFor();
  }

  const [startsAt, endsAt] = [new Date('2026-10-06T16:00:00Z'), new Date('2026-10-06T17:30:00Z')];
  await (await siteDb()).write((tx) =>
    tx
      .update(liveSessions)
      .set({ startsAt, endsAt, wallTime: '2026-10-06T18:00', createdAt: monthsAgo })
      .where(eq(liveSessions.id, id)),
  );
  return id;
}

async function takeAttendance(id: Id<'ses'>) {
  const page = await signedIn(ta);
  await page.goto('/attendance');
  await page.getByRole('link', { name: title }).click();
  await page.getByLabel('Attendance report').setInputFiles({
    name: 'AttendanceReport_10-6-26.csv',
    mimeType: 'text/csv',
    buffer: teamsReport(),
  });
  await page.getByRole('button', { name: 'Read the file' }).click();
  await page.getByRole('group', { name: 'Chen Sample' }).getByLabel('Chen Li Sample').check();
  await page.getByRole('button', { name: 'Confirm: it counts' }).click();
  await page.getByText('The file counts, and the attendance is complete.').waitFor();
  expect(new URL(page.url()).pathname).toBe(`/live-sessions/${id}/attendance`);
}

const expectedCells: Record<keyof typeof people, string> = {
  'Ana Sample': 'Attended live',
  'Bo Sample': 'Attended live',
  'Chen Li Sample': 'Attended live',
  'Dana Sample': 'Did not attend', // forty seconds
  'Elif Sample': 'Via recording',
};

test('a live session goes from the plan to the record of whoever took part', async () => {
  const id = await heldLiveSession();
  await takeAttendance(id);

  // Elif was not there, and watches it
  await (await siteDb()).write((tx) =>
    tx.update(liveSessions).set({ state: 'recorded', recordingUrl: filmUrl }).where(eq(liveSessions.id, id)),
  );
  const elif = await newPage({ javaScriptEnabled: false, expected: /video\.example\.test/ });
  await signInAs(elif, people['Elif Sample']);
  await elif
    .context()
    .route(`${filmUrl}**`, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<title>Film</title>' }),
    );
  await elif.goto(`/live-sessions/${id}`);
  const opened = elif.context().waitForEvent('page');
  await elif.getByRole('button', { name: 'Open the recording' }).click();
  await (await opened).waitForURL(filmUrl);
  await elif.getByRole('button', { name: 'I have watched it to the end' }).click();
  await elif.getByText('You watched the recording. It stands in your record').waitFor();

  // The SAM’s table, charts and exports
  const page = await signedIn(sam);
  await page.goto(`/sam/${school}/attendance?season=2026-27`);
  const table = page.getByRole('table', { name: /Session Attendance/ });
  for (const [name, words] of Object.entries(expectedCells))
    expect(
      (await table.getByRole('row', { name: new RegExp(`^${name}`) }).innerText()).replace(/\s+/g, ' '),
    ).toContain(words);
  expect(await table.getByRole('row').count()).toBe(6); // the SAM is in no community
  await page.goto(`/sam/${school}/charts?season=2026-27`);
  await page.getByRole('row', { name: /^Live Session 2\s+3\s+1\s+1/ }).waitFor();
  await page.getByText('6 people have joined, and 4 of them took part').first().waitFor();
  await page.goto(`/sam/${school}`);
  expect(await page.getByRole('row', { name: 'Elif Sample' }).innerText()).toMatch(/\t1\tRemove$/);

  const path = `/sam/${school}/attendance`;
  const csvRows: string[][] = parse(Buffer.from(await download(`${path}.csv?season=2026-27`, sam)), {
    bom: true,
  });
  const xlsxRows = sheetRows(await download(`${path}.xlsx?season=2026-27`, sam));
  for (const rows of [csvRows, xlsxRows]) {
    const at = rows[0]!.findIndex((head) => head.startsWith('Live Session 2'));
    expect(at).toBeGreaterThan(2);
    expect(rows.length).toBe(6);
    for (const [name, words] of Object.entries(expectedCells))
      expect([name, rows.find(([first]) => first === name)?.join('|')]).toEqual([
        name,
        expect.stringContaining(words),
      ]);
  }
  const narrowed: string[][] = parse(
    Buffer.from(await download(`${path}.csv?season=2026-27&state=recording`, sam)),
    { bom: true },
  );
  expect(narrowed.slice(1).map(([name]) => name)).toEqual(['Elif Sample']);
  const report = await download(`/sam/${school}/report.pdf?season=2026-27`, sam);
  expect(Buffer.from(report).subarray(0, 5).toString()).toBe('%PDF-');
  const workbook = unzipSync(await download(`/sam/${school}/report.xlsx?season=2026-27`, sam));
  expect(strFromU8(workbook['xl/workbook.xml']!)).toContain('Attendance by round');
  expect(strFromU8(workbook['xl/sharedStrings.xml']!)).not.toMatch(/Ana Sample|Elif/); // totals only

  // What colleagues are told with
  await page.goto(`/sam/${school}/launch-kit`);
  await page.getByText('Juniper Wharf School').first().waitFor();
  expect(await page.getByRole('link', { name: link }).first().getAttribute('href')).toBe(link);
  for (const part of ['guide', 'deck?minutes=10', 'deck?minutes=30', 'notes']) {
    await page.goto(`/sam/${school}/launch-kit/${part}`);
    expect(await page.locator('body').textContent(), part).toContain('Juniper Wharf School');
  }
});

test('the kit’s text is copied with the link of the school in it', async () => {
  const page = await signedIn(sam, true);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: siteUrl() });
  await page.goto(`/sam/${school}/launch-kit`);
  await page.getByRole('button', { name: 'Copy the text' }).first().click();
  await page
    .getByRole('status')
    .getByText(/^Copied/)
    .first()
    .waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain(link);
});

test('a member proves what they attended, and takes the proof back', async () => {
  const page = await signedIn(people['Ana Sample']);
  await page.goto('/me/record');
  expect((await page.getByRole('row', { name: title }).innerText()).replace(/\s+/g, ' ')).toMatch(
    /7 Oct 2026.*Attended live 102$/,
  );
  await page.getByRole('button', { name: 'Give it a code' }).click();
  await page.getByText('The record has a code.').waitFor();
  const address = await page.getByLabel('Anyone who has this address sees this record').inputValue();
  const code = address.split('/').at(-1)!;

  await page.getByRole('button', { name: 'Save as PDF' }).waitFor();
  const pdf = Buffer.from(await download('/me/record/pdf', people['Ana Sample']));
  expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
  expect(pdf.toString('latin1')).toContain(code); // as a link

  const stranger = await newPage({ javaScriptEnabled: false, expected: /status of (?:404|410)/ });
  const checked = await stranger.goto(address);
  expect(checked?.headers()['cache-control']).toMatch(/no-store/);
  expect(await stranger.locator('meta[name="robots"]').getAttribute('content')).toMatch(/noindex/);
  await stranger.getByText('This record is genuine.').waitFor();
  await stranger.getByRole('heading', { level: 1, name: 'Ana Sample' }).waitFor();
  await stranger.getByRole('row', { name: title }).waitFor();
  expect(await stranger.locator('body').textContent()).not.toContain(people['Ana Sample'].email);
  // As somebody types it from paper
  expect((await stranger.goto(`/record/${code.toLowerCase().replaceAll('-', '')}`))?.status()).toBe(200);
  const last = code.endsWith('0') ? '1' : '0';
  expect((await stranger.goto(`/record/${code.slice(0, -1)}${last}`))?.status()).toBe(404);
  expect((await stranger.goto(`/record/${code.slice(0, -1)}`))?.status()).toBe(404);

  await page.getByRole('button', { name: 'Withdraw it' }).click();
  await page.getByText('The code is withdrawn.').waitFor();
  expect((await stranger.goto(address))?.status()).toBe(410);
  await stranger.getByText('This record is withdrawn').waitFor();
  expect(await stranger.locator('body').textContent()).not.toMatch(/Ana Sample|Quiet evenings/);
});
