import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Grant, Viewer } from '../../src/domains/accounts/model.ts';
import { access, type Entry, entryOf, type Rule } from '../../src/middleware/access.ts';

const routes = readdirSync('src/pages', { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll(path.sep, '/'))
  .filter((file) => /\.(?:astro|ts)$/.test(file));

const patternOf = (file: string) =>
  `/${file.replace(/\.(?:astro|ts)$/, '').replace(/(?:^|\/)index$/, '')}`.replace(/\/$/, '') || '/';

const isOnDemand = (file: string) =>
  /export const prerender = false/.test(readFileSync(`src/pages/${file}`, 'utf8'));

const now = new Date('2026-11-21T09:30:00Z');
const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * 60_000);

/** Somebody with these roles, who gave the password at `authenticatedAt`. */
function viewerWith(grants: Grant[], authenticatedAt: Date): Viewer {
  return {
    id: 'usr_viewer' as Viewer['id'],
    name: 'Robin Example',
    email: 'robin@example.test',
    timeZone: 'Asia/Shanghai',
    pictureId: null,
    grants,
    loginSession: {
      idHash: 'hash',
      createdAt: minutesAgo(600),
      lastUsedAt: now,
      authenticatedAt,
      device: 'Firefox on Linux',
    },
  };
}

test('every route that is answered on demand has a row in the access table', () => {
  const onDemand = routes.filter(isOnDemand).map(patternOf);
  expect(onDemand.length).toBeGreaterThan(0);
  expect(onDemand.filter((pattern) => !Object.hasOwn(access, pattern))).toEqual([]);
});

test('every row in the access table is a route', () => {
  // Server islands are answered by a route that Astro adds.
  const patterns = new Set([...routes.map(patternOf), '/_server-islands/[name]']);
  expect(Object.keys(access).filter((pattern) => !patterns.has(pattern))).toEqual([]);
});

test('a route without a row is closed to everybody', () => {
  const staff = viewerWith([{ role: 'staff', scopeId: '' }], now);
  for (const pattern of ['/staff/[...page]', '/_image', '/constructor', '__proto__', ''])
    for (const viewer of [null, staff])
      expect(entryOf(pattern, viewer, { now, cmsIsOpen: true }), pattern).toBe('not-found');
});

test('the CMS is closed unless it is opened, or an editor or staff comes', () => {
  for (const pattern of ['/keystatic/[...params]', '/api/keystatic/[...params]']) {
    expect(entryOf(pattern, null, { now, cmsIsOpen: false })).toBe('not-found');
    expect(entryOf(pattern, null, { now, cmsIsOpen: true })).toBe('enter');
    for (const role of ['editor', 'staff'] as const)
      expect(entryOf(pattern, viewerWith([{ role, scopeId: '' }], now), { now, cmsIsOpen: false })).toBe(
        'enter',
      );
  }
});

const grantsOf = {
  'signed in without a role': [],
  member: [{ role: 'member', scopeId: 'sch_one' }],
  SAM: [{ role: 'sam', scopeId: 'sch_one' }],
  host: [{ role: 'host', scopeId: 'libraries' }],
  TA: [{ role: 'ta', scopeId: '' }],
  editor: [{ role: 'editor', scopeId: '' }],
  staff: [{ role: 'staff', scopeId: '' }],
} satisfies Record<string, Grant[]>;

type Person = 'anonymous' | keyof typeof grantsOf;

