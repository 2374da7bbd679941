/** Opens the search dialog for its link, for `/` and for Ctrl+K; everything it needs loads only then. */
function open(event: Event) {
  event.preventDefault();
  import('./search-dialog.ts').then(
    ({ openSearchDialog }) => openSearchDialog(),
    () => location.assign('/search'), // the page says what to do when search cannot load
  );
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
  if (!slash && !controlK) return;
  const field = document.querySelector<HTMLInputElement>('search-panel input');
  if (!field) return open(event);
  event.preventDefault();
  field.select();
});
