import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { newPage, type PageOptions, useBrowser } from '../browser.ts';

useBrowser();

type PageType = {
  name: string;
  path: string;
  options?: PageOptions;
  prepare?: (page: Page) => Promise<void>;
};

const resultsFor = async (page: Page, words: string) => {
  await page.getByRole('searchbox').fill(words);
  await page.getByRole('status').filter({ hasText: /page/ }).waitFor();
};

const pageTypes: PageType[] = [
  { name: 'the home page', path: '/' },
  { name: 'the communities', path: '/communities' },
  {
    name: 'the communities when none fits',
    path: '/communities?q=zzzz',
    prepare: (page) => page.getByText('Nothing fits all of these filters.').waitFor(),
  },
  { name: 'the page of an area', path: '/communities/area/pastoral' },
  { name: 'a community', path: '/communities/school-librarians' },
  { name: 'the handbooks', path: '/handbooks' },
  { name: 'a handbook', path: '/handbooks/members' },
  { name: 'a handbook page with a table and steps', path: '/handbooks/hosts/session-checklist' },
  { name: 'a handbook page with questions', path: '/handbooks/members/questions-and-answers' },
  { name: 'a handbook to print', path: '/handbooks/sams/print' },
  { name: 'the resources', path: '/resources' },
  { name: 'an article', path: '/resources/three-networks-every-educator-needs' },
  {
    name: 'a template',
    path: '/resources/support-group-invitation-text',
    prepare: (page) => page.getByRole('button', { name: 'Copy' }).first().waitFor(),
  },
  { name: 'a recording', path: '/resources/watch-a-live-session-take-shape' },
  { name: 'a members’ resource', path: '/resources/vendor-data-review-starter' },
  { name: 'the reading room of a members’ resource', path: '/resources/vendor-data-review-starter/read' },
  { name: 'how it works', path: '/how-it-works' },
  { name: 'membership', path: '/membership' },
  { name: 'contact', path: '/contact' },
  { name: 'privacy', path: '/privacy' },
  {
    name: 'search with results',
    path: '/search',
    prepare: (page) => resultsFor(page, 'time zones'),
  },
  {
    name: 'search without a result',
    path: '/search?q=zzzzqq',
    prepare: (page) => page.getByText('Nothing found').waitFor(),
  },
  {
    name: 'the search dialog',
    path: '/',
    prepare: async (page) => {
      await page.keyboard.press('/');
      await resultsFor(page, 'RSVP');
    },
  },
  { name: 'a page that is not there', path: '/no-such-page', options: { expected: /404/ } },
];

const narrow = { width: 320, height: 720 };
const wide = { width: 1280, height: 900 };

/** Opens a page type with everything on it unfolded, ready to look at. */
async function open({ path, options, prepare }: PageType, more: PageOptions = {}) {
  const page = await newPage({ viewport: narrow, ...options, ...more });
  await page.goto(path);
  await prepare?.(page);
  await page.evaluate(() => {
    for (const details of document.querySelectorAll<HTMLDetailsElement>('main details')) details.open = true;
  });
  return page;
}

