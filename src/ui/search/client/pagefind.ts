/** A place where words were found: the page itself or a section of it. */
export type FoundPlace = { title: string; href: string; excerpt: string };
/** A page with its sections. `locked`: only members read it in full. */
export type FoundPage = FoundPlace & { kind: string; locked: boolean; sections: FoundPlace[] };
/** All that was found: `page(n)` loads one result, so that only those on screen cost anything. */
export type Found = { count: number; page: (index: number) => Promise<FoundPage>; choices: Choices };
/** How many pages each choice of a filter holds, for the words as they are and no other filter. */
export type Choices = Record<'kind' | 'topic', Record<string, number>>;
export type Filters = Partial<Record<'kind' | 'topic', string>>;

type RawPlace = { title: string; url: string; excerpt: string };
type RawPage = {
  url: string;
  excerpt: string;
  meta: Record<string, string>;
  filters: Record<string, string[]>;
  sub_results: RawPlace[];
};
type Pagefind = {
  options(options: Record<string, unknown>): Promise<void>;
  init(): Promise<void>;
  preload(term: string): Promise<void>;
  filters(): Promise<Record<string, Record<string, number>>>;
  search(
    term: string,
    options: { filters: Record<string, string> },
  ): Promise<{
    results: { data(): Promise<RawPage> }[];
    totalFilters: Record<string, Record<string, number>>;
  }>;
};

let loading: Promise<Pagefind> | undefined;

/** Loads the index; after a failure the next call tries again. */
export function loadIndex(): Promise<Pagefind> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<Pagefind> {
  const address = '/pagefind/pagefind.js';
  const pagefind: Pagefind = await import(/* @vite-ignore */ address);
  await pagefind.options({ excerptLength: 22, highlightParam: 'highlight' });
  await pagefind.init();
  await pagefind.filters(); // without this, searches come back without the counts of the filters
  return pagefind;
}

/** Every choice there is, before anything was asked. */
export async function allChoices(): Promise<Choices> {
  return choicesOf(await (await loadIndex()).filters());
}

const choicesOf = (filters: Record<string, Record<string, number>>): Choices => ({
  kind: filters['kind'] ?? {},
  topic: filters['topic'] ?? {},
});

/** Searches the public pages. */
export async function searchSite(term: string, filters: Filters): Promise<Found> {
  const pagefind = await loadIndex();
  const { results, totalFilters } = await pagefind.search(term, { filters });
  if (results.length === 0) await checkConnection();
  return {
    count: results.length,
    page: async (index) => pageOf(await results[index]!.data()),
    choices: choicesOf(totalFilters),
  };
}

/** Pagefind takes a part of the index that it could not fetch for an empty one: throws when nothing can be fetched now. */
async function checkConnection() {
  const { ok } = await fetch('/pagefind/pagefind-entry.json', { method: 'HEAD', cache: 'no-store' });
  if (!ok) throw new Error('The search index is not there.');
}

function pageOf(raw: RawPage): FoundPage {
  const sections = raw.sub_results.filter((place) => place.url.includes('#')).slice(0, 3);
  return {
    title: raw.meta['title'] ?? raw.url,
    href: cleaned(raw.url),
    excerpt: raw.excerpt,
    kind: raw.filters['kind']?.[0] ?? '',
    locked: raw.meta['locked'] === 'yes',
    sections: sections.map((place) => ({
      title: place.title,
      href: cleaned(place.url),
      excerpt: place.excerpt,
    })),
  };
}

/** Pages have addresses without a closing slash. */
function cleaned(url: string): string {
  return url.replace(/(?:index)?\.html(?=$|[?#])/, '').replace(/(.)\/(?=$|[?#])/, '$1');
}
