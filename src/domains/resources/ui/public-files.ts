import { type CollectionEntry, getCollection } from 'astro:content';
import { richTextLinks } from '#src/lib/rich-text/render.ts';

/** The files that anyone may download: all but those that a members’ resource names. */
export async function publicFiles(): Promise<CollectionEntry<'files'>[]> {
  const [files, membersOnly] = await Promise.all([getCollection('files'), getCollection('member-resources')]);
  const named = new Set(
    membersOnly.flatMap(({ data, body }) => [
      data.file,
      ...richTextLinks(body ?? '').flatMap(({ kind, target }) => (kind === 'file' ? [target] : [])),
    ]),
  );
  return files.filter(({ id }) => !named.has(id));
}
