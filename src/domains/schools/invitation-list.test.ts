import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuTime } from '../../../tests/cpu-time.ts';
import { type ListLine, readList, readListFile } from './invitation-list.ts';

const people = (text: string) => {
  const read = readList(text);
  if ('unreadable' in read) throw new Error(read.unreadable);
  return read.lines.map(({ email, name, problem }) => [email, name, ...(problem ? [problem] : [])]);
};
const lines = (read: { lines: ListLine[] } | { unreadable: string }) => ('lines' in read ? read.lines : read);
const bytes = (text: string) => new TextEncoder().encode(text);

describe('pasted lines', () => {
  test.each([
    ['ana@example.test', ['ana@example.test', '']],
    ['  Ana@Example.TEST  ', ['ana@example.test', '']],
    ['Ana Sample <ana@example.test>', ['ana@example.test', 'Ana Sample']],
    ['"Sample, Ana" <ana@example.test>', ['ana@example.test', 'Sample, Ana']],
    ['Sample, Ana <ana@example.test>', ['ana@example.test', 'Sample, Ana']],
    ['Ana Sample, ana@example.test', ['ana@example.test', 'Ana Sample']],
    ['Ana Sample; ana@example.test', ['ana@example.test', 'Ana Sample']],
    ['Ana\tSample\tana@example.test', ['ana@example.test', 'Ana Sample']],
    ['ana@example.test, Ana Sample', ['ana@example.test', 'Ana Sample']],
    ['ana@example.test\tAna Sample\tLibrary', ['ana@example.test', 'Ana Sample']],
    ['mailto:ana@example.test', ['ana@example.test', '']],
    ['陈小梅，chen＠example.test', ['chen@example.test', '陈小梅']],
    ['Zoë O’Hara 🌱 <zoe@example.test>', ['zoe@example.test', 'Zoë O’Hara 🌱']],
    ['<ana@example.test>', ['ana@example.test', '']],
  ])('%s', (line, person) => {
    expect(people(line)).toEqual([person]);
  });

  test('with several people, as mail programs copy them, are taken apart', () => {
    expect(people('Ana Sample <ana@example.test>; Bo <bo@example.test>, chen@example.test')).toEqual([
      ['ana@example.test', 'Ana Sample'],
      ['bo@example.test', 'Bo'],
      ['chen@example.test', ''],
    ]);
  });

  test('with a problem say which, on which line', () => {
    const read = readList(
      ['ana@example.test', '', 'Bo Sample', 'bo@', '@example.test', 'ANA@example.test', 'x'.repeat(600)].join(
        '\r\n',
      ),
    );
    expect(lines(read)).toMatchObject([
      { line: 1, email: 'ana@example.test' },
      { line: 3, text: 'Bo Sample', problem: 'no-address' },
      { line: 4, text: 'bo@', problem: 'not-an-address' },
      { line: 5, problem: 'not-an-address' },
      { line: 6, problem: 'twice' },
      { line: 7, problem: 'too-long' },
    ]);
  });

  test('with names that are too long or hide characters are marked', () => {
    expect(people(`${'x'.repeat(121)} <ana@example.test>`)).toEqual([['ana@example.test', '', 'bad-name']]);
    expect(people('Ana \u202e elpmaS <ana@example.test>')).toEqual([['ana@example.test', '', 'bad-name']]);
  });

  test('an address that would add a header is none', () => {
    expect(people('ana@example.test\0')).toEqual([['', '', 'not-an-address']]);
    expect(people('ana@exa mple.test')).toEqual([['', 'mple.test', 'not-an-address']]);
  });
});

describe('columns', () => {
  test.each([
    ['email,name\nana@example.test,Ana Sample'],
    ['Name;E-Mail\r\nAna Sample;ana@example.test\r\n'],
    ['First name\tLast name\tE-mail address\tTeam\nAna\tSample\tana@example.test\tLibrary'],
    ['\ufeffsurname,Given Name,Mail\nSample,Ana,ana@example.test'],
    ['sep=;\nemail;name\nana@example.test;Ana Sample'],
    ['姓名,邮箱\nAna Sample,ana@example.test'],
    ['email,name\n"ana@example.test","Ana Sample"\n\n,,\n'],
  ])('are found by their head line: %j', (text) => {
    expect(people(text)).toEqual([['ana@example.test', 'Ana Sample']]);
  });

  test('may hold delimiters and line breaks in quotation marks, and lines keep their numbers', () => {
    const read = readList(
      'name,email,note\n"Sample, Ana",ana@example.test,"two\nlines"\nBo,nothing,\nChen,,\n',
    );
    expect(lines(read)).toMatchObject([
      { email: 'ana@example.test', name: 'Sample, Ana' },
      { line: 4, problem: 'not-an-address', text: 'Bo, nothing' },
      { line: 5, problem: 'no-address', text: 'Chen' },
    ]);
  });

  test('that are fewer than the head line says leave the rest empty', () => {
    expect(people('name,email\nAna Sample\nBo,bo@example.test,more,and more')).toEqual([
      ['', 'Ana Sample', 'no-address'],
      ['bo@example.test', 'Bo'],
    ]);
  });

  test('with a quotation mark that is never closed are refused as a whole', () => {
    expect(readList('email,name\n"ana@example.test,Ana\nbo@example.test,Bo')).toEqual({
      unreadable: 'open-quote',
    });
  });
});

