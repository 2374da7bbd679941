import { type Column, type GetColumnData, getTableColumns, is, type SQL, sql } from 'drizzle-orm';
import { SQLiteColumn, type SQLiteTable } from 'drizzle-orm/sqlite-core';

type Selection = Record<string, Column | SQL>;
type Row<Columns extends Selection> = {
  [Name in keyof Columns]: Columns[Name] extends Column
    ? GetColumnData<Columns[Name]>
    : Columns[Name] extends SQL<infer Value>
      ? Value
      : never;
};

/**
 * Several columns of a query as one, with the same values as when each were selected. For queries that run very often or
 * bring many rows: libSQL looks up name and type of every column each time, which takes longer than reading them. What
 * `json_group_array` and `json_object` make in a subquery arrives as values.
 */
export function jsonRow<Columns extends Selection>(columns: Columns): SQL<Row<Columns>> {
  const parts = Object.entries(columns).map(([name, column]) => sql`${sql.raw(`'${name}'`)}, ${column}`);
  return sql<Row<Columns>>`json_object(${sql.join(parts, sql`, `)})`.mapWith((text: string) => {
    const row: Record<string, unknown> = JSON.parse(text);
    for (const [name, column] of Object.entries(columns))
      if (is(column, SQLiteColumn) && row[name] !== null) row[name] = column.mapFromDriverValue(row[name]);
    return row;
  }) as SQL<Row<Columns>>;
}

/**
 * Rows as a query to insert from: `tx.insert(rsvps).select(packedRows(rsvps, rows))`. For hundreds of rows: one value is bound
 * instead of one for every column of every row. What a row does not say is null, defaults of the database included.
 */
export function packedRows<Table extends SQLiteTable>(
  table: Table,
  rows: readonly Table['$inferInsert'][],
): SQL {
  const columns = Object.entries(getTableColumns(table));
  const packed = rows.map((row: Record<string, unknown>) =>
    columns.map(([name, column]) => {
      const value = row[name] ?? null;
      return value === null ? null : column.mapToDriverValue(value);
    }),
  );
  const values = columns.map((_, at) => sql.raw(`json_extract(value, '$[${at}]')`));
  // Without a condition SQLite takes ON CONFLICT for one of a join.
  return sql`SELECT ${sql.join(values, sql`, `)} FROM json_each(${JSON.stringify(packed)}) WHERE true`;
}

/** The values as a list for `inArray`, bound as one. For hundreds of them. */
export const packedList = (values: readonly (string | number)[]): SQL =>
  sql`(SELECT value FROM json_each(${JSON.stringify(values)}))`;
