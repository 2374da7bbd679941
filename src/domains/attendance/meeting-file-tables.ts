import {
  type ColumnKind,
  type Columns,
  columnsOf,
  type SummaryKind,
  sectionOf,
  summaryBlockOf,
  summaryKindOf,
} from './meeting-file-headings.ts';
import type { Row } from './meeting-file-rows.ts';
import { cellText, secondsIn, writtenTime } from './meeting-file-times.ts';

/** Who wrote a file, as far as its shape tells. `other`: people with times, from something else. */
export type MeetingTool = 'teams' | 'teams-2021' | 'teams-2020' | 'zoom' | 'zoom-webinar' | 'other';

/** Rows under one heading. */
export type Table = {
  /** Whether its rows are people, or each time that they came. */
  of: 'people' | 'stays';
  columns: Columns;
  headings: string[];
  rows: Row[];
};

/** The parts of a file: what is said of the meeting, and its tables. */
export type FileParts = { tool: MeetingTool; summary: Partial<Record<SummaryKind, string>>; tables: Table[] };

/**
 * Takes a file apart by its headings, in any of the languages known; where none is known, by the numbers of its sections and
 * by what the columns hold. Without tables where there is nothing of the kind.
 */
export function partsOf(rows: readonly Row[]): FileParts {
  const parts: FileParts & { sections: boolean } = {
    tool: 'other',
    summary: {},
    tables: [],
    sections: false,
  };
  let section: number | undefined;
  let table: Table | undefined;
  let isFirstOfSection = false;
  for (const [at, row] of rows.entries()) {
    const number = sectionOf(row.cells);
    if (number !== undefined) {
      [section, table, isFirstOfSection] = [number, undefined, true];
      parts.sections = true;
      continue;
    }
    if (section !== undefined && section > 3) continue;
    const block = summaryBlockOf(row.cells);
    if (block) {
      readBlock(parts.summary, block, rows[at + 1]);
      table = undefined;
      continue;
    }
    const columns = columnsOf(row.cells) ?? (isFirstOfSection && section !== 1 ? {} : undefined);
    isFirstOfSection = false;
    if (columns) {
      table = { of: section === 3 ? 'stays' : 'people', columns, headings: row.cells, rows: [] };
      parts.tables.push(table);
    } else if (table) table.rows.push(row);
    else readSummary(parts.summary, row, parts.sections);
  }
  const known = parts.tables.map(mended).map(completed).filter(hasPeople);
  const tables = known.length > 0 ? known : tableByShape(rows).map(completed).filter(hasTimes);
  return { tool: toolOf(tables, parts), summary: parts.summary, tables };
}

function readBlock(
  summary: FileParts['summary'],
  block: Partial<Record<SummaryKind, number>>,
  values: Row | undefined,
) {
  if (!values) return;
  for (const [kind, at] of Object.entries(block) as [SummaryKind, number][])
    summary[kind] ??= cellText(values.cells[at]);
}

/** A line of the summary. In a language that is not known, the first times are start and end, the first text the title. */
function readSummary(summary: FileParts['summary'], row: Row, isNumbered: boolean) {
  const value = cellText(row.cells[1]);
  if (!value) return;
  const isTime = writtenTime(value) !== undefined;
  const kind = summaryKindOf(cellText(row.cells[0]));
  if (kind && (kind === 'start' || kind === 'end') === isTime) summary[kind] ??= value;
  else if (!isNumbered || kind) return;
  else if (isTime) summary[summary.start === undefined ? 'start' : 'end'] ??= value;
  else if (!/^\d/.test(value)) summary.title ??= value;
}

/** Without any heading that is known: the first row above one with a time, a length or an address in it. */
function tableByShape(rows: readonly Row[]): Table[] {
  const at = rows.findIndex((row, index) => {
    const next = rows[index + 1];
    return (
      row.cells.length > 2 && next !== undefined && isWords(row) && !isWords(next) && next.cells.length > 2
    );
  });
  const head = rows[at];
  return head ? [{ of: 'people', columns: {}, headings: head.cells, rows: rows.slice(at + 1) }] : [];
}

