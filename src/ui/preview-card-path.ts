import { env } from '../platform/env.ts';

/** Where the preview card of a page is: one of its own, or the site’s for the home page and where builds share one. */
export function previewCardPath(pagePath: string): string {
  return env.previewCards === 'page' && pagePath !== '/' ? `/og${pagePath}.png` : '/og/site.png';
}
