/** Marks the words that search found, on the page it led to (`?highlight=…`), without touching the page’s own nodes. */
const words = new URLSearchParams(location.search)
  .getAll('highlight')
  .map((word) => word.trim())
  .filter((word) => word.length > 1);

if (words.length > 0 && 'highlights' in CSS) {
  const ranges = rangesOf(document.querySelector('[data-pagefind-body]'), words);
  CSS.highlights.set('search', new Highlight(...ranges));
  if (!location.hash) ranges[0]?.startContainer.parentElement?.scrollIntoView({ block: 'center' });
}

function rangesOf(root: Element | null, words: string[]): Range[] {
  if (!root) return [];
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const starts = escaped.map((word) =>
    /\p{Script=Han}/u.test(word) ? word : `(?<![\\p{L}\\p{N}])${word}\\p{L}*`,
  );
  const pattern = new RegExp(starts.join('|'), 'giu'); // Chinese has no spaces between its words
  const ranges: Range[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const match of (node.textContent ?? '').matchAll(pattern)) {
      const range = document.createRange();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      ranges.push(range);
      const folded = range.startContainer.parentElement?.closest('details');
      if (folded) folded.open = true;
    }
  }
  return ranges;
}
