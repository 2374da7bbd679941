import { expect, test } from 'vitest';
import { isSameOrigin } from './same-origin.ts';

const request = (method: string, headers: Record<string, string>) =>
  new Request('https://peers.example.test/x', {
    method,
    headers: { Host: 'peers.example.test', ...headers },
  });

test('reading needs no origin', () => {
  for (const method of ['GET', 'HEAD', 'OPTIONS'])
    expect(isSameOrigin(request(method, {}), 'https:')).toBe(true);
});

test('a change from a page of this site is let in, whatever its content type', () => {
  for (const type of [
    'application/json',
    'text/plain',
    'multipart/form-data; boundary=x',
    'application/csp-report',
  ])
    expect(
      isSameOrigin(request('POST', { Origin: 'https://peers.example.test', 'Content-Type': type }), 'https:'),
    ).toBe(true);
});

test('a change without an origin is let in only when the browser says it is ours', () => {
  expect(isSameOrigin(request('POST', { 'Sec-Fetch-Site': 'same-origin' }), 'https:')).toBe(true);
  expect(isSameOrigin(request('POST', { 'Sec-Fetch-Site': 'same-site' }), 'https:')).toBe(false);
  expect(isSameOrigin(request('POST', {}), 'https:')).toBe(false);
});

test.each([
  'https://evil.example.test',
  'https://peers.example.test.evil.test',
  'https://sub.peers.example.test',
  'null',
  'nonsense',
  '',
])('a change from “%s” is refused by every method', (origin) => {
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
    expect(isSameOrigin(request(method, { Origin: origin, 'Sec-Fetch-Site': 'same-origin' }), 'https:')).toBe(
      false,
    );
});
