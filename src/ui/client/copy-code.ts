/** Gives each block of copyable text a button that puts it on the clipboard and says so. */
for (const block of document.querySelectorAll<HTMLElement>('pre.copyable')) {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'copy';
  button.textContent = 'Copy';
  button.setAttribute('aria-live', 'polite'); // before its words change, or nobody hears the change
  button.addEventListener('click', () => {
    navigator.clipboard.writeText(block.querySelector('code')?.textContent ?? '').then(
      () => say(button, 'Copied'),
      () => say(button, 'Select and copy by hand'),
    );
  });
  block.append(button);
}

function say(button: HTMLButtonElement, words: string) {
  button.textContent = words;
  setTimeout(() => {
    button.textContent = 'Copy';
  }, 2500);
}
