import type { CollectionName } from '../../collections/define.ts';
import { collectionNames, collectionOf, type SingletonName, singletons } from '../../collections/registry.ts';

/** What a file of the content is to an editor. Paths are those in `CONTENT_DIR`: `people/mei.yaml`. */
type ContentEntry = {
  /** Its own name in the address: `mei`; for a single file the file’s name. */
  slug: string;
  /** What the CMS calls the list it is in, or the single file: `People`. */
  list: string;
  /** Where it is edited. */
  cmsHref: string;
  /** The entry’s own file, which holds its fields; for an image or a file beside it, still that. */
  entryPath: string;
  /** The path of its page on the site; undefined for an entry without one. */
  pageHref: string | undefined;
} & ({ kind: 'entry'; collection: CollectionName } | { kind: 'single'; single: SingletonName });

/** The entry that a file is or belongs to; undefined for a file that the CMS does not know. */
export function entryOfPath(path: string): ContentEntry | undefined {
  for (const [name, single] of Object.entries(singletons) as [
    SingletonName,
    (typeof singletons)[SingletonName],
  ][]) {
    if (path !== `${single.path}.yaml`) continue;
    const href = name === 'home' ? '/' : undefined;
    return {
      kind: 'single',
      single: name,
      slug: name,
      list: single.label,
      cmsHref: `/keystatic/singleton/${name}`,
      entryPath: path,
      pageHref: href,
    };
  }
  for (const collection of collectionNames) {
    const { folders, shape, idBase, href } = collectionOf(collection);
    for (const folder of folders) {
      if (!path.startsWith(`${folder.path}/`)) continue;
      const rest = path.slice(folder.path.length + 1);
      const slug = /^([^/]+?)(?:\.mdoc|\.yaml|\/[^/]+)$/.exec(rest)?.[1];
      if (!slug || (shape === 'folder') !== rest.includes('/')) continue;
      const id = idBase ? `${folder.path.slice(idBase.length + 1)}/${slug}` : slug;
      return {
        kind: 'entry',
        collection,
        slug,
        list: folder.label,
        cmsHref: `/keystatic/collection/${folder.name}/item/${encodeURIComponent(slug)}`,
        entryPath: shape === 'folder' ? `${folder.path}/${slug}/index.yaml` : path,
        pageHref: href?.(id),
      };
    }
  }
  return undefined;
}

/** The entry as words: its title where one is known, else what its address says. `People: Mei Talbot`. */
export function entryWords(path: string, title?: string): string {
  const entry = entryOfPath(path);
  if (!entry) return path;
  if (entry.kind === 'single') return entry.list;
  return `${entry.list}: ${title ?? slugWords(entry.slug)}`;
}

/** `my-first-page` as `My first page`. */
export function slugWords(slug: string): string {
  const words = slug.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What the file’s text calls the entry, at most 200 characters; undefined where it says nothing that can be read in one line. */
export function titleIn(path: string, text: string | undefined): string | undefined {
  const entry = entryOfPath(path);
  if (!text || entry?.kind !== 'entry') return undefined;
  const { slugField } = collectionOf(entry.collection);
  const found = new RegExp(`^${slugField}:(.*)$`, 'm').exec(text)?.[1]?.trim();
  if (!found || /^[>|]/.test(found)) return undefined;
  const quoted = /^(["'])(.*)\1$/.exec(found);
  const title = (quoted ? quoted[2]! : found).replaceAll("''", "'").replaceAll('\\"', '"');
  return title.replace(/\p{Cc}/gu, ' ').slice(0, 200);
}

/** Whether the file is a picture that a page can show. */
export const isPicturePath = (path: string) => /\.(?:jpe?g|png|webp)$/i.test(path);
