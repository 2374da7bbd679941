import { counted, foldForSearch } from '../../lib/text.ts';

/**
 * Narrows a list as people choose and type. Items carry what they match in `data-<filter>` (several, with spaces) and
 * `data-words`; the choice stands in the page's address, so that it can be shared and gone back to.
 * Without this script the choices are links to pages of their own.
 */
class FilterList extends HTMLElement {
  readonly #rows = [...this.querySelectorAll<HTMLElement>('[data-filter]')];
  readonly #text = this.querySelector<HTMLInputElement>('[data-filter-text] input');

  connectedCallback() {
    if (!this.#text || location.pathname !== this.dataset['base']) return;
    this.#text.closest<HTMLElement>('[data-filter-text]')!.hidden = false;
    this.addEventListener('click', (event) => this.#choose(event));
    this.#text.addEventListener('input', () => this.#narrow('replace'));
    window.addEventListener('popstate', () => this.#readAddress());
    this.#readAddress();
  }

  #readAddress() {
    const query = new URLSearchParams(location.search);
    for (const row of this.#rows) this.#mark(row, query.get(row.dataset['filter']!) ?? '');
    this.#text!.value = query.get('q') ?? '';
    this.#narrow('keep');
  }

  #choose(event: MouseEvent) {
    const chip = (event.target as Element).closest<HTMLAnchorElement>('a.chip');
    const row = chip?.closest<HTMLElement>('[data-filter]');
    if (!chip || !row || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    this.#mark(row, chip.dataset['value'] ?? '');
    this.#narrow('push');
  }

  #counted(count: number) {
    return counted(count, this.dataset['one']!, this.dataset['many']!);
  }

  #mark(row: HTMLElement, value: string) {
    const chips = [...row.querySelectorAll<HTMLElement>('a.chip')];
    const chosen = chips.find((chip) => chip.dataset['value'] === value) ?? chips[0];
    for (const chip of chips) {
      if (chip === chosen) chip.setAttribute('aria-current', 'true');
      else chip.removeAttribute('aria-current');
    }
  }

  #narrow(history: 'push' | 'replace' | 'keep') {
    const choices = this.#rows
      .map(
        (row) =>
          [
            row.dataset['filter']!,
            row.querySelector<HTMLElement>('[aria-current]')?.dataset['value'] ?? '',
          ] as const,
      )
      .filter(([, value]) => value);
    const words = foldForSearch(this.#text!.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of this.querySelectorAll<HTMLElement>('[data-words]')) {
      const fits =
        choices.every(([name, value]) => item.dataset[name]?.split(' ').includes(value)) &&
        words.every((word) => item.dataset['words']!.includes(word));
      item.hidden = !fits;
      if (fits) shown++;
    }
    for (const group of this.querySelectorAll<HTMLElement>('[data-filter-group]')) {
      const left = group.querySelectorAll('[data-words]:not([hidden])').length;
      group.hidden = left === 0;
      group.querySelector('[data-filter-count]')!.textContent = this.#counted(left);
    }
    this.querySelector<HTMLElement>('[data-filter-empty]')!.hidden = shown > 0;
    this.querySelector('[role=status]')!.textContent = this.#counted(shown);
    if (history === 'keep') return;
    const query = new URLSearchParams([
      ...choices.map(([name, value]) => [name, value]),
      ...(words.length ? [['q', this.#text!.value]] : []),
    ]);
    const address = query.size ? `${location.pathname}?${query}` : location.pathname;
    if (history === 'push') window.history.pushState(null, '', address);
    else window.history.replaceState(null, '', address);
  }
}

customElements.define('filter-list', FilterList);
