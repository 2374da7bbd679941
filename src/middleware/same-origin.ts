const harmless = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether a request that may change something comes from a page of this site, whatever its content type: its Origin
 * names the host it was sent to, or, where a browser leaves Origin out, Sec-Fetch-Site says so. The server has checked
 * the host already.
 */
export function isSameOrigin(request: Request): boolean {
  if (harmless.has(request.method)) return true;
  const origin = request.headers.get('Origin');
  if (origin === null) return request.headers.get('Sec-Fetch-Site') === 'same-origin';
  return URL.canParse(origin) && new URL(origin).host === request.headers.get('Host');
}
