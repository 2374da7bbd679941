import { expect, test } from 'vitest';
import { clockText, dayIn, durationText, momentDayText, momentText, zoneText } from './time.ts';

const at = new Date('2026-11-21T17:05:00Z');

test('an instant is read in the zone that is asked for, whatever the machine’s', () => {
  expect(momentText(at, 'Asia/Shanghai')).toBe('22 Nov 2026, 01:05');
  expect(momentText(at, 'America/Lima')).toBe('21 Nov 2026, 12:05');
  expect(momentDayText(at, 'Asia/Shanghai')).toBe('22 Nov 2026');
});

test('midnight is 00:00, not 24:00', () => {
  expect(momentText(new Date('2026-11-21T16:00:00Z'), 'Asia/Shanghai')).toBe('22 Nov 2026, 00:00');
});

test('a zone is named as it stands at the instant, on both sides of a change to summer time', () => {
  expect(zoneText('Asia/Shanghai', at)).toBe('China Standard Time (GMT+8)');
  expect(zoneText('Europe/Berlin', new Date('2026-03-29T00:59:59Z'))).toContain('(GMT+1)');
  expect(zoneText('Europe/Berlin', new Date('2026-03-29T01:00:00Z'))).toContain('(GMT+2)');
});

test('a length of time is told in its largest whole unit', () => {
  expect([0, 59_999, 60_000, 7_199_999, 86_400_000, 3 * 86_400_000].map(durationText)).toEqual([
    'less than a minute',
    'less than a minute',
    '1 minute',
    '1 hour',
    '1 day',
    '3 days',
  ]);
});

test('the day of an instant is the one on the calendar there', () => {
  expect(dayIn('Asia/Shanghai', at)).toBe('2026-11-22');
  expect(dayIn('America/Lima', at)).toBe('2026-11-21');
  expect(dayIn('Europe/Berlin', new Date('2026-10-25T22:59:59Z'))).toBe('2026-10-25');
  expect(dayIn('Europe/Berlin', new Date('2026-10-25T23:00:00Z'))).toBe('2026-10-26');
});

test('a clock shows the time of its zone', () => {
  expect(clockText(at, 'Asia/Kathmandu')).toBe('22:50');
});
