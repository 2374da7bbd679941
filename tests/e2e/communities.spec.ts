import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { newPage, useBrowser } from '../browser.ts';
import { type Community, entriesIn } from '../content.ts';

useBrowser();

const communities = entriesIn<Community>('communities');
const areas = ['Teaching', 'Leadership', 'Pastoral', 'Operations', 'Technology'];
const audiences = [
  ['Early years', 'early-years'],
  ['Primary', 'primary'],
  ['Secondary', 'secondary'],
  ['Whole school', 'whole-school'],
] as const;

const namesWhere = (fits: (community: Community) => boolean) =>
  communities
    .filter(fits)
    .map(({ name }) => name)
    .sort();
const shownNames = async (page: Page) =>
  (await page.getByRole('heading', { level: 3 }).allTextContents()).map((name) => name.trim()).sort();
const chip = (page: Page, filter: 'Area' | 'Audience', name: string) =>
  page.getByRole('list', { name: filter }).getByRole('link', { name, exact: true });
const words = (page: Page) => page.getByRole('searchbox', { name: 'Words' });
const queryOf = (page: Page) => new URL(page.url()).search;

async function directory(query = '') {
  const page = await newPage();
  await page.goto(`/communities${query}`);
  await words(page).waitFor();
  return page;
}

describe('the directory', () => {
  test('lists every community', async () => {
    const page = await directory();
    expect(await shownNames(page)).toEqual(namesWhere(() => true));
  });

  test('narrows to an area', async () => {
    const page = await directory();
    await chip(page, 'Area', 'Pastoral').click();
    expect(await shownNames(page)).toEqual(namesWhere(({ area }) => area === 'pastoral'));
  });

  test('narrows to an audience', async () => {
    const page = await directory();
    await chip(page, 'Audience', 'Early years').click();
    expect(await shownNames(page)).toEqual(namesWhere((one) => one.audiences.includes('early-years')));
  });

  test('narrows to an area and an audience together', async () => {
    const page = await directory();
    await chip(page, 'Area', 'Teaching').click();
    await chip(page, 'Audience', 'Early years').click();
    expect(await shownNames(page)).toEqual(
      namesWhere((one) => one.area === 'teaching' && one.audiences.includes('early-years')),
    );
  });

  test('narrows to words as they are typed', async () => {
    const page = await directory();
    await words(page).pressSequentially('librar');
    const expected = namesWhere((one) =>
      [one.name, one.summary, ...one.themes].join(' ').toLowerCase().includes('librar'),
    );
    expect(await shownNames(page)).toEqual(expected);
  });

  test('finds words whatever accents and capitals they are typed with', async () => {
    const page = await directory();
    await words(page).fill('LÎBRARIANS weeding');
    expect(await shownNames(page)).toEqual(['School Librarians']);
  });

  test('hides an area’s heading when none of its communities fits', async () => {
    const page = await directory();
    await chip(page, 'Area', 'Technology').click();
    const headings = page.getByRole('main').getByRole('heading', { level: 2 });
    expect(await headings.allTextContents()).toEqual([expect.stringContaining('Technology')]);
  });

  test('widens again with “All”', async () => {
    const page = await directory('?area=technology');
    await chip(page, 'Area', 'All').click();
    expect(await shownNames(page)).toHaveLength(communities.length);
  });

  test('announces how many fit', async () => {
    const page = await directory();
    await chip(page, 'Area', 'Technology').click();
    const count = namesWhere(({ area }) => area === 'technology').length;
    expect((await page.getByRole('status').textContent())?.trim()).toBe(`${count} communities`);
  });

  test('marks the chosen filter', async () => {
    const page = await directory();
    await chip(page, 'Area', 'Operations').click();
    const marked = page.getByRole('list', { name: 'Area' }).locator('[aria-current=true]');
    expect((await marked.allTextContents()).map((text) => text.trim())).toEqual(['Operations']);
  });

  test('says so when nothing fits, and offers the way back', async () => {
    const page = await directory();
    await words(page).fill('submarine captains');
    await page.getByText('Nothing fits all of these filters.').waitFor();
    await page.getByRole('link', { name: 'see all communities' }).click();
    await expect.poll(() => shownNames(page)).toHaveLength(communities.length);
  });

  test('filters without loading a page', async () => {
    const page = await directory();
    let loads = 0;
    page.on('domcontentloaded', () => loads++);
    await chip(page, 'Area', 'Teaching').click();
    await chip(page, 'Audience', 'Primary').click();
    await words(page).fill('music');
    await page.goBack();
    expect(loads).toBe(0);
  });

  test('keeps the choice in the address', async () => {
    const page = await directory();
    await chip(page, 'Area', 'Teaching').click();
    await chip(page, 'Audience', 'Primary').click();
    await words(page).fill('music');
    await expect.poll(() => queryOf(page)).toBe('?area=teaching&audience=primary&q=music');
  });

  test('goes back one choice with the back button', async () => {
    const page = await directory();
    await chip(page, 'Area', 'Teaching').click();
    await chip(page, 'Audience', 'Primary').click();
    await page.goBack();
    expect(await shownNames(page)).toEqual(namesWhere(({ area }) => area === 'teaching'));
  });

  test('keeps the choice for somebody who comes back from a community', async () => {
    const page = await directory();
    await words(page).fill('weeding');
    await page.getByRole('link', { name: 'School Librarians' }).click();
    await page.getByRole('heading', { level: 1, name: 'School Librarians' }).waitFor();
    await page.goBack();
    await expect.poll(() => shownNames(page)).toEqual(['School Librarians']);
  });

  test('opens narrowed from an address that was shared', async () => {
    const page = await directory('?area=technology&audience=secondary&q=club');
    const expected = namesWhere(
      (one) =>
        one.area === 'technology' &&
        one.audiences.includes('secondary') &&
        [one.name, one.summary, ...one.themes].join(' ').toLowerCase().includes('club'),
    );
    expect(await shownNames(page)).toEqual(expected);
  });

  test('shows the words of a shared address in the field', async () => {
    const page = await directory('?q=club');
    expect(await words(page).inputValue()).toBe('club');
  });

  test('ignores a filter that does not exist', async () => {
    const page = await directory('?area=alchemy');
    expect(await shownNames(page)).toHaveLength(communities.length);
  });

  test('is filtered by keyboard, and focus stays where it was', async () => {
    const page = await directory();
    await chip(page, 'Area', 'All').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await shownNames(page)).toEqual(namesWhere(({ area }) => area === 'teaching'));
    const focused = await page.evaluate(() => document.activeElement?.textContent?.trim());
    expect(focused).toBe('Teaching');
  });
});

