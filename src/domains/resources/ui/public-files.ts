import { type CollectionEntry, getCollection } from 'astro:content';
import { membersOnlyAssets } from '../model.ts';

/** The files that anyone may download: all but those that a members’ resource names. */
export async function publicFiles(): Promise<CollectionEntry<'files'>[]> {
  const { files } = membersOnlyAssets(await getCollection('member-resources'));
  return getCollection('files', ({ id }) => !files.has(id));
}
