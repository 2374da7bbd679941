/**
 * What `build` makes of an access to the database (a `Reads` or a `Tx`), made once for each and kept as long as that is. For
 * queries that run a thousand times a second: `prepared((read: Reads) => read.select(…).prepare())`, with `sql.placeholder`
 * where values come, writes its SQL once. The others are built anew each time, which costs 0.1 ms.
 */
export function prepared<Access extends object, Query>(
  build: (access: Access) => Query,
): (access: Access) => Query {
  const known = new WeakMap<Access, Query>();
  return (access) => {
    const found = known.get(access) ?? build(access);
    known.set(access, found);
    return found;
  };
}
