/**
 * What a code build keeps as `code/renderer/`, in one bundle: Astro’s app for static pages, and our own program that makes
 * releases with it. A bundle starts in a third of the time that its modules take one by one. `build-release.ts` runs it.
 */
export { app } from 'astro/entrypoints/prerender';
export { StaticPaths } from 'astro/runtime/prerender/static-paths.js';
export { checkContent } from '../domains/content/check-content.ts';
export { buildRelease } from '../domains/publishing/build-release.ts';
export { renderOnePage } from '../domains/publishing/render-one-page.ts';
export { openSiteIndex } from '../domains/search/index-site.ts';
export { env } from '../platform/env.ts';
