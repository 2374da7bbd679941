import { z } from 'astro/zod';
import type { CollectionName, SchemaTools } from '../../collections/define.ts';
import { collectionNames, collectionOf, type SingletonName, singletons } from '../../collections/registry.ts';
import type { ContentImage } from '../../lib/images.ts';
import type { Published, PublishedEntry } from '../../platform/published.ts';
import { describeImage } from '../content/images.ts';
import { type ReadResult, readCollection, readSingleton } from '../content/read-content.ts';

/** Schema tools for content that was checked: relations and files are names, images are what was found out of them. */
export const pageTools: SchemaTools = {
  reference: () => z.string(),
  image: () => z.custom<ContentImage>(),
  file: () => z.string(),
};

/** The entries of a collection as pages want them, before its schema has looked at them. */
export async function readEntries(contentDir: string, name: CollectionName): Promise<ReadResult> {
  const read = await readCollection(contentDir, collectionOf(name));
  if (name !== 'images') return read;
  for (const { id, data } of read.entries)
    data['image'] = await describeImage(contentDir, id, String(data['image']));
  return read;
}

/** Everything that pages are made from, read from `contentDir`. Throws at what `checkContent` would have refused. */
export async function publishedEntries(contentDir: string): Promise<Published> {
  const collections: Published['collections'] = new Map();
  for (const name of collectionNames) {
    const { entries, unreadable } = await readEntries(contentDir, name);
    if (unreadable[0]) throw new Error(`content/${unreadable[0].file}: ${unreadable[0].message}`);
    const schema = collectionOf(name).schema(pageTools);
    const parsed = entries.map(({ id, file, data, body }): [string, PublishedEntry] => [
      id,
      { id, data: schema.parse(data), body, filePath: `content/${file}` },
    ]);
    collections.set(name, new Map(parsed));
  }
  for (const name of Object.keys(singletons) as SingletonName[]) {
    const single = await readSingleton(contentDir, name);
    if ('message' in single) throw new Error(`content/${single.file}: ${single.message}`);
    const data = singletons[name].schema(pageTools).parse(single.data);
    collections.set(
      name,
      new Map([[name, { id: name, data, body: '', filePath: `content/${single.file}` }]]),
    );
  }
  return { contentDir, collections };
}
