import { describe, expect, test } from 'vitest';
import { keepRecordMs } from '../mail/model.ts';
import { remindersInput } from './reminder-inputs.ts';
import {
  defaultReminders,
  dueAt,
  firstLeadMs,
  leadToSend,
  mayBeDue,
  type ReminderLead,
  type ReminderList,
  type ReminderSettings,
  reminderLeads,
} from './reminder-rules.ts';

const night = { from: '22:00', until: '07:00' };
const due = (startsAt: string, lead: ReminderLead, timeZone: string, quiet: typeof night | null = night) =>
  dueAt(new Date(startsAt), lead, timeZone, quiet).toISOString().replace(':00.000Z', 'Z');

describe('a mail is due', () => {
  test('a week, a day and an hour before the start', () => {
    const at = reminderLeads.map((lead) => due('2026-11-24T08:00:00Z', lead, 'Asia/Shanghai'));
    expect(at).toEqual(['2026-11-17T08:00Z', '2026-11-23T08:00Z', '2026-11-24T07:00Z']);
  });

  test('at that very moment in the night of who wants no quiet hours', () => {
    expect(due('2026-11-24T18:00:00Z', 'hour', 'Asia/Shanghai', null)).toBe('2026-11-24T17:00Z');
  });

  test.each([
    // In Shanghai (GMT+8): 15:00Z is 23:00, the quiet hours end at 23:00Z.
    ['a week’s', 'week', '2026-11-24T15:00:00Z', 'Asia/Shanghai', '2026-11-17T23:00Z'],
    ['a day’s, before midnight', 'day', '2026-11-24T15:00:00Z', 'Asia/Shanghai', '2026-11-23T23:00Z'],
    ['a day’s, after midnight', 'day', '2026-11-24T17:00:00Z', 'Asia/Shanghai', '2026-11-23T23:00Z'],
    // In Kathmandu (GMT+5:45): 22:00 is 16:15Z, 07:00 is 01:15Z.
    ['a day’s, at their first minute', 'day', '2026-11-24T16:15:00Z', 'Asia/Kathmandu', '2026-11-24T01:15Z'],
    ['a day’s, a minute before', 'day', '2026-11-24T16:14:00Z', 'Asia/Kathmandu', '2026-11-23T16:14Z'],
    [
      'an hour’s, for a start at 07:30',
      'hour',
      '2026-11-24T01:45:00Z',
      'Asia/Kathmandu',
      '2026-11-24T01:15Z',
    ],
    [
      'an hour’s, for a start at 08:00',
      'hour',
      '2026-11-24T02:15:00Z',
      'Asia/Kathmandu',
      '2026-11-24T01:15Z',
    ],
  ] as const)('when quiet hours end: %s', (_name, lead, startsAt, timeZone, at) => {
    expect(due(startsAt, lead, timeZone)).toBe(at);
  });

  test.each([
    ['at 06:30 in Kathmandu', '2026-11-24T00:45:00Z', 'Asia/Kathmandu', '2026-11-23T16:00Z'],
    ['at 07:10 in Kathmandu', '2026-11-24T01:25:00Z', 'Asia/Kathmandu', '2026-11-23T16:00Z'],
    ['at 23:30 in Shanghai', '2026-11-24T15:30:00Z', 'Asia/Shanghai', '2026-11-24T13:45Z'],
  ])(
    'a quarter of an hour before quiet hours begin where their end is too late: %s',
    (_name, startsAt, timeZone, at) => {
      expect(due(startsAt, 'hour', timeZone)).toBe(at);
    },
  );

  test('by the clock of London, whichever way it changes in the quiet hours', () => {
    // 25 October 2026: 02:00 BST becomes 01:00 GMT. The night ends at 07:00 GMT.
    expect(due('2026-10-26T02:00:00Z', 'day', 'Europe/London')).toBe('2026-10-25T07:00Z');
    expect(due('2026-10-25T05:00:00Z', 'hour', 'Europe/London')).toBe('2026-10-24T20:45Z');
    // 28 March 2027: 01:00 GMT becomes 02:00 BST. The night ends at 07:00 BST.
    expect(due('2027-03-29T02:00:00Z', 'day', 'Europe/London')).toBe('2027-03-28T06:00Z');
    expect(due('2027-03-28T05:00:00Z', 'hour', 'Europe/London')).toBe('2027-03-27T21:45Z');
  });

  test('after quiet hours whose end comes twice or is skipped, when they are over for certain', () => {
    const untilHalfPastOne = { from: '20:00', until: '01:30' };
    // 01:30 comes twice: at 00:30Z and at 01:30Z.
    expect(due('2026-10-26T00:00:00Z', 'day', 'Europe/London', untilHalfPastOne)).toBe('2026-10-25T01:30Z');
    // 01:30 is skipped: what would be 01:30 is 02:30 BST.
    expect(due('2027-03-29T00:00:00Z', 'day', 'Europe/London', untilHalfPastOne)).toBe('2027-03-28T01:30Z');
  });
});

const startsAt = new Date('2026-11-24T08:00:00Z');
const at = (text: string) => new Date(`${text}:00Z`);

/** Which mail goes in a round at `now` when the last was at `after`, in Shanghai: 16:00 there is the start. */
const goes = (after: string, now: string, list: ReminderList = 'reminder', settings = defaultReminders) =>
  leadToSend(startsAt, list, settings, 'Asia/Shanghai', { after: at(after), now: at(now) });

const without = (list: ReminderList, lead: ReminderLead): ReminderSettings => {
  const wanted = { ...defaultReminders.wanted };
  wanted[list] = { ...wanted[list], [lead]: false };
  return { ...defaultReminders, wanted };
};

