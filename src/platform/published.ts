import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { env } from './env.ts';

/** An entry of the content as pages see it. */
export type PublishedEntry = { id: string; data: Record<string, unknown>; body: string; filePath: string };

/** The content that pages are made from: the folder with its files, and its entries by collection and id. */
export type Published = { contentDir: string; collections: Map<string, Map<string, PublishedEntry>> };

const given = globalThis as { peerspherePublished?: Published };

/** Lets the renderer of a code build, which this process is about to import, make pages of `content`. */
export function publish(content: Published): void {
  given.peerspherePublished = content;
}

/**
 * The entries that on-demand pages and the renderer read in place of a copy inside the bundle. The server’s bundle finds
 * them in its release. Throws when that cannot be read.
 *
 * @public the module that `domains/publishing/keep-renderer.ts` makes imports it
 */
export function publishedCollections(): Published['collections'] {
  return published().collections;
}

/** Folder of the content that the site shows: that of the release, in development that which is written to. */
export function publishedContentDir(): string {
  return (
    given.peerspherePublished?.contentDir ?? (releaseDir ? path.join(releaseDir, 'content') : env.contentDir)
  );
}

/** A release’s entries as its file `content.json` holds them. */
export function asContentFile({ collections }: Published): string {
  return JSON.stringify([...collections].map(([name, entries]) => [name, [...entries.values()]]));
}

let read: Published | undefined;

function published(): Published {
  if (given.peerspherePublished) return given.peerspherePublished;
  if (read) return read;
  if (!releaseDir)
    throw new Error('There is no content.json above this bundle: it is not part of a release.');
  const listed = JSON.parse(readFileSync(path.join(releaseDir, 'content.json'), 'utf8')) as [
    string,
    PublishedEntry[],
  ][];
  const collections = new Map(
    listed.map(([name, entries]) => [name, new Map(entries.map((entry) => [entry.id, entry]))]),
  );
  read = { contentDir: path.join(releaseDir, 'content'), collections };
  return read;
}

/** The release that this module was bundled into: its folder holds `server/` and `content.json`. */
const releaseDir = findRelease();

function findRelease(): string | undefined {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  for (let up = 0; up < 3; up += 1) {
    if (path.basename(folder) === 'server' && existsSync(path.join(folder, '..', 'content.json')))
      return path.dirname(folder);
    folder = path.dirname(folder);
  }
  return undefined;
}
