import type { Db } from '../db/client.ts';

/** `db`, counting what is asked of it: each query that is begun outside a write, and each write. */
export function countQueries(db: Db): { db: Db; count: { queries: number; writes: number } } {
  const count = { queries: 0, writes: 0 };
  const read = new Proxy(db.read, {
    get(target, name, receiver) {
      if (['select', 'selectDistinct', 'with', '$count'].includes(String(name))) count.queries += 1;
      const value: unknown = Reflect.get(target, name, receiver);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const counted: Db = {
    read,
    write(work) {
      count.writes += 1;
      return db.write(work);
    },
    close: () => db.close(),
  };
  return { db: counted, count };
}
