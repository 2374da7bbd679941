import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { newPage, useBrowser } from '../browser.ts';
import { entriesIn, type Resource } from '../content.ts';

useBrowser();

const membersOnly = entriesIn<Resource>('member-resources').find(
  ({ slug }) => slug === 'vendor-data-review-starter',
)!;

const dialogOf = (page: Page) => page.getByRole('dialog', { name: 'Search' });
const field = (page: Page) => page.getByRole('searchbox', { name: /Search handbooks/ });
const results = (page: Page) => page.locator('search-panel .search-results > li');
const titleLinks = (page: Page) => results(page).locator('> a');
const status = (page: Page) => page.locator('search-panel').getByRole('status');
const focusedText = (page: Page) => page.evaluate(() => document.activeElement?.textContent ?? '');

async function home(options = {}) {
  const page = await newPage(options);
  await page.goto('/');
  return page;
}

async function dialogOn(path: string, options = {}) {
  const page = await newPage(options);
  await page.goto(path);
  await page.keyboard.press('/');
  await field(page).waitFor();
  return page;
}

async function searchFor(words: string, page?: Page) {
  const on = page ?? (await dialogOn('/'));
  await field(on).fill(words);
  await status(on).filter({ hasText: /\S/ }).waitFor();
  return on;
}

const countIn = async (page: Page) => Number.parseInt((await status(page).textContent()) ?? '', 10);

