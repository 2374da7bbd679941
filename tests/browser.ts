import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';
import { ensureBrowser } from './find-browser.ts';

type Visit = { page: Page; complaints: string[] };

let browser: Browser;
const visits: Visit[] = [];

/** Starts one browser for a test file. After each test its pages close, and what they complained of fails the test. */
export function useBrowser() {
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: ensureBrowser(),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    const complaints = visits.flatMap((visit) => visit.complaints);
    await Promise.all(visits.map(({ page }) => page.context().close()));
    visits.length = 0;
    expect(complaints).toEqual([]);
  });
}

export type PageOptions = BrowserContextOptions & {
  /** Origin of the site; the shared one where left out. */
  baseURL?: string;
  /** Complaints that the test is about, and that therefore do not fail it. */
  expected?: RegExp;
};

/**
 * A page in a context of its own. Errors in its console, errors it throws and any request to another origin are
 * complaints; they fail the test when it ends.
 */
export async function newPage({ expected, ...options }: PageOptions = {}): Promise<Page> {
  const baseURL = options.baseURL ?? inject('siteUrl');
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options, baseURL });
  const page = await context.newPage();
  const visit: Visit = { page, complaints: [] };
  const complain = (text: string) => {
    if (!expected?.test(text)) visit.complaints.push(text);
  };
  page.on('console', (message) => message.type() === 'error' && complain(`console: ${message.text()}`));
  page.on('pageerror', (error) => complain(`error: ${error.message}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== baseURL && !['data:', 'blob:', 'about:'].includes(url.protocol))
      complain(`other origin: ${url}`);
  });
  visits.push(visit);
  return page;
}
