import { SearchPanel } from './search-panel.ts';

let dialog: HTMLDialogElement | undefined;

/**
 * Opens the search over the page, with the field focused. `typed` are words that came in while it loaded; without any,
 * those of the last time are still there.
 */
export function openSearchDialog(typed: string) {
  dialog ??= makeDialog();
  dialog.showModal();
  const panel = dialog.querySelector<SearchPanel>('search-panel')!;
  if (!typed) return panel.select();
  panel.ask(typed);
  panel.focus();
}

function makeDialog(): HTMLDialogElement {
  const made = document.createElement('dialog');
  made.className = 'search-dialog';
  made.setAttribute('aria-label', 'Search');
  const close = document.createElement('button');
  close.type = 'button';
  close.className = 'search-close';
  close.textContent = 'Close';
  close.addEventListener('click', () => made.close());
  made.append(new SearchPanel(), close);
  made.addEventListener('click', (event) => {
    const onBackdrop = event.target === made;
    const follows = (event.target as Element).closest('a');
    if (onBackdrop || follows) made.close();
  });
  made.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault(); // a search field would first empty itself
    made.close();
  });
  document.body.append(made);
  return made;
}
