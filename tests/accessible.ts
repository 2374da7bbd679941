import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright-core';

export const narrow = { width: 320, height: 720 };
export const wide = { width: 1280, height: 900 };

/** What axe finds wrong with a page as it stands, as the rule and the elements that break it. */
export async function violations(page: Page) {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const axe = new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).withTags(tags);
  const found = await axe.setLegacyMode().analyze(); // no frame of another origin is on any page
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/** What is wrong with the page as it stands, each with the rule that it breaks. */
async function problems(page: Page) {
  const { width } = page.viewportSize()!;
  const scrolled = await page.evaluate(() => document.documentElement.scrollWidth);
  return [
    ...(await violations(page)),
    ...(scrolled > width ? [`scrolls sideways: ${scrolled} px wide`] : []),
    ...(width === narrow.width ? await page.evaluate(smallTargets) : []).map(
      (target) => `smaller than 24 px: ${target}`,
    ),
  ];
}

/** Wide and light, narrow and dark: each page type is looked at in both. */
export const looks = [
  { colorScheme: 'light', viewport: wide },
  { colorScheme: 'dark', viewport: narrow },
] as const;

/** Resolves once the page was drawn: media queries learn of a new width with the next frame. Runs in the page. */
const settled = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

/** What is wrong with a page in each look, by its colours. It is opened once and changes its look as a device that is turned. */
export async function problemsInEachLook(page: Page) {
  const found: Record<string, string[]> = {};
  for (const { colorScheme, viewport } of looks) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await page.evaluate(settled);
    found[colorScheme] = await problems(page);
  }
  return found;
}

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
    .filter((target) => innerWidth > 736 || !target.closest('.table thead')) // off a narrow one until then
    .filter((target) => !target.closest('[aria-hidden="true"]')) // off the page, for programs
    .filter((target) => !isInSentence(target))
    .filter((target) => !isHitAround(target))
    .map((target) => `${target.outerHTML.slice(0, 120)} ${JSON.stringify(target.getBoundingClientRect())}`);

  function isHitAround(target: HTMLElement) {
    target.scrollIntoView({ block: 'center', behavior: 'instant' });
    const hits = [target, ...((target as HTMLInputElement).labels ?? [])]; // a press on its label counts
    return hits.some((hit) => [...hit.getClientRects()].some((line) => isHitAroundMiddle(hits, line)));
  }

  function isHitAroundMiddle(hits: HTMLElement[], { left, right, top, bottom }: DOMRect) {
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const corners = [
      [x - half, y - half],
      [x + half, y - half],
      [x - half, y + half],
      [x + half, y + half],
    ] as const;
    return corners.every((corner) => hits.some((hit) => hit.contains(document.elementFromPoint(...corner))));
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
