const harmless = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether a request that may change something comes from a page of this site, whatever its content type: its Origin is
 * ours to the letter, or, where a browser leaves Origin out, Sec-Fetch-Site says so. `scheme` is that of SITE_URL
 * (`https:`); the server has checked the host already.
 */
export function isSameOrigin(request: Request, scheme: string): boolean {
  if (harmless.has(request.method)) return true;
  const origin = request.headers.get('Origin');
  if (origin === null) return request.headers.get('Sec-Fetch-Site') === 'same-origin';
  return origin === `${scheme}//${request.headers.get('Host')}`;
}
