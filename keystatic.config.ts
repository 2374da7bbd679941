import { collection, config, singleton } from '@keystatic/core';
import type { CollectionDefinition } from './src/collections/define.ts';
import { collectionNames, collectionOf, type SingletonName, singletons } from './src/collections/registry.ts';

const body = { contentField: 'body' } as const;

function listsOf({ folders, idBase, shape, slugField, fields, href }: CollectionDefinition) {
  return folders.map(({ name, label, path }) => [
    name,
    collection({
      label,
      slugField: slugField as never, // its type wants the fields known one by one
      path: `content/${path}/${shape === 'folder' ? '*/' : '*'}`,
      format: shape === 'body' ? body : { data: 'yaml' },
      entryLayout: shape === 'body' ? 'content' : 'form',
      ...(href ? { previewUrl: href(idBase ? `${path.slice(idBase.length + 1)}/{slug}` : '{slug}') } : {}),
      schema: fields,
    }),
  ]);
}

function single(name: SingletonName) {
  const { label, path, fields } = singletons[name];
  return [name, singleton({ label, path: `content/${path}`, format: { data: 'yaml' }, schema: fields })];
}

export default config({
  storage: { kind: 'local' },
  ui: {
    brand: { name: 'PeerSphere' },
    navigation: {
      Handbooks: ['handbook-members', 'handbook-sams', 'handbook-hosts', 'handbook-parts'],
      Portal: ['communities', 'people', 'seasons'],
      Library: ['resources', 'member-resources', 'files', 'images'],
      'Launch kit': ['launch-texts', 'launch-slides', 'launch-guide'],
      Site: ['home', 'pages', 'faqs', 'testimonials', 'navigation', 'settings'],
    },
  },
  collections: Object.fromEntries(collectionNames.flatMap((name) => listsOf(collectionOf(name)))),
  singletons: Object.fromEntries((Object.keys(singletons) as SingletonName[]).map(single)),
});
