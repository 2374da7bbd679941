/** Shows the copy button of each link field, which needs this script, and lets it put the address on the clipboard. */
for (const field of document.querySelectorAll<HTMLElement>('.link-field')) {
  const input = field.querySelector('input');
  const button = field.querySelector('button');
  const words = field.querySelector('button span');
  if (!input || !button || !words) continue;
  const before = words.textContent;
  button.hidden = false;
  button.addEventListener('click', () => {
    navigator.clipboard.writeText(input.value).then(
      () => say('Copied'),
      () => {
        input.select();
        say('Press Ctrl or ⌘ and C');
      },
    );
  });
  input.addEventListener('focus', () => input.select());

  const say = (text: string) => {
    words.textContent = text;
    setTimeout(() => {
      words.textContent = before;
    }, 2500);
  };
}
