import { expect, test } from 'vitest';
import { dayRangeParts, isDay, longDay } from './dates.ts';

test('a day reads the same in every time zone', () => {
  expect(process.env['TZ']).toBe('Asia/Kathmandu');
  expect(longDay('2026-11-02')).toBe('2 November 2026');
});

test('a range of days names both ends, and a single day once', () => {
  expect(dayRangeParts('2026-10-12', '2026-11-06')).toEqual({ start: '12 Oct', end: '6 Nov' });
  expect(dayRangeParts('2026-08-17', '2026-08-17')).toEqual({ start: '17 Aug' });
  expect(dayRangeParts('2026-12-12', '2027-01-15')).toEqual({ start: '12 Dec 2026', end: '15 Jan 2027' });
});

test('only days that exist are days', () => {
  expect(isDay('2028-02-29')).toBe(true);
  for (const wrong of ['2026-02-29', '2026-13-01', '26-01-01', '2026-1-1', 'soon', ''])
    expect(isDay(wrong)).toBe(false);
});
