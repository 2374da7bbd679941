import { expect, test } from 'vitest';
import { daysLater, startOf, wallTimeAt } from './zoned-time.ts';

const at = (wallTime: string, zone: string) => {
  const start = startOf(wallTime, zone);
  if (!start || !('startsAt' in start)) return start;
  return `${start.startsAt.toISOString()}${start.happensTwice ? ' twice' : ''}`;
};

test.for([
  ['Europe/London', '2026-03-29T00:59', '2026-03-29T00:59:00.000Z', 'before the clocks go forward'],
  ['Europe/London', '2026-03-29T02:00', '2026-03-29T01:00:00.000Z', 'right after they went forward'],
  ['Europe/London', '2026-10-25T00:59', '2026-10-24T23:59:00.000Z', 'before the hour that happens twice'],
  ['Europe/London', '2026-10-25T01:30', '2026-10-25T00:30:00.000Z twice', 'in the hour that happens twice'],
  ['Europe/London', '2026-10-25T02:00', '2026-10-25T02:00:00.000Z', 'after it'],
  ['America/New_York', '2027-03-14T01:59', '2027-03-14T06:59:00.000Z', 'before the clocks go forward'],
  ['America/New_York', '2027-03-14T03:00', '2027-03-14T07:00:00.000Z', 'right after they went forward'],
  [
    'America/New_York',
    '2026-11-01T01:00',
    '2026-11-01T05:00:00.000Z twice',
    'in the hour that happens twice',
  ],
  ['America/New_York', '2026-11-01T02:00', '2026-11-01T07:00:00.000Z', 'after it'],
  ['Australia/Sydney', '2026-10-04T01:59', '2026-10-03T15:59:00.000Z', 'before the clocks go forward'],
  ['Australia/Sydney', '2026-10-04T03:00', '2026-10-03T16:00:00.000Z', 'right after they went forward'],
  [
    'Australia/Sydney',
    '2027-04-04T02:30',
    '2027-04-03T15:30:00.000Z twice',
    'in the hour that happens twice',
  ],
  ['Australia/Sydney', '2027-04-04T03:00', '2027-04-03T17:00:00.000Z', 'after it'],
  ['Asia/Shanghai', '2026-11-24T16:00', '2026-11-24T08:00:00.000Z', 'at a fixed offset'],
  ['Asia/Kathmandu', '2026-11-24T16:00', '2026-11-24T10:15:00.000Z', 'at an offset of quarter hours'],
])('a start in %s at %s is %s: %s', ([zone, wallTime, expected]) => {
  expect(at(wallTime!, zone!)).toBe(expected);
});

test.for([
  ['Europe/London', '2026-03-29T01:30', '2026-03-29T00:30', '2026-03-29T02:30'],
  ['America/New_York', '2027-03-14T02:00', '2027-03-14T01:00', '2027-03-14T03:00'],
  ['Australia/Sydney', '2026-10-04T02:59', '2026-10-04T01:59', '2026-10-04T03:59'],
  ['Australia/Lord_Howe', '2026-10-04T02:15', '2026-10-04T01:45', '2026-10-04T02:45'],
])(
  'an hour that the clocks of %s skip, %s, is no start; both neighbours are named',
  ([zone, wallTime, earlier, later]) => {
    expect(startOf(wallTime!, zone!)).toEqual({ skipped: { earlier, later } });
  },
);

test.for([
  ['2026-02-30T16:00', 'Asia/Shanghai'],
  ['2026-11-24T24:00', 'Asia/Shanghai'],
  ['2026-11-24 16:00', 'Asia/Shanghai'],
  ['2026-11-24T16:00Z', 'Asia/Shanghai'],
  ['2026-11-24T16:00', 'Asia/Atlantis'],
  ['', ''],
])('“%s” in “%s” is no start', ([wallTime, zone]) => {
  expect(startOf(wallTime!, zone!)).toBeUndefined();
});

test('a plan that repeats keeps the hour of the clock when the clocks change', () => {
  const first = '2026-10-14T16:00';
  const starts = [0, 14, 28].map((days) => at(daysLater(first, days), 'Europe/London'));
  expect(starts).toEqual([
    '2026-10-14T15:00:00.000Z',
    '2026-10-28T16:00:00.000Z',
    '2026-11-11T16:00:00.000Z',
  ]);
});

test('what the clocks show at an instant is read back', () => {
  expect(wallTimeAt(new Date('2026-11-24T10:15:00Z'), 'Asia/Kathmandu')).toBe('2026-11-24T16:00');
});
