import { cp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkContent } from '../../src/domains/publishing/check-content.ts';
import { newPage, type PageOptions, useBrowser } from '../browser.ts';
import { cookieOf, makeUser, signInAs, type TestUser, usePortal } from '../portal.ts';
import { type RunningServer, runNode, serveSite } from '../site.ts';

useBrowser();
usePortal();

/** An editor's own copy of the content, built and served with the CMS open. */
const home = path.resolve('.data/test/editing');
const contentDir = path.join(home, 'content');
let server: RunningServer;
let editor: TestUser;

/** A page of an editor’s browser. */
async function editorPage(options: PageOptions = {}) {
  const page = await newPage({ baseURL: server.url, ...options });
  await signInAs(page, editor);
  return page;
}

const build = () =>
  runNode(
    ['src/jobs/build-site.ts', '--out', path.join(home, 'site'), '--cache', '.data/test/editing-cache'],
    { CONTENT_DIR: contentDir },
  );
const serve = () => serveSite(path.join(home, 'site'), { CONTENT_DIR: contentDir });

beforeAll(async () => {
  await rm(home, { recursive: true, force: true });
  await cp('content', contentDir, { recursive: true });
  await build();
  server = await serve();
  editor = await makeUser([['editor']], 'Ines Fairweather');
});
afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true });
});

test('an editor writes into a handbook page and inserts a callout; after a build both are on the page and in search', async () => {
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

  await server.stop();
  await build();
  server = await serve();

  const reader = await newPage({ baseURL: server.url });
  await reader.goto('/handbooks/members/your-profile');
  await reader.getByText('Write one line about quokkaberries.').waitFor();
  expect(await reader.locator('aside.callout').first().textContent()).toContain('A wombatical remark.');
  await reader.keyboard.press('/');
  await reader.getByRole('searchbox').fill('quokkaberries');
  const result = reader.getByRole('dialog').getByRole('link', { name: 'Your profile' }).first();
  await result.waitFor();
  expect(await result.getAttribute('href')).toMatch(/^\/handbooks\/members\/your-profile/);
}, 120_000);

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
