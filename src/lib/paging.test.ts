import { describe, expect, test } from 'vitest';
import { hrefWith, isNarrowed, listView, pageCount, sortHref } from './paging.ts';

const sorts = ['name', 'joined'] as const;
const viewOf = (query: string) => listView(new URLSearchParams(query), sorts, 'name');

describe('what an address asks of a list', () => {
  test('nothing means the first page in the list’s own order', () => {
    expect(viewOf('')).toEqual({ q: '', sort: 'name', descending: false, page: 1, offset: 0, limit: 25 });
    expect(listView(new URLSearchParams(), sorts, '-joined')).toMatchObject({
      sort: 'joined',
      descending: true,
    });
  });

  test('words, an order from the last to the first, and a page', () => {
    expect(viewOf('q=%20Lin%20&sort=-joined&page=3')).toEqual({
      q: 'Lin',
      sort: 'joined',
      descending: true,
      page: 3,
      offset: 50,
      limit: 25,
    });
  });

  test.each(['passwordHash', '--name', 'name;drop', '-', '', 'constructor', 'NAME'])(
    'the order “%s”, which the list does not have, is its own order',
    (sort) => {
      expect(viewOf(`sort=${encodeURIComponent(sort)}`)).toMatchObject({ sort: 'name', descending: false });
    },
  );

  test.each(['0', '-1', '1.5', '1e3', 'NaN', '٣', '0x10', ' 2', '9999999', ''])(
    'the page “%s” is the first',
    (page) => {
      expect(viewOf(`page=${encodeURIComponent(page)}`).page).toBe(1);
    },
  );

  test('a page beyond any list is held where its offset stays cheap', () => {
    expect(viewOf('page=999999').offset).toBeLessThan(100_000);
  });

  test('words lose control characters and what is longer than a hundred, and keep whole characters', () => {
    expect(viewOf(`q=${encodeURIComponent('a\u0000\r\nb')}`).q).toBe('a b');
    expect([...viewOf(`q=${encodeURIComponent('🙂'.repeat(150))}`).q]).toHaveLength(100);
  });
});

test('an empty list has one page, and 26 rows have two', () => {
  expect([0, 25, 26, 250].map((total) => pageCount(total))).toEqual([1, 1, 2, 10]);
  expect(pageCount(101, 50)).toBe(3);
});

describe('addresses of the same list', () => {
  const url = new URL('http://site.test/staff/people?q=lin&role=sam&page=4&done=saved');

  test('keep the other parameters, and start at the first page', () => {
    expect(hrefWith(url, { role: 'host' })).toBe('/staff/people?q=lin&role=host');
    expect(hrefWith(url, { page: 5 })).toBe('/staff/people?q=lin&role=sam&page=5');
  });

  test('lose what is taken away', () => {
    expect(hrefWith(url, { role: null, q: '' })).toBe('/staff/people');
  });

  test('a head leads to its order first, and then the other way round', () => {
    const list = viewOf('sort=name');
    expect(sortHref(url, list, 'name', 'ascending')).toBe('/staff/people?q=lin&role=sam&sort=-name');
    expect(sortHref(url, list, 'joined', 'descending')).toBe('/staff/people?q=lin&role=sam&sort=-joined');
    expect(sortHref(url, { ...list, descending: true }, 'name', 'ascending')).toContain('sort=name');
  });

  test('an order or a notice narrows nothing; words and filters do', () => {
    expect(isNarrowed(new URL('http://site.test/staff/people?sort=-name&done=saved&q='))).toBe(false);
    expect(isNarrowed(new URL('http://site.test/staff/people?role=sam'))).toBe(true);
  });
});
