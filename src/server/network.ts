import { isIPv4, isIPv6 } from 'node:net';

/**
 * What limits are counted by: an IPv4 address, however it is written, or the first 64 bits of an IPv6 address, because
 * whoever has one has all that begin alike (RFC 6177). What is no address stays as it is, a hundred characters of it.
 */
export function networkOf(address: string): string {
  const bare = address.trim().replace(/^\[|\](?::\d{1,5})?$|%.*$/g, '');
  if (isIPv4(bare)) return bare;
  const withPort = /^([\d.]{7,15}):\d{1,5}$/.exec(bare)?.[1]; // as some proxies say it
  if (withPort && isIPv4(withPort)) return withPort;
  if (!isIPv6(bare)) return address.slice(0, 100);
  const groups = groupsOf(bare);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped)
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.');
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}

/** The eight groups of an IPv6 address in any of its spellings. */
function groupsOf(address: string): number[] {
  const hostname = new URL(`http://[${address}]`).hostname.slice(1, -1); // in hexadecimal throughout
  const [head = '', tail] = hostname.split('::');
  const numbers = (part: string) =>
    part
      .split(':')
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  if (tail === undefined) return numbers(head);
  const [first, last] = [numbers(head), numbers(tail)];
  return [...first, ...Array<number>(8 - first.length - last.length).fill(0), ...last];
}
