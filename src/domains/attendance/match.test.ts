import { describe, expect, test } from 'vitest';
import type { Id } from '../../platform/ids.ts';
import { type Candidate, matchRows, normaliseName, type RememberedAlias } from './match.ts';

const user = (name: string) => `usr_${name}` as Id<'usr'>;
const somebody = (id: string, name: string, ...emails: string[]): Candidate => {
  const [email = `${id}@example.test`, ...otherEmails] = emails;
  return { userId: user(id), name, email, otherEmails };
};
const row = (name: string, email = '', upn = '', otherName = '') => ({ name, email, upn, otherName });

const ana = somebody('ana', 'Ana Sample');
const bo = somebody('bo', 'Bo Sample');

/** `address ana`, `remembered guest`, `none open`. */
const matches = (
  people: ReturnType<typeof row>[],
  expected: Candidate[],
  { others = [], aliases = [] }: { others?: Candidate[]; aliases?: RememberedAlias[] } = {},
) =>
  matchRows(people, expected, others, aliases).map(
    ({ match, decision, userId }) => `${match} ${userId?.replace('usr_', '') ?? decision}`,
  );

describe('a row of a file is', () => {
  test('whoever has its address, whatever its name', () => {
    expect(matches([row('Bo Sample', 'ana@example.test')], [ana, bo])).toEqual(['address ana']);
  });

  test('whoever has the name they sign in with as address', () => {
    expect(matches([row('A', 'alias@example.test', 'ana@example.test')], [ana])).toEqual(['address ana']);
  });

  test('whoever has its address as a second one', () => {
    const two = somebody('ana', 'Ana Sample', 'ana@example.test', 'a.sample@example.test');
    expect(matches([row('X', 'a.sample@example.test')], [two])).toEqual(['address ana']);
  });

  test('somebody who was not expected only by address', () => {
    const found = matches([row('Ana Sample', 'ana@example.test'), row('Bo Sample')], [], {
      others: [ana, bo],
    });
    expect(found).toEqual(['address ana', 'none open']);
  });

  test('open where two users have the address', () => {
    const twin = somebody('twin', 'Twin', 'ana@example.test');
    expect(matches([row('X', 'ana@example.test')], [ana, twin])).toEqual(['none open']);
  });

  test('what was decided about its address before', () => {
    const aliases: RememberedAlias[] = [
      { alias: 'private@example.test', decision: 'user', userId: user('ana') },
      { alias: 'notes@example.test', decision: 'ignored', userId: null },
    ];
    const rows = [row('Ana', 'private@example.test'), row('Note taker', 'notes@example.test')];
    expect(matches(rows, [ana], { aliases })).toEqual(['remembered ana', 'remembered ignored']);
  });

  test('what was decided about its name before, rather than who has that name', () => {
    const aliases: RememberedAlias[] = [
      { alias: normaliseName('Sample, Ana'), decision: 'guest', userId: null },
    ];
    expect(matches([row('Ana Sample')], [ana], { aliases })).toEqual(['remembered guest']);
    expect(matches([row('Ana Sample', 'ana@example.test')], [ana], { aliases })).toEqual(['address ana']);
  });

  test('not decided by an alias that decides nothing', () => {
    const aliases: RememberedAlias[] = [{ alias: 'a@example.test', decision: 'open', userId: null }];
    expect(matches([row('A', 'a@example.test')], [ana], { aliases })).toEqual(['none open']);
  });

  test('the one expected person who has its name', () => {
    expect(matches([row('SAMPLE, Ana'), row('Bo  sample')], [ana, bo])).toEqual(['name ana', 'name bo']);
  });

  test('the one who has the name before it was changed for the meeting', () => {
    expect(matches([row('Library desk', '', '', 'Ana Sample')], [ana])).toEqual(['name ana']);
  });

  test('open where two expected people have its name', () => {
    const other = somebody('other', 'Ana Sample');
    expect(matches([row('Ana Sample')], [ana, other])).toEqual(['none open']);
  });

  test('open where nobody expected has its name, or only a short form of it', () => {
    expect(matches([row('Annie Sample'), row('Ana'), row('')], [ana])).toEqual([
      'none open',
      'none open',
      'none open',
    ]);
  });
});

