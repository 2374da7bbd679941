/** Rows a list shows at a time. */
const pageSize = 25;

/** What somebody asked of a list: words to find, an order, and which page of it. */
export type ListView<Sort extends string = string> = {
  q: string;
  sort: Sort;
  descending: boolean;
  /** From 1. */
  page: number;
  offset: number;
  limit: number;
};

const longestSearch = 100;
/** Far beyond any list we have, and small enough that an offset stays cheap. */
const lastPage = 4000;

/**
 * What `?q=&sort=&page=` asks for. `sort` names one of `sorts`, with `-` before it from the last to the first; anything
 * else means `initial`. A page that is no whole number from 1 means the first. A page has 25 rows, or `limit`.
 */
export function listView<Sort extends string>(
  params: URLSearchParams,
  sorts: readonly Sort[],
  initial: NoInfer<Sort> | `-${NoInfer<Sort>}`,
  limit = pageSize,
): ListView<Sort> {
  const asked = params.get('sort') ?? '';
  const chosen = sorts.some((sort) => asked === sort || asked === `-${sort}`) ? asked : initial;
  const descending = chosen.startsWith('-');
  const page = pageFrom(params.get('page') ?? '');
  return {
    q: searchFrom(params.get('q') ?? ''),
    sort: (descending ? chosen.slice(1) : chosen) as Sort,
    descending,
    page,
    offset: (page - 1) * limit,
    limit,
  };
}

/** How many pages `total` rows take: at least 1. */
export function pageCount(total: number, limit = pageSize): number {
  return Math.max(1, Math.ceil(total / limit));
}

/**
 * The address of the same list with some of its parameters changed; null or an empty text takes one away. The page starts
 * again at the first unless it is what changes, and a notice (`done`) is not shown twice.
 */
export function hrefWith(url: URL, changes: Readonly<Record<string, string | number | null>>): string {
  const params = new URLSearchParams(url.search);
  params.delete('page');
  params.delete('done');
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') params.delete(name);
    else params.set(name, String(value));
  }
  const query = params.toString();
  return query ? `${url.pathname}?${query}` : url.pathname;
}

/** Where the head of a column leads: its order, or the other way round where the list stands in it already. */
export function sortHref(url: URL, list: ListView, sort: string, first: 'ascending' | 'descending'): string {
  const descending = list.sort === sort ? !list.descending : first === 'descending';
  return hrefWith(url, { sort: descending ? `-${sort}` : sort });
}

/** Whether the address narrows the list: by words, a filter or a page, and not only by its order. */
export function isNarrowed(url: URL): boolean {
  return [...url.searchParams].some(([name, value]) => name !== 'sort' && name !== 'done' && value !== '');
}

function pageFrom(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) return 1;
  return Math.min(Number(text), lastPage);
}

function searchFrom(text: string): string {
  // Control characters end no statement and no log line here, but nobody means them.
  return [
    ...text
      .replace(/\p{Cc}+/gu, ' ')
      .trim()
      .normalize(),
  ]
    .slice(0, longestSearch)
    .join('');
}