const isWords = ({ cells }: Row) =>
  cells.every((cell) => !/@|\d/.test(cell)) && cells.filter((cell) => cell.trim()).length > 2;

/** Finds the columns that no heading told, by what most of their cells hold. */
function completed(table: Table): Table {
  const taken = new Set<number>(table.columns.others);
  for (const at of Object.values(table.columns)) if (typeof at === 'number') taken.add(at);
  const columns: Columns = { ...table.columns };
  const give = (kind: ColumnKind, at: number) => {
    if (columns[kind] !== undefined) return false;
    columns[kind] = at;
    return true;
  };
  const sample = table.rows.slice(0, 100);
  const isEvents = columns.action !== undefined;
  for (let at = 0; at < table.headings.length; at += 1) {
    if (taken.has(at)) continue;
    const held = heldBy(sample, at, table.headings[at] ?? '');
    if (held === 'address') give('email', at) || give('upn', at);
    else if (held === 'time' && !isEvents) give('joined', at) || give('left', at);
    else if (held === 'length') give('duration', at);
    else if (held === 'text' && columns.first === undefined) give('name', at) || give('role', at);
  }
  return { ...table, columns };
}

/** What most cells of a column hold. A bare number is a length of time only where the heading names a unit. */
function heldBy(
  rows: readonly Row[],
  at: number,
  heading: string,
): 'address' | 'time' | 'length' | 'text' | undefined {
  const cells = rows.map((row) => cellText(row.cells[at])).filter(Boolean);
  const most = (test: (cell: string) => boolean) => cells.filter(test).length > cells.length / 2;
  if (cells.length === 0) return undefined;
  if (most((cell) => cell.includes('@'))) return 'address';
  if (most((cell) => writtenTime(cell)?.date !== undefined)) return 'time';
  const isLength = (cell: string) =>
    /^\d{1,3} ?\p{L}/u.test(cell) &&
    cell.length < 40 &&
    (/^[\d\s\p{L}.,]+$/u.test(cell) || secondsIn(cell, heading) !== undefined);
  if (most(isLength)) return 'length';
  return most((cell) => /\p{L}/u.test(cell)) ? 'text' : undefined;
}

const hasTimes = ({ columns }: Table) =>
  [columns.joined, columns.left, columns.duration].some((at) => at !== undefined);

const hasPeople = (table: Table) => {
  const { name, email, upn, first, action, attended, role } = table.columns;
  const isNamed = [name, email, upn, first].some((at) => at !== undefined);
  return isNamed && (hasTimes(table) || [action, attended, role].some((at) => at !== undefined));
};

/** Joins a day and a time of day that an unquoted comma took apart. */
function mended(table: Table): Table {
  const width = table.headings.length;
  const rows = table.rows.map(({ line, cells }) => ({
    line,
    cells: cells.length > width ? joined(cells, width) : cells,
  }));
  return { ...table, rows };
}

function joined(cells: readonly string[], width: number): string[] {
  const whole = [...cells];
  for (let at = 0; whole.length > width && at + 1 < whole.length; at += 1) {
    const [one, two] = [cellText(whole[at]), cellText(whole[at + 1])];
    if (!/^\d{1,4}[-./]\d{1,2}[-./]\d{1,4}$/.test(one) || writtenTime(two)?.date !== undefined) continue;
    if (writtenTime(`${one}, ${two}`)) whole.splice(at, 2, `${one}, ${two}`);
  }
  return whole;
}

function toolOf(tables: readonly Table[], parts: { sections: boolean }): MeetingTool {
  const has = (kind: ColumnKind) => tables.some(({ columns }) => columns[kind] !== undefined);
  const heads = (pattern: RegExp) =>
    tables.some(({ headings }) => headings.some((text) => pattern.test(text)));
  if (has('action')) return 'teams-2020';
  if (parts.sections) return 'teams';
  if (has('attended')) return 'zoom-webinar';
  if (heads(/original name|user email|\(minut|recording consent|in waiting room/i)) return 'zoom';
  return has('upn') || (has('role') && has('duration')) ? 'teams-2021' : 'other';
}
