import fc from 'fast-check';
import ICAL from 'ical.js';
import { describe, expect, test } from 'vitest';
import { zoneChoices } from '../../lib/time-zones.ts';
import {
  type CalendarEntry,
  cancellationIcs,
  feedIcs,
  googleCalendarUrl,
  invitationIcs,
  outlookCalendarUrl,
  singleIcs,
} from './calendar.ts';
import { wallTimeAt } from './zoned-time.ts';

const now = new Date('2026-11-22T03:00:00Z');
const entry: CalendarEntry = {
  id: 'ses_0199aabbccddeeff00112233445566',
  title: 'Reading, writing; and “play” \\ 读书会 📚',
  focus: 'First line\nSecond, with; marks \\n',
  details: '一二三四五六七八九十'.repeat(20) + '👩‍👩‍👧‍👦'.repeat(20),
  startsAt: new Date('2026-11-24T10:15:00Z'),
  endsAt: new Date('2026-11-24T11:45:00Z'),
  timeZone: 'Asia/Kathmandu',
  meetingLink: 'https://meet.example.test/room',
  state: 'scheduled',
  cancelReason: '',
  sequence: 3,
  createdAt: new Date('2026-11-01T00:00:00Z'),
  updatedAt: new Date('2026-11-20T00:00:00Z'),
  communities: [{ name: 'Libraries' }],
};
const fatal = new TextDecoder('utf-8', { fatal: true });
/** What is left of a text without control characters. */
const seen = (text: string) =>
  text
    .toWellFormed()
    .replace(/\r\n?|[\u2028\u2029]/g, '\n')
    .replace(/(?!\n)\p{Cc}/gu, ' ');

const reader = { name: 'Ana "the librarian"; Example', email: 'ana@example.test' };

const parsed = (ics: string) => new ICAL.Component(ICAL.parse(ics));
const eventOf = (ics: string) => parsed(ics).getFirstSubcomponent('vevent')!;

/** The instant that an independent parser reads, by the VTIMEZONE of the same file. */
function instantOf(ics: string, name: 'dtstart' | 'dtend'): string {
  ICAL.TimezoneService.reset(); // no zone but those of the file
  const calendar = parsed(ics);
  for (const zone of calendar.getAllSubcomponents('vtimezone')) {
    const timezone = new ICAL.Timezone(zone);
    ICAL.TimezoneService.register(timezone, timezone.tzid);
  }
  const property = calendar.getFirstSubcomponent('vevent')!.getFirstProperty(name)!;
  return (property.getFirstValue() as ICAL.Time).toJSDate().toISOString();
}

describe('an invitation', () => {
  const ics = invitationIcs(entry, reader, now);

  test('is read by another parser as it was meant', () => {
    const event = eventOf(ics);
    expect(parsed(ics).getFirstPropertyValue('method')).toBe('REQUEST');
    expect(event.getFirstPropertyValue('summary')).toBe(entry.title);
    expect(event.getFirstPropertyValue('description')).toContain(`${entry.focus}\n\n${entry.details}`);
    expect(event.getFirstPropertyValue('sequence')).toBe(3);
    expect(event.getFirstPropertyValue('location')).toBe(entry.meetingLink);
    expect(event.getFirstPropertyValue('uid')).toMatch(/^ses_0199aabbccddeeff00112233445566@127\.0\.0\.1/);
    const attendee = event.getFirstProperty('attendee')!;
    expect(attendee.getFirstValue()).toMatch(/^mailto:ana@example\.test$/i);
    expect(attendee.getParameter('partstat')).toBe('ACCEPTED');
    expect(attendee.getParameter('rsvp')).toBe('FALSE');
    expect(event.getFirstProperty('organizer')!.getFirstValue()).toMatch(/^mailto:\S+@\S+$/);
  });

  test('has lines of 75 octets at most that end in CRLF, and splits no character', () => {
    expect(ics.endsWith('END:VCALENDAR\r\n')).toBe(true);
    expect(ics.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    for (const line of Buffer.from(ics).toString('latin1').split('\r\n')) {
      expect(line.length).toBeLessThanOrEqual(75);
      expect(() =>
        new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(line, 'latin1')),
      ).not.toThrow();
    }
  });

  test('escapes what has a meaning in iCalendar, and lets no text begin a line of its own', () => {
    const unfolded = ics.replaceAll('\r\n ', '');
    expect(unfolded).toContain('SUMMARY:Reading\\, writing\\; and “play” \\\\ 读书会 📚\r\n');
    expect(unfolded).toContain('DESCRIPTION:First line\\nSecond\\, with\\; marks \\\\n\\n\\n');
    const sly = invitationIcs(
      { ...entry, title: 'A\r\nATTENDEE:mailto:x@example.test\u0000' },
      { ...reader, name: 'B\r\nX-EVIL:1' },
      now,
    ).replaceAll('\r\n ', '');
    expect(sly).not.toMatch(/\r\n(?:X-EVIL|ATTENDEE:mailto:x)/);
    expect(eventOf(sly).getAllProperties('attendee')).toHaveLength(1);
  });
});

