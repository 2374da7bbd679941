import { and, or, type SQL, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';

const mostWords = 8;

/**
 * Rows in which every word of `text` stands somewhere in one of `columns`, whatever its case; undefined, which filters
 * nothing, for no words. `%` and `_` mean themselves.
 */
export function contains(text: string, ...columns: (SQLiteColumn | SQL)[]): SQL | undefined {
  const words = text.split(/\s+/).filter(Boolean).slice(0, mostWords);
  return and(
    ...words.map((word) =>
      or(
        ...casesOf(word).flatMap((spelling) =>
          columns.map((column) => sql`${column} LIKE ${`%${escaped(spelling)}%`} ESCAPE '\\'`),
        ),
      ),
    ),
  );
}

/** SQLite’s LIKE knows the case of ASCII only, so a word with other letters is looked for as it is usually written. */
function casesOf(word: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
  if (/^[\u0000-\u007f]*$/.test(word)) return [word];
  const [first = '', ...rest] = word.toLowerCase();
  return [...new Set([word, word.toLowerCase(), word.toUpperCase(), first.toUpperCase() + rest.join('')])];
}

const escaped = (text: string) => text.replace(/[\\%_]/g, '\\$&');
