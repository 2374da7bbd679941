import { stringify } from 'csv-stringify/sync';
import writeExcelFile, { type Cell } from 'write-excel-file/node';

/** Tables as files that spreadsheets open. Every table that leaves the portal is written here. */

/** A day is written `2026-11-21`, which every spreadsheet sorts rightly. */
type TableCell = string | number | null;
export type Table = { head: readonly string[]; rows: readonly (readonly TableCell[])[] };

/** Signs that begin a formula, also in full width, and what may stand before them unseen. */
const formula = /^[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠]/u;

const cellText = (cell: TableCell): string => {
  const text = String(cell ?? '');
  const isFormula = typeof cell === 'string' && (formula.test(text) || /^[\t\r]/.test(text));
  return isFormula ? `'${text}` : text;
};

/**
 * The table as CSV (RFC 4180), in UTF-8 with a mark that Excel needs to read other scripts. Text that a spreadsheet would run
 * as a formula is put behind an apostrophe (OWASP, CSV Injection).
 */
export function csv({ head, rows }: Table): string {
  return stringify(
    [head, ...rows].map((row) => row.map(cellText)),
    { bom: true, record_delimiter: '\r\n', quoted_match: /[\r\n']/ },
  );
}

/** Characters that a sheet’s name may not have, and how many it may (Excel). */
const notInNames = /[[\]:*?/\\]/g;
const longestName = 31;
const widest = 48;

/**
 * The tables as one XLSX file, a sheet each, whose head stays in sight. Numbers are numbers, and everything else is a cell of
 * type text: whatever it begins with, nothing runs it.
 */
export async function xlsx(sheets: readonly (Table & { name: string })[]): Promise<Uint8Array<ArrayBuffer>> {
  const file = writeExcelFile(
    sheets.map(({ name, head, rows }) => ({
      sheet: name.replace(notInNames, ' ').slice(0, longestName),
      stickyRowsCount: 1,
      columns: head.map((title, at) => ({ width: widthOf([title, ...rows.map((row) => row[at] ?? null)]) })),
      data: [head.map(headCell), ...rows.map((row) => row.map(sheetCell))],
    })),
  );
  return Uint8Array.from(await file.toBuffer());
}

const headCell = (value: string): Cell => ({ type: String, value, fontWeight: 'bold' });

function sheetCell(value: TableCell): Cell {
  if (value === null || value === '') return null;
  return typeof value === 'number' ? { type: Number, value } : { type: String, value };
}

/** In characters. */
const widthOf = (cells: readonly TableCell[]) =>
  Math.min(widest, Math.max(8, ...cells.map((cell) => String(cell ?? '').length + 2)));