test.each([
  ['Europe/London', '2026-03-28T16:00:00.000Z', '20260328T160000'],
  ['Europe/London', '2026-03-29T15:00:00.000Z', '20260329T160000'],
  ['Europe/London', '2026-10-24T15:00:00.000Z', '20261024T160000'],
  ['Europe/London', '2026-10-25T16:00:00.000Z', '20261025T160000'],
  ['America/New_York', '2026-03-07T21:00:00.000Z', '20260307T160000'],
  ['America/New_York', '2026-03-08T20:00:00.000Z', '20260308T160000'],
  ['America/New_York', '2026-10-31T20:00:00.000Z', '20261031T160000'],
  ['America/New_York', '2026-11-01T21:00:00.000Z', '20261101T160000'],
  ['Australia/Sydney', '2026-04-04T05:00:00.000Z', '20260404T160000'],
  ['Australia/Sydney', '2026-04-05T06:00:00.000Z', '20260405T160000'],
  ['Australia/Sydney', '2026-10-03T06:00:00.000Z', '20261003T160000'],
  ['Australia/Sydney', '2026-10-04T05:00:00.000Z', '20261004T160000'],
  ['Asia/Shanghai', '2026-06-01T08:00:00.000Z', '20260601T160000'],
  ['Asia/Kathmandu', '2026-06-01T10:15:00.000Z', '20260601T160000'],
])('in %s, %s is written as the clock there and read back as the same instant', (timeZone, at, clock) => {
  const startsAt = new Date(at);
  const ics = singleIcs({ ...entry, timeZone, startsAt, endsAt: new Date(startsAt.getTime() + 5_400_000) });
  expect(ics).toContain(`DTSTART;TZID=${timeZone}:${clock}\r\n`);
  expect(instantOf(ics, 'dtstart')).toBe(at);
  expect(Date.parse(instantOf(ics, 'dtend')) - startsAt.getTime()).toBe(5_400_000);
});

test.each([
  ['Europe/London', '2027-03-28T00:30:00Z'],
  ['Europe/London', '2027-10-30T23:45:00Z'],
  ['America/New_York', '2027-03-14T06:30:00Z'],
  ['America/New_York', '2027-11-07T04:45:00Z'],
  ['Australia/Sydney', '2027-10-02T15:30:00Z'],
  ['Australia/Sydney', '2027-04-03T14:45:00Z'],
])('in %s, what begins at %s is as long as it is although the clocks change in it', (timeZone, at) => {
  const startsAt = new Date(at);
  for (const minutes of [15, 60, 75, 90, 120, 180]) {
    const endsAt = new Date(startsAt.getTime() + minutes * 60_000);
    const ics = singleIcs({ ...entry, timeZone, startsAt, endsAt });
    expect(instantOf(ics, 'dtstart')).toBe(startsAt.toISOString());
    expect(instantOf(ics, 'dtend')).toBe(endsAt.toISOString());
  }
});

