/** Tables as files that spreadsheets open (RFC 4180). */

/**
 * `rows` as CSV with a head, in UTF-8 with a mark that Excel needs to read other scripts. A cell that a spreadsheet would
 * run as a formula is put behind an apostrophe (OWASP, CSV Injection).
 */
export function csv(head: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  const lines = [head, ...rows].map((row) => row.map((cell) => csvCell(String(cell ?? ''))).join(','));
  return `\ufeff${lines.join('\r\n')}\r\n`;
}

/** Signs that begin a formula, also in full width, and what may stand before them unseen. */
const formula = /^[\s\p{Cc}\p{Cf}]*[=+\-@＝＋－＠]/u;

function csvCell(text: string): string {
  const safe = formula.test(text) || /^[\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
