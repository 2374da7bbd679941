import { CsvError, parse } from 'csv-parse/sync';
import { emailAddress, optionalLine } from '../../lib/inputs.ts';
import { normaliseAddress } from '../accounts/model.ts';

/** One person of a list to invite: what stood there, what we read from it, and what is wrong with it. */
export type ListLine = {
  /** Counted from 1, as a spreadsheet counts. */
  line: number;
  /** As it stood there, shortened. */
  text: string;
  /** As addresses are stored; empty when there is none. */
  email: string;
  name: string;
  problem?: ListProblem;
};

export type ListProblem = 'no-address' | 'not-an-address' | 'bad-name' | 'too-long' | 'twice';

/** Why a list as a whole cannot be read. */
export type UnreadableList =
  | 'empty'
  | 'too-large'
  | 'workbook'
  | 'not-text'
  | 'open-quote'
  | 'too-many-rows'
  | 'too-many-people';

/** People, or why there are none; `count` says how many people are too many. */
export type ReadList = { lines: ListLine[] } | { unreadable: UnreadableList; count?: number };

export const listLimits = { bytes: 2_000_000, rows: 5000, people: 500, line: 500 } as const;

/**
 * People from a CSV file: UTF-8 with or without a byte order mark, or UTF-16 with one. Refuses an Excel workbook and any
 * other coding rather than spoil names.
 */
export function readListFile(bytes: Uint8Array): ReadList {
  if (bytes.byteLength > listLimits.bytes) return { unreadable: 'too-large' };
  if (startsWith(bytes, 0x50, 0x4b, 0x03, 0x04) || startsWith(bytes, 0xd0, 0xcf, 0x11, 0xe0))
    return { unreadable: 'workbook' };
  const text = decoded(bytes);
  return text === undefined ? { unreadable: 'not-text' } : readList(text);
}

/**
 * People from pasted text or the text of a CSV file. With a head line that names a column for addresses (and perhaps for
 * names), columns are read, separated by comma, semicolon or tab; without one, each line holds `Name <address>`,
 * `address`, `name, address` or several of them, as mail programs copy them. Empty lines are passed over.
 */
export function readList(text: string): ReadList {
  if (text.length > listLimits.bytes) return { unreadable: 'too-large' };
  const plain = text.replace(/^\ufeff/, '').replace(/[＠，；＜＞]/g, (mark) => halfWidth[mark] ?? mark);
  const rows = plain.split(/\r\n|[\r\n]/);
  if (/^sep=.$/i.test(rows[0]?.trim() ?? '')) rows[0] = ''; // what Excel writes for itself
  if (!rows.some((row) => row.trim())) return { unreadable: 'empty' };
  if (rows.length > listLimits.rows + 100) return { unreadable: 'too-many-rows' };
  // Checking an address takes time, and so many could not be invited anyway.
  const count = rows.filter((row) => row.includes('@')).length;
  if (count > 2 * listLimits.people) return { unreadable: 'too-many-people', count };
  const head = rows.find((row) => row.trim()) ?? '';
  const lines = isHead(head) ? readColumns(rows.join('\n'), head) : rows.flatMap(readRow);
  if (lines === undefined) return { unreadable: 'open-quote' };
  if (lines.length > listLimits.rows) return { unreadable: 'too-many-rows' };
  return lines.length === 0 ? { unreadable: 'empty' } : { lines: markTwice(lines) };
}

const halfWidth: Readonly<Record<string, string>> = { '＠': '@', '，': ',', '；': ';', '＜': '<', '＞': '>' };

const startsWith = (bytes: Uint8Array, ...start: number[]) => start.every((byte, at) => bytes[at] === byte);

function decoded(bytes: Uint8Array): string | undefined {
  const coding = startsWith(bytes, 0xff, 0xfe)
    ? 'utf-16le'
    : startsWith(bytes, 0xfe, 0xff)
      ? 'utf-16be'
      : 'utf-8';
  try {
    const text = new TextDecoder(coding, { fatal: true }).decode(bytes);
    return text.includes('\0') ? undefined : text;
  } catch {
    return undefined;
  }
}

const columnNames = {
  email: [
    'email',
    'emailaddress',
    'mail',
    'mailaddress',
    'workemail',
    'schoolemail',
    '邮箱',
    '电子邮件',
    '电子邮箱',
  ],
  name: ['name', 'fullname', 'displayname', 'staffname', '姓名'],
  first: ['firstname', 'givenname', 'forename'],
  last: ['lastname', 'familyname', 'surname'],
} as const;
type Column = keyof typeof columnNames;