test('in every zone of the list, a day of each week of a year ahead is read back as the instant it is', () => {
  for (const { value: timeZone } of zoneChoices()) {
    ICAL.TimezoneService.reset();
    const ics = singleIcs({ ...entry, timeZone });
    const component = parsed(ics).getFirstSubcomponent('vtimezone');
    if (!component) continue;
    const zone = new ICAL.Timezone(component);
    for (let week = 0; week < 53; week += 1) {
      const at = entry.startsAt.getTime() + week * 7 * 86_400_000;
      const wall = wallTimeAt(new Date(at), timeZone);
      const read = ICAL.Time.fromDateTimeString(`${wall}:00`);
      read.zone = zone;
      expect([timeZone, wall, read.toJSDate().toISOString()]).toEqual([
        timeZone,
        wall,
        new Date(at).toISOString(),
      ]);
    }
  }
});

test('UTC needs no VTIMEZONE', () => {
  const ics = singleIcs({ ...entry, timeZone: 'UTC' });
  expect(ics).toContain('DTSTART:20261124T101500Z\r\n');
  expect(ics).not.toContain('VTIMEZONE');
});

test('every message of one live session is of one event, and a later one counts more', () => {
  const messages = [
    invitationIcs(entry, reader, now),
    invitationIcs({ ...entry, title: 'Another title', sequence: 4 }, reader, now),
    cancellationIcs({ ...entry, sequence: 5 }, reader, now),
    singleIcs(entry),
    feedIcs([{ ...entry, answer: 'going' }]),
  ];
  const events = messages.map(eventOf);
  const uids = events.map((event) => event.getFirstPropertyValue('uid'));
  expect(new Set(uids).size).toBe(1);
  expect(events.map((event) => event.getFirstPropertyValue('sequence'))).toEqual([3, 4, 5, 3, 3]);
  const methods = messages.map((message) => parsed(message).getFirstPropertyValue('method'));
  expect(methods).toEqual(['REQUEST', 'REQUEST', 'CANCEL', 'PUBLISH', null]);
  for (const event of events) {
    const stamp = event.getFirstPropertyValue('dtstamp') as ICAL.Time;
    expect(stamp.zone).toBe(ICAL.Timezone.utcTimezone);
    expect(event.getFirstPropertyValue('last-modified')).not.toBeNull();
  }
  expect(String(eventOf(messages[0]!).getFirstPropertyValue('dtstamp'))).toBe('2026-11-22T03:00:00Z');
});

test('whatever people write is folded, escaped and read back as they wrote it', () => {
  const text = fc.string({ unit: 'binary', maxLength: 300 });
  const emoji = fc.string({
    unit: fc.constantFrom('👩‍👩‍👧‍👦', '读', ',', ';', '\\', '\n', ':', '"', ' ', 'é', 'n'),
  });
  let written = 0;
  fc.assert(
    fc.property(fc.oneof(text, emoji), fc.oneof(text, emoji), (title, details) => {
      const person = { name: title || 'x', email: 'ana@example.test' };
      written += 1;
      const entries = {
        ...entry,
        id: `ses_${written}`,
        title: `T${title}`,
        focus: '',
        details: `D${details}`,
      };
      for (const ics of [invitationIcs(entries, person, now), feedIcs([{ ...entries, answer: null }])]) {
        const lines = Buffer.from(ics).toString('latin1').split('\r\n');
        expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(75);
        for (const line of lines) fatal.decode(Buffer.from(line, 'latin1'));
        expect(ics.replaceAll('\r\n', '')).not.toMatch(/\p{Cc}/u);
        expect(parsed(ics).getAllSubcomponents('vevent')).toHaveLength(1);
        const description = String(eventOf(ics).getFirstPropertyValue('description'));
        const read = `D${seen(details)}`;
        expect(description.slice(0, read.length)).toBe(read);
        expect(eventOf(ics).getAllProperties('summary')).toHaveLength(1);
      }
    }),
    { numRuns: 60 },
  );
});

