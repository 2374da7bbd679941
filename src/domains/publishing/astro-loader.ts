import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Loader, LoaderContext } from 'astro/loaders';
import type { CollectionName } from '../../collections/define.ts';
import { collectionOf, type SingletonName, singletons } from '../../collections/registry.ts';
import { env } from '../../platform/env.ts';
import { type ReadResult, readSingleton } from '../content/read-content.ts';
import { readEntries } from './published-entries.ts';

/** Loads a collection into Astro’s store; in development it follows changes on disk. */
export function loadCollection(name: CollectionName): Loader {
  const folders = collectionOf(name).folders.map((folder) => path.join(env.astroContentDir, folder.path));
  return contentLoader(name, folders, () => readEntries(env.astroContentDir, name));
}

/** Loads one of the single files, as the only entry of a collection of its name. */
export function loadSingleton(name: SingletonName): Loader {
  return contentLoader(name, [path.join(env.astroContentDir, `${singletons[name].path}.yaml`)], async () => {
    const single = await readSingleton(env.astroContentDir, name);
    return 'message' in single
      ? { entries: [], unreadable: [single] }
      : { entries: [single], unreadable: [] };
  });
}

/** A build stops at an entry that is not right; development says so and goes on with the others. */
function contentLoader(name: string, places: string[], read: () => Promise<ReadResult>): Loader {
  return {
    name: `peersphere-${name}`,
    async load(context) {
      const complain = (error: Error) => {
        if (!context.watcher) throw error;
        context.logger.error(error.message);
      };
      const reload = async () => fill(context, await read(), complain);
      await reload();
      if (!context.watcher) return;
      context.watcher.add(places);
      let turn = Promise.resolve();
      const onChange = (changed: string) => {
        if (places.some((place) => changed.startsWith(place))) turn = turn.then(reload).catch(complain);
      };
      for (const event of ['add', 'change', 'unlink'] as const) context.watcher.on(event, onChange);
    },
  };
}

async function fill(
  { store, parseData, generateDigest, config }: LoaderContext,
  { entries, unreadable }: ReadResult,
  complain: (error: Error) => void,
) {
  for (const { file, line, message } of unreadable)
    complain(new Error(`content/${file}${line ? `, line ${line}` : ''}: ${message}`));
  const gone = new Set(store.keys());
  for (const { id, file, data, body } of entries) {
    const absolute = path.join(env.astroContentDir, file);
    const filePath = path.relative(fileURLToPath(config.root), absolute);
    const digest = generateDigest({ filePath, data, body });
    try {
      if (store.get(id)?.digest !== digest) {
        const parsed = await parseData({ id, data, filePath: absolute });
        store.set({ id, data: parsed, body, digest, filePath });
      }
      gone.delete(id);
    } catch (error) {
      complain(error as Error);
    }
  }
  for (const id of gone) store.delete(id);
}