describe('in a round', () => {
  test('what became due since the last goes, and only once', () => {
    expect(goes('2026-11-17T07:59', '2026-11-17T08:00')).toBe('week');
    expect(goes('2026-11-17T08:00', '2026-11-17T08:01')).toBeUndefined();
    expect(goes('2026-11-23T07:59', '2026-11-23T08:00')).toBe('day');
    expect(goes('2026-11-24T06:59', '2026-11-24T07:00')).toBe('hour');
    expect(goes('2026-11-24T07:59', '2026-11-24T08:00')).toBeUndefined();
  });

  test('invitations go a week and a day before; an hour before to who asked for it', () => {
    expect(goes('2026-11-17T07:59', '2026-11-17T08:00', 'invitation')).toBe('week');
    expect(goes('2026-11-24T06:59', '2026-11-24T07:00', 'invitation')).toBeUndefined();
    const asked = { ...defaultReminders.wanted, invitation: { week: true, day: true, hour: true } };
    const settings = { ...defaultReminders, wanted: asked };
    expect(goes('2026-11-24T06:59', '2026-11-24T07:00', 'invitation', settings)).toBe('hour');
  });

  test.each(reminderLeads)('nothing goes whose switch is off: %s', (lead) => {
    const now = dueAt(startsAt, lead, 'Asia/Shanghai', null);
    const span = { after: new Date(now.getTime() - 60_000), now };
    for (const list of ['invitation', 'reminder'] as const)
      expect(leadToSend(startsAt, list, without(list, lead), 'Asia/Shanghai', span)).toBeUndefined();
    expect(leadToSend(startsAt, 'reminder', without('invitation', lead), 'Asia/Shanghai', span)).toBe(lead);
  });

  test('after the server was off, the last that is due goes late, as long as it is of use', () => {
    expect(goes('2026-11-17T07:00', '2026-11-18T07:59')).toBe('week');
    expect(goes('2026-11-17T07:00', '2026-11-18T08:01')).toBeUndefined();
    expect(goes('2026-11-23T07:00', '2026-11-23T13:59')).toBe('day');
    expect(goes('2026-11-23T07:00', '2026-11-24T06:59')).toBeUndefined();
    expect(goes('2026-11-24T06:00', '2026-11-24T07:59')).toBe('hour');
    expect(goes('2026-11-16T07:00', '2026-11-24T07:30')).toBe('hour');
    expect(
      goes('2026-11-16T07:00', '2026-11-24T07:30', 'reminder', without('reminder', 'hour')),
    ).toBeUndefined();
  });

  test('a late mail is not sent at night; one that is minutes late is', () => {
    const ends = new Date('2026-11-24T13:59:00Z'); // a day before, it is 21:59 in Shanghai
    const sent = (now: string) =>
      leadToSend(ends, 'reminder', defaultReminders, 'Asia/Shanghai', {
        after: at('2026-11-23T13:00'),
        now: at(now),
      });
    expect(sent('2026-11-23T14:00')).toBe('day');
    expect(sent('2026-11-23T14:30')).toBeUndefined();
  });
});

test('no key is forgotten by the outbox while its mail may be due', () => {
  expect(keepRecordMs).toBeGreaterThan(2 * firstLeadMs);
});

describe('a live session may be passed over', () => {
  test('only where nobody, wherever they are, would get a mail', () => {
    const zones = ['Asia/Shanghai', 'Asia/Kathmandu', 'Europe/London', 'America/New_York', 'Pacific/Chatham'];
    const quiets = [night, { from: '12:00', until: '00:00' }, { from: '00:30', until: '12:30' }, null];
    const begin = Date.parse('2026-10-17T00:00:00Z');
    const start = new Date('2026-10-26T06:25:00Z');
    const minutes = (start.getTime() - begin) / 60_000;
    let passedOver = 0;
    const due = new Set<number>();
    for (const timeZone of zones)
      for (const quiet of quiets)
        for (const lead of reminderLeads) due.add(dueAt(start, lead, timeZone, quiet).getTime());
    for (let minute = 1; minute < minutes; minute += 1) {
      const span = { after: new Date(begin + (minute - 1) * 60_000), now: new Date(begin + minute * 60_000) };
      if (mayBeDue(start, span)) continue;
      passedOver += 1;
      expect(due.has(span.now.getTime()), span.now.toISOString()).toBe(false);
    }
    expect(passedOver / minutes).toBeGreaterThan(0.95);
  });
});

describe('the form', () => {
  const filled = { quiet: 'on', quietFrom: '22:00', quietUntil: '07:00' };
  const problem = (input: Record<string, string>) =>
    remindersInput.safeParse({ ...filled, ...input }).error?.issues.map(({ message }) => message);

  test('takes boxes that are ticked or not, and clocks', () => {
    expect(remindersInput.parse({ ...filled, reminderHour: 'on' })).toMatchObject({
      ...{ reminderHour: true, reminderDay: false, quiet: true, quietFrom: '22:00' },
    });
  });

  test('refuses quiet hours that never end, last too long, or begin at another clock', () => {
    expect(problem({ quietUntil: '22:00' })).toEqual([
      'Choose another hour than the one at which they begin.',
    ]);
    expect(problem({ quietUntil: '10:30' })).toEqual(['Quiet hours last 12 hours at most.']);
    expect(problem({ quietUntil: '10:00' })).toBeUndefined();
    expect(problem({ quietFrom: '22:10' })).toEqual(['Choose an hour from the list.']);
    expect(problem({ quietFrom: '24:00' })).toEqual(['Choose an hour from the list.']);
  });

  test('looks at the clocks only where there are quiet hours', () => {
    const { quiet: _, ...off } = filled;
    expect(remindersInput.safeParse({ ...off, quietUntil: '22:00' }).success).toBe(true);
  });
});