test('a cancellation names the same event, as cancelled, without the link', () => {
  const ics = cancellationIcs({ ...entry, sequence: 4, cancelReason: 'The host is ill.' }, reader, now);
  const event = eventOf(ics);
  expect(parsed(ics).getFirstPropertyValue('method')).toBe('CANCEL');
  expect(event.getFirstPropertyValue('uid')).toBe(eventOf(singleIcs(entry)).getFirstPropertyValue('uid'));
  expect(event.getFirstPropertyValue('status')).toBe('CANCELLED');
  expect(event.getFirstPropertyValue('sequence')).toBe(4);
  expect(ics.replaceAll('\r\n ', '')).not.toContain('meet.example.test');
});

describe('a feed', () => {
  const feed = [
    { ...entry, answer: 'going' as const },
    { ...entry, id: 'ses_2', timeZone: 'Europe/London', answer: null },
    { ...entry, id: 'ses_3', state: 'cancelled' as const, answer: 'going' as const },
  ];

  test('has each zone once, keeps cancelled ones, and names no mail address', () => {
    const ics = feedIcs(feed);
    const calendar = parsed(ics);
    expect(calendar.getAllSubcomponents('vtimezone')).toHaveLength(2);
    const events = calendar.getAllSubcomponents('vevent');
    expect(events.map((event) => event.getFirstPropertyValue('status'))).toEqual([
      'CONFIRMED',
      'CONFIRMED',
      'CANCELLED',
    ]);
    expect(events.map((event) => event.getFirstPropertyValue('transp'))).toEqual([
      'OPAQUE',
      'TRANSPARENT',
      'OPAQUE',
    ]);
    expect(calendar.getFirstPropertyValue('method')).toBeNull();
    expect(ics).not.toMatch(/mailto:|ATTENDEE|ORGANIZER/i);
  });

  test('says the same whenever it is asked', () => {
    expect(feedIcs(feed)).toBe(feedIcs(feed));
    expect(feedIcs(feed)).toContain('DTSTAMP:20261120T000000Z');
    expect(feedIcs(feed)).toContain('LAST-MODIFIED:20261120T000000Z');
  });

  test('says its zones although one of its entries is in an hour that clocks show twice', () => {
    const startsAt = new Date('2027-10-30T23:45:00Z');
    const twice = { ...entry, id: 'ses_twice', timeZone: 'Europe/London', startsAt, answer: null };
    const both = [
      { ...twice, endsAt: new Date('2027-10-31T00:30:00Z') },
      { ...feed[1]!, id: 'ses_once', timeZone: 'Europe/London' },
    ];
    for (const entries of [both, both.toReversed()]) {
      const ics = feedIcs(entries);
      expect(ics).toContain('DTSTART:20271030T234500Z\r\n');
      expect(ics).toContain('DTSTART;TZID=Europe/London:');
      expect(parsed(ics).getAllSubcomponents('vtimezone')).toHaveLength(1);
    }
  });

  test('of nothing is a calendar all the same', () => {
    expect(parsed(feedIcs([])).getAllSubcomponents('vevent')).toEqual([]);
  });
});

test('links for Google and Outlook hold the same instants', () => {
  const google = new URL(googleCalendarUrl(entry));
  expect(google.searchParams.get('dates')).toBe('20261124T101500Z/20261124T114500Z');
  expect(google.searchParams.get('text')).toBe(entry.title);
  const outlook = new URL(outlookCalendarUrl(entry));
  expect(outlook.searchParams.get('startdt')).toBe('2026-11-24T10:15:00.000Z');
  expect(outlook.searchParams.get('enddt')).toBe('2026-11-24T11:45:00.000Z');
});