describe('the search dialog', () => {
  test.each(['/', 'Control+k'])('opens with %s, ready to type', async (keys) => {
    const page = await home();
    await page.keyboard.press(keys);
    await dialogOf(page).waitFor();
    expect(await field(page).evaluate((input) => input === document.activeElement)).toBe(true);
  });

  test('opens with the button in the header', async () => {
    const page = await home();
    await page.getByRole('banner').getByRole('link', { name: 'Search' }).click();
    await dialogOf(page).waitFor();
  });

  test('stays away while somebody types a slash', async () => {
    const page = await newPage();
    await page.goto('/communities');
    const words = page.getByRole('searchbox', { name: 'Words' });
    await words.pressSequentially('and/or');
    expect(await words.inputValue()).toBe('and/or');
    expect(await dialogOf(page).count()).toBe(0);
  });

  test('closes with Escape and gives focus back', async () => {
    const page = await home();
    const opener = page.getByRole('banner').getByRole('link', { name: 'Search' });
    await opener.focus();
    await page.keyboard.press('/');
    await dialogOf(page).waitFor();
    await page.keyboard.press('Escape');
    await dialogOf(page).waitFor({ state: 'hidden' });
    expect(await opener.evaluate((link) => link === document.activeElement)).toBe(true);
  });

  test('closes with its button', async () => {
    const page = await dialogOn('/');
    await page.getByRole('button', { name: 'Close' }).click();
    await dialogOf(page).waitFor({ state: 'hidden' });
  });

  test('still has the words of the last time', async () => {
    const page = await searchFor('RSVP');
    await page.keyboard.press('Escape');
    await dialogOf(page).waitFor({ state: 'hidden' });
    await page.keyboard.press('/');
    expect(await field(page).inputValue()).toBe('RSVP');
  });

  test('finds while somebody types', async () => {
    const page = await dialogOn('/');
    await field(page).pressSequentially('activation lin');
    await titleLinks(page)
      .filter({ hasText: /activation link/i })
      .first()
      .waitFor();
  });

  test('shows the sections of a page below it', async () => {
    const page = await searchFor('time zones');
    const handbookPage = results(page).filter({
      has: page.getByRole('link', { name: 'Time zones', exact: true }),
    });
    const hrefs = await handbookPage
      .getByRole('listitem')
      .getByRole('link')
      .evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
    expect(hrefs.length).toBeGreaterThan(0);
    expect(hrefs.filter((href) => !/^\/handbooks\/members\/time-zones\?.*#/.test(href))).toEqual([]);
  });

  test('leads to the section that was found', async () => {
    const page = await searchFor('time zones');
    const section = results(page).first().getByRole('listitem').getByRole('link').first();
    const name = (await section.textContent())!;
    await section.click();
    await page.waitForURL('**#*');
    const box = await page.getByRole('heading', { name, exact: true }).boundingBox();
    expect(box?.y).toBeLessThan(page.viewportSize()!.height);
  });

  test('shows more when there is more', async () => {
    const page = await searchFor('community');
    await page.getByRole('button', { name: 'Show more' }).click();
    await expect.poll(() => results(page).count()).toBe(16);
  });

  test('finds what is written with accents by words without', async () => {
    const page = await searchFor('Tet');
    await titleLinks(page).filter({ hasText: 'Choosing your dates' }).waitFor();
  });

  test('finds what is written with accents by words with them', async () => {
    const page = await searchFor('Tết');
    await titleLinks(page).filter({ hasText: 'Choosing your dates' }).waitFor();
  });
});

describe('the filters', () => {
  const pick = async (page: Page, name: 'Kind' | 'Topic', option: RegExp) => {
    const select = page.getByRole('combobox', { name });
    const label = (await select.locator('option').allTextContents()).find((text) => option.test(text));
    await select.selectOption({ label: label! });
    return Number(/\((\d+)\)$/.exec(label!)?.[1]);
  };

  test('keep one kind', async () => {
    const page = await searchFor('live session');
    const promised = await pick(page, 'Kind', /^Template /);
    await expect.poll(() => countIn(page)).toBe(promised);
    const kinds = await results(page).locator('.search-kind').allTextContents();
    expect(kinds.filter((kind) => !/^Template( · for members)?$/.test(kind))).toEqual([]);
  });

  test('keep one topic, with as many pages as they said', async () => {
    const page = await searchFor('live session');
    const promised = await pick(page, 'Topic', /^Planning /);
    await expect.poll(() => countIn(page)).toBe(promised);
  });

  test('keep one kind, with as many pages as they said', async () => {
    const page = await searchFor('live session');
    const promised = await pick(page, 'Kind', /^Hosts Handbook /);
    await expect.poll(() => countIn(page)).toBe(promised);
  });

  test('let go again with “All”', async () => {
    const page = await searchFor('live session');
    const all = await countIn(page);
    const promised = await pick(page, 'Kind', /^Prompt /);
    await expect.poll(() => countIn(page)).toBe(promised);
    await page.getByRole('combobox', { name: 'Kind' }).selectOption('');
    await expect.poll(() => countIn(page)).toBe(all);
  });
});

describe('by keyboard', () => {
  test('the arrow keys walk from the field through the results', async () => {
    const page = await searchFor('activation link');
    const links = await results(page).getByRole('link').allTextContents();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await focusedText(page)).toBe(links[1]);
  });

  test('the arrow keys walk back into the field', async () => {
    const page = await searchFor('activation link');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowUp');
    expect(await field(page).evaluate((input) => input === document.activeElement)).toBe(true);
  });

  test('Enter opens the result', async () => {
    const page = await searchFor('activation link');
    await page.keyboard.press('ArrowDown');
    const title = await focusedText(page);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
  });

  test('the words are highlighted on the page that was opened', async () => {
    const page = await searchFor('activation link');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL('**highlight=**');
    const highlighted = () =>
      page.evaluate(() => {
        const ranges = [...(CSS.highlights.get('search') ?? [])] as Range[];
        return [...new Set(ranges.map((range) => range.toString().toLowerCase()))].sort();
      });
    await expect.poll(highlighted).toEqual(expect.arrayContaining(['activation', 'link']));
  });
});

describe('when nothing is found', () => {
  test('search says so in the words that were asked', async () => {
    const page = await searchFor('zzzzqq');
    expect(await status(page).textContent()).toBe('Nothing found for “zzzzqq”.');
  });

  test.each(['All communities', 'All resources', 'All handbooks'])('search offers %s', async (name) => {
    const page = await searchFor('zzzzqq');
    await dialogOf(page).getByRole('link', { name }).waitFor();
  });
});

describe('when search cannot load', () => {
  const options = { expected: /pagefind|Failed to (?:load|fetch)|dynamically imported/i };
  const blocked = async () => {
    const page = await newPage(options);
    await page.route('**/pagefind/**', (route) => route.abort());
    await page.goto('/');
    await page.keyboard.press('/');
    await dialogOf(page).getByText('Search could not load.').waitFor();
    return page;
  };

  test('it says so and offers the lists', async () => {
    const page = await blocked();
    await dialogOf(page).getByRole('link', { name: 'All communities' }).waitFor();
  });

  test('it works again with “Try again”', async () => {
    const page = await blocked();
    await field(page).fill('RSVP');
    await page.unroute('**/pagefind/**');
    await dialogOf(page).getByRole('button', { name: 'Try again' }).click();
    await titleLinks(page).filter({ hasText: 'RSVP' }).first().waitFor();
  });

  test('it says so when the connection goes while somebody searches', async () => {
    const page = await dialogOn('/', options);
    await searchFor('RSVP', page);
    await page.route('**/pagefind/**', (route) => route.abort());
    await field(page).fill('librarians weeding');
    await dialogOf(page).getByText('Search could not load.').waitFor();
  });

  test('it says so when the connection goes before more is shown', async () => {
    const page = await dialogOn('/', options);
    await searchFor('community', page);
    await page.route('**/pagefind/**', (route) => route.abort());
    await page.getByRole('button', { name: 'Show more' }).click();
    await dialogOf(page).getByText('Search could not load.').waitFor();
  });

  test('the search page opens when the dialog cannot', async () => {
    const page = await newPage(options);
    await page.route('**/_astro/search-dialog*', (route) => route.abort());
    await page.goto('/');
    await page.keyboard.press('/');
    await page.waitForURL('**/search');
  });
});

describe('the search page', () => {
  test('answers an address with words', async () => {
    const page = await newPage();
    await page.goto('/search?q=support+group');
    await titleLinks(page).filter({ hasText: 'Support group' }).first().waitFor();
  });

  test('answers an address with words and a filter', async () => {
    const page = await newPage();
    await page.goto('/search?q=support+group&kind=Template');
    await titleLinks(page).first().waitFor();
    expect(new Set(await results(page).locator('.search-kind').allTextContents())).toEqual(
      new Set(['Template']),
    );
  });

  test('keeps the words in the address', async () => {
    const page = await newPage();
    await page.goto('/search');
    await searchFor('activation link', page);
    expect(new URL(page.url()).searchParams.get('q')).toBe('activation link');
  });

  test('takes the place of the dialog', async () => {
    const page = await newPage();
    await page.goto('/search');
    await field(page).waitFor();
    await page.keyboard.press('Control+k');
    expect(await dialogOf(page).count()).toBe(0);
  });

  test('says without JavaScript that it needs it', async () => {
    const page = await newPage({ javaScriptEnabled: false });
    await page.goto('/search');
    expect(await page.getByRole('main').innerText()).toContain('needs JavaScript');
  });

  test.each([
    ['All communities', '/communities'],
    ['All resources', '/resources'],
    ['All handbooks', '/handbooks'],
  ])('leads without JavaScript to %s', async (name, path) => {
    const page = await newPage({ javaScriptEnabled: false });
    await page.goto('/search');
    await page.getByRole('main').getByRole('link', { name }).click();
    await page.waitForURL(`**${path}`);
  });
});

describe('a members’ resource', () => {
  test('is found by its title, as one for members', async () => {
    const page = await searchFor(membersOnly.title);
    const found = results(page).filter({ has: page.getByRole('link', { name: membersOnly.title }) });
    await found.getByText('Template · for members').waitFor();
  });

  test('is not found by a sentence of its body', async () => {
    const page = await searchFor('"Do not give every product the same review"');
    expect(membersOnly.body).toContain('Do not give every product the same review');
    expect(await titleLinks(page).allTextContents()).not.toContain(membersOnly.title);
  });

  test('differs in that from an open one, which is found by a sentence', async () => {
    const page = await searchFor('"Write to people one at a time"');
    expect(await titleLinks(page).allTextContents()).toContain('Support group: invitation text');
  });
});
