import { expect, test } from 'vitest';
import { DatabaseUnavailable, databaseTrouble } from '#db/unavailable.ts';
import { unavailable } from './unavailable.ts';

test('who asks while the database is away is told to come again, and by when', async () => {
  const response = unavailable('away');
  expect(response.status).toBe(503);
  expect(response.headers.get('Retry-After')).toBe('10');
  expect(response.headers.get('Cache-Control')).toBe('no-store');
  const page = await response.text();
  expect(page).toContain('We cannot reach our database at this moment.');
  expect(page).not.toMatch(/<script|<style|style=/); // no policy of ours would let them
});

test.for([
  ['a primary that is away', new DatabaseUnavailable('away'), 'away'],
  [
    'the same, wrapped by a query',
    new Error('Failed query', { cause: new DatabaseUnavailable('away') }),
    'away',
  ],
  ['a disk that is full', Object.assign(new Error('full'), { code: 'SQLITE_FULL' }), 'full'],
  ['a lock that was not to be had', Object.assign(new Error('busy'), { code: 'SQLITE_BUSY' }), 'busy'],
  ['a broken rule', Object.assign(new Error('unique'), { code: 'SQLITE_CONSTRAINT' }), undefined],
  ['a bug', new TypeError('x is not a function'), undefined],
  ['what is no error', 'away', undefined],
] as const)('%s is told as what it is', ([, error, trouble]) => {
  expect(databaseTrouble(error)).toBe(trouble);
});
