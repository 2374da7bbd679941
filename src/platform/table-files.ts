import { stringify } from 'csv-stringify/sync';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import writeExcelFile, { type Cell } from 'write-excel-file/node';

/** Tables as files that spreadsheets open. Every table that leaves the portal is written here. */

/** A day is written `2026-11-21`, which every spreadsheet sorts rightly. */
type TableCell = string | number | null;
export type Table = { head: readonly string[]; rows: readonly (readonly TableCell[])[] };

/** Signs that begin a formula, also in full width, and what may stand before them unseen. */
const formula = /^[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠]/u;

/** The same after a sign at which a spreadsheet of another country cuts the line, whatever quotes are around it. */
const formulaInside = /([;|\t\r\n\u2028\u2029])(?=[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠])/gu;

const cellText = (cell: TableCell): string => {
  if (typeof cell !== 'string') return String(cell ?? '');
  const isFormula = formula.test(cell) || /^[\t\r]/.test(cell);
  return `${isFormula ? "'" : ''}${cell.replace(formulaInside, "$1'")}`;
};

/**
 * The table as CSV (RFC 4180), in UTF-8 with a mark that Excel needs to read other scripts. Text that a spreadsheet would run
 * as a formula is put behind an apostrophe (OWASP, CSV Injection), also where one that cuts lines at semicolons would find it.
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
 *
 * write-excel-file makes the workbook with the heads. Rows are put into it here, in a quarter of the time: a hundred thousand
 * cells are no rarity.
 */
export async function xlsx(sheets: readonly (Table & { name: string })[]): Promise<Uint8Array<ArrayBuffer>> {
  const file = writeExcelFile(
    sheets.map(({ name, head, rows }) => ({
      sheet: name.replace(notInNames, ' ').slice(0, longestName),
      stickyRowsCount: 1,
      columns: head.map((title, at) => ({ width: widthOf([title, ...rows.map((row) => row[at] ?? null)]) })),
      data: [head.map(headCell)],
    })),
  );
  const parts = unzipSync(Uint8Array.from(await file.toBuffer()));
  for (const [at, { rows }] of sheets.entries()) {
    const name = `xl/worksheets/sheet${at + 1}.xml`;
    const sheet = strFromU8(parts[name] ?? new Uint8Array());
    const end = sheet.lastIndexOf('</sheetData>');
    if (end < 0) throw new Error(`The workbook has no ${name} to put rows into.`);
    parts[name] = strToU8(sheet.slice(0, end) + rows.map(rowXml).join('') + sheet.slice(end));
  }
  return zipSync(parts, { level: 1 });
}

const headCell = (value: string): Cell => ({ type: String, value, fontWeight: 'bold' });

/** The row at this place below the head. */
function rowXml(row: readonly TableCell[], place: number): string {
  const number = place + 2;
  let cells = '';
  for (const [at, cell] of row.entries()) {
    if (cell === null || cell === '') continue;
    const start = `<c r="${columnName(at)}${number}"`;
    cells +=
      typeof cell === 'number'
        ? `${start}><v>${cell}</v></c>`
        : `${start} t="inlineStr"><is><t xml:space="preserve">${xmlText(cell)}</t></is></c>`;
  }
  return `<row r="${number}">${cells}</row>`;
}

/** `A` to `Z`, then `AA` and on. */
const columnName = (at: number): string =>
  (at < 26 ? '' : columnName(Math.floor(at / 26) - 1)) + String.fromCharCode(65 + (at % 26));

const signs: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };
/** What XML gives a meaning, and what it cannot hold at all. */
const notPlain = /[&<>\r]|[^\t\n\r\u0020-\ufffd]/g;
const xmlText = (text: string) => text.toWellFormed().replace(notPlain, (sign) => signs[sign] ?? '');

/** In characters. */
const widthOf = (cells: readonly TableCell[]) =>
  Math.min(
    widest,
    cells.reduce<number>((most, cell) => Math.max(most, String(cell ?? '').length + 2), 8),
  );
