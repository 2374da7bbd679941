import type { AccountMenu } from '../account-menu.ts';

/** On static pages: whoever has the hint cookie gets their menu in place of “Sign in”, by one small request. */
async function showMenu(link: HTMLAnchorElement) {
  const answer = await fetch('/me/menu');
  if (answer.status !== 200) return;
  const { name, initials, picture, links } = (await answer.json()) as AccountMenu;
  const frame = document.querySelector<HTMLTemplateElement>('template#account-menu')!.content;
  const face = frame.querySelector('.account-face')!;
  face.textContent = initials;
  if (picture) face.replaceWith(pictureAt(picture));
  frame.querySelector('.account-name')!.textContent = name;
  frame.querySelector('ul')!.append(
    ...links.map(({ label, href }) => {
      const item = document.createElement('li');
      item.append(Object.assign(document.createElement('a'), { href, textContent: label }));
      return item;
    }),
  );
  link.replaceWith(frame);
}

const pictureAt = (src: string) =>
  Object.assign(new Image(36, 36), { className: 'account-face', alt: '', src });

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
