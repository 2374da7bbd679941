import { type Column, type GetColumnData, is, type SQL, sql } from 'drizzle-orm';
import { SQLiteColumn } from 'drizzle-orm/sqlite-core';

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
