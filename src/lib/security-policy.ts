/**
 * What every response of ours forbids. Pages carry a stricter policy of their own with the hashes of their scripts and
 * styles; a browser obeys both.
 */
export const secondPolicy = "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'";

/**
 * Headers of every response, from whichever server it comes: the examples for Caddy and nginx in `docs/deploy` repeat them,
 * and a test compares. Without https nobody is told to insist on it.
 */
export function securityHeaders(siteUrl: string): [name: string, value: string][] {
  return [
    ['X-Content-Type-Options', 'nosniff'],
    ['Referrer-Policy', 'strict-origin-when-cross-origin'],
    ['Cross-Origin-Opener-Policy', 'same-origin'],
    ['Permissions-Policy', 'camera=(), microphone=(), geolocation=(), payment=(), usb=()'],
    ['Content-Security-Policy', secondPolicy],
    ...(siteUrl.startsWith('https:')
      ? [['Strict-Transport-Security', 'max-age=31536000'] as [string, string]]
      : []),
  ];
}
