/** Opens the search dialog for its link, for `/` and for Ctrl+K; everything it needs loads only then. */
function open(event: Event) {
  event.preventDefault();
  const typed = collectTyping();
  import('./search-dialog.ts').then(
    ({ openSearchDialog }) => openSearchDialog(typed()),
    () => location.assign('/search'), // the page says what to do when search cannot load
  );
}

/** Keeps what people type while the dialog loads. Returns the words so far and stops. */
function collectTyping(): () => string {
  let words = '';
  const collect = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Backspace') words = words.slice(0, -1);
    if (event.key.length !== 1) return;
    event.preventDefault();
    words += event.key;
  };
  document.addEventListener('keydown', collect, { capture: true });
  return () => {
    document.removeEventListener('keydown', collect, { capture: true });
    return words;
  };
}

const onSearchPage = location.pathname.startsWith('/search');

document.addEventListener('click', (event) => {
  const plain = !(event.metaKey || event.ctrlKey || event.shiftKey);
  if (plain && !onSearchPage && (event.target as Element).closest('[data-search-open]')) open(event);
});

document.addEventListener('keydown', (event) => {
  const typing = (event.target as Element).closest('input, textarea, select, [contenteditable]');
  const slash = event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
  const controlK = event.key.toLowerCase() === 'k' && (event.ctrlKey || event.metaKey);
  if (event.defaultPrevented || !(slash || controlK)) return;
  const field = document.querySelector<HTMLInputElement>(
    onSearchPage ? 'search-panel input' : 'dialog[open] search-panel input',
  );
  if (!field) return open(event);
  event.preventDefault();
  field.select();
});
