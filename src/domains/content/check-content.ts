import { lstat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'astro/zod';
import type { CollectionName, SchemaTools, SingletonDefinition } from '../../collections/define.ts';
import { collectionNames, collectionOf, type SingletonName, singletons } from '../../collections/registry.ts';
import { fileHref, isKnownKind } from '../../lib/files.ts';
import type { ContentImage } from '../../lib/images.ts';
import { unknownPlaceholders, withSampleTargets } from '../../lib/rich-text/placeholders.ts';
import { renderRichText, richTextLinks, richTextProblems } from '../../lib/rich-text/render.ts';
import {
  fixedPages,
  onDemandPages,
  pathOf,
  requiredEntries,
  reservedBelow,
  reservedNames,
} from '../../lib/routes.ts';
import { areas, audiences } from '../communities/model.ts';
import { kinds, membersOnlyAssets, type NamedAssets, topics } from '../resources/model.ts';
import { sharp } from './image-decoder.ts';
import { problemSentence } from './problem-sentence.ts';
import { type ContentFile, readCollection, readSingleton } from './read-content.ts';

/** What an editor must mend, and where: the file from the content directory, the field or line, and a sentence. */
export type ContentProblem = { file: string; field?: string; line?: number; message: string };

type Library = {
  byCollection: Map<CollectionName, Map<string, ContentFile>>;
  singles: Map<SingletonName, ContentFile>;
};

/** Everything that is wrong with the content in `contentDir`, in order of file; empty when it can be published. */
export async function checkContent(contentDir: string): Promise<ContentProblem[]> {
  const { library, problems } = await readLibrary(contentDir);
  problems.push(...duplicateProblems(library));
  const membersOnly = membersOnlyAssets([...(library.byCollection.get('member-resources')?.values() ?? [])]);
  const pages = pagesOf(library, membersOnly);
  const here = { folder: contentDir };
  const tools = toolsFor(library, (file) => path.join(here.folder, file));
  const check = async (entry: ContentFile, schema: z.ZodObject, placeholders?: readonly string[]) => {
    here.folder = path.join(contentDir, path.dirname(entry.file));
    problems.push(...(await fieldProblems(entry, schema)), ...fieldLinkProblems(entry, pages));
    if (placeholders) problems.push(...placeholderProblems(entry, placeholders));
  };
  for (const name of collectionNames) {
    const { shape, placeholders } = collectionOf(name);
    const schema = collectionOf(name).schema(tools); // one for all entries: making one costs more than using it
    for (const entry of library.byCollection.get(name)?.values() ?? []) {
      await check(entry, schema, placeholders);
      if (shape !== 'body') continue;
      const plain = placeholders && { ...entry, body: withSampleTargets(entry.body) };
      problems.push(...bodyProblems(plain ?? entry, library, pages), ...(plain ? blockProblems(plain) : []));
    }
  }
  for (const [name, entry] of library.singles) {
    const { schema, placeholders }: SingletonDefinition = singletons[name];
    await check(entry, schema(tools), placeholders);
  }
  problems.push(
    ...partProblems(library),
    ...membersAssetProblems(library, membersOnly),
    ...missingEntries(library),
  );
  return problems.sort((a, b) => a.file.localeCompare(b.file) || (a.line ?? 0) - (b.line ?? 0));
}

/** One problem as one line: `content/people/mei.yaml, field “country”: is missing.` */
export function problemLine({ file, field, line, message }: ContentProblem): string {
  const place = [field ? `field “${field}”` : '', line ? `line ${line}` : ''].filter(Boolean).join(', ');
  return place ? `content/${file}, ${place}: ${message}` : `content/${file}: ${message}`;
}

async function readLibrary(contentDir: string): Promise<{ library: Library; problems: ContentProblem[] }> {
  const library: Library = { byCollection: new Map(), singles: new Map() };
  const problems: ContentProblem[] = [];
  for (const name of collectionNames) {
    const { entries, unreadable } = await readCollection(contentDir, collectionOf(name));
    library.byCollection.set(name, new Map(entries.map((entry) => [entry.id, entry])));
    problems.push(...unreadable);
  }
  for (const name of Object.keys(singletons) as SingletonName[]) {
    const single = await readSingleton(contentDir, name);
    if ('message' in single) problems.push(single);
    else library.singles.set(name, single);
  }
  return { library, problems };
}

/** Schema tools that look at the other entries, and at the disk: `beside` finds a file beside the entry at hand. */
function toolsFor(library: Library, beside: (file: string) => string): SchemaTools {
  const fileName = z
    .string()
    .regex(/^(?!\.)[\w.-]+$/, 'must be the name of a file beside this one, of letters, digits, - and _');
  return {
    reference: (name) =>
      z.string().refine((slug) => library.byCollection.get(name)?.has(slug), {
        error: (issue) =>
          `names “${issue.input}”, but there is no such entry in ${collectionOf(name).label}.`,
      }),
    image: () =>
      fileName
        .refine(
          (file) => isUsableImage(beside(file)),
          'is not an image we can use: upload a JPEG, PNG or WebP.',
        )
        .transform((file) => file as unknown as ContentImage), // only whether it is valid matters here
    file: () =>
      fileName
        .refine(
          isKnownKind,
          'is of a kind that the site does not offer: use PDF, Office, film, sound, captions or an image.',
        )
        .refine((file) => isPlainFile(beside(file)), 'names a file that is not there.'),
  };
}

async function isUsableImage(file: string): Promise<boolean> {
  try {
    if (!(await isPlainFile(file))) return false;
    const { format, width, height } = await sharp(file, { limitInputPixels: 40_000_000 }).metadata();
    return ['jpeg', 'png', 'webp'].includes(format) && width > 0 && height > 0;
  } catch {
    return false;
  }
}

/** A file of its own: what a link leads to is none of ours. */
async function isPlainFile(file: string): Promise<boolean> {
  const found = await lstat(file).catch(() => undefined);
  return found?.isFile() ?? false;
}

async function fieldProblems(entry: ContentFile, schema: z.ZodObject): Promise<ContentProblem[]> {
  const result = await schema.safeParseAsync(entry.data);
  if (result.success) return [];
  return result.error.issues.map((issue) => {
    const field = issue.path
      .map((part) => (typeof part === 'number' ? String(part + 1) : String(part)))
      .join(' › ');
    return { file: entry.file, ...(field && { field }), message: problemSentence(issue, entry.data) };
  });
}

/** Links in fields (`href`, `link`) at any depth; rich text is checked with its lines. */
function fieldLinkProblems(entry: ContentFile, pages: Pages): ContentProblem[] {
  const problems: ContentProblem[] = [];
  const visit = (value: unknown, field: string) => {
    if (value === null || typeof value !== 'object') return;
    for (const [key, inner] of Object.entries(value)) {
      const name = field ? `${field} › ${Array.isArray(value) ? Number(key) + 1 : key}` : key;
      if ((key === 'href' || key === 'link') && typeof inner === 'string') {
        const message = linkProblem(inner, entry, pages);
        if (message) problems.push({ file: entry.file, field: name, message });
      } else visit(inner, name);
    }
  };
  visit(entry.data, '');
  return problems;
}

/** Braces around a name that nobody fills in: in every text of the entry, and by line in its body. */
function placeholderProblems(entry: ContentFile, known: readonly string[]): ContentProblem[] {
  const { file, data, body, bodyLine } = entry;
  const message = (unknown: string) =>
    `${unknown} is no placeholder: use ${known.map((name) => `{${name}}`).join(', ')}, or no braces.`;
  const problems: ContentProblem[] = [];
  const visit = (value: unknown, field: string) => {
    if (typeof value === 'string')
      for (const unknown of unknownPlaceholders(value, known))
        problems.push({ file, field, message: message(unknown) });
    else if (typeof value === 'object' && value !== null)
      for (const [key, inner] of Object.entries(value)) {
        const part = Array.isArray(value) ? Number(key) + 1 : key;
        visit(inner, field ? `${field} › ${part}` : String(part));
      }
  };
  visit(data, '');
  for (const [index, text] of body.split('\n').entries())
    for (const unknown of unknownPlaceholders(text, known))
      problems.push({ file, line: bodyLine + index, message: message(unknown) });
  return problems;
}

/** Text that is pasted into mails and shown on slides takes no blocks: nothing of ours would draw them there. */
function blockProblems({ file, body, bodyLine }: ContentFile): ContentProblem[] {
  return [...body.split('\n').entries()]
    .filter(([, text]) => text.includes('{%'))
    .map(([index]) => ({
      file,
      line: bodyLine + index,
      message: 'This text is pasted elsewhere, so it takes no blocks: write it in words, lists and links.',
    }));
}

function bodyProblems(entry: ContentFile, library: Library, pages: Pages): ContentProblem[] {
  const at = (line: number, message: string) => ({
    file: entry.file,
    line: line + entry.bodyLine - 1,
    message,
  });
  const problems = richTextProblems(entry.body).map(({ line, message }) => at(line, message));
  for (const { line, kind, target } of richTextLinks(entry.body)) {
    if (kind === 'href') {
      const message = linkProblem(target, entry, pages);
      if (message) problems.push(at(line, message));
      continue;
    }
    const collection = kind === 'image' ? 'images' : 'files';
    if (!library.byCollection.get(collection)?.has(target))
      problems.push(
        at(
          line,
          `A ${kind === 'image' ? 'figure' : 'file'} names “${target}”, but there is no such entry in ${collectionOf(collection).label}.`,
        ),
      );
  }
  return problems;
}

/** Pages that list a part of the communities or of the library. */
const listPages = [
  ...Object.keys(areas).map((area) => `/communities/area/${area}`),
  ...Object.keys(audiences).map((audience) => `/communities/audience/${audience}`),
  ...Object.keys(kinds).map((kind) => `/resources/kind/${kind}`),
  ...Object.keys(topics).map((topic) => `/resources/topic/${topic}`),
];

/** Pages of the site by path; the entry whose text makes the page’s places, where there is one. */
type Pages = Map<string, ContentFile | undefined>;

function pagesOf(library: Library, membersOnly: NamedAssets): Pages {
  const pages: Pages = new Map(
    [...fixedPages, ...onDemandPages, ...listPages].map((page) => [page, undefined]),
  );
  for (const name of collectionNames) {
    const { href, shape } = collectionOf(name);
    if (!href) continue;
    for (const entry of library.byCollection.get(name)?.values() ?? [])
      pages.set(href(entry.id), shape === 'body' && name !== 'member-resources' ? entry : undefined);
  }
  for (const { id } of library.byCollection.get('member-resources')?.values() ?? [])
    pages.set(`/resources/${id}/read`, undefined);
  for (const { id, data } of library.byCollection.get('files')?.values() ?? [])
    if (!membersOnly.files.has(id)) pages.set(fileHref(id, String(data['file'])), undefined);
  for (const name of ['resources', 'member-resources'] as const)
    for (const { data } of library.byCollection.get(name)?.values() ?? [])
      if (data['community']) pages.set(`/resources/community/${data['community']}`, undefined);
  return pages;
}

const headingIds = new WeakMap<ContentFile, Set<string>>();

function placesOn(entry: ContentFile): Set<string> {
  const known = headingIds.get(entry);
  if (known) return known;
  const ids = new Set(renderRichText(entry.body).headings.map((heading) => heading.id));
  headingIds.set(entry, ids);
  return ids;
}

function linkProblem(href: string, from: ContentFile, pages: Pages): string | undefined {
  if (!href.startsWith('/') && !href.startsWith('#')) return undefined;
  const place = decoded(/#(.*)$/.exec(href)?.[1] ?? '');
  const path = pathOf(href);
  if (path && !pages.has(path)) return `The link ${href} leads nowhere: there is no page ${path}.`;
  const target = path ? pages.get(path) : from;
  if (place && target && !placesOn(target).has(place))
    return `The link ${href} leads to a place that is not on its page: no heading there has the address #${place}.`;
  return undefined;
}

/** Text with its percent signs resolved; as it is where they make no sense. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function duplicateProblems(library: Library): ContentProblem[] {
  const problems: ContentProblem[] = [];
  const taken = new Map<string, string>();
  for (const name of collectionNames) {
    const { href } = collectionOf(name);
    for (const entry of library.byCollection.get(name)?.values() ?? []) {
      const slug = entry.id.split('/').at(-1) ?? '';
      if (!/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(slug))
        problems.push({
          file: entry.file,
          message: `has the address “${slug}”: use lower case letters, digits and single hyphens.`,
        });
      if (!href) continue;
      const address = href(entry.id).toLowerCase();
      const other = taken.get(address);
      if (other)
        problems.push({
          file: entry.file,
          message: `has the address ${address}, which content/${other} has already: give one of them another.`,
        });
      else taken.set(address, entry.file);
      if (reservedBelow[name]?.includes(slug) || (name === 'pages' && reservedNames.includes(slug)))
        problems.push({
          file: entry.file,
          message: `has the address ${address}, which the site needs for itself: choose another.`,
        });
    }
  }
  return problems;
}

/** A handbook page may only stand in a part of its own handbook. */
function partProblems(library: Library): ContentProblem[] {
  const parts = library.byCollection.get('handbook-parts');
  return [...(library.byCollection.get('handbook-pages')?.values() ?? [])].flatMap((page) => {
    const part = parts?.get(String(page.data['part']));
    const handbook = page.id.split('/')[0];
    if (!part || part.data['handbook'] === handbook) return [];
    return [
      {
        file: page.file,
        field: 'part',
        message: `names “${part.id}”, which is a part of the handbook “${String(part.data['handbook'])}”, not of “${handbook}”.`,
      },
    ];
  });
}

/** A file or image of a members’ resource is not published, so nothing public may show it. */
function membersAssetProblems(library: Library, membersOnly: NamedAssets): ContentProblem[] {
  if (membersOnly.files.size + membersOnly.images.size === 0) return [];
  return collectionNames
    .filter((name) => collectionOf(name).shape === 'body' && name !== 'member-resources')
    .flatMap((name) => [...(library.byCollection.get(name)?.values() ?? [])])
    .flatMap((entry) => {
      const shown = membersOnlyAssets([entry]);
      const both = [
        ...[...shown.files].filter((slug) => membersOnly.files.has(slug)).map((slug) => `file “${slug}”`),
        ...[...shown.images].filter((slug) => membersOnly.images.has(slug)).map((slug) => `image “${slug}”`),
      ];
      return both.map((asset) => ({
        file: entry.file,
        message: `shows the ${asset}, which a members’ resource names: only members may see it.`,
      }));
    });
}

/** Entries that the site itself leads to must be there under their names. */
function missingEntries(library: Library): ContentProblem[] {
  const files = new Set(
    collectionNames.flatMap((name) =>
      [...(library.byCollection.get(name)?.values() ?? [])].map(({ file }) => file),
    ),
  );
  return requiredEntries
    .filter((file) => !files.has(file))
    .map((file) => ({
      file,
      message: 'is missing: the site’s own pages lead to it. Change its text, but keep it and its address.',
    }));
}