describe('the directory without JavaScript', () => {
  async function plainPage(path: string) {
    const page = await newPage({ javaScriptEnabled: false });
    await page.goto(path);
    return page;
  }

  test.each(areas)('leads to a page of the communities in %s', async (area) => {
    const page = await plainPage('/communities');
    await chip(page, 'Area', area).click();
    await page.waitForURL('**/communities/area/*');
    expect(await shownNames(page)).toEqual(namesWhere((one) => one.area === area.toLowerCase()));
  });

  test.each(audiences)('leads to a page of the communities for %s', async (name, audience) => {
    const page = await plainPage('/communities');
    await chip(page, 'Audience', name).click();
    await page.waitForURL('**/communities/audience/*');
    expect(await shownNames(page)).toEqual(namesWhere((one) => one.audiences.includes(audience)));
  });

  test('leads from the page of an area back to all', async () => {
    const page = await plainPage('/communities/area/pastoral');
    await chip(page, 'Area', 'All').click();
    await page.waitForURL('**/communities');
    expect(await shownNames(page)).toHaveLength(communities.length);
  });

  test('offers no field that would do nothing', async () => {
    const page = await plainPage('/communities');
    expect(await words(page).count()).toBe(0);
  });
});

describe('a community', () => {
  test('shows its pains with their potions', async () => {
    const page = await newPage();
    await page.goto('/communities/school-librarians');
    const ledger = page.getByRole('region', { name: 'Pains and potions' }).getByRole('listitem');
    expect(await ledger.first().innerText()).toMatch(
      /budget is normal[\s\S]+Librarians lay their budget lines/,
    );
  });

  test('introduces its hosts', async () => {
    const page = await newPage();
    await page.goto('/communities/school-librarians');
    const hosts = page.getByRole('region', { name: 'Your hosts' });
    expect(await hosts.innerText()).toMatch(/Marisol[\s\S]+Tomasz/);
  });

  test('leads to what came out of it', async () => {
    const page = await newPage();
    await page.goto('/communities/school-librarians');
    const resources = page.getByRole('region', { name: 'From this community' });
    await resources.getByRole('link', { name: /Weeding without regret/ }).click();
    await page.getByRole('heading', { level: 1, name: /Weeding without regret/ }).waitFor();
  });

  test('leads to communities close to it', async () => {
    const page = await newPage();
    await page.goto('/communities/school-librarians');
    const others = page.getByRole('region', { name: 'Close to this one' }).getByRole('heading', { level: 3 });
    expect(await others.allTextContents()).not.toContain('School Librarians');
  });
});
