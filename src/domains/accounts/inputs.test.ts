import { expect, test } from 'vitest';
import { linksFrom, profileInput, visibilityFrom } from './inputs.ts';
import { profileParts } from './model.ts';

const filledIn = {
  name: 'Noor Lindqvist',
  timeZone: 'Asia/Ho_Chi_Minh',
  languages: ['en', 'vi'],
  ...Object.fromEntries(profileParts.map((part) => [`${part}For`, 'members'])),
};

const problemsOf = (changes: Record<string, unknown>) => {
  const result = profileInput.safeParse({ ...filledIn, ...changes });
  return result.success
    ? []
    : result.error.issues.map(({ path, message }) => `${String(path[0])}: ${message}`);
};
const parsed = (changes: Record<string, unknown> = {}) => profileInput.parse({ ...filledIn, ...changes });

test('a profile needs a name and a time zone; everything else may stay empty', () => {
  expect(problemsOf({})).toEqual([]);
  expect(problemsOf({ name: ' ' })).toEqual(['name: Enter your name.']);
  expect(problemsOf({ timeZone: 'Moon/Base' })).toEqual(['timeZone: Choose a time zone from the list.']);
});

test('names and texts in any script and with emoji stay as they are', () => {
  const written = { name: '山田 太郎 🎈', about: 'سلام\r\nzwei' };
  expect(parsed(written)).toMatchObject({ name: '山田 太郎 🎈', about: 'سلام\nzwei' });
});

test('a text that is too long, or turns its direction, is refused', () => {
  expect(problemsOf({ about: 'x'.repeat(2001) })).toEqual(['about: Use 2,000 characters or fewer.']);
  expect(problemsOf({ jobTitle: 'x'.repeat(10_000) })).toEqual(['jobTitle: Use 120 characters or fewer.']);
  expect(problemsOf({ name: 'abc\u202edef' })).toHaveLength(1);
});

test.for([
  'javascript:alert(1)',
  'JAVASCRIPT:alert(1)',
  ' javascript:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:x',
  'http://example.test/',
  'ftp://example.test/',
  'https://',
  'https://somebody:secret@example.test/',
  'https://localhost/',
  'file:///etc/passwd',
  'mailto:noor@example.test',
])('the link %j is refused', (url) => {
  expect(problemsOf({ link1Url: url })).toEqual(['link1Url: Enter a web address that begins with https://.']);
});

test('a link may be typed without its beginning, and is called by its host where it has no name', () => {
  const input = parsed({
    link1Url: 'www.example.test/noor',
    link3Label: 'My shelf',
    link3Url: 'https://books.example.test',
  });
  expect(linksFrom(input)).toEqual([
    { label: 'example.test', url: 'https://www.example.test/noor' },
    { label: 'My shelf', url: 'https://books.example.test/' },
  ]);
});

test('a link’s name without an address is refused', () => {
  expect(problemsOf({ link2Label: 'My shelf' })).toEqual([
    'link2Url: Enter the address of this link, or take its name away.',
  ]);
});

test('languages are those of the list, twelve at most', () => {
  expect(problemsOf({ languages: ['xx'] })).toHaveLength(1);
  const many = 'aa ab ae af ak am an ar as av ay az ba'.split(' ');
  expect(problemsOf({ languages: many })).toEqual(['languages: Choose 12 languages at most.']);
});

test('only what differs from the rule is kept of who sees what', () => {
  expect(visibilityFrom(parsed({ pictureFor: 'nobody', aboutFor: 'communities' }))).toEqual({
    picture: 'nobody',
    about: 'communities',
  });
  expect(problemsOf({ pictureFor: 'everybody' })).toEqual(['pictureFor: Choose who sees this.']);
});

test('fields that a profile does not have are refused', () => {
  for (const field of ['email', 'role', 'emailVerifiedAt', 'personSlug', 'suspendedAt', 'id'])
    expect(problemsOf({ [field]: 'x' })).toHaveLength(1);
});
