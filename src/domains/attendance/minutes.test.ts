import { expect, test } from 'vitest';
import { minutesInFiles, minutesOnDevices, oneStay, type Stay } from './minutes.ts';

const start = Date.parse('2026-11-20T08:00:00Z');
/** There from minute `from` to minute `to`, and counted for so many minutes. */
const stay = (from: number, to: number, minutes = to - from): Stay => ({
  minutes,
  joinedAt: new Date(start + from * 60_000),
  leftAt: new Date(start + to * 60_000),
});
const unknown = (minutes: number): Stay => ({ minutes, joinedAt: null, leftAt: null });

test.each<[string, Stay[], number]>([
  ['nothing', [], 0],
  ['one stay', [stay(0, 40)], 40],
  ['two devices after each other', [stay(0, 40), stay(50, 70)], 60],
  ['two devices at once', [stay(0, 40), stay(20, 90)], 90],
  ['a device within another', [stay(0, 90), stay(20, 30)], 90],
  [
    'devices that came and went: never more than they were there together',
    [stay(0, 90, 30), stay(10, 80, 20)],
    50,
  ],
  ['a file without times: the longest', [unknown(20), unknown(35)], 35],
  ['times and none', [stay(0, 20), unknown(35)], 35],
])('minutes on devices: %s', (_what, stays, minutes) => {
  expect(minutesOnDevices(stays)).toBe(minutes);
  expect(minutesOnDevices(stays.toReversed())).toBe(minutes);
});

test.each<[string, Stay[], number]>([
  ['a meeting that broke off and began again', [stay(0, 20), stay(25, 45)], 40],
  ['the same meeting twice', [stay(0, 90, 40), stay(0, 90, 40)], 40],
  ['a corrected file', [stay(0, 90, 40), stay(0, 90, 75)], 75],
])('minutes in files: %s', (_what, stays, minutes) => {
  expect(minutesInFiles(stays)).toBe(minutes);
});

test('stays as one go from the first joining to the last leaving', () => {
  expect(oneStay([stay(20, 30), stay(0, 10), unknown(5)], 22)).toEqual(stay(0, 30, 22));
  expect(oneStay([unknown(5)], 5)).toEqual(unknown(5));
});