async function violations(page: Page) {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const found = await new AxeBuilder({ page }).withTags(tags).analyze();
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

describe.each([
  { colorScheme: 'light' as const, viewport: wide },
  { colorScheme: 'dark' as const, viewport: narrow },
])('in $colorScheme colours at $viewport.width px', ({ colorScheme, viewport }) => {
  test.each(pageTypes)('axe finds nothing wrong with $name', async (pageType) => {
    const page = await open(pageType, { colorScheme, viewport });
    expect(await violations(page)).toEqual([]);
  });

  test('axe finds nothing wrong with the open menu of a narrow page', async () => {
    const page = await newPage({ colorScheme, viewport: narrow });
    await page.goto('/');
    await page.getByRole('banner').getByText('Menu').click();
    expect(await violations(page)).toEqual([]);
  });
});

describe('at 320 px', () => {
  test.each(pageTypes)('$name does not scroll sideways', async (pageType) => {
    const page = await open(pageType);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(narrow.width);
  });

  test.each(pageTypes)('every target of $name is 24 px large or stands in a sentence', async (pageType) => {
    const page = await open(pageType);
    expect(await page.evaluate(smallTargets)).toEqual([]);
  });
});

/**
 * Targets below 24 by 24 CSS px (WCAG 2.2, 2.5.8). Measured by what a press would hit, so that a link that covers its
 * card counts as its card. Runs in the page.
 */
function smallTargets(): string[] {
  const half = 11.9;
  const scope = document.querySelector('dialog[open]') ?? document.body;
  return [...scope.querySelectorAll<HTMLElement>('a[href], button, input, select, summary')]
    .filter((target) => target.checkVisibility({ visibilityProperty: true }))
    .filter((target) => !target.matches('.skip')) // off the page until it has focus
    .filter((target) => !target.closest('[aria-hidden="true"]')) // off the page, for programs
    .filter((target) => !isInSentence(target))
    .filter((target) => !isHitAround(target))
    .map((target) => `${target.outerHTML.slice(0, 120)} ${JSON.stringify(target.getBoundingClientRect())}`);

  function isHitAround(target: HTMLElement) {
    target.scrollIntoView({ block: 'center', behavior: 'instant' });
    return [...target.getClientRects()].some((line) => isHitAroundMiddle(target, line));
  }

  function isHitAroundMiddle(target: HTMLElement, { left, right, top, bottom }: DOMRect) {
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const corners = [
      [x - half, y - half],
      [x + half, y - half],
      [x - half, y + half],
      [x + half, y + half],
    ] as const;
    return corners.every((corner) => target.contains(document.elementFromPoint(...corner)));
  }

  function isInSentence(target: HTMLElement) {
    if (getComputedStyle(target).display !== 'inline') return false;
    let block = target.parentElement!;
    while (getComputedStyle(block).display === 'inline') block = block.parentElement!;
    const around = [...block.childNodes]
      .filter((node) => !(node instanceof Element) || getComputedStyle(node).display === 'inline')
      .map((node) => node.textContent)
      .join('');
    return /\p{L}/u.test(around.replace(target.textContent, ''));
  }
}

describe('by keyboard', () => {
  test('the first stop leads past the header, into the content', async () => {
    const page = await newPage();
    await page.goto('/communities');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('MAIN');
  });

  test('the link past the header is seen when it has focus', async () => {
    const page = await newPage();
    await page.goto('/');
    await page.keyboard.press('Tab');
    const box = await page.getByRole('link', { name: 'Skip to the content' }).boundingBox();
    expect(box?.y).toBeGreaterThanOrEqual(0);
  });

  test.each([narrow, wide])('each stop on the home page shows its focus at $width px', async (viewport) => {
    const page = await newPage({ viewport });
    await page.goto('/');
    const stops = await page.evaluate(
      () =>
        [...document.querySelectorAll<HTMLElement>('a[href], button, input, select, summary')].filter(
          (stop) => stop.checkVisibility(),
        ).length,
    );
    const unseen: string[] = [];
    for (let stop = 0; stop < stops; stop++) {
      await page.keyboard.press('Tab');
      const plain = await page.evaluate(() => {
        const focused = document.activeElement as HTMLElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(focused);
        const shows = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
        return shows && focused !== document.body ? undefined : focused.outerHTML.slice(0, 120);
      });
      if (plain) unseen.push(plain);
    }
    expect(unseen).toEqual([]);
  });
});

describe('for somebody who asked for less motion', () => {
  const countAnimated = (page: Page) =>
    page.evaluate(
      () =>
        [...document.querySelectorAll('*')].filter((element) => {
          const { transitionDuration, animationDuration } = getComputedStyle(element);
          return [transitionDuration, animationDuration]
            .flatMap((durations) => durations.split(','))
            .some((duration) => Number.parseFloat(duration) > 0.001);
        }).length,
    );

  test('nothing on a page moves', async () => {
    const page = await newPage({ reducedMotion: 'reduce' });
    await page.goto('/');
    expect(await countAnimated(page)).toBe(0);
  });

  test.each([
    { reducedMotion: 'reduce', wish: 'cut', transition: false },
    { reducedMotion: 'no-preference', wish: 'fade for everybody else', transition: true },
  ] as const)('pages $wish', async ({ reducedMotion, transition }) => {
    const page = await newPage({ reducedMotion });
    await page.addInitScript(() => {
      window.addEventListener('pagereveal', (event) => {
        document.documentElement.dataset['transition'] = String(event.viewTransition !== null);
      });
    });
    await page.goto('/');
    await page.getByRole('link', { name: 'Find your community' }).first().click();
    await page.waitForURL('**/communities');
    await expect.poll(() => page.locator('html').getAttribute('data-transition')).toBe(String(transition));
  });
});
