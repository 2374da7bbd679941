/** Words of the content’s history. Paths are those of the content repository: `people/mei.yaml`. */

export type Author = { name: string; email: string };

export type Change = { path: string; kind: 'added' | 'changed' | 'deleted' };

/** One save: a commit of the content. */
export type Save = {
  commit: string;
  at: Date;
  author: Author;
  /** One line on what was done: `Change the page ‘Membership’`. */
  message: string;
  /** What the editor said about it. */
  note?: string;
  /** Fields that changed, by the name that the CMS shows. */
  fields: string[];
  changes: Change[];
  /** Whether it brings another line of history in: a shipped version, the remote, a planned change. */
  isMerge: boolean;
};

export type FileChange = Change & { before?: Buffer; after?: Buffer };

/** A version of an entry that is not in the site’s content, and waits for an editor to take or drop it. */
export type KeptVersion = {
  id: string;
  /** A save that was refused, or the other side of a merge that two people had written on. */
  from: 'editor' | 'shipped' | 'remote';
  at: Date;
  author: Author;
  /** The entry’s main file, and all of its files that the version has or removes. */
  path: string;
  paths: string[];
  message: string;
  /** The commit that the version was made from, and the one that holds it. */
  base: string;
  commit: string;
};
