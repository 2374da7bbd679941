/** On static pages: whoever has the hint cookie gets their menu in place of “Sign in”, by one small request. */
async function showMenu(link: HTMLAnchorElement) {
  const answer = await fetch('/me/menu', { headers: { Accept: 'text/html' } });
  if (answer.status !== 200) return;
  const template = document.createElement('template');
  template.innerHTML = await answer.text();
  link.replaceWith(template.content);
}

const signIn = document.querySelector<HTMLAnchorElement>('a[data-sign-in]');
if (signIn && /(?:^|; )(?:__Host-)?signed-in=1/.test(document.cookie)) void showMenu(signIn);

/** The menu closes when the reader turns to something else. */
document.addEventListener('click', ({ target }) => {
  for (const menu of document.querySelectorAll<HTMLDetailsElement>('details.account-menu[open]'))
    if (!menu.contains(target as Node)) menu.open = false;
});
document.addEventListener('keydown', ({ key }) => {
  if (key !== 'Escape') return;
  const menu = document.querySelector<HTMLDetailsElement>('details.account-menu[open]');
  if (!menu) return;
  menu.open = false;
  menu.querySelector('summary')?.focus();
});
