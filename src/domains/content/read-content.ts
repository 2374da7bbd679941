import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseDocument } from 'yaml';
import type { CollectionDefinition } from '../../collections/define.ts';
import { type SingletonName, singletons } from '../../collections/registry.ts';

/** A file of content as it stands on disk, before anything is known to be right. */
export type ContentFile = {
  /** Address within its collection: `school-librarians`, `members/welcome`. */
  id: string;
  /** Path from the content directory, with `/`: `communities/school-librarians.mdoc`. */
  file: string;
  data: Record<string, unknown>;
  /** Markdoc after the front matter; empty where the collection has none. */
  body: string;
  /** Line of the file on which the body starts; 1 is the first. */
  bodyLine: number;
};

/** A file that cannot be read as content at all. */
export type UnreadableFile = { file: string; line?: number; message: string };

export type ReadResult = { entries: ContentFile[]; unreadable: UnreadableFile[] };

/** Reads every entry of a collection below `contentDir`, in order of id. A folder that is missing holds no entries. */
export async function readCollection(
  contentDir: string,
  collection: CollectionDefinition,
): Promise<ReadResult> {
  const result: ReadResult = { entries: [], unreadable: [] };
  for (const folder of collection.folders) {
    const prefix = collection.idBase ? `${path.posix.relative(collection.idBase, folder.path)}/` : '';
    for (const item of await listFolder(path.join(contentDir, folder.path))) {
      if (item.name.startsWith('.') || (await isEmptyFolder(path.join(contentDir, folder.path), item)))
        continue;
      const found = entryFile(folder.path, item, collection.shape);
      if (!found) {
        const expected =
          collection.shape === 'body'
            ? 'a .mdoc file'
            : collection.shape === 'data'
              ? 'a .yaml file'
              : 'a folder';
        result.unreadable.push({
          file: `${folder.path}/${item.name}`,
          message: `does not belong here: an entry of “${folder.label}” is ${expected}.`,
        });
        continue;
      }
      const read = await readContentFile(contentDir, found.file, `${prefix}${found.slug}`);
      if ('message' in read) result.unreadable.push(read);
      else result.entries.push(read);
    }
  }
  result.entries.sort((a, b) => (a.id < b.id ? -1 : 1));
  return result;
}

/** Reads one of the single files. */
export function readSingleton(
  contentDir: string,
  name: SingletonName,
): Promise<ContentFile | UnreadableFile> {
  return readContentFile(contentDir, `${singletons[name].path}.yaml`, name);
}

function entryFile(folder: string, item: Dirent, shape: CollectionDefinition['shape']) {
  if (shape === 'folder')
    return item.isDirectory() ? { slug: item.name, file: `${folder}/${item.name}/index.yaml` } : undefined;
  const extension = shape === 'body' ? '.mdoc' : '.yaml';
  if (!item.isFile() || !item.name.endsWith(extension)) return undefined;
  return { slug: item.name.slice(0, -extension.length), file: `${folder}/${item.name}` };
}

/** Git keeps no empty folders, so they are nothing here either. */
async function isEmptyFolder(parent: string, item: Dirent): Promise<boolean> {
  return item.isDirectory() && (await readdir(path.join(parent, item.name))).length === 0;
}

async function listFolder(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function readContentFile(
  contentDir: string,
  file: string,
  id: string,
): Promise<ContentFile | UnreadableFile> {
  let source: string;
  try {
    source = await readFile(path.join(contentDir, file), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { file, message: 'is missing.' };
    throw error;
  }
  return parseContentFile(source, file, id);
}

/** Splits a file into data and body. Never throws: what cannot be read comes back as a sentence with its line. */
function parseContentFile(source: string, file: string, id: string): ContentFile | UnreadableFile {
  const text = source.replace(/^\uFEFF/, '').replace(/\r\n/g, '\n');
  if (!file.endsWith('.mdoc')) return withData(text, file, id, '', 1, 0);
  const front = /^---\n([\s\S]*?\n)?---[ \t]*(?:\n|$)/.exec(text);
  if (!front)
    return {
      file,
      line: 1,
      message: 'has no front matter: it must start with ---, the fields, and --- again.',
    };
  const bodyLine = front[0].split('\n').length;
  return withData(front[1] ?? '', file, id, text.slice(front[0].length), bodyLine, 1);
}

function withData(
  yaml: string,
  file: string,
  id: string,
  body: string,
  bodyLine: number,
  linesBefore: number,
) {
  const document = parseDocument(yaml, { schema: 'core' });
  const error = document.errors[0];
  if (error) {
    const line = (error.linePos?.[0].line ?? 1) + linesBefore;
    const message = `cannot be read: ${error.message.split('\n')[0]?.replace(/ at line.*$/, '')}.`;
    return { file, line, message };
  }
  let data: unknown;
  try {
    data = withoutNulls(document.toJS() ?? {});
  } catch {
    const message =
      'cannot be read: a value starts with * or &, which means something else here. Put it in quotes.';
    return { file, line: 1 + linesBefore, message };
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data))
    return { file, line: 1 + linesBefore, message: 'must hold fields, each as “name: value”.' };
  return { id, file, data: data as Record<string, unknown>, body, bodyLine };
}

/** A field that is left empty (`guestAuthor:`) is one that is not there. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => (inner === null ? [] : [[name, withoutNulls(inner)]])),
  );
}
