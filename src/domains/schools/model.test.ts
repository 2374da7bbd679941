import { describe, expect, test } from 'vitest';
import { cpuTime } from '../../../tests/cpu-time.ts';
import { isAtDomains, joiningProblem, joiningState, membershipState, normaliseDomain } from './model.ts';

const year = {
  timeZone: 'Asia/Bangkok',
  membershipStartsOn: '2026-08-01',
  membershipEndsOn: '2027-07-31',
  pausedAt: null,
};

describe('a membership', () => {
  test('begins and ends with the day in the school’s own time zone', () => {
    expect(membershipState(year, new Date('2026-07-31T16:59:59Z'))).toBe('not-started');
    expect(membershipState(year, new Date('2026-07-31T17:00:00Z'))).toBe('active');
    expect(membershipState(year, new Date('2027-07-31T16:59:59Z'))).toBe('active');
    expect(membershipState(year, new Date('2027-07-31T17:00:00Z'))).toBe('ended');
  });

  test('has its last whole day also on the day that summer time ends', () => {
    const school = { ...year, timeZone: 'Europe/Berlin', membershipEndsOn: '2026-10-25' };
    expect(membershipState(school, new Date('2026-10-25T22:59:59Z'))).toBe('active');
    expect(membershipState(school, new Date('2026-10-25T23:00:00Z'))).toBe('ended');
  });

  test('is paused from when staff pause it, and ended all the same once it is over', () => {
    const paused = { ...year, pausedAt: new Date('2026-09-01T00:00:00Z') };
    expect(membershipState(paused, new Date('2026-09-02T00:00:00Z'))).toBe('paused');
    expect(membershipState(paused, new Date('2027-08-02T00:00:00Z'))).toBe('ended');
  });

  test('is full when all places are taken, and not before it begins', () => {
    expect(joiningState({ state: 'active', seatLimit: 2, seatsTaken: 1 })).toBe('open');
    expect(joiningState({ state: 'active', seatLimit: 2, seatsTaken: 2 })).toBe('full');
    expect(joiningState({ state: 'active', seatLimit: null, seatsTaken: 900 })).toBe('open');
    expect(joiningState({ state: 'not-started', seatLimit: 2, seatsTaken: 2 })).toBe('not-started');
  });
});

describe('who may join', () => {
  test.each(['paused', 'ended', 'not-started', 'full'] as const)(
    'nobody, at a school that is %s',
    (state) => {
      expect(joiningProblem({ state, emailDomains: [] }, 'noor@example.test')).toBe(state);
    },
  );

  test('with a list of domains, only addresses at exactly one of them, however they are written', () => {
    const school = { state: 'open', emailDomains: ['lotus.example.test'] } as const;
    expect(joiningProblem(school, 'Noor@Lotus.Example.Test ')).toBeUndefined();
    expect(joiningProblem(school, 'noor@mail.lotus.example.test')).toBe('other-domain');
    expect(joiningProblem(school, 'noor@evil-lotus.example.test')).toBe('other-domain');
    expect(joiningProblem(school, 'noor@lotus.example.test@evil.example')).toBe('other-domain');
  });

  test('without one, any address', () => {
    expect(isAtDomains('noor@anything.example', [])).toBe(true);
  });

  test('a domain in another script is the same as its ASCII form', () => {
    expect(isAtDomains('noor@学校.example', [normaliseDomain('学校.example') ?? ''])).toBe(true);
  });
});

describe('a domain', () => {
  test.each([
    ['Lotus.Example.Test', 'lotus.example.test'],
    ['@lotus.example.test', 'lotus.example.test'],
    [' https://lotus.example.test/ ', 'lotus.example.test'],
    ['schule-münchen.example', 'xn--schule-mnchen-3ob.example'],
  ])('%s is kept as %s', (typed, kept) => {
    expect(normaliseDomain(typed)).toBe(kept);
  });

  test.each([
    '',
    'school',
    'noor@lotus.example.test',
    'lotus.example.test/staff',
    'lotus.example.test:8080',
    '192.168.0.1',
    '-lotus.example',
    'lotus..example',
    '*.example.test',
    `${'a'.repeat(64)}.example`,
    `${'a.'.repeat(200)}example`,
    'lotus example.test',
  ])('“%s” is none', (typed) => {
    expect(normaliseDomain(typed)).toBeUndefined();
  });

  test('a hostile text is refused at once', () => {
    const started = cpuTime();
    expect(normaliseDomain('a-'.repeat(50_000))).toBeUndefined();
    expect(cpuTime() - started).toBeLessThan(50);
  });
});
