import { expect, test } from 'vitest';
import { actionWords, detailWords, subjectHref } from './audit-words.ts';
import { roleWords } from './role-words.ts';

test('an action reads as words', () => {
  expect(actionWords('activation-link.rotated')).toBe('Activation link rotated');
  expect(actionWords('user.sign-ins-ended')).toBe('User sign ins ended');
});

test('what was changed has labels and names instead of keys and ids', () => {
  const names = new Map([['sch_1', 'Hillside School']]);
  expect(detailWords({ role: 'sam', scopeId: 'sch_1' }, names)).toEqual([
    ['Role', 'SAM'],
    ['Of', 'Hillside School'],
  ]);
  expect(detailWords({ role: 'staff', scopeId: '' }, names)).toEqual([['Role', 'Staff']]);
  expect(detailWords({ reason: 'security', endedLoginSessions: 1200 }, names)).toEqual([
    ['Reason', 'Somebody else may be using their sign-in'],
    ['Sign-ins ended', '1,200'],
  ]);
});

test('lists, switches and ids of what is gone stay readable', () => {
  const names = new Map([['usr_1', 'Robin Birch']]);
  expect(
    detailWords(
      { userIds: ['usr_1', 'usr_2'], wasPaused: true, membershipEndsOn: '2027-07-31', from: null },
      names,
    ),
  ).toEqual([
    ['User', 'Robin Birch, usr_2'],
    ['Was paused', 'yes'],
    ['Membership ends on', '2027-07-31'],
  ]);
});

test('an id without a name is shortened, and names of fields are words', () => {
  const linkId = 'lnk_01a200bf749b7e87baa9403fb39ac8f9';
  expect(detailWords({ linkId, changed: ['name', 'seatLimit'], until: '2027-07-31' }, new Map())).toEqual([
    ['Link', 'lnk …9ac8f9'],
    ['Changed', 'name, seat limit'],
    ['Until', '2027-07-31'],
  ]);
});

test('things with a page are linked, others are not', () => {
  expect(subjectHref('school', 'sch_1')).toBe('/staff/schools/sch_1');
  expect(subjectHref('address', 'x')).toBeUndefined();
  expect(subjectHref('constructor', 'x')).toBeUndefined();
});

test('a role says what it is of', () => {
  expect(roleWords({ role: 'sam', scopeId: 'sch_1' }, 'Hillside School')).toBe('SAM of Hillside School');
  expect(roleWords({ role: 'member', scopeId: 'sch_1' }, 'Hillside School')).toBe(
    'Member through Hillside School',
  );
  expect(roleWords({ role: 'member', scopeId: '' }, null)).toBe('Member without a school');
  expect(roleWords({ role: 'host', scopeId: 'closed-community' }, undefined)).toBe(
    'Host of closed-community',
  );
  expect(roleWords({ role: 'ta', scopeId: '' }, null)).toBe('Technical assistant');
});
