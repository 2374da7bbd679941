import type { z } from 'astro/zod';
import { describe, expect, test } from 'vitest';
import { cpuTime } from '../../tests/cpu-time.ts';
import {
  anyPassword,
  checkbox,
  country,
  day,
  emailAddress,
  line,
  mustTick,
  optionalLine,
  optionalText,
  text,
  timeZone,
} from './inputs.ts';

/** What a field becomes, or the first sentence it is refused with. */
function given(schema: z.ZodType, value: unknown) {
  const result = schema.safeParse(value);
  return result.success ? { value: result.data } : { refused: result.error.issues[0]?.message };
}

const hidden: [string, string][] = [
  ['a NUL', '\u0000'],
  ['a backspace', '\b'],
  ['an escape', '\u001b'],
  ['a delete', '\u007f'],
  ['a C1 control', '\u0085'],
  ['a left-to-right mark', '\u200e'],
  ['an Arabic letter mark', '\u061c'],
  ['an override of direction', '\u202e'],
  ['an isolate', '\u2066'],
  ['the end of an isolate', '\u2069'],
  ['a byte order mark', '\ufeff'],
  ['no character', '\uffff'],
];

const written = [
  'Noor Lindqvist',
  'Ødegård-Ngũgĩ',
  'D’Artagnan',
  '李小龍',
  'やまだ たろう',
  'محمد',
  'شورای‌عالی', // with a zero-width non-joiner, which Persian needs
  'Нурлан',
  '👩🏽‍🏫 Ms. O’Neil', // with a zero-width joiner
  'a "quoted" <b>name</b> & more',
  "Robert'); DROP TABLE users;--",
];

describe('a line', () => {
  const name = line('your name', 20);

  test.each(written)('keeps “%s” as it was written', (value) => {
    expect(given(line('your name'), value)).toEqual({ value });
    expect(given(optionalLine(), value)).toEqual({ value });
  });

  test('loses the spaces around it and is composed', () => {
    expect(given(name, '  Noor\u00a0')).toEqual({ value: 'Noor' });
    expect(given(name, 'Ku\u0308hn')).toEqual({ value: 'K\u00fchn' });
  });

  test.each(['', '   ', '\n', '\u3000'])('that is empty (%j) is asked for by name', (value) => {
    expect(given(name, value)).toEqual({ refused: 'Enter your name.' });
    expect(given(optionalLine(), value)).toEqual({ value: '' });
  });

  test('that is missing or no text is asked for', () => {
    for (const value of [undefined, null, 1, ['a', 'b'], {}])
      expect(given(name, value)).toEqual({ refused: 'Enter your name.' });
    expect(given(optionalLine(), undefined)).toEqual({ value: '' });
  });

  test('is measured in characters, not in bytes or halves of emoji', () => {
    expect(given(name, '😀'.repeat(20))).toEqual({ value: '😀'.repeat(20) });
    expect(given(name, '😀'.repeat(21))).toEqual({ refused: 'Use 20 characters or fewer.' });
    expect(given(name, 'x'.repeat(10_000))).toEqual({ refused: 'Use 20 characters or fewer.' });
    expect(given(optionalLine(5), 'abcdef')).toEqual({ refused: 'Use 5 characters or fewer.' });
  });

  test.each(hidden)('with %s is refused', (_, character) => {
    const refused = 'This contains characters that cannot be seen. Please type it anew.';
    expect(given(name, `No${character}or`)).toEqual({ refused });
    expect(given(optionalLine(), `No${character}or`)).toEqual({ refused });
    expect(given(optionalText(), `No${character}or`)).toEqual({ refused });
  });

  test.each(['\n', '\r\n', '\r', '\t', '\u2028', '\u2029'])('is one line: %j is refused', (character) => {
    const refused = 'Write this on one line.';
    const value = `Noor${character}Bcc: x`;
    expect(given(name, value)).toEqual({ refused });
    expect(given(optionalLine(), value)).toEqual({ refused });
  });

  test('of any length is answered at once', () => {
    const started = cpuTime();
    for (const value of [
      'x'.repeat(100_000),
      ' '.repeat(100_000),
      `${' '.repeat(50_000)}x${' '.repeat(50_000)}`,
      '\u202e'.repeat(100_000),
    ])
      given(name, value);
    expect(cpuTime() - started).toBeLessThan(1000);
  });
});

