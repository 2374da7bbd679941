/** Public pages whose address is fixed and whose page is not an entry of a collection. */
export const fixedPages = [
  '/',
  '/communities',
  '/handbooks',
  '/handbooks/members',
  '/handbooks/members/print',
  '/handbooks/sams',
  '/handbooks/sams/print',
  '/handbooks/hosts',
  '/handbooks/hosts/print',
  '/resources',
  '/resources/rss.xml',
  '/search',
  '/sitemap-index.xml',
  '/robots.txt',
] as const;

/** Public pages that are answered on demand: content and static pages may link to them. */
export const onDemandPages = ['/join', '/sign-in', '/forgot-password', '/sessions'] as const;

/** First parts of addresses that the product itself answers: a page of content may not take one. */
export const reservedNames: readonly string[] = [
  '404',
  '500',
  '_astro',
  '_image',
  '_server-islands',
  'activate',
  'api',
  'attendance',
  'calendar',
  'communities',
  'fonts',
  'forgot-password',
  'groups',
  'handbooks',
  'healthz',
  'host',
  'join',
  'keystatic',
  'live-sessions',
  'me',
  'og',
  'pagefind',
  'pictures',
  'readyz',
  'record',
  'reset-password',
  'resources',
  'rsvp',
  'sam',
  'search',
  'sessions',
  'set-up',
  'sign-in',
  'sign-out',
  'staff',
  'unsubscribe',
  'verify',
  'webhooks',
];

/** Names below a collection's address that list pages take: `/communities/area/teaching`, `/handbooks/sams/print`. */
export const reservedBelow: Readonly<Record<string, readonly string[]>> = {
  communities: ['area', 'audience'],
  resources: ['kind', 'topic', 'community', 'rss.xml'],
  'member-resources': ['kind', 'topic', 'community', 'rss.xml'],
  'handbook-pages': ['print'],
};

/** The path of a link without its query and place on the page, and without a closing slash. */
export function pathOf(href: string): string {
  const end = href.search(/[?#]/);
  let path = end < 0 ? href : href.slice(0, end);
  while (path.length > 1 && path.endsWith('/')) path = path.slice(0, -1);
  return path;
}

/** Names that the product answers with pages for everybody; below its others nothing is of use to a search engine. */
const listedNames = new Set(['communities', 'handbooks', 'resources']);

/** Whether search engines are told of a page: not of forms and members’ pages, nor of those that repeat others. */
export function isInSitemap(path: string): boolean {
  const [, first = '', second] = path.split('/');
  if (reservedNames.includes(first) && !listedNames.has(first)) return false;
  if (first === 'contact' && second) return false;
  return !/^\/handbooks\/[^/]+\/print$/.test(path);
}

/**
 * Entries that the site's own pages link to or build on, by file. Editors may rewrite them, but not remove or rename them.
 */
export const requiredEntries: readonly string[] = [
  'pages/about.mdoc',
  'pages/code-of-conduct.mdoc',
  'pages/contact.mdoc',
  'pages/how-it-works.mdoc',
  'pages/membership.mdoc',
  'pages/privacy.mdoc',
  'handbooks/hosts/season-calendar.mdoc',
  'handbooks/hosts/what-a-host-does.mdoc',
];
