import { type CollectionEntry, getCollection } from 'astro:content';
import { chaptersOf, type Handbook, type HandbookChapter } from '../model.ts';

export type HandbookEntry = CollectionEntry<'handbook-pages'>;

const chapters = new Map<Handbook, Promise<HandbookChapter[]>>();

/** A handbook’s chapters in reading order. A build reads them once; development follows every change. */
export function handbookChapters(handbook: Handbook): Promise<HandbookChapter[]> {
  const known = import.meta.env.DEV ? undefined : chapters.get(handbook);
  const found = known ?? loadChapters(handbook);
  chapters.set(handbook, found);
  return found;
}

async function loadChapters(handbook: Handbook): Promise<HandbookChapter[]> {
  const [parts, pages] = await Promise.all([
    getCollection('handbook-parts'),
    getCollection('handbook-pages', ({ id }) => id.startsWith(`${handbook}/`)),
  ]);
  return chaptersOf(
    handbook,
    parts.map(({ id, data }) => ({ id, ...data })),
    pages.map(({ id, data }) => ({ id, ...data })),
  );
}
