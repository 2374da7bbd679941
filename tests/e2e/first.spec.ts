import { expect, test } from 'vitest';
import { newPage, useBrowser } from '../browser.ts';

useBrowser();

test('the home page opens', async () => {
  const page = await newPage();
  await page.goto('/');
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('Meet the others');
});
