/**
 * Who may enter which on-demand route, by route pattern. A route without a row is answered as one that does not exist,
 * and fails a test. `cms`: editors; nobody until sign-in exists, except in development and where a test opened it.
 */
export const access: Readonly<Record<string, 'anyone' | 'cms'>> = {
  '/resources/[slug]/read': 'anyone',
  '/keystatic/[...params]': 'cms',
  '/api/keystatic/[...params]': 'cms',
  '/404': 'anyone',
  '/500': 'anyone',
};

/** Whether a request may enter. */
export function mayEnter(routePattern: string, cmsIsOpen: boolean): boolean {
  const rule = access[routePattern];
  return rule === 'anyone' || (rule === 'cms' && cmsIsOpen);
}
