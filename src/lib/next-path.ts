/**
 * Where to go after sign-in: `next` when it is a path of this site, else `fallback`. Anything a browser could read as
 * another origin is refused (OWASP, Unvalidated Redirects).
 */
export function safeNext(next: string | null | undefined, fallback: string): string {
  if (!next || next.length > 2000 || !/^\/(?![/\\])/.test(next)) return fallback;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
  if (/[\u0000-\u001f\u007f\\]/.test(next)) return fallback;
  const origin = 'https://here.invalid';
  const url = URL.parse(next, origin);
  return url?.origin === origin && !url.pathname.startsWith('//')
    ? url.pathname + url.search + url.hash
    : fallback;
}
