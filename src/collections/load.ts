import path from 'node:path';
import type { Loader, LoaderContext } from 'astro/loaders';
import {
  type ContentFile,
  readCollection,
  readSingleton,
  type UnreadableFile,
} from '../domains/publishing/read-content.ts';
import { env } from '../platform/env.ts';
import type { CollectionName } from './define.ts';
import { collectionOf, type SingletonName } from './registry.ts';

/** Loads a collection into Astro’s store; in development it follows changes on disk. */
export function loadCollection(name: CollectionName): Loader {
  const folders = collectionOf(name).folders.map((folder) => path.join(env.contentDir, folder.path));
  return contentLoader(name, folders, async () => {
    const { entries, unreadable } = await readCollection(env.contentDir, collectionOf(name));
    refuse(unreadable);
    return entries;
  });
}

/** Loads one of the single files, as the only entry of a collection of its name. */
export function loadSingleton(name: SingletonName): Loader {
  return contentLoader(name, [path.join(env.contentDir, `${name}.yaml`)], async () => {
    const single = await readSingleton(env.contentDir, name);
    if ('message' in single) throw unreadableError(single);
    return [single];
  });
}

function contentLoader(name: string, places: string[], read: () => Promise<ContentFile[]>): Loader {
  return {
    name: `peersphere-${name}`,
    async load(context) {
      await fill(context, await read());
      if (!context.watcher) return;
      context.watcher.add(places);
      const onChange = (changed: string) => {
        if (!places.some((place) => changed.startsWith(place))) return;
        read()
          .then((entries) => fill(context, entries))
          .catch((error: Error) => context.logger.error(error.message));
      };
      for (const event of ['add', 'change', 'unlink'] as const) context.watcher.on(event, onChange);
    },
  };
}

async function fill({ store, parseData, generateDigest, config }: LoaderContext, entries: ContentFile[]) {
  const gone = new Set(store.keys());
  for (const { id, file, data, body } of entries) {
    gone.delete(id);
    const filePath = path.join(env.contentDir, file);
    const digest = generateDigest({ data, body });
    if (store.get(id)?.digest === digest) continue;
    const parsed = await parseData({ id, data, filePath });
    store.set({
      id,
      data: parsed,
      body,
      digest,
      filePath: path.relative(new URL(config.root).pathname, filePath),
    });
  }
  for (const id of gone) store.delete(id);
}

function refuse(unreadable: UnreadableFile[]) {
  if (unreadable[0]) throw unreadableError(unreadable[0]);
}

const unreadableError = ({ file, line, message }: UnreadableFile) =>
  new Error(`content/${file}${line ? `, line ${line}` : ''}: ${message}`);
