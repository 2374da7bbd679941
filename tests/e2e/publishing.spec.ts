import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { plannedBranch } from '../../src/domains/content/planned-branches.ts';
import { fileAt, headOf } from '../../src/domains/content/repository.ts';
import { commitSave } from '../../src/domains/content/saves.ts';
import { problemsInEachLook } from '../accessible.ts';
import { newPage, type PageOptions, useBrowser } from '../browser.ts';
import { type ProductionSite, password, startProductionSite } from '../production.ts';

useBrowser();

/** The production site, as `npm start` runs it. */
let site: ProductionSite;

beforeAll(async () => {
  site = await startProductionSite(path.resolve('.data/test/publishing'), inject('siteDir'));
  await site.addUser('ines@example.test', 'Ines Fairweather', 'editor');
  await site.addUser('ottilie@example.test', 'Ottilie Vanterpool', 'staff');
}, 300_000);
afterAll(() => site?.stop());

/** A release takes seconds; a machine that does much else besides may need longer. */
const patience = 120_000;

const visit = (options: PageOptions = {}) => newPage({ baseURL: site.url, ...options });

/** A page of the editor’s browser, signed in through the form. */
async function editorPage(options: PageOptions = {}): Promise<Page> {
  const page = await visit({ viewport: { width: 1400, height: 1000 }, ...options });
  await page.goto('/sign-in?next=/staff/publishing');
  await page.getByLabel('E-mail address').fill('ines@example.test');
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL('**/staff/publishing');
  return page;
}

const board = (page: Page) => page.locator('.board');
const allIsLive = (page: Page) =>
  board(page)
    .getByRole('heading', { name: 'Everything that was saved is live' })
    .waitFor({ timeout: patience });
/** The release that the board says is live. */
const liveNumber = async (page: Page) =>
  Number(
    /Release (\d+)/.exec(
      (await board(page)
        .getByRole('link', { name: /^Release \d/ })
        .textContent()) ?? '',
    )?.[1],
  );
const released = (page: Page, number: number) =>
  board(page)
    .getByRole('link', { name: `Release ${number}`, exact: true })
    .waitFor({ timeout: patience });

/** A socket that was open before the site moved may get one more answer of the release before: then it is closed. */
const finds = (reader: Page, words: string) =>
  expect.poll(
    async () => {
      await reader.reload();
      return (await reader.getByText(words).count()) > 0;
    },
    { timeout: 20_000 },
  );

const omar = { name: 'Omar Tidewell', email: 'omar@example.test' };

/** Somebody else saves a file, from another machine as it were. */
async function save(file: string, change: (text: string) => string, { branch = 'main', base = '' } = {}) {
  const text = (await fileAt(site.contentDir, base || branch, file))?.toString() ?? '';
  const additions = [{ path: file, bytes: Buffer.from(change(text)) }];
  const input = { author: omar, now: new Date(), message: `Change ${file}`, additions, deletions: [] };
  return commitSave(site.contentDir, base ? { ...input, base } : input, branch);
}

const profile = 'handbooks/members/your-profile.mdoc';
const membership = 'pages/membership.mdoc';

test('an editor saves in the CMS, watches it go live, others see it, and the site goes back', async () => {
  const [watching, reader] = [await editorPage(), await visit()];
  await allIsLive(watching);
  const first = await liveNumber(watching);
  await reader.goto('/handbooks/members/your-profile');
  expect(await reader.getByText('quokkaberries').count()).toBe(0);

  const editing = await watching.context().newPage();
  await editing.goto('/keystatic/collection/handbook-members/item/your-profile');
  const text = editing.getByRole('textbox', { name: 'Text', exact: true });
  await text.getByRole('paragraph').first().click();
  await editing.keyboard.press('Control+Home');
  await editing.keyboard.type('Write one line about quokkaberries. ');
  await editing.getByRole('button', { name: 'Save' }).click();

  // Nothing is pressed and nothing reloaded: the board itself tells.
  await board(watching)
    .getByRole('heading', { name: 'A release is on its way' })
    .waitFor({ timeout: patience });
  await board(watching).getByText('Let the site serve it').waitFor();
  await released(watching, first + 1);
  await allIsLive(watching);
  await board(watching).getByText('Members Handbook: Your profile').first().waitFor();
  await board(watching).getByText('Ines Fairweather').first().waitFor();
  await finds(reader, 'Write one line about quokkaberries.').toBe(true);

  await watching.reload();
  await watching
    .getByRole('link', { name: new RegExp(`^Make this live again\\s*: release ${first}$`) })
    .click();
  await watching.getByText('1 newer save is not shown then').waitFor();
  await watching.getByRole('button', { name: 'Make this live again' }).click();
  await watching.getByText('The site goes back to that release.').waitFor();
  await board(watching)
    .getByRole('heading', { name: 'The site was taken back, and newer saves wait' })
    .waitFor({ timeout: patience });
  await board(watching).getByText('Gone back to by Ines Fairweather.').waitFor();
  await finds(reader, 'quokkaberries').toBe(false);

  await watching.getByRole('button', { name: 'Publish now' }).click();
  await allIsLive(watching);
  await finds(reader, 'Write one line about quokkaberries.').toBe(true);
}, 400_000);