describe('a file', () => {
  const text = 'email,name\nzoe@example.test,Zoë 小梅\n';
  const utf16 = (endian: 'le' | 'be') => {
    const body = Buffer.from(`\ufeff${text}`, 'utf16le');
    return endian === 'le' ? body : body.swap16();
  };

  test.each([
    ['UTF-8', bytes(text)],
    ['UTF-8 with a mark', bytes(`\ufeff${text}`)],
    ['UTF-16, little end first', utf16('le')],
    ['UTF-16, big end first', utf16('be')],
  ])('in %s keeps its names', (_coding, file) => {
    expect(lines(readListFile(file))).toMatchObject([{ email: 'zoe@example.test', name: 'Zoë 小梅' }]);
  });

  test.each([
    [
      'in an old coding, rather than spoil its names',
      Buffer.from('email,name\nzoe@example.test,Zo\xeb', 'latin1'),
      'not-text',
    ],
    ['that is a workbook', Buffer.from('PK\x03\x04xl/workbook.xml', 'latin1'), 'workbook'],
    ['that is a picture', Buffer.from('\x89PNG\r\n\x1a\n\0\0', 'latin1'), 'not-text'],
    ['with NULs', bytes('email\0,name'), 'not-text'],
    ['of more than 2 MB', new Uint8Array(2_000_001), 'too-large'],
    ['with nothing in it', bytes(' \n\r\n\t'), 'empty'],
    ['with a head line only', bytes('email,name\n'), 'empty'],
    ['of more than 5,000 lines', bytes(`email\n${'Ana\n'.repeat(5001)}`), 'too-many-rows'],
  ])('%s is refused', (_what, file, unreadable) => {
    expect(readListFile(file)).toEqual({ unreadable });
  });
});

test('nothing that people paste throws or takes long', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ maxLength: 300, unit: 'binary' }), fc.stringMatching(/^[@<>,;"\t\n ae.]{0,200}$/)),
      (text) => {
        readList(text);
        readList(`email,name\n${text}`);
      },
    ),
  );
  for (const hostile of ['@', 'a', '"', '<', ',', 'a@', '\t', '"a@b.c",', 'a@b\n'].map((part) =>
    part.repeat(100_000),
  )) {
    const started = process.cpuUsage();
    readList(hostile);
    readList(`email,name\n${hostile}`);
    expect(process.cpuUsage(started).user).toBeLessThan(500_000);
  }
});

test('far more people than can be invited are counted, and not read one by one', () => {
  const list = 'ana@example.test\n'.repeat(4000);
  expect(readList(list)).toEqual({ unreadable: 'too-many-people', count: 4000 });
  expect(readList(`email\n${list}`)).toEqual({ unreadable: 'too-many-people', count: 4000 });
});

test.each([
  ['at signs', '@'.repeat(100_000)],
  ['angle brackets', '<'.repeat(100_000)],
  ['open quotation marks under a head', `email\n${'"'.repeat(100_000)}`],
  ['commas under a head', `email,name\n${','.repeat(100_000)}`],
  ['brackets and spaces on short lines', `${`a@b.cd ${'> ) '.repeat(100)}\n`.repeat(240)}`],
  ['halves of addresses on short lines', `${`${'a@'.repeat(240)}\n`.repeat(200)}`],
  ['marks to be put in order', `a@b.cd,${'\u0315'.repeat(50_000)}${'\u0300'.repeat(50_000)}`],
  ['marks to be put in order, under a head', `email,name\na@b.cd,a${'\u0315\u0300'.repeat(9_000)}`],
  ['line breaks', '\n'.repeat(100_000)],
  ['spaces in names, under a head', `email,name\n${`a@b.cd,a${' '.repeat(16_000)}b\n`.repeat(60)}`],
])('a hundred thousand characters of %s hold up nobody', (_what, list) => {
  const startedAt = cpuTime();
  readList(list);
  expect(cpuTime() - startedAt).toBeLessThan(250);
});