/** What each rule means, written out: nothing here is worked out by the code that it holds to account. */
const expected: Record<Exclude<Rule, `${string} recently`>, Record<Person, Entry>> = {
  anyone: {
    anonymous: 'enter',
    'signed in without a role': 'enter',
    member: 'enter',
    SAM: 'enter',
    host: 'enter',
    TA: 'enter',
    editor: 'enter',
    staff: 'enter',
  },
  'signed-in': {
    anonymous: 'sign-in',
    'signed in without a role': 'enter',
    member: 'enter',
    SAM: 'enter',
    host: 'enter',
    TA: 'enter',
    editor: 'enter',
    staff: 'enter',
  },
  member: {
    anonymous: 'sign-in',
    'signed in without a role': 'not-found',
    member: 'enter',
    SAM: 'enter',
    host: 'enter',
    TA: 'enter',
    editor: 'enter',
    staff: 'enter',
  },
  sam: {
    anonymous: 'sign-in',
    'signed in without a role': 'not-found',
    member: 'not-found',
    SAM: 'enter',
    host: 'not-found',
    TA: 'not-found',
    editor: 'not-found',
    staff: 'enter',
  },
  host: {
    anonymous: 'sign-in',
    'signed in without a role': 'not-found',
    member: 'not-found',
    SAM: 'not-found',
    host: 'enter',
    TA: 'not-found',
    editor: 'not-found',
    staff: 'enter',
  },
  ta: {
    anonymous: 'sign-in',
    'signed in without a role': 'not-found',
    member: 'not-found',
    SAM: 'not-found',
    host: 'enter',
    TA: 'enter',
    editor: 'not-found',
    staff: 'enter',
  },
  staff: {
    anonymous: 'sign-in',
    'signed in without a role': 'not-found',
    member: 'not-found',
    SAM: 'not-found',
    host: 'not-found',
    TA: 'not-found',
    editor: 'not-found',
    staff: 'enter',
  },
  editor: {
    anonymous: 'sign-in',
    'signed in without a role': 'not-found',
    member: 'not-found',
    SAM: 'not-found',
    host: 'not-found',
    TA: 'not-found',
    editor: 'enter',
    staff: 'enter',
  },
  cms: {
    anonymous: 'not-found',
    'signed in without a role': 'not-found',
    member: 'not-found',
    SAM: 'not-found',
    host: 'not-found',
    TA: 'not-found',
    editor: 'enter',
    staff: 'enter',
  },
};

/** With a password older than fifteen minutes, whoever would enter is asked for it again; nobody else learns of that. */
const expectedLongAfterPassword: Record<Extract<Rule, `${string} recently`>, Record<Person, Entry>> = {
  'signed-in recently': {
    anonymous: 'sign-in',
    'signed in without a role': 'confirm',
    member: 'confirm',
    SAM: 'confirm',
    host: 'confirm',
    TA: 'confirm',
    editor: 'confirm',
    staff: 'confirm',
  },
  'staff recently': {
    anonymous: 'sign-in',
    'signed in without a role': 'not-found',
    member: 'not-found',
    SAM: 'not-found',
    host: 'not-found',
    TA: 'not-found',
    editor: 'not-found',
    staff: 'confirm',
  },
};

describe.each(Object.entries(access))('at %s, which is for: %s,', (pattern, rule) => {
  const people = ['anonymous', ...Object.keys(grantsOf)] as Person[];
  const meet = (person: Person, authenticatedAt: Date) =>
    entryOf(pattern, person === 'anonymous' ? null : viewerWith(grantsOf[person], authenticatedAt), {
      now,
      cmsIsOpen: false,
    });
  const [base] = rule.split(' ') as [keyof typeof expected];

  test.each(people)('%s meets what the rule says', (person) => {
    expect(meet(person, minutesAgo(1))).toBe(expected[base][person]);
    expect(meet(person, minutesAgo(15))).toBe(expected[base][person]);
  });

  test.each(people)('%s, long after giving the password, meets what the rule says', (person) => {
    const table = rule.endsWith(' recently')
      ? expectedLongAfterPassword[rule as keyof typeof expectedLongAfterPassword]
      : expected[base];
    expect(meet(person, new Date(minutesAgo(15).getTime() - 1))).toBe(table[person]);
    expect(meet(person, minutesAgo(600))).toBe(table[person]);
  });
});

test('everything of staff is for staff, what they publish for editors too, and everything of SAMs for SAMs', () => {
  const rows = Object.entries(access);
  const below = (start: string) => rows.filter(([pattern]) => `${pattern}/`.startsWith(`${start}/`));
  for (const [pattern, rule] of below('/staff'))
    expect([pattern, rule.split(' ')[0]]).toEqual([
      pattern,
      pattern.startsWith('/staff/publishing') ? 'editor' : 'staff', // editors publish what they write
    ]);
  for (const [pattern, rule] of below('/sam'))
    expect([pattern, rule.split(' ')[0]]).toEqual([pattern, 'sam']);
});

test('roles are given and taken only soon after the password', () => {
  expect(access['/staff/people/[id]/roles']).toBe('staff recently');
});