test('what cannot be published is said with its field and whose save it was, the site stays, and an earlier version mends it', async () => {
  const [page, reader] = [await editorPage(), await visit()];
  await save(membership, (text) =>
    text
      .replace(/^lead: .*$/m, "lead: ''")
      .trimEnd()
      .concat('\n\nSee [prices](/no-such-page).\n'),
  );
  await board(page)
    .getByRole('heading', { name: 'The newest saves are not live' })
    .waitFor({ timeout: patience });
  const problems = board(page)
    .getByRole('listitem')
    .filter({ has: page.getByRole('link', { name: 'Pages: Membership' }) });
  await problems.filter({ hasText: '“Lead”' }).filter({ hasText: 'is empty.' }).waitFor();
  await problems.filter({ hasText: /, line \d+: / }).waitFor();
  await problems.filter({ hasText: 'saved by Omar Tidewell' }).first().waitFor();
  expect(await problems.getByRole('link').first().getAttribute('href')).toBe(
    '/keystatic/collection/pages/item/membership',
  );
  await reader.goto('/membership');
  expect(await reader.getByText('See prices').count()).toBe(0);

  await page.goto(`/staff/publishing/entry/${membership}`);
  await page.getByRole('link', { name: 'See what changed' }).last().click();
  await page.getByText('Restore this version').first().click();
  await page.getByRole('button', { name: 'Restore this version' }).click();
  await page.getByText('The entry is as it was in that version.').waitFor();
  await allIsLive(page);
}, 400_000);

test('a planned change waits, is looked at as a page, and goes live when somebody says so', async () => {
  const [page, reader] = [await editorPage({ expected: /status of 422/ }), await visit()];
  await page.goto('/staff/publishing/planned/new');
  await page.getByLabel('What the change is').fill('Words about wombats');
  await page.getByLabel('Day').fill('2027-03-28');
  await page.getByLabel('Hour, like 16:00').fill('02:30');
  await page.getByLabel('Time zone').selectOption('Europe/Madrid');
  await page.getByRole('button', { name: 'Begin the change' }).click();
  await page
    .getByRole('alert')
    .getByText('There is no 02:30 on 28 March 2027: the clocks go forward over it. Choose 01:30 or 03:30.')
    .waitFor();
  await page.getByLabel('Hour, like 16:00').fill('03:30');
  await page.getByRole('button', { name: 'Begin the change' }).click();
  await page.getByText('28 Mar 2027, 03:30').waitFor();
  const id = new URL(page.url()).pathname.split('/').at(-1)!;

  await page.getByRole('button', { name: 'Edit in the CMS' }).click();
  await page.waitForURL('**/keystatic');
  expect(await page.context().cookies()).toContainEqual(
    expect.objectContaining({ name: 'change', value: id, httpOnly: true, sameSite: 'Lax' }),
  );
  await save(membership, (text) => `${text.trimEnd()}\n\nA wombat may join as well.\n`, {
    branch: plannedBranch(id),
  });
  await page.goto(`/staff/publishing/planned/${id}`);
  await page.getByText('You are editing').waitFor();
  await page.getByRole('heading', { name: 'Pages: Membership' }).waitFor();
  await page.getByRole('button', { name: 'Stop editing' }).click();
  await page.getByRole('link', { name: 'Look at it as a page' }).click();
  await page.getByText('A wombat may join as well.').waitFor();
  await page.locator('.preview-bar').getByText('Words about wombats').waitFor();
  expect(await page.locator('.preview-bar').evaluate((bar) => getComputedStyle(bar).position)).toBe('sticky');
  await page.getByRole('main').getByRole('link').first().waitFor();
  const address = page.url();
  expect((await reader.goto(address))?.url()).toContain('/sign-in');
  await reader.goto('/membership');
  expect(await reader.getByText('A wombat may join').count()).toBe(0);

  await page.locator('.preview-bar').getByRole('link', { name: 'Back' }).click();
  await page.getByText('Publish now', { exact: true }).first().click();
  await page.getByRole('button', { name: 'Publish now' }).click();
  await page.getByText('The planned change is part of the site now.').waitFor();
  await board(page).getByText('Pages: Membership').first().waitFor({ timeout: patience });
  await allIsLive(page);
  await finds(reader, 'A wombat may join as well.').toBe(true);
}, 400_000);

