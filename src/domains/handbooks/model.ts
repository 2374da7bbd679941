/** The three handbooks, by the name in their address. */
export const handbooks = {
  members: {
    title: 'Members Handbook',
    for: 'For everyone with a membership',
    lead: 'From the activation link to a support group of your own: how to get the most from your peers, a little at a time.',
  },
  sams: {
    title: 'SAM Handbook',
    for: 'For School Account Managers',
    lead: 'How to bring a whole staff in, see who takes part, and show your school what its membership does.',
  },
  hosts: {
    title: 'Hosts Handbook',
    for: 'For hosts and co-hosts',
    lead: 'Plan, promote and run four live sessions that colleagues make time for, with help at every step.',
  },
} as const;

export type Handbook = keyof typeof handbooks;

/** A page as lists and navigation need it; `id` is `members/welcome`. */
export type HandbookPage = { id: string; title: string; summary: string; part: string; order: number };
/** A part of a handbook, in its place. */
export type HandbookPart = { id: string; title: string; summary: string; handbook: Handbook; order: number };
/** A part with its pages in reading order. */
export type HandbookChapter = HandbookPart & { pages: HandbookPage[] };

/** The handbook that a page belongs to: the first part of its id. Throws on an id of no handbook. */
export function handbookOf(pageId: string): Handbook {
  const name = pageId.split('/')[0] ?? '';
  if (name in handbooks) return name as Handbook;
  throw new Error(`No handbook has a page “${pageId}”.`);
}

const byOrder = (a: { order: number; title: string }, b: { order: number; title: string }) =>
  a.order - b.order || a.title.localeCompare(b.title);

/** All chapters of one handbook in reading order; parts without pages are left out. */
export function chaptersOf(
  handbook: Handbook,
  parts: HandbookPart[],
  pages: HandbookPage[],
): HandbookChapter[] {
  const pagesByPart = Map.groupBy(pages, (page) => page.part);
  return parts
    .filter((part) => part.handbook === handbook)
    .sort(byOrder)
    .map((part) => ({ ...part, pages: (pagesByPart.get(part.id) ?? []).sort(byOrder) }))
    .filter((chapter) => chapter.pages.length > 0);
}

/** The pages before and after one, across parts. */
export function neighboursOf(
  pageId: string,
  chapters: HandbookChapter[],
): { previous?: HandbookPage; next?: HandbookPage } {
  const pages = chapters.flatMap((chapter) => chapter.pages);
  const place = pages.findIndex((page) => page.id === pageId);
  const previous = place > 0 ? pages[place - 1] : undefined;
  const next = place >= 0 ? pages[place + 1] : undefined;
  return { ...(previous && { previous }), ...(next && { next }) };
}

/** A part as the navigation beside a page lists it: only `pages`, where `hidden` more of them are left out. */
export type NavigationPart = { title: string; pages: HandbookPage[]; hidden: number };

/** Handbooks up to this many pages are listed in full beside each page. */
const largestFullList = 60;
/** In a larger handbook, how many pages of the same part are listed on either side of the page itself. */
const listedNearby = 10;

/**
 * What the navigation beside a page lists: every page of a handbook that people can take in at a glance; in a larger
 * one the page’s neighbours in its part, and of each other part the first page. So a page does not grow with the handbook.
 */
export function navigationOf(pageId: string, chapters: HandbookChapter[]): NavigationPart[] {
  const size = chapters.reduce((count, { pages }) => count + pages.length, 0);
  return chapters.map(({ title, pages }) => {
    if (size <= largestFullList) return { title, pages, hidden: 0 };
    const place = pages.findIndex((page) => page.id === pageId);
    const listed =
      place >= 0
        ? pages.slice(Math.max(0, place - listedNearby), place + listedNearby + 1)
        : pages.slice(0, 1);
    return { title, pages: listed, hidden: pages.length - listed.length };
  });
}
