import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { checkContent } from '../../src/domains/content/check-content.ts';
import { historyOf } from '../../src/domains/content/history.ts';
import { keptVersions } from '../../src/domains/content/kept.ts';
import { openContentRepository } from '../../src/domains/content/open-repository.ts';
import { checkOut, headOf } from '../../src/domains/content/repository.ts';
import { newPage, type PageOptions, useBrowser } from '../browser.ts';
import { cookieOf, makeUser, signInAs, type TestUser, usePortal } from '../portal.ts';
import { type RunningServer, runNode, serveSite } from '../site.ts';

useBrowser();
usePortal();

/** An editor's own copy of the content, with its history, served with the CMS open. */
const home = path.resolve('.data/test/editing');
const contentDir = path.join(home, 'content');
let server: RunningServer;
let editor: TestUser;

/** A page of an editor’s browser. */
async function editorPage(options: PageOptions = {}, user = editor) {
  const page = await newPage({ baseURL: server.url, ...options });
  await signInAs(page, user);
  return page;
}

/** Built from the shipped content, which is what the editor’s copy begins with. */
const site = inject('siteDir');

/** A release of what is saved now, as the publisher makes one. */
async function release() {
  const [content, out] = [path.join(home, 'laid-out'), path.join(home, 'release')];
  await checkOut(contentDir, (await headOf(contentDir))!, content);
  const options = ['--content', content, '--out', out, '--code', site, '--previous', site];
  await runNode(['src/jobs/build-release.ts', ...options]);
  return out;
}

const serve = (folder: string) => serveSite(folder, { CONTENT_DIR: contentDir });

beforeAll(async () => {
  await rm(home, { recursive: true, force: true });
  await openContentRepository(contentDir, 'content', new Date());
  server = await serve(site);
  editor = await makeUser([['editor']], 'Ines Fairweather');
});
afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true });
});

test('an editor writes into a handbook page and inserts a callout; after a release both are on the page and in search', {
  timeout: 180_000,
}, async () => {
  const page = await editorPage({ viewport: { width: 1400, height: 1000 } });
  await page.goto('/keystatic/collection/handbook-members/item/your-profile');
  const text = page.getByRole('textbox', { name: 'Text', exact: true });
  await text.getByRole('paragraph').first().click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.press('Enter');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.type('Write one line about quokkaberries.');
  await page.keyboard.press('Enter');
  const insert = page.locator('button[aria-haspopup="true"]:not([aria-label])'); // the toolbar's plus sign has no name
  await insert.click();
  const choice = page.getByRole('menuitem', { name: /^Callout/ });
  await choice.click();
  await choice.waitFor({ state: 'hidden' });
  await text.getByText('Callout', { exact: true }).first().waitFor();
  await text.locator('p:has(> br)').first().click();
  await page.keyboard.type('A wombatical remark.');
  await page.getByRole('button', { name: 'Save' }).click();
  const file = path.join(contentDir, 'handbooks/members/your-profile.mdoc');
  await expect
    .poll(() => readFile(file, 'utf8'))
    .toMatch(/{% callout tone="note" %}\s+A wombatical remark\.\s+{% \/callout %}/);
  expect(await readFile(file, 'utf8')).toContain('Write one line about quokkaberries.');

  const next = await release();
  await server.stop();
  server = await serve(next);

  const reader = await newPage({ baseURL: server.url });
  await reader.goto('/handbooks/members/your-profile');
  await reader.getByText('Write one line about quokkaberries.').waitFor();
  expect(await reader.locator('aside.callout').first().textContent()).toContain('A wombatical remark.');
  await reader.keyboard.press('/');
  await reader.getByRole('searchbox').fill('quokkaberries');
  const result = reader.getByRole('dialog').getByRole('link', { name: 'Your profile' }).first();
  await result.waitFor();
  expect(await result.getAttribute('href')).toMatch(/^\/handbooks\/members\/your-profile/);
});

test.each([
  ['handbook-hosts', 'session-checklist', 'Title'],
  ['handbook-parts', 'members-live-sessions', 'Title'],
  ['communities', 'school-librarians', 'Name'],
  ['people', 'marisol-tanuwidjaya-reed', 'Name'],
  ['seasons', '2026-27', 'Name'],
  ['resources', 'watch-a-live-session-take-shape', 'Title'],
  ['member-resources', 'case-conference-protocol', 'Title'],
  ['images', 'three-networks', 'Title'],
  ['files', 'live-session-checklist', 'Title'],
  ['pages', 'membership', 'Title'],
  ['launch-texts', 'full-invitation', 'Title'],
  ['launch-slides', 'open-the-link', 'Headline'],
])('the CMS opens an entry of %s', async (collection, entry, field) => {
  const page = await editorPage();
  await page.goto(`/keystatic/collection/${collection}/item/${entry}`);
  const name = page.getByRole('textbox', { name: new RegExp(`^${field}`) }).first();
  await name.waitFor();
  expect(await name.inputValue()).not.toBe('');
});

test.each(['home', 'navigation', 'settings', 'launch-guide'])('the CMS opens %s', async (single) => {
  const page = await editorPage();
  await page.goto(`/keystatic/singleton/${single}`);
  await page.getByRole('button', { name: 'Save' }).waitFor();
});

