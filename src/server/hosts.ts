/**
 * The host names that requests may name: that of SITE_URL and, on a site for this machine only, every name of this machine
 * with `port`, the one in use.
 */
export function allowedHosts(siteUrl: string, port: number): ReadonlySet<string> {
  const { host, hostname } = new URL(siteUrl);
  const loopback = ['127.0.0.1', 'localhost', '[::1]'];
  const names = loopback.includes(hostname) ? loopback.map((name) => `${name}:${port}`) : [];
  return new Set([host.toLowerCase(), ...names]);
}
