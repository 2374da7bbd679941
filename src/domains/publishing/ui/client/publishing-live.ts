/**
 * Keeps the board of publishing true while somebody looks: asks for it anew, each second while something is under way, and
 * changes only what differs, so that focus, chosen text and opened details stay. Without this script the page reloads itself.
 */
class PublishingLive extends HTMLElement {
  #timer: number | undefined;
  #wentWrong = 0;

  connectedCallback() {
    document.addEventListener('visibilitychange', this.#look);
    this.#wait();
  }

  disconnectedCallback() {
    document.removeEventListener('visibilitychange', this.#look);
    window.clearTimeout(this.#timer);
  }

  #look = () => {
    window.clearTimeout(this.#timer);
    if (!document.hidden) void this.#ask();
  };

  #wait() {
    const isBusy = this.querySelector('[data-busy]') !== null;
    const pause = (isBusy ? 1000 : 3000) * Math.min(10, 1 + this.#wentWrong);
    this.#timer = window.setTimeout(this.#look, pause);
  }

  async #ask() {
    try {
      const answer = await fetch(this.dataset['src']!, {
        redirect: 'error',
        headers: { Accept: 'text/html' },
      });
      if (answer.status === 404) return; // signed out, or no editor any more: the next click says so
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const [here, there] = [this.querySelector('.board'), page.querySelector('.board')];
      if (here && there) morph(here, there);
      this.#wentWrong = 0;
    } catch {
      this.#wentWrong += 1;
    }
    this.toggleAttribute('data-stale', this.#wentWrong > 2);
    this.#wait();
  }
}

/** Makes `from` what `to` is, keeping every element that is in both. What the reader opened stays open. */
function morph(from: Element, to: Element) {
  for (const { name } of [...from.attributes])
    if (!to.hasAttribute(name) && !(name === 'open' && from.localName === 'details'))
      from.removeAttribute(name);
  for (const { name, value } of to.attributes)
    if (from.getAttribute(name) !== value && name !== 'open') from.setAttribute(name, value);
  const [old, current] = [[...from.childNodes], [...to.childNodes]];
  for (const [place, node] of current.entries()) {
    const before = old[place];
    if (!before) from.append(document.importNode(node, true));
    else if (before instanceof Element && node instanceof Element && isOneKind(before, node))
      morph(before, node);
    else if (before.nodeType === Node.TEXT_NODE && node.nodeType === Node.TEXT_NODE) {
      if (before.textContent !== node.textContent) before.textContent = node.textContent;
    } else before.replaceWith(document.importNode(node, true));
  }
  for (const surplus of old.slice(current.length)) surplus.remove();
}

/** Two elements that stand for one thing: a section about another subject is another section. */
const isOneKind = (a: Element, b: Element) =>
  a.localName === b.localName &&
  a.getAttribute('aria-labelledby') === b.getAttribute('aria-labelledby') &&
  a.className === b.className;

customElements.define('publishing-live', PublishingLive);
