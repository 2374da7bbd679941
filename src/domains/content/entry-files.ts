import { entryOfPath } from './entry-of-path.ts';

/** What an entry is known by: its main file. A file that belongs to no entry stands for itself. */
export const entryKey = (file: string) => entryOfPath(file)?.entryPath ?? file;

/** The files of the entry that `file` is, or belongs to. */
export function entryFiles<T extends { path: string }>(files: readonly T[], file: string): T[] {
  const key = entryKey(file);
  return files.filter(({ path }) => entryKey(path) === key);
}
