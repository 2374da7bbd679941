import { counted } from '../../../lib/text.ts';
import {
  allChoices,
  type Choices,
  type Filters,
  type Found,
  type FoundPage,
  type FoundPlace,
  loadIndex,
  searchSite,
} from './pagefind.ts';

const pageSize = 8;

/** The search interface: a field, two filters, results as people type. The dialog and the search page both hold one. */
export class SearchPanel extends HTMLElement {
  readonly #input = element('input', {
    type: 'search',
    id: 'search-words',
    autocomplete: 'off',
    spellcheck: false,
    className: 'field',
    enterKeyHint: 'search',
  });
  readonly #selects = { kind: this.#select('kind'), topic: this.#select('topic') };
  readonly #status = element('p', { className: 'search-status', role: 'status' });
  readonly #list = element('ol', { className: 'search-results', role: 'list' });
  readonly #more = element('button', {
    type: 'button',
    className: 'button button-quiet',
    textContent: 'Show more',
    hidden: true,
  });
  readonly #help = element('div', { className: 'search-help' });
  #latest = 0;
  #found: Found | undefined;

  connectedCallback() {
    const label = element('label', {
      htmlFor: 'search-words',
      textContent: 'Search handbooks, communities and resources',
    });
    const filters = element('div', { className: 'search-filters' });
    filters.append(labelled('Kind', this.#selects.kind), labelled('Topic', this.#selects.topic));
    this.replaceChildren(label, this.#input, filters, this.#status, this.#help, this.#list, this.#more);
    this.#input.addEventListener('input', () => this.#search());
    for (const select of Object.values(this.#selects))
      select.addEventListener('change', () => this.#search());
    this.#more.addEventListener('click', () => void this.#showMore());
    this.addEventListener('keydown', (event) => this.#moveFocus(event));
    this.#showIdle();
    allChoices().then(
      (choices) => this.#found || this.#offer(choices),
      () => this.#showFailure(),
    );
  }

  /** Puts words and filters into the form and searches. */
  ask(words: string, filters: Filters = {}) {
    this.#input.value = words;
    for (const [name, select] of Object.entries(this.#selects)) {
      const value = filters[name as keyof Filters];
      if (value) select.add(new Option(value, value, true, true));
    }
    this.#search();
  }

  override focus() {
    this.#input.focus();
  }

  /** Focuses the field with its words selected, so that typing replaces them. */
  select() {
    this.#input.select();
  }

  get #filters(): Filters {
    const { kind, topic } = this.#selects;
    return { ...(kind.value && { kind: kind.value }), ...(topic.value && { topic: topic.value }) };
  }

  #select(name: string) {
    const select = element('select', { className: 'field', name });
    select.add(new Option('All', ''));
    return select;
  }

  #search() {
    const words = this.#input.value.trim();
    const turn = ++this.#latest;
    this.dispatchEvent(new CustomEvent('search-asked', { detail: { words, filters: this.#filters } }));
    if (!words) return this.#showIdle();
    searchSite(words, this.#filters)
      .then((found) => (turn === this.#latest ? this.#show(words, found) : undefined))
      .catch(() => {
        if (turn === this.#latest) this.#showFailure();
      });
  }

  async #show(words: string, found: Found) {
    const turn = this.#latest;
    const pages = await firstPages(found, 0);
    if (turn !== this.#latest) return;
    this.#found = found;
    this.#list.replaceChildren(...pages.map(resultOf));
    this.#more.hidden = found.count <= pageSize;
    this.#offer(found.choices);
    this.#help.replaceChildren();
    this.#status.textContent =
      found.count === 0 ? `Nothing found for “${words}”.` : counted(found.count, 'page');
    if (found.count === 0) this.#help.append(this.#nothingFound());
  }

  /** Adds the next results and moves the focus to the first of them, unless something else was asked meanwhile. */
  async #showMore() {
    const found = this.#found;
    if (!found) return;
    const from = this.#list.children.length;
    try {
      const pages = await firstPages(found, from);
      if (found !== this.#found) return;
      this.#list.append(...pages.map(resultOf));
      this.#more.hidden = found.count <= this.#list.children.length;
      this.#list.children[from]?.querySelector('a')?.focus();
    } catch {
      if (found === this.#found) this.#showFailure();
    }
  }

  #offer(choices: Choices) {
    for (const [name, select] of Object.entries(this.#selects)) {
      const chosen = select.value;
      const counts = Object.entries(choices[name as keyof Choices]).filter(
        ([value, count]) => count > 0 || value === chosen,
      );
      select.replaceChildren(
        new Option('All', ''),
        ...counts.map(([value, count]) => new Option(`${value} (${count})`, value, false, value === chosen)),
      );
    }
  }

  #showIdle() {
    this.#found = undefined;
    this.#list.replaceChildren();
    this.#more.hidden = true;
    this.#status.textContent = '';
    const tries = ['RSVP', 'time zones', 'activation link', 'support group', 'slide deck'].map((words) => {
      const button = element('button', { type: 'button', className: 'chip', textContent: words });
      button.addEventListener('click', () => {
        this.ask(words);
        this.focus();
      });
      return button;
    });
    const row = element('p', { className: 'search-tries' });
    row.append('Try', ...tries);
    this.#help.replaceChildren(row);
  }

  #nothingFound() {
    const filtered = Object.keys(this.#filters).length > 0;
    const hint = filtered
      ? 'Take a filter away, or try other words.'
      : 'Check the spelling, use fewer words, or a more common one.';
    const help = element('div', {});
    help.append(element('p', { textContent: hint }), lists());
    return help;
  }

  #showFailure() {
    this.#status.textContent = 'Search could not load.';
    this.#list.replaceChildren();
    this.#more.hidden = true;
    const again = element('button', { type: 'button', className: 'button', textContent: 'Try again' });
    again.addEventListener('click', () => {
      this.#status.textContent = 'Loading…';
      loadIndex().then(
        () => this.#search(),
        () => this.#showFailure(),
      );
    });
    const reason = import.meta.env.DEV
      ? 'In development there is no index: npm run build makes it, npm start serves it.'
      : 'The connection may be down.';
    this.#help.replaceChildren(
      element('p', { textContent: `${reason} You can also go by these lists:` }),
      lists(),
      again,
    );
  }

  /** Arrow keys walk through the field and the results. */
  #moveFocus(event: KeyboardEvent) {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    if (event.target instanceof HTMLSelectElement) return;
    const stops: HTMLElement[] = [this.#input, ...this.#list.querySelectorAll('a')];
    const next = stops[stops.indexOf(event.target as HTMLElement) + (event.key === 'ArrowDown' ? 1 : -1)];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }
}

async function firstPages(found: Found, from: number): Promise<FoundPage[]> {
  const until = Math.min(found.count, from + pageSize);
  return Promise.all(Array.from({ length: until - from }, (_, index) => found.page(from + index)));
}

function resultOf(page: FoundPage): HTMLElement {
  const item = element('li', {});
  const about = element('p', {
    className: 'search-kind',
    textContent: page.locked ? `${page.kind} · for members` : page.kind,
  });
  item.append(about, linkTo(page, 'search-title'), excerptOf(page.excerpt));
  if (page.sections.length > 0) {
    const sections = element('ul', { role: 'list' });
    for (const section of page.sections) {
      const line = element('li', {});
      line.append(linkTo(section, ''), excerptOf(section.excerpt));
      sections.append(line);
    }
    item.append(sections);
  }
  return item;
}

const linkTo = ({ title, href }: FoundPlace, className: string) =>
  element('a', { href, className, textContent: title });

/** Pagefind’s excerpts are escaped text with `<mark>`; they become text nodes and marks, never HTML. */
function excerptOf(excerpt: string): HTMLElement {
  const paragraph = element('p', {});
  for (const [index, part] of excerpt.split(/<\/?mark>/).entries()) {
    const text = part
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&amp;', '&');
    paragraph.append(index % 2 === 1 ? element('mark', { textContent: text }) : text);
  }
  return paragraph;
}

function lists(): HTMLElement {
  const list = element('ul', { className: 'search-lists', role: 'list' });
  for (const [textContent, href] of [
    ['All communities', '/communities'],
    ['All resources', '/resources'],
    ['All handbooks', '/handbooks'],
  ] as const) {
    const item = element('li', {});
    item.append(element('a', { href, textContent }));
    list.append(item);
  }
  return list;
}

function labelled(text: string, field: HTMLElement): HTMLElement {
  const label = element('label', {});
  label.append(element('span', { textContent: text }), field);
  return label;
}

function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  properties: Partial<HTMLElementTagNameMap[K]>,
): HTMLElementTagNameMap[K] {
  return Object.assign(document.createElement(name), properties);
}

customElements.define('search-panel', SearchPanel);
