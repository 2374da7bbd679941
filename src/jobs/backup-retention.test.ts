import { expect, test } from 'vitest';
import { keepIn, momentOf, nameOf, namesToRemove, usualKeep } from './backup-retention.ts';

const hour = 3_600_000;
const end = Date.parse('2026-11-22T06:54:51Z');
const hourly = (count: number) =>
  Array.from({ length: count }, (_, ago) => nameOf(new Date(end - ago * hour)));

test('of a backup each hour for half a year, a day of hours, two weeks of days and eight weeks stay', () => {
  const names = hourly(24 * 180);
  const removed = new Set(namesToRemove(names, usualKeep));
  const kept = names.filter((name) => !removed.has(name));
  expect(kept.slice(0, 24)).toEqual(names.slice(0, 24));
  const days = kept.map((name) => name.slice(0, 10));
  expect(new Set(days).size).toBe(14 + 8 - 2); // the two newest weeks end on days that are kept already
  expect(kept).toHaveLength(24 + 14 - 2 + 8 - 2);
});

test('of several within an hour the last stays', () => {
  const names = ['2026-11-22T06-10-00Z', '2026-11-22T06-50-00Z', '2026-11-22T06-50-00Z-2'];
  expect(namesToRemove(names, usualKeep)).toEqual(['2026-11-22T06-50-00Z', '2026-11-22T06-10-00Z']);
});

test('the newest stays however long ago it was made', () => {
  expect(namesToRemove(['2020-01-01T00-00-00Z'], usualKeep)).toEqual([]);
});

test('what has no name of a backup is never removed', () => {
  const names = ['notes', '.making-x', '2026-11-22', '2026-13-45T99-99-99Z'];
  expect(namesToRemove(names, { hourly: 0, daily: 0, weekly: 1 })).toEqual([]);
});

test('a name is the moment at which the backup began', () => {
  expect(momentOf(nameOf(new Date(end)))).toEqual(new Date(end));
  expect(momentOf('2026-11-22T06-50-00Z-2')).toEqual(new Date('2026-11-22T06:50:00Z'));
});

test.for(['', '1', '1,2', '1,2,3,4', 'a,b,c', '-1,2,3', '0,0,0'])(
  '“%s” does not say what is kept',
  (words) => {
    expect(keepIn(words)).toBeUndefined();
  },
);

test('what is kept is said in hours, days and weeks', () => {
  expect(keepIn('48,30,0')).toEqual({ hourly: 48, daily: 30, weekly: 0 });
});
