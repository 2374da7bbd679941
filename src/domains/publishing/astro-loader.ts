import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Loader, LoaderContext } from 'astro/loaders';
import type { CollectionName } from '../../collections/define.ts';
import { collectionOf, type SingletonName } from '../../collections/registry.ts';
import { env } from '../../platform/env.ts';
import { type ContentFile, readCollection, readSingleton, type UnreadableFile } from './read-content.ts';

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
    const absolute = path.join(env.contentDir, file);
    const filePath = path.relative(fileURLToPath(config.root), absolute);
    const digest = generateDigest({ filePath, data, body });
    if (store.get(id)?.digest === digest) continue;
    const parsed = await parseData({ id, data, filePath: absolute });
    store.set({ id, data: parsed, body, digest, filePath });
  }
  for (const id of gone) store.delete(id);
}

function refuse(unreadable: UnreadableFile[]) {
  if (unreadable[0]) throw unreadableError(unreadable[0]);
}

const unreadableError = ({ file, line, message }: UnreadableFile) =>
  new Error(`content/${file}${line ? `, line ${line}` : ''}: ${message}`);
