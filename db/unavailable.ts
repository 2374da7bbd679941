/**
 * The remote primary did not answer, or not in time. What was asked for can be asked for again in a moment: nothing of a write is
 * kept, save where only the answer to its COMMIT was lost, which nobody can know from here.
 */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable';
}

/** Why the database could not do what it was asked for, where time or room mends it. */
export type DatabaseTrouble =
  /** The remote primary does not answer. */
  | 'away'
  /** Somebody else was writing for longer than we wait. */
  | 'busy'
  /** The disk is full, or takes no writes. */
  | 'full';

const troubles: Readonly<Record<string, DatabaseTrouble>> = {
  SQLITE_BUSY: 'busy',
  TRANSACTION_BUSY: 'busy',
  SQLITE_FULL: 'full',
  SQLITE_READONLY: 'full',
  SQLITE_IOERR: 'full',
  SQLITE_CANTOPEN: 'full',
};

/** What of these kept the database from doing it, also where others wrapped the error; undefined for every other error. */
export function databaseTrouble(error: unknown): DatabaseTrouble | undefined {
  if (error instanceof DatabaseUnavailable) return 'away';
  if (!(error instanceof Error)) return undefined;
  // By its name as well: the built site carries a copy of this class of its own.
  if (error.name === 'DatabaseUnavailable') return 'away';
  const code = 'code' in error ? String(error.code) : '';
  return (Object.hasOwn(troubles, code) ? troubles[code] : undefined) ?? databaseTrouble(error.cause);
}
