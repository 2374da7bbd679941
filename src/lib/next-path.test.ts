import { expect, test } from 'vitest';
import { safeNext } from './next-path.ts';

test.each([
  '/',
  '/me/communities',
  '/staff/schools?q=gr%C3%BCn&page=2',
  '/handbooks/members/rsvp#when',
  '/resources/a-title?next=https://elsewhere.test/',
  '/@noor',
  '/a:b',
  '/search?q=//',
  '/a//b',
  '/%2F%2Felsewhere.test',
  '/%5celsewhere.test',
])('“%s” is a path of ours and stays as it is', (next) => {
  expect(safeNext(next, '/me')).toBe(next);
});

test('a path with dots in it or other scripts is written plainly', () => {
  expect(safeNext('/me/../staff', '/me')).toBe('/staff');
  expect(safeNext('/学校', '/me')).toBe('/%E5%AD%A6%E6%A0%A1');
});

test.each([
  // nothing
  null,
  undefined,
  '',
  ' ',
  // another origin, plainly
  'https://elsewhere.test',
  'https://elsewhere.test/me',
  'HTTPS://elsewhere.test',
  'http:elsewhere.test',
  'https:/elsewhere.test',
  'ftp://elsewhere.test',
  // no path
  'me',
  'elsewhere.test',
  './me',
  '../me',
  '?next=/me',
  '#me',
  // another scheme
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  'blob:x',
  'mailto:a@elsewhere.test',
  // what a browser reads as the beginning of a host
  '//elsewhere.test',
  '///elsewhere.test',
  '////elsewhere.test',
  '/\\elsewhere.test',
  '\\\\elsewhere.test',
  '\\/elsewhere.test',
  '/\\/elsewhere.test',
  '//\\elsewhere.test',
  '//me@elsewhere.test',
  '//elsewhere.test:443/',
  '//[::1]/',
  '//%65lsewhere.test',
  '//elsewhere。test',
  // what is one after the browser took characters out
  '/\t/elsewhere.test',
  '/\n/elsewhere.test',
  '/\r/elsewhere.test',
  '/\r\n/elsewhere.test',
  '\t//elsewhere.test',
  '\n/me',
  ' //elsewhere.test',
  '\u00a0//elsewhere.test',
  // what is one after dots are gone
  '/.//elsewhere.test',
  '/..//elsewhere.test',
  '/././/elsewhere.test',
  '/me/..//elsewhere.test',
  '/%2e//elsewhere.test',
  '/%2e%2e//elsewhere.test',
  // what does not belong into a header
  '/me\r\nSet-Cookie: x=1',
  '/me\u0000',
  '/me\u007f',
  '/me\\..\\elsewhere',
  // longer than anything of ours
  `/${'a'.repeat(2000)}`,
])('“%s” leads nowhere but to where we say', (next) => {
  expect(safeNext(next, '/me')).toBe('/me');
});

test('whatever comes back is on this site for every browser', () => {
  const parts = [
    '/',
    '\\',
    '.',
    '..',
    '%2e',
    '%2f',
    '%5c',
    '@',
    ':',
    '?',
    '#',
    'elsewhere.test',
    '\t',
    ' ',
    'https:',
  ];
  for (const a of parts)
    for (const b of parts)
      for (const c of parts)
        for (const d of parts) {
          const path = safeNext(`/${a}${b}${c}${d}`, '/me');
          const url = new URL(path, 'https://peers.example.test');
          if (url.origin !== 'https://peers.example.test' || !/^\/(?![/\\])/.test(path))
            throw new Error(`/${a}${b}${c}${d} became ${path}`);
        }
});
