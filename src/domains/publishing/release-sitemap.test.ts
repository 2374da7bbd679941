import { expect, test } from 'vitest';
import { sitemapFiles } from './release-sitemap.ts';

const site = 'https://peers.example.test';

test('a sitemap lists every page once, in order, and the index names it', () => {
  const files = sitemapFiles(site, ['/communities', '/', '/about']);
  expect([...files.keys()]).toEqual(['sitemap-0.xml', 'sitemap-index.xml']);
  expect(
    [...files.get('sitemap-0.xml')!.matchAll(/<loc>(.*?)<\/loc>/g)].map(([, address]) => address),
  ).toEqual([`${site}/`, `${site}/about`, `${site}/communities`]);
  expect(files.get('sitemap-index.xml')).toContain(`<sitemap><loc>${site}/sitemap-0.xml</loc></sitemap>`);
});

test('an address is written as XML and as an address', () => {
  const [, text] = [...sitemapFiles(site, ["/caf\u00e9's&co"])][0]!;
  expect(text).toContain(`<loc>${site}/caf%C3%A9&apos;s&amp;co</loc>`);
});

test('more pages than one file may list go into several', () => {
  const files = sitemapFiles(
    site,
    Array.from({ length: 45_001 }, (_, place) => `/p${place}`),
  );
  expect([...files.keys()]).toEqual(['sitemap-0.xml', 'sitemap-1.xml', 'sitemap-index.xml']);
});