describe('a text', () => {
  test('keeps its lines and tabs, with one kind of line break', () => {
    expect(given(text('your question'), ' a\r\n\tb\rc\nd\n')).toEqual({ value: 'a\n\tb\nc\nd' });
  });

  test('that is empty is asked for, where it must be filled in', () => {
    for (const value of ['', ' \n ', undefined])
      expect(given(text('your question'), value)).toEqual({ refused: 'Enter your question.' });
    expect(given(optionalText(), undefined)).toEqual({ value: '' });
  });

  test('that is too long is told how long it may be', () => {
    expect(given(text('your question'), 'x'.repeat(2000))).toEqual({ value: 'x'.repeat(2000) });
    expect(given(text('your question'), 'x'.repeat(2001))).toEqual({
      refused: 'Use 2,000 characters or fewer.',
    });
  });
});

describe('an e-mail address', () => {
  test.each([
    'noor@example.test',
    'Noor.Lindqvist+peers@Example.TEST',
    "o'neil@example.test",
    'a@b.co',
    'x_y-z@sub.sub.example.test',
    'nør@bücher.test',
    '用户@例子.测试',
    `${'a'.repeat(64)}@example.test`,
  ])('“%s” is one', (value) => {
    expect(given(emailAddress, value)).toEqual({ value });
  });

  test('loses the spaces around it and nothing else', () => {
    expect(given(emailAddress, ' Noor@Example.test\t')).toEqual({ value: 'Noor@Example.test' });
  });

  test.each([
    'noor',
    '@example.test',
    'noor@',
    'noor@example',
    'noor@example.t',
    'noor@.test',
    'noor@example..test',
    'noor@@example.test',
    'noor@example.test@elsewhere.test',
    'noor lindqvist@example.test',
    'Noor <noor@example.test>',
    '"noor"@example.test',
    'noor@example.test, other@example.test',
    'noor@example.test;other@example.test',
    'noor@example.test\nBcc: other@example.test',
    'noor@exa\u0000mple.test',
    'noor\u202e@example.test',
    'noor@exam\u200eple.test',
    'noor@[127.0.0.1]',
    'noor@example.test:25',
    'noor\\@example.test',
    // what a URL takes as the end of a host: the part behind it must not hide whose address it is
    'noor@elsewhere.test/.example.test',
    'noor@elsewhere.test?.example.test',
    'noor@elsewhere.test#.example.test',
    'noor@elsewhere%2etest.example.test',
    'noor@%65xample.test',
    `${'a'.repeat(65)}@example.test`,
  ])('“%s” is none', (value) => {
    expect(given(emailAddress, value)).toEqual({ refused: 'Enter an e-mail address like name@school.org.' });
  });

  test('that is empty is asked for, and a very long one refused', () => {
    expect(given(emailAddress, ' ')).toEqual({ refused: 'Enter your e-mail address.' });
    expect(given(emailAddress, undefined)).toEqual({ refused: 'Enter your e-mail address.' });
    expect(given(emailAddress, `noor@${'a'.repeat(260)}.test`)).toEqual({
      refused: 'Use an address of 254 characters or fewer.',
    });
  });

  test('of any length is answered at once', () => {
    const started = cpuTime();
    for (const value of [
      'a'.repeat(100_000),
      `a@${'a.'.repeat(50_000)}`,
      `a@${'.'.repeat(100_000)}`,
      '@'.repeat(100_000),
    ])
      given(emailAddress, value);
    expect(cpuTime() - started).toBeLessThan(1000);
  });
});

