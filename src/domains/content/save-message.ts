import { entryDiff } from './entry-diff.ts';
import { entryKey } from './entry-files.ts';
import { entryOfPath, slugWords, titleIn } from './entry-of-path.ts';

/** One file of a save: its text before and after; undefined where there is none. Uploads have no text. */
export type TouchedFile = { path: string; before: Buffer | undefined; after: Buffer | undefined };

/** What one of the things in a list is called. */
const nouns: Record<string, string> = {
  communities: 'the community',
  faqs: 'the question',
  files: 'the file',
  'handbook-pages': 'the handbook page',
  'handbook-parts': 'the handbook part',
  images: 'the image',
  'launch-slides': 'the launch kit slide',
  'launch-texts': 'the launch kit text',
  'member-resources': 'the members’ resource',
  pages: 'the page',
  people: 'the profile of',
  resources: 'the resource',
  seasons: 'the season',
  testimonials: 'the voice',
};

/** A line on what a save does, and the fields it changes, by the names that the CMS shows: `Change the page ‘Membership’`. */
export function saveMessage(files: readonly TouchedFile[]): { message: string; fields: string[] } {
  const entries = new Map<string, TouchedFile[]>();
  for (const file of files) {
    const key = entryKey(file.path);
    entries.set(key, [...(entries.get(key) ?? []), file]);
  }
  const acts = [...entries].map(([key, touched]) => ({ key, ...actOn(key, touched) }));
  const [added, deleted] = [
    acts.filter(({ act }) => act === 'Add'),
    acts.filter(({ act }) => act === 'Delete'),
  ];
  const fields = [...new Set(acts.flatMap((each) => each.fields))];
  if (acts.length === 2 && added[0] && deleted[0])
    return { message: `Change the address of ${named(added[0].key, added[0].title)}`, fields: [] };
  const message = acts.map(({ act, key, title }) => `${act} ${named(key, title)}`).join(', ');
  return { message: message || 'Change the content', fields };
}

function actOn(key: string, touched: readonly TouchedFile[]) {
  const main = touched.find(({ path }) => path === key);
  const title = titleIn(key, (main?.after ?? main?.before)?.toString());
  const fields = touched.flatMap(({ path, before, after }) =>
    path === key ? fieldsOf(path, before, after) : [],
  );
  const act = main && !main.before ? 'Add' : main && !main.after ? 'Delete' : 'Change';
  const picture = touched.some(({ path }) => path !== key) && act === 'Change' ? ['The file itself'] : [];
  return { act, title, fields: act === 'Change' ? [...fields, ...picture] : [] };
}

function fieldsOf(path: string, before: Buffer | undefined, after: Buffer | undefined): string[] {
  return entryDiff(path, before?.toString(), after?.toString()).map(({ label }) => label.split(' › ')[0]!);
}

function named(key: string, title: string | undefined): string {
  const entry = entryOfPath(key);
  if (!entry) return key;
  if (entry.kind === 'single') return `‘${entry.list}’`;
  return `${nouns[entry.collection] ?? entry.list} ‘${title ?? slugWords(entry.slug)}’`;
}
