import { CsvError, parse } from 'csv-parse/sync';
import type { FileProblem } from './meeting-file.ts';
import { looksLikeHeading } from './meeting-file-headings.ts';

/** One row of the file; `line` is the line on which it begins, from 1. */
export type Row = { line: number; cells: string[] };

const separators = ['\t', ';', ','] as const;
type Separator = (typeof separators)[number];

/** No line that a person wrote is longer, in characters. */
const longestRecord = 50_000;
/** More lines than this in one row come from a quotation mark that nobody closed. */
const mostLinesInRow = 6;

/**
 * The rows of a text (lines end in `\n`) that is separated by tabs, semicolons or commas, without empty ones. A quotation
 * mark that is never closed is read as it stands where that is safe; otherwise it is refused, as is a text that ends within
 * a quoted cell, and more than `most` rows.
 */
export function rowsOf(text: string, most: number): { rows: Row[]; warnings: string[] } | FileProblem {
  const separator = separatorOf(text);
  const read = recordsOf(text, separator, '"', most);
  if (!('openAt' in read)) return Array.isArray(read) ? { rows: read, warnings: [] } : read;
  const { openAt } = read;
  if (openAt >= lastLineOf(text)) return cutOffIn(openAt);
  const warning = `Line ${openAt} has a quotation mark that is never closed: read as it stands.`;
  const literal = separator === ',' ? read : recordsOf(text, separator, null, most);
  if ('openAt' in literal) return openQuote(openAt);
  return Array.isArray(literal) ? { rows: literal.map(unquoted), warnings: [warning] } : literal;
}

export const cutOffIn = (line: number): FileProblem => ({
  kind: 'cut-off',
  line,
  sentence: `The file ends in line ${line} in the middle of a row: download it again.`,
});

const openQuote = (line: number): FileProblem => ({
  kind: 'open-quote',
  line,
  sentence: `A quotation mark in line ${line} is never closed, so the rows after it cannot be told apart: download the file again.`,
});

/** The last line that holds something, from 1. */
export const lastLineOf = (text: string) => text.trimEnd().split('\n').length;

function recordsOf(
  text: string,
  delimiter: Separator,
  quote: '"' | null,
  most: number,
): Row[] | { openAt: number } | FileProblem {
  let lastLine = 0;
  try {
    const records = parse(`${measure(text, delimiter)}\n${text}`, {
      delimiter,
      quote,
      record_delimiter: '\n',
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      info: true,
      to: most + 2,
      max_record_size: longestRecord,
      on_record: (record: string[], { lines }) => {
        lastLine = lines - 1;
        return record;
      },
    }) as unknown as { record: string[]; info: { lines: number } }[];
    if (records.length > most + 1) return tooManyRows(most);
    const rows = records.slice(1).map(({ record, info }) => ({
      line: info.lines - 1 - breaksIn(record),
      cells: record,
    }));
    const endless = rows.find(({ cells }) => breaksIn(cells) > mostLinesInRow);
    return endless ? { openAt: endless.line } : rows;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = nextLineIn(text, lastLine + 1);
    return error.code === 'CSV_MAX_RECORD_SIZE' && lengthOfLine(text, line) > longestRecord / 4
      ? tooLong(line)
      : { openAt: line };
  }
}

/**
 * A row as long as most. The parser makes an error, if a silent one, of every row that is not as long as the first, and that
 * takes more time than all the rest.
 */
function measure(text: string, delimiter: Separator): string {
  const counts = new Map<number, number>();
  for (const line of text.slice(0, 100_000).split('\n')) {
    const cells = line.split(delimiter).length;
    counts.set(cells, (counts.get(cells) ?? 0) + 1);
  }
  const [usual = 1] = [...counts].toSorted(([, one], [, other]) => other - one)[0] ?? [];
  return `x${delimiter.repeat(Math.min(usual, 100) - 1)}`;
}

const lengthOfLine = (text: string, line: number) => text.split('\n')[line - 1]?.length ?? 0;

const tooLong = (line: number): FileProblem => ({
  kind: 'too-long',
  line,
  sentence: `Line ${line} is too long for a row of an attendance report.`,
});

const tooManyRows = (most: number): FileProblem => ({
  kind: 'too-many-rows',
  line: null,
  sentence: `The file has more than ${most.toLocaleString('en-GB')} rows. Is it the attendance report of one meeting?`,
});

const breaksIn = (cells: readonly string[]) =>
  cells.reduce((sum, cell) => (cell.includes('\n') ? sum + cell.split('\n').length - 1 : sum), 0);

/** The first line from `line` on that holds something. */
function nextLineIn(text: string, line: number): number {
  const at = text
    .split('\n')
    .slice(line - 1)
    .findIndex((row) => row.trim());
  return line + Math.max(at, 0);
}

const unquoted = ({ line, cells }: Row): Row => ({
  line,
  cells: cells.map((cell) =>
    cell.length > 1 && cell.startsWith('"') && cell.endsWith('"')
      ? cell.slice(1, -1).replaceAll('""', '"')
      : cell.replace(/^"/, ''),
  ),
});

/**
 * What separates cells: what Excel notes in a first line `sep=;`, else what takes a heading apart, else the first of tab,
 * semicolon and comma that stands at least twice in most of the longer lines.
 */
function separatorOf(text: string): Separator {
  const lines = text
    .slice(0, 200_000)
    .split('\n')
    .filter((line) => line.trim())
    .slice(0, 200)
    .map((line) => line.slice(0, 2000));
  const noted = /^"?sep=(.)"?$/i.exec(lines[0]?.trim() ?? '')?.[1];
  const known = separators.find((separator) => separator === noted);
  if (known) return known;
  const heading = separators.find((separator) =>
    lines.some((line) => looksLikeHeading(line.split(separator).map((cell) => cell.replaceAll('"', '')))),
  );
  if (heading) return heading;
  const often = (separator: Separator) => lines.filter((line) => line.split(separator).length > 2).length;
  return separators.find((separator) => often(separator) > lines.length / 3) ?? ',';
}
