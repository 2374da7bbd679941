import type { Filters } from './pagefind.ts';
import { SearchPanel } from './search-panel.ts';

/** The search page: the panel, with its words and filters in the address. */
const query = new URLSearchParams(location.search);
const panel = new SearchPanel();
document.querySelector('[data-search-page]')!.replaceChildren(panel);

const { kind, topic } = Object.fromEntries(query);
const words = query.get('q') ?? '';
if (words) panel.ask(words, { ...(kind && { kind }), ...(topic && { topic }) });
else panel.focus();

panel.addEventListener('search-asked', (event) => {
  const { words, filters } = (event as CustomEvent<{ words: string; filters: Filters }>).detail;
  const address = new URLSearchParams({ ...(words && { q: words }), ...filters });
  history.replaceState(null, '', address.size ? `/search?${address}` : '/search');
});