test('a password that exists is taken as it was typed', () => {
  expect(given(anyPassword, '  a b\u0000 ')).toEqual({ value: '  a b\u0000 ' });
  expect(given(anyPassword, '')).toEqual({ refused: 'Enter your password.' });
  expect(given(anyPassword, undefined)).toEqual({ refused: 'Enter your password.' });
  expect(given(anyPassword, 'x'.repeat(1001))).toEqual({ refused: 'This is longer than any password here.' });
});

test('a country is one of the list', () => {
  expect(given(country, 'VN')).toEqual({ value: 'VN' });
  for (const value of ['XX', 'vn', ''])
    expect(given(country, value)).toEqual({ refused: 'Choose a country from the list.' });
  expect(given(country, undefined)).toEqual({ refused: 'Choose a country.' });
});

test('a time zone is one that the platform knows', () => {
  for (const value of ['Asia/Ho_Chi_Minh', 'UTC', 'America/Argentina/Buenos_Aires', 'Etc/GMT+8'])
    expect(given(timeZone, value)).toEqual({ value });
  for (const value of ['', 'Mars/Olympus', '+01:00', '../../etc/passwd', 'x'.repeat(10_000)])
    expect(given(timeZone, value)).toEqual({ refused: 'Choose a time zone from the list.' });
});

test('a box is ticked or not, and nothing else', () => {
  expect(given(checkbox, 'on')).toEqual({ value: true });
  expect(given(checkbox, undefined)).toEqual({ value: false });
  expect(given(checkbox, 'true')).toHaveProperty('refused');
  expect(given(mustTick('Accept the code.'), 'on')).toEqual({ value: 'on' });
  for (const value of [undefined, '', 'off'])
    expect(given(mustTick('Accept the code.'), value)).toEqual({ refused: 'Accept the code.' });
});

test('a day is one of the calendar', () => {
  expect(given(day, '2028-02-29')).toEqual({ value: '2028-02-29' });
  for (const value of ['2027-02-29', '2027-13-01', '27-01-01', '', undefined, '2027-01-01T00:00:00Z'])
    expect(given(day, value)).toEqual({ refused: 'Enter a day.' });
});

describe('hostile text of 100,000 characters', () => {
  const long = 100_000;
  const hostile: [string, string][] = [
    ['marks that are to be put in order', `a${'\u0315'.repeat(long / 2)}${'\u0300'.repeat(long / 2)}`],
    ['spaces inside', `a${' '.repeat(long)}b`],
    ['line breaks', '\r'.repeat(long)],
    ['dots of a domain', `a@${'a.'.repeat(long / 2)}@`],
    ['at signs', '@'.repeat(long)],
    ['an address without an end', `${'a'.repeat(long)}@`],
    ['slashes of a zone', `A${'/'.repeat(long)}`],
    ['digits', '1'.repeat(long)],
    ['halves of characters', '\ud83d'.repeat(long)],
  ];
  const fields: [string, z.ZodType][] = [
    ['a line', line('your name')],
    ['an optional line', optionalLine()],
    ['a long optional text', optionalText(10_000)],
    ['a text', text('your message')],
    ['an e-mail address', emailAddress],
    ['a password', anyPassword],
    ['a country', country],
    ['a time zone', timeZone],
    ['a day', day],
  ];

  test.each(fields)('is refused by %s before it holds up anybody else', (_name, schema) => {
    for (const [what, value] of hostile) {
      const startedAt = cpuTime();
      schema.safeParse(value);
      expect(cpuTime() - startedAt, what).toBeLessThan(50);
    }
  });

  test('is refused for its length where it could be that long', () => {
    expect(given(line('your name', 20), 'x'.repeat(long)).refused).toBe('Use 20 characters or fewer.');
    expect(given(optionalText(2000), 'x'.repeat(long)).refused).toBe('Use 2,000 characters or fewer.');
  });
});
