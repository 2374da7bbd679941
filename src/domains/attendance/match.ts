import type { Id } from '../../platform/ids.ts';
import type { RowDecision, RowMatch } from './model.ts';

/** What a row of a file says of who it is. Addresses are normalised; empty where there is none. */
type NamedRow = { name: string; otherName?: string; email: string; upn: string };

/** A user whom a row may be: addresses as they are stored. */
export type Candidate = {
  userId: Id<'usr'>;
  name: string;
  email: string;
  otherEmails?: readonly string[];
};

/** What somebody decided about a normalised address or name before. */
export type RememberedAlias = { alias: string; decision: RowDecision; userId: Id<'usr'> | null };

type MatchedRow<Row> = {
  person: Row;
  match: RowMatch;
  decision: RowDecision;
  userId: Id<'usr'> | null;
};

/**
 * Who the rows of a file are, in their order: by address (also `others`, who were not expected), else by what was decided
 * before about the address or the name, else by the name, among `expected` only. One user may get several rows: two
 * addresses, two devices.
 *
 * A name counts where exactly one expected person has it. It stays open where it could be somebody else of that name: for a
 * row with an address of its own, when that person was found by theirs already, or when two such rows have the name.
 */
export function matchRows<Row extends NamedRow>(
  people: readonly Row[],
  expected: readonly Candidate[],
  others: readonly Candidate[],
  aliases: readonly RememberedAlias[],
): MatchedRow<Row>[] {
  const byAddress = uniqueOf([...expected, ...others], addressesOf);
  const byName = uniqueOf(expected, ({ name }) => [normaliseName(name)]);
  const remembered = new Map(aliases.map((alias) => [alias.alias, alias]));
  const certain = people.map((person) => byAddressOf(person, byAddress) ?? rememberedOf(person, remembered));
  const named = people.map((person, at) => (certain[at] ? undefined : userOfName(person, byName)));
  const claims = new Map<Id<'usr'>, number>();
  const claim = (userId: Id<'usr'> | null | undefined) => {
    if (userId) claims.set(userId, (claims.get(userId) ?? 0) + 1);
  };
  for (const found of certain) claim(found?.userId);
  const found = new Set(claims.keys());
  for (const [at, person] of people.entries()) if (hasAddress(person)) claim(named[at]);
  return people.map((person, at) => {
    const userId = named[at];
    const sure = certain[at];
    if (sure) return { person, ...sure };
    if (userId === undefined || isDoubtful(person, found.has(userId), claims.get(userId) ?? 0))
      return { person, match: 'none', decision: 'open', userId: null };
    return { person, match: 'name', decision: 'user', userId };
  });
}

const hasAddress = ({ email, upn }: NamedRow) => Boolean(email || upn);

/** Without an address of its own a row is a device of whoever has the name, unless two others claim it. */
function isDoubtful(person: NamedRow, isFound: boolean, claims: number): boolean {
  if (isFound) return hasAddress(person);
  return claims > 1;
}

type Found = Pick<MatchedRow<NamedRow>, 'match' | 'decision' | 'userId'>;

const addressesOf = ({ email, otherEmails = [] }: Candidate) => [email, ...otherEmails];

/** Users by what only one of them has. */
function uniqueOf(
  candidates: readonly Candidate[],
  keysOf: (candidate: Candidate) => readonly string[],
): Map<string, Id<'usr'> | undefined> {
  const users = new Map<string, Id<'usr'> | undefined>();
  for (const candidate of candidates)
    for (const key of keysOf(candidate)) {
      if (!key) continue;
      const isShared = users.has(key) && users.get(key) !== candidate.userId;
      users.set(key, isShared ? undefined : candidate.userId);
    }
  return users;
}

function byAddressOf(
  { email, upn }: NamedRow,
  users: ReadonlyMap<string, Id<'usr'> | undefined>,
): Found | undefined {
  const userId = users.get(email) ?? users.get(upn);
  return userId && { match: 'address', decision: 'user', userId };
}

function rememberedOf(
  { name, email, upn }: NamedRow,
  aliases: ReadonlyMap<string, RememberedAlias>,
): Found | undefined {
  for (const key of [email, upn, normaliseName(name)]) {
    const known = key ? aliases.get(key) : undefined;
    if (!known || known.decision === 'open') continue;
    if ((known.decision === 'user') !== (known.userId !== null)) continue;
    return { match: 'remembered', decision: known.decision, userId: known.userId };
  }
  return undefined;
}

/** The one expected person who has the name, or the name before it was changed for the meeting. */
function userOfName(
  { name, otherName = '' }: NamedRow,
  users: ReadonlyMap<string, Id<'usr'> | undefined>,
): Id<'usr'> | undefined {
  const original = otherName && users.get(normaliseName(otherName));
  return original || users.get(normaliseName(name));
}

const titles = new Set(
  'mr mrs ms miss mx dr prof professor doctor sir madam herr frau mme mlle monsieur madame senor senora sr sra srta dra phd edd'.split(
    ' ',
  ),
);

/** Letters that decomposing leaves as they are. */
const plainLetters: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  ı: 'i',
  þ: 'th',
  ς: 'σ',
};

/**
 * A name as names are compared: `Dr. Müller-Sample, Zoë (Library)` and `zoe muller sample` are the same. Without case,
 * accents, signs, titles and what stands in brackets, its words in alphabetical order; names in Chinese, Japanese or Korean
 * script without spaces. Empty where nothing is left.
 */
export function normaliseName(name: string): string {
  const plain = name
    .slice(0, 400)
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[ßæœøđðłıþς]/g, (letter) => plainLetters[letter] ?? letter)
    .normalize('NFC');
  const bare = plain.replace(/\([^()]{0,200}\)/g, ' ');
  const text = /\p{L}/u.test(bare) ? bare : plain;
  const all = text
    .replace(/\b(ph|ed)\. ?d\b/g, '$1d')
    .replace(/['’‘ʼ`´](?=\p{L})/gu, '')
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter(Boolean);
  const words = all.filter((word) => !titles.has(word));
  const kept = words.length > 0 ? words : all;
  const isWithoutSpaces = kept.every((word) => eastAsian.test(word));
  return isWithoutSpaces ? kept.join('') : kept.sort().join(' ');
}

const eastAsian = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}ー々]+$/u;