test('a save that would have overwritten another is kept, and counts when an editor says so', async () => {
  const base = (await headOf(site.contentDir))!;
  await save('home.yaml', (text) => text.replace(/^headline: .*$/m, 'headline: First come'), { base });
  const kept = await save('home.yaml', (text) => text.replace(/^headline: .*$/m, 'headline: Came later'), {
    base,
  });
  expect(kept).toMatchObject({ conflict: { path: 'home.yaml' } });
  const page = await editorPage();
  await page.getByRole('heading', { name: 'One version waits for your decision' }).waitFor();
  await page.getByRole('link', { name: 'Home page', exact: true }).first().click();
  await page.getByText('What counts now', { exact: true }).waitFor();
  await page.locator('del').getByText('First come').waitFor();
  await page.locator('ins').getByText('Came later').waitFor();
  await page.getByRole('button', { name: 'Let the kept version count' }).click();
  await page.getByText('The kept version counts now.').waitFor();
  expect(await readFile(path.join(site.contentDir, 'home.yaml'), 'utf8')).toContain('Came later');
  await allIsLive(page);
}, 400_000);

test('the board works without JavaScript, and reloads itself while something is under way', async () => {
  const page = await editorPage({ javaScriptEnabled: false });
  await save(profile, (text) => `${text.trimEnd()}\n\nOne more line.\n`);
  await page.reload();
  await expect
    .poll(() => board(page).textContent(), { timeout: patience })
    .toContain('Everything that was saved is live');
  await board(page).getByText('Members Handbook: Your profile').first().waitFor();
}, 400_000);

test('nothing is wrong with the screens of publishing, wide and light or narrow and dark', async () => {
  const page = await editorPage();
  const commit = (await headOf(site.contentDir))!;
  for (const address of [
    '/staff/publishing',
    '/staff/publishing/history',
    `/staff/publishing/history/${commit}`,
    `/staff/publishing/entry/${profile}`,
    '/staff/publishing/planned',
    '/staff/publishing/planned/new',
    '/staff/publishing/preview/main/membership',
  ]) {
    await page.goto(address);
    expect([address, await problemsInEachLook(page)]).toEqual([address, { light: [], dark: [] }]);
  }
}, 120_000);

describe('is refused:', () => {
  let cookie: string;
  beforeAll(async () => {
    const page = await editorPage();
    cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
  });

  const ask = (address: string, fields?: Record<string, string>) =>
    fetch(site.url + address, {
      redirect: 'manual',
      headers: { Cookie: cookie, Origin: site.url },
      ...(fields && { method: 'POST', body: new URLSearchParams(fields) }),
    });

  const never = `chg_${'0'.repeat(32)}`;
  test.each([
    '/staff/publishing/releases/000999-000000000000',
    '/staff/publishing/failures/../../state',
    '/staff/publishing/history/main',
    `/staff/publishing/history/${'0'.repeat(40)}`,
    '/staff/publishing/entry/README.md',
    '/staff/publishing/entry/..%2F..%2Fpeersphere.db',
    `/staff/publishing/file/main/images/three-networks/three-networks.png`,
    `/staff/publishing/file/${'0'.repeat(40)}/settings.yaml`,
    '/staff/publishing/kept/nothing',
    `/staff/publishing/planned/${never}`,
    `/staff/publishing/preview/${never}`,
    '/staff/publishing/preview/..%2Fmain/membership',
    '/staff/health',
  ])('%s is not there for an editor', async (address) => {
    expect((await ask(address)).status).toBe(404);
  });

  test.each([
    ['/staff/publishing/releases/000999-000000000000', { form: 'makeLive' }, 409, 'not kept any more'],
    [`/staff/publishing/planned/${never}`, { form: 'publishChange' }, 409, ''],
    [`/staff/publishing/planned/${never}`, { form: 'editChange' }, 409, ''],
    [`/staff/publishing/planned/${never}`, { form: 'dropChange' }, 409, ''],
    ['/staff/publishing/kept/nothing', { form: 'applyKeptVersion' }, 409, ''],
    [`/staff/publishing/history/${'0'.repeat(40)}`, { path: 'home.yaml' }, 404, ''],
    ['/staff/publishing', { form: 'publishNow', release: 'x' }, 422, 'fields it does not have'],
    [
      '/staff/publishing/planned/new',
      { title: '', day: '', clock: '', timeZone: 'Asia/Shanghai' },
      422,
      'Enter what the change is',
    ],
    [
      '/staff/publishing/planned/new',
      { title: 'x', day: '2020-01-01', clock: '10:00', timeZone: 'Asia/Shanghai' },
      422,
      'in the past',
    ],
    [
      '/staff/publishing/planned/new',
      { title: 'x', day: '2030-01-01', clock: '', timeZone: 'Asia/Shanghai' },
      422,
      'Enter the hour as well',
    ],
    [
      '/staff/publishing/planned/new',
      { title: 'x', day: '', clock: '10:00', timeZone: 'Asia/Shanghai' },
      422,
      'Enter the day as well',
    ],
  ] as const)('%s %o', async (address, fields, status, words) => {
    const answer = await ask(address, fields);
    // What is not there any more is a page that is not there, whatever was to be done with it.
    expect([status, 404]).toContain(answer.status);
    if (answer.status === status && words) expect(await answer.text()).toContain(words);
  });
});
