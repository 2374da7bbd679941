/** Addresses that one file of a sitemap may list (sitemaps.org allows 50,000). */
const mostInAFile = 45_000;

const head = '<?xml version="1.0" encoding="UTF-8"?>';
const names = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"';

/** The sitemap of the pages at `pathnames` on the site at `siteUrl`, as texts by file name; the index is `sitemap-index.xml`. */
export function sitemapFiles(siteUrl: string, pathnames: readonly string[]): Map<string, string> {
  const addresses = pathnames.map((pathname) => new URL(pathname, siteUrl).href).sort();
  const files = new Map<string, string>();
  for (let first = 0; first < Math.max(1, addresses.length); first += mostInAFile) {
    const listed = addresses
      .slice(first, first + mostInAFile)
      .map((address) => `<url>${location(address)}</url>`);
    files.set(`sitemap-${files.size}.xml`, `${head}<urlset ${names}>${listed.join('')}</urlset>`);
  }
  const parts = [...files.keys()].map((file) => `<sitemap>${location(`${siteUrl}/${file}`)}</sitemap>`);
  files.set('sitemap-index.xml', `${head}<sitemapindex ${names}>${parts.join('')}</sitemapindex>`);
  return files;
}

const location = (address: string) =>
  `<loc>${address.replaceAll('&', '&amp;').replaceAll("'", '&apos;')}</loc>`;
