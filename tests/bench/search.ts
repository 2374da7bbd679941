import { chromium, type Page, type Request } from 'playwright-core';
import { bodyBytes, browserArgs } from './browser.ts';
import { type Bench, type Measure, progress, quantile } from './measure.ts';

/** What a visitor may ask first: one word, two, and letters that many words begin with. */
const firstQueries = ['rsvp', 'support group', 'activation link', 'calendar', 'slide deck'];
/** What members look for, as they would write it. */
const queries = [
  'time zones',
  'activation link',
  'rsvp',
  'recording',
  'slide deck',
  'librarian',
  'phonics',
  'welcome survey',
  'confidentiality',
  'moderator',
  'calendar',
  'partner association',
  'privacy',
  'renewal',
  'coach',
  'reflection',
  'agenda template',
  'safeguarding',
  'launch kit',
  'attendance',
  'daily digest',
  'membership price',
  'workshop',
  'mathematics',
];
const millisecondsBetweenLetters = 90;

/** What search loads for the first query, and how long the last letter waits for results once it is warm. */
export async function measureSearch({ site, browser: executablePath, runs }: Bench): Promise<Measure[]> {
  const { url } = await site();
  const browser = await chromium.launch({ executablePath, args: browserArgs });
  try {
    const kilobytes: number[] = [];
    const first: number[] = [];
    const warm: number[] = [];
    for (const [index, firstQuery] of firstQueries.slice(0, runs(firstQueries.length)).entries()) {
      progress(`Search ${index + 1}: ${1 + queries.length} queries…`);
      const page = await (await browser.newContext()).newPage();
      await page.goto(url, { waitUntil: 'networkidle' });
      const requests: Request[] = [];
      page.on('request', (request) => requests.push(request));
      await page.keyboard.press('/');
      await page.getByRole('dialog', { name: 'Search' }).waitFor();
      first.push(await answerTime(page, firstQuery));
      await page.waitForLoadState('networkidle');
      const sizes = await Promise.all(requests.map(bodyBytes));
      kilobytes.push(sizes.reduce((sum, bytes) => sum + bytes, 0) / 1024);
      for (const query of queries) warm.push(await answerTime(page, query));
      await page.context().close();
    }
    return [
      { name: 'search: loaded for a first query', unit: 'KB', values: kilobytes, target: { atMost: 150 } },
      { name: 'search: first query, from its last letter', unit: 'ms', values: first },
      {
        name: 'search: warm, from the last letter to results',
        unit: 'ms',
        values: warm,
        target: { atMost: 100 },
        note: `${warm.length} queries`,
      },
      {
        name: 'search: warm, 95th percentile',
        unit: 'ms',
        values: [quantile(warm, 0.95)],
        target: { atMost: 100 },
      },
    ];
  } finally {
    await browser.close();
  }
}

/**
 * Types a query letter by letter into the open dialog. Milliseconds from the key of the last letter to the change of
 * the page that shows what it found. Throws when it found nothing, or showed something else.
 */
async function answerTime(page: Page, query: string): Promise<number> {
  const field = page.getByRole('dialog').getByRole('searchbox');
  await field.fill('');
  await page.evaluate(() => {
    const panel = document.querySelector('dialog search-panel')!;
    const times = { key: 0, shown: 0 };
    Object.assign(window, { benchTimes: times });
    panel.querySelector('input')!.addEventListener('keydown', (event) => {
      times.key = event.timeStamp;
      times.shown = 0;
    });
    // Answers to earlier letters are dropped once a later one is typed, so the first change belongs to the last letter.
    new MutationObserver(() => {
      times.shown ||= performance.now();
    }).observe(panel.querySelector('.search-results')!, { childList: true });
  });
  await field.pressSequentially(query, { delay: millisecondsBetweenLetters });
  const taken = await page.waitForFunction(() => {
    const { key, shown } = (window as unknown as { benchTimes: { key: number; shown: number } }).benchTimes;
    return shown > key && shown - key;
  });
  const milliseconds = Number(await taken.jsonValue());
  const results = await page.locator('dialog .search-results > li').count();
  if (results === 0) throw new Error(`Searching for “${query}” found nothing.`);
  return milliseconds;
}