test('an editor changes a text of the launch kit, and its placeholders stay what they are', async () => {
  const page = await editorPage({ viewport: { width: 1400, height: 1000 } });
  await page.goto('/keystatic/collection/launch-texts/item/newsletter-short');
  const text = page.getByRole('textbox', { name: 'Text', exact: true });
  await text.getByRole('paragraph').first().click();
  await page.keyboard.press('Control+Home');
  await page.keyboard.type('{school} has news. ');
  await page.getByRole('button', { name: 'Save' }).click();
  const saved = () => readFile(path.join(contentDir, 'launch-kit/texts/newsletter-short.mdoc'), 'utf8');
  await expect.poll(saved).toContain('{school} has news. Meet people');
  expect(await saved()).toMatch(
    /in \{communities\} communities.*\[our staff link\]\((?:\{link\}|%7Blink%7D)\)/s,
  );
  expect(await checkContent(contentDir)).toEqual([]);
});

test('a save is in the history with its editor, its fields and a word on it', async () => {
  const page = await editorPage();
  await page.goto('/keystatic/collection/people/item/marisol-tanuwidjaya-reed');
  await page.getByRole('textbox', { name: /^Name/ }).first().fill('Marisol T. Reed');
  await page.getByLabel('What you change, in a few words').fill('She asked for it');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('status').getByText('It is on its way to the site').waitFor();
  const { saves } = await historyOf(contentDir, 'people/marisol-tanuwidjaya-reed.yaml', {
    page: 1,
    limit: 9,
  });
  expect(saves[0]).toMatchObject({
    author: { name: 'Ines Fairweather' },
    message: 'Change the profile of ‘Marisol T. Reed’',
    note: 'She asked for it',
    fields: ['Name'],
  });
  expect(saves).toHaveLength(2);
});

test('of two editors on one entry the second is told, and neither version is lost, not even after a reload', async () => {
  const other = await makeUser([['editor']], 'Omar Tidewell');
  const entry = '/keystatic/collection/faqs/item/can-i-block-someone';
  const [first, second] = [await editorPage(), await editorPage({ expected: /409 \(Conflict\)/ }, other)];
  const question = (page: typeof first) => page.getByRole('textbox', { name: /^Question/ }).first();
  for (const page of [first, second]) {
    await page.goto(entry);
    await question(page).waitFor();
  }
  await question(first).fill('Shall I prepare?');
  await first.getByRole('button', { name: 'Save' }).click();
  await first.getByRole('status').getByText('Saved at').waitFor();
  await question(second).fill('Must I prepare?');
  await second.getByText('Unsaved', { exact: true }).waitFor();
  await second.getByRole('button', { name: 'Save' }).click();
  const told = second.getByRole('region', { name: 'Saving' }).getByRole('alert');
  await told.getByText(/somebody else has changed this entry/).waitFor();
  const [kept] = await keptVersions(contentDir);
  expect(kept).toMatchObject({ author: { name: 'Omar Tidewell' }, path: 'faqs/can-i-block-someone.mdoc' });
  const link = told.getByRole('link', { name: 'Look at both versions' });
  expect(await link.getAttribute('href')).toBe(`/staff/publishing/kept/${kept!.id}`);

  await second.reload();
  await told.getByText(/your unsaved draft is not shown/).waitFor();
  expect(await question(second).inputValue()).toBe('Shall I prepare?');
  await question(second).fill('Do I have to prepare?');
  await second.getByText('Unsaved', { exact: true }).waitFor();
  await second.getByRole('button', { name: 'Save' }).click();
  await second.getByRole('status').getByText('Saved at').waitFor();
  expect(await keptVersions(contentDir)).toHaveLength(1);
});

/** Headers of a save, as the editor’s browser would send them from a page at `origin`. */
const sent = async (origin: string) => ({
  'Content-Type': 'application/json',
  'no-cors': '1',
  Origin: origin,
  Cookie: await cookieOf(editor),
});

test('a change sent from another site is refused and changes nothing', async () => {
  const before = await readFile(path.join(contentDir, 'settings.yaml'), 'utf8');
  const answer = await fetch(`${server.url}/api/keystatic/update`, {
    method: 'POST',
    headers: await sent('http://evil.example.test'),
    body: JSON.stringify({ additions: [{ path: 'content/settings.yaml', contents: '' }], deletions: [] }),
  });
  expect(answer.status).toBe(403);
  expect(await readFile(path.join(contentDir, 'settings.yaml'), 'utf8')).toBe(before);
});

test('a change to a file that is no content is refused', async () => {
  const answer = await fetch(`${server.url}/api/keystatic/update`, {
    method: 'POST',
    headers: await sent(server.url),
    body: JSON.stringify({ additions: [{ path: 'content/../evil.yaml', contents: '' }], deletions: [] }),
  });
  expect(answer.status).toBe(400);
});

test('an upload that is not what its name says is refused with a sentence, and one without a version as out of date', async () => {
  const tree = await fetch(`${server.url}/api/keystatic/tree`, { headers: await sent(server.url) });
  const version = tree.headers.get('content-version')!;
  const send = async (headers: Record<string, string>) =>
    fetch(`${server.url}/api/keystatic/update`, {
      method: 'POST',
      headers: { ...(await sent(server.url)), ...headers },
      body: JSON.stringify({
        additions: [
          { path: 'content/images/new/new.png', contents: Buffer.from('<svg/>').toString('base64') },
        ],
        deletions: [],
      }),
    });
  const refused = await send({ 'content-version': version });
  expect([refused.status, await refused.text()]).toEqual([
    422,
    expect.stringMatching(/^“new\.png” is not a PNG image/),
  ]);
  expect((await send({})).status).toBe(409);
});
