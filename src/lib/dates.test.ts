import { expect, test } from 'vitest';
import { dayRange, daysBetween, isDay, longDay } from './dates.ts';

test('a day reads the same in every time zone', () => {
  expect(process.env['TZ']).toBe('Asia/Kathmandu');
  expect(longDay('2026-11-02')).toBe('2 November 2026');
});

test('a range of days names both ends, and a single day once', () => {
  expect(dayRange('2026-10-12', '2026-11-06')).toBe('12 Oct – 6 Nov');
  expect(dayRange('2026-08-17', '2026-08-17')).toBe('17 Aug');
});

test('days are counted across a change of the clock', () => {
  expect(daysBetween('2026-03-28', '2026-03-30')).toBe(2);
  expect(daysBetween('2026-03-30', '2026-03-28')).toBe(-2);
});

test('only days that exist are days', () => {
  expect(isDay('2028-02-29')).toBe(true);
  for (const wrong of ['2026-02-29', '2026-13-01', '26-01-01', '2026-1-1', 'soon', ''])
    expect(isDay(wrong)).toBe(false);
});