describe('one person in two rows', () => {
  test('is one user by two addresses', () => {
    const two = somebody('ana', 'Ana Sample', 'ana@example.test', 'a@example.test');
    expect(matches([row('Ana', 'ana@example.test'), row('Ana', 'a@example.test')], [two])).toEqual([
      'address ana',
      'address ana',
    ]);
  });

  test('is one user by an address and what was remembered', () => {
    const aliases: RememberedAlias[] = [{ alias: 'a@example.test', decision: 'user', userId: user('ana') }];
    const rows = [row('Ana', 'ana@example.test'), row('A', 'a@example.test')];
    expect(matches(rows, [ana], { aliases })).toEqual(['address ana', 'remembered ana']);
  });

  test('is one user by an address and, on a device without one, by name', () => {
    const rows = [row('Ana Sample'), row('Ana Sample', 'ana@example.test')];
    expect(matches(rows, [ana])).toEqual(['name ana', 'address ana']);
  });

  test('stays open by name with another address of its own: it may be somebody else', () => {
    const rows = [row('Ana Sample', 'ana@example.test'), row('Ana Sample', 'other@example.test')];
    expect(matches(rows, [ana])).toEqual(['address ana', 'none open']);
  });

  test('stays open by name where two unknown addresses claim it', () => {
    const rows = [
      row('Ana Sample', 'one@example.test'),
      row('Ana Sample', 'two@example.test'),
      row('Ana Sample'),
    ];
    expect(matches(rows, [ana])).toEqual(['none open', 'none open', 'none open']);
    expect(matches(rows.slice(1), [ana])).toEqual(['name ana', 'name ana']);
  });
});

test('rows come back in their order, with what they held', () => {
  const rows = [row('Bo Sample'), row('Ana Sample')];
  expect(matchRows(rows, [ana, bo], [], []).map(({ person }) => person)).toEqual(rows);
});

describe('names are the same', () => {
  test.each([
    ['Ana Sample', 'SAMPLE, ana'],
    ['Ana Sample', '  ana   sample. '],
    ['Zoë Müller', 'Zoe Muller'],
    ['Zoe\u0308 Mu\u0308ller', 'Zoë Müller'],
    ['Søren Łukasz Straße', 'Soren Lukasz Strasse'],
    ['Đặng Mẫu', 'Dang Mau'],
    ['İlkay Örnek', 'ilkay ornek'],
    ['Mei-Ling Sample', 'Mei Ling Sample'],
    ['Aoife O’Sample', "Aoife O'Sample"],
    ['Aoife O’Sample', 'Aoife OSample'],
    ['Dr. Ana Sample', 'Ana Sample'],
    ['Ms Ana Sample', 'Ana Sample, PhD'],
    ['Ana Sample', 'Ana Sample, Ph.D.'],
    ['Prof. Dr. Ana Sample (she/her)', 'Ana Sample'],
    ['Ａｎａ Ｓａｍｐｌｅ', 'Ana Sample'],
    ['陈小样', '陈 小样'],
    ['見本　花子', '見本花子'],
    ['견본 하늘', '견본하늘'],
    ['Ανα Δειγματος', 'ανα δειγματοσ'],
  ])('%s and %s', (one, other) => {
    expect(normaliseName(one)).toBe(normaliseName(other));
  });
});

describe('names differ', () => {
  test.each([
    ['Ana Sample', 'Anna Sample'],
    ['Ana Sample', 'Ana B Sample'],
    ['陈小样', '陈大样'],
    ['かとう', 'がとう'],
    ['अनिल', 'अनल'],
  ])('%s and %s', (one, other) => {
    expect(normaliseName(one)).not.toBe(normaliseName(other));
  });

  test('from nothing, however little of them is a name', () => {
    expect(normaliseName('Dr.')).toBe('dr');
    expect(normaliseName('(陈小样)')).toBe('陈小样');
    expect(normaliseName(' –, . ')).toBe('');
  });
});