const delimiterOf = (head: string) =>
  [',', ';', '\t'].toSorted((one, other) => head.split(other).length - head.split(one).length)[0]!;

function headColumns(cells: readonly string[]): Partial<Record<Column, number>> {
  const plain = cells.map((cell) => cell.toLowerCase().replace(/[^\p{L}]/gu, ''));
  const found: Partial<Record<Column, number>> = {};
  for (const [column, names] of Object.entries(columnNames) as [Column, readonly string[]][]) {
    const at = plain.findIndex((cell) => names.includes(cell));
    if (at >= 0) found[column] = at;
  }
  return found;
}

const isHead = (row: string) =>
  row.length <= 2000 && !row.includes('@') && headColumns(row.split(delimiterOf(row))).email !== undefined;

/** The rows below a head line; undefined when a quotation mark is never closed. */
function readColumns(text: string, head: string): ListLine[] | undefined {
  try {
    const records = parse(text, {
      delimiter: delimiterOf(head),
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      trim: true,
      info: true,
      to: listLimits.rows + 2,
      max_record_size: 20_000,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    const [first, ...rest] = records;
    const at = headColumns(first?.record ?? []);
    return rest.map(({ record, info }) => {
      const cell = (column: Column) => (at[column] === undefined ? '' : (record[at[column]] ?? ''));
      const name = cell('name') || `${cell('first')} ${cell('last')}`;
      return listLine(info.lines, record.filter(Boolean).join(', '), cell('email'), name);
    });
  } catch (error) {
    if (error instanceof CsvError) return undefined;
    throw error;
  }
}

/** The people on one line without columns. */
function readRow(row: string, index: number): ListLine[] {
  const text = row.trim();
  const line = index + 1;
  if (!text) return [];
  if (text.length > listLimits.line)
    return [{ line, text: shortened(text), email: '', name: '', problem: 'too-long' }];
  const found = [...text.matchAll(/(?:mailto:)?([^\s,;<>()"'[\]]*@[^\s,;<>()"'[\]]*)/gi)];
  if (found.length === 0)
    return [{ line, text: shortened(text), email: '', name: '', problem: 'no-address' }];
  let from = 0;
  return found.map((match, at) => {
    const before = text.slice(from, match.index);
    from = match.index + match[0].length;
    const after = found.length === 1 ? text.slice(from) : '';
    const shown = found.length === 1 ? text : (match[1] ?? '');
    return listLine(line, shown, match[1] ?? '', nameBefore(before, at) || nameAfter(after));
  });
}

/** `Lee, Ana <` keeps its comma; `Ana, Lee, ` is two cells of a name. */
function nameBefore(text: string, at: number): string {
  const rest = at > 0 ? text.replace(/^[\s>")\]]*[,;]?/, '') : text;
  if (/[<([]\s*$/.test(rest)) return rest.replace(/[<([]\s*$/, '');
  return cellsOf(rest).join(' ');
}

const nameAfter = (text: string) => cellsOf(text.replace(/^[\s>)\]]+/, ''))[0] ?? '';

const cellsOf = (text: string) =>
  text
    .split(/[,;\t]/)
    .map((cell) => cell.trim())
    .filter(Boolean);

function listLine(line: number, text: string, address: string, typedName: string): ListLine {
  const bare = address.trim().replace(/^mailto:/i, '');
  const email = bare.includes('@') ? emailAddress.safeParse(bare) : { success: false as const };
  // Far more than a name may have: looking for the end of what is endless takes its square.
  const start = typedName.slice(0, 400);
  const name = optionalLine(120).safeParse(start.replace(/^[\s"'“”]+|[\s"'“”]+$/g, '').replace(/\s+/g, ' '));
  const read = { line, text: shortened(text), name: name.data ?? '' };
  if (!bare) return { ...read, email: '', problem: 'no-address' };
  if (!email.success) return { ...read, email: '', problem: 'not-an-address' };
  const whole = { ...read, email: normaliseAddress(email.data) };
  return name.success ? whole : { ...whole, problem: 'bad-name' };
}

const shortened = (text: string) => {
  const characters = [...text.slice(0, 400)];
  return characters.length > 100 ? `${characters.slice(0, 99).join('')}…` : text;
};

function markTwice(lines: ListLine[]): ListLine[] {
  const seen = new Set<string>();
  return lines.map((line) => {
    if (line.problem || !line.email) return line;
    if (seen.has(line.email)) return { ...line, problem: 'twice' };
    seen.add(line.email);
    return line;
  });
}
