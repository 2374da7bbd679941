import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { newPage, useBrowser } from '../browser.ts';
import { entriesIn, type HandbookPage } from '../content.ts';

useBrowser();

const handbooks = [
  { handbook: 'members', title: 'Members Handbook' },
  { handbook: 'sams', title: 'SAM Handbook' },
  { handbook: 'hosts', title: 'Hosts Handbook' },
];
const pagesOf = (handbook: string) => entriesIn<HandbookPage>(`handbooks/${handbook}`);
const longDay = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' });

async function opened(path: string, options = {}) {
  const page = await newPage(options);
  await page.goto(path);
  return page;
}

const turnPage = (page: Page, name: RegExp) =>
  page.getByRole('navigation', { name: 'Previous and next page' }).getByRole('link', { name });

/** The pages that one gets to by turning them one way until there is none, without drawing each. Runs in a page. */
async function walkedBy([turn, first]: readonly ['Next' | 'Previous', string]): Promise<string[]> {
  const walked: string[] = [];
  for (let href: string | null = first; href; ) {
    walked.push(href);
    const html: string = await (await fetch(href)).text();
    const read = new DOMParser().parseFromString(html, 'text/html');
    const links = [...read.querySelectorAll('nav[aria-label="Previous and next page"] a')];
    href = links.find((link) => link.textContent.trim().startsWith(turn))?.getAttribute('href') ?? null;
  }
  return walked;
}
const hrefsOf = (page: Page, within: string) =>
  page
    .getByRole('main')
    .locator(within)
    .evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));

describe.each(handbooks)('the $title', ({ handbook, title }) => {
  test('lists each of its pages once in its contents', async () => {
    const page = await opened(`/handbooks/${handbook}`);
    const listed = await hrefsOf(page, 'ol ul a');
    expect(listed.sort()).toEqual(
      pagesOf(handbook)
        .map(({ slug }) => `/handbooks/${handbook}/${slug}`)
        .sort(),
    );
  });

  test('is read from its first page to its last with “Next”, and back with “Previous”', async () => {
    const page = await opened(`/handbooks/${handbook}`);
    const contents = await hrefsOf(page, 'ol ul a');
    await page.getByRole('link', { name: 'Start reading' }).click();
    await page.waitForURL(`**${contents[0]}`);
    await turnPage(page, /^Next/).click();
    await page.waitForURL(`**${contents[1]}`);
    expect(await page.evaluate(walkedBy, ['Next', contents[0]!] as const)).toEqual(contents);
    expect(await page.evaluate(walkedBy, ['Previous', contents.at(-1)!] as const)).toEqual(
      contents.toReversed(),
    );
  });

  test('marks the page that is open among its parts', async () => {
    const page = await opened(`/handbooks/${handbook}/welcome`);
    const marked = page.getByRole('navigation', { name: title }).locator('a[aria-current]:visible');
    expect(await marked.evaluateAll((links) => links.map((link) => link.getAttribute('href')))).toEqual([
      `/handbooks/${handbook}/welcome`,
    ]);
  });

  test('prints each of its pages once', async () => {
    const page = await opened(`/handbooks/${handbook}/print`);
    const printed = await page.getByRole('article').getByRole('heading', { level: 3 }).allTextContents();
    const titles = pagesOf(handbook).map((one) => one.title);
    expect(printed.filter((heading) => titles.includes(heading)).sort()).toEqual(titles.sort());
  });

  test('has no two places of the same name in print', async () => {
    const page = await opened(`/handbooks/${handbook}/print`);
    const ids = await page.locator('[id]').evaluateAll((elements) => elements.map(({ id }) => id));
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  test('leads only to places that are there in print', async () => {
    const page = await opened(`/handbooks/${handbook}/print`);
    const lost = await page
      .locator('a[href^="#"]')
      .evaluateAll((links) =>
        links
          .map((link) => decodeURIComponent(link.getAttribute('href')!))
          .filter((href) => !document.getElementById(href.slice(1))),
      );
    expect(lost).toEqual([]);
  });

  test('prints as a document of one to four sheets a page', async () => {
    const page = await opened(`/handbooks/${handbook}/print`);
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
    const sheets = pdf.match(/\/Type\s*\/Page\b/g)?.length ?? 0;
    const { length } = pagesOf(handbook);
    expect(sheets).toBeGreaterThan(length);
    expect(sheets).toBeLessThan(length * 4);
  });
});

describe('a handbook page', () => {
  const path = '/handbooks/hosts/session-checklist';

  test('leads to each of its sections', async () => {
    const page = await opened(path);
    const links = page.getByRole('navigation', { name: 'On this page' }).getByRole('link');
    const seen: string[] = [];
    for (const link of await links.all()) {
      await link.click();
      const heading = page.getByRole('heading', { level: 2, name: (await link.textContent())!, exact: true });
      const box = await heading.boundingBox();
      if (box && box.y >= 0 && box.y + box.height <= page.viewportSize()!.height)
        seen.push((await link.textContent())!);
    }
    expect(seen.length).toBeGreaterThan(1);
    expect(seen).toEqual(await links.allTextContents());
  });

  test('says when it was last updated', async () => {
    const page = await opened(path);
    const { updatedOn } = pagesOf('hosts').find(({ slug }) => slug === 'session-checklist')!;
    await page.getByText(`Last updated ${longDay.format(new Date(updatedOn))}`).waitFor();
  });

  test('shows its handbook’s pages beside it on a wide screen', async () => {
    const page = await opened(path, { viewport: { width: 1280, height: 900 } });
    const pages = page.getByRole('navigation', { name: 'Hosts Handbook' }).getByRole('link');
    expect(await pages.count()).toBe(pagesOf('hosts').length);
  });

  test('folds its handbook’s pages away on a narrow screen', async () => {
    const page = await opened(path, { viewport: { width: 390, height: 800 } });
    const pages = page.getByRole('navigation', { name: 'Hosts Handbook' }).getByRole('link');
    expect(await pages.count()).toBe(0);
  });

  test('unfolds its handbook’s pages on a narrow screen without JavaScript', async () => {
    const page = await opened(path, { viewport: { width: 390, height: 800 }, javaScriptEnabled: false });
    await page.getByText('Hosts Handbook: all pages').click();
    await page
      .getByRole('navigation', { name: 'Hosts Handbook' })
      .getByRole('link', { name: 'Welcome' })
      .first()
      .waitFor();
  });
});
