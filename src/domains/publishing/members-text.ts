import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { collectionOf } from '../../collections/registry.ts';
import { renderRichText } from '../../lib/rich-text/render.ts';
import { readCollection } from '../content/read-content.ts';
import { membersOnlyAssets } from '../resources/model.ts';

/** A sentence that only members may read, and the resource it stands in. */
export type MembersSentence = { resource: string; sentence: string };

/** How many sentences of a resource stand for it. */
const sentencesEach = 6;

/**
 * What must not be public: long sentences of members’ resources that stand nowhere else in the content, and the addresses of
 * the files that only they offer.
 */
export async function membersText(
  contentDir: string,
): Promise<{ sentences: MembersSentence[]; files: string[] }> {
  const { entries } = await readCollection(contentDir, collectionOf('member-resources'));
  if (entries.length === 0) return { sentences: [], files: [] };
  const elsewhere = plain(
    (await publicSources(contentDir)) + entries.map(({ data }) => JSON.stringify(data)).join(' '),
  );
  const sentences = entries.flatMap(({ id, body }) => {
    const all = renderRichText(body).text.match(/[^.!?]{40,}[.!?]/g) ?? [];
    return all
      .map((sentence) => sentence.trim())
      .filter((sentence) => !/[&<>"'’`*_[\]{}\\]/.test(sentence)) // which HTML and Markdoc write in several ways
      .sort((a, b) => b.length - a.length)
      .slice(0, 4 * sentencesEach)
      .filter((sentence) => !elsewhere.includes(sentence))
      .slice(0, sentencesEach)
      .map((sentence) => ({ resource: id, sentence }));
  });
  return { sentences, files: [...membersOnlyAssets(entries).files].map((slug) => `/files/${slug}/`) };
}

/** All that is written in the content outside of members’ resources. */
async function publicSources(contentDir: string): Promise<string> {
  const members = collectionOf('member-resources').folders.map((folder) => `${folder.path}/`);
  const found = await readdir(contentDir, { recursive: true, withFileTypes: true });
  const files = found
    .filter((entry) => entry.isFile() && /\.(?:mdoc|yaml)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => {
      const inner = path.relative(contentDir, file).split(path.sep).join('/');
      return !members.some((folder) => inner.startsWith(folder));
    });
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  return texts.join('\n');
}

/** Markdoc’s source without what marks links and emphasis. */
const plain = (source: string) =>
  source
    .replace(/\]\([^)]*\)/g, '')
    .replace(/[*_[\]]/g, '')
    .replace(/\s+/g, ' ');
