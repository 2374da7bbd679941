import { SearchPanel } from './search-panel.ts';

let dialog: HTMLDialogElement | undefined;

/** Opens the search over the page, with the field focused; the words of the last time are still there. */
export function openSearchDialog() {
  dialog ??= makeDialog();
  dialog.showModal();
  dialog.querySelector('search-panel')!.querySelector('input')!.select();
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
  document.body.append(made);
  return made;
}
