import { makePage } from '@keystatic/astro/ui';
import { useEffect, useState } from 'react';
import config from '../../../../../keystatic.config.ts';
import { collections, singletons } from '../../../../collections/registry.ts';
import { EditorBar, type EditorBarProps } from './EditorBar.tsx';
import { type EditorStorage, openEditorStorage } from './editor-storage.ts';

const Keystatic = makePage(config);

const extensions = { body: ['.mdoc'], data: ['.yaml'], folder: [] } as const;
const folders = new Map<string, { path: string; shape: keyof typeof extensions }>(
  Object.values(collections).flatMap(({ folders, shape }) =>
    folders.map(({ name, path }): [string, { path: string; shape: keyof typeof extensions }] => [
      name,
      { path, shape },
    ]),
  ),
);

/** Where in the tree the entry of a draft stands: Keystatic’s drafts are called `collection/people/mei` and `singleton/home`. */
function placesOf([kind, name = '', slug]: readonly string[]): string[] | undefined {
  if (kind === 'singleton') {
    const single = Object.entries(singletons).find(([key]) => key === name)?.[1];
    return single && [`content/${single.path}`, `content/${single.path}.yaml`];
  }
  const folder = folders.get(name);
  if (kind !== 'collection' || !folder || !slug) return undefined;
  const place = `content/${folder.path}/${slug}`;
  return [place, ...extensions[folder.shape].map((extension) => place + extension)];
}

/** Keystatic’s own interface with our collections, under a bar that says where saves go and what became of them. */
export function Editor({ planned }: Pick<EditorBarProps, 'planned'>) {
  const [storage, setStorage] = useState<EditorStorage>();
  const [trouble, setTrouble] = useState('');
  useEffect(() => {
    opened ??= openEditorStorage(placesOf);
    opened.then(setStorage, (error: Error) => setTrouble(error.message || 'The content cannot be read.'));
  }, []);
  return (
    <div className="editor-page">
      <EditorBar storage={storage} planned={planned} />
      {trouble && (
        <p className="editor-trouble" role="alert">
          {trouble}{' '}
          <button type="button" onClick={() => location.reload()}>
            Try again
          </button>
        </p>
      )}
      {storage && (
        <div className="editor-frame">
          <Keystatic />
        </div>
      )}
    </div>
  );
}

/** Once a page, however often React starts it. */
let opened: Promise<EditorStorage> | undefined;
