/** Shows the copy buttons of the launch kit, which need this script, and lets them put texts on the clipboard. */
for (const text of document.querySelectorAll<HTMLElement>('.kit-text[data-ready]')) {
  const words = text.querySelector<HTMLElement>('.kit-words');
  const plain = text.querySelector('textarea');
  const subject = text.querySelector('.kit-subject strong');
  const said = text.querySelector('[role="status"]');
  if (!words || !plain || !said) continue;

  const copies: Record<string, { put: () => Promise<void>; from: Element }> = {
    words: { put: () => putBoth(words, plain.value), from: words },
    plain: { put: () => navigator.clipboard.writeText(plain.value), from: plain },
    subject: { put: () => navigator.clipboard.writeText(subject?.textContent ?? ''), from: subject ?? words },
  };
  const done: Record<string, string> = {
    words: 'Copied. Paste it where you write: the links stay.',
    plain: 'Copied as plain text.',
    subject: 'The subject is copied.',
  };
  for (const button of text.querySelectorAll<HTMLButtonElement>('[data-copy]')) {
    const what = button.dataset['copy'] ?? '';
    const copy = copies[what];
    if (!copy) continue;
    button.hidden = false;
    button.addEventListener('click', () => {
      copy.put().then(
        () => say(done[what] ?? ''),
        () => {
          select(copy.from);
          say('Your browser does not let us copy. The words are selected: press Ctrl or ⌘ and C.');
        },
      );
    });
  }

  const say = (sentence: string) => {
    said.textContent = ''; // or a second press says nothing to who listens
    setTimeout(() => {
      said.textContent = sentence;
    }, 30);
  };
}

/** Programs that know formatting take the HTML, all others the plain text. */
async function putBoth(words: HTMLElement, plain: string): Promise<void> {
  const html = words.innerHTML.trim();
  await navigator.clipboard.write([
    new ClipboardItem({
      'text/html': new Blob([html], { type: 'text/html' }),
      'text/plain': new Blob([plain], { type: 'text/plain' }),
    }),
  ]);
}

function select(element: Element) {
  if (element instanceof HTMLTextAreaElement) element.select();
  else getSelection()?.selectAllChildren(element);
}
