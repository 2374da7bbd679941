import { dictionary } from '@zxcvbn-ts/language-common';
import { describe, expect, test } from 'vitest';
import { passwordProblem } from './passwords.ts';

const noor = { name: 'Noor Lindqvist', email: 'noor.lindqvist@example.test' };
const problem = (password: string, person = noor) => passwordProblem(password, person);
const common = 'This is one of the passwords that are tried first. Choose another.';
const own = 'This is your own name or address. Choose something that is not known of you.';

test.each([
  'correct horse',
  'a sentence with spaces.',
  'xK4#pw9!zQ',
  'ÅÄÖ åäö ÅÄÖ x',
  '我们的学校在山上有一座',
  '😀😃😄😁😆😅🤣😂🙂🙃',
  'lindqvist likes tea',
  'noor and her library',
  'lower case only here',
])('“%s” is a password: there are no rules about what is in it', (password) => {
  expect(problem(password)).toBeUndefined();
});

describe('the length', () => {
  test('is ten characters at least, counted as people count', () => {
    expect(problem('')).toBe('Choose a password.');
    for (const short of ['xK4#pw9!z', '😀😃😄😁😆😅🤣😂🙂', '我们的学校在山上有'])
      expect(problem(short)).toBe('Use at least 10 characters. A short sentence is easy to remember.');
    expect(problem('xK4#pw9!zQ')).toBeUndefined();
  });

  test('is 128 characters at most', () => {
    const sentence = Array.from({ length: 60 }, (_, place) => `${place * 7919} `).join('');
    expect(problem(sentence.slice(0, 128))).toBeUndefined();
    expect(problem(sentence.slice(0, 129))).toBe('Use 128 characters or fewer.');
    const smileys = Array.from({ length: 129 }, (_, place) => String.fromCodePoint(0x1f400 + place));
    expect(problem(smileys.slice(0, 128).join(''))).toBeUndefined();
    expect(problem(smileys.join(''))).toBe('Use 128 characters or fewer.');
  });
});

test('the list of passwords that are tried first has more than 10,000, and all of them that are long enough are refused', () => {
  const list = dictionary['passwords-common'].map(String);
  expect(list.length).toBeGreaterThanOrEqual(10_000);
  const long = list.filter((word) => [...word].length >= 10);
  expect(long.length).toBeGreaterThan(300);
  expect(long.filter((word) => problem(word) !== common)).toEqual([]);
  expect(long.filter((word) => problem(word.toUpperCase()) !== common)).toEqual([]);
});

test.each([
  'qwertyuiop',
  '1234567890',
  'password123',
  'aaaaaaaaaa',
  '1111111111111',
  'abababababab',
  'abcabcabcabc',
  'abcabcabcab',
  'a a a a a a a a',
  '          ',
  '----------',
  '. . . . . .',
  'a.........',
  'aaaaaaaaab',
])('“%s” is tried first', (password) => {
  expect(problem(password)).toBe(common);
});

test.each([
  'noor.lindqvist@example.test',
  'NOOR.LINDQVIST@EXAMPLE.TEST',
  'noor.lindqvist',
  'noorlindqvist',
  'Noor Lindqvist',
  'noor_lindqvist',
  'NoorLindqvist2026',
  'noor-lindqvist-1',
  'ＮｏｏｒＬｉｎｄｑｖｉｓｔ',
])('“%s” is the person’s own name or address', (password) => {
  expect(problem(password)).toBe(own);
});

test('a name that is empty or very short forbids nothing', () => {
  expect(problem('1029384756x', { name: '', email: 'a@b.test' })).toBeUndefined();
  expect(problem('li 2983174650', { name: 'Li', email: 'li@example.test' })).toBeUndefined();
});
