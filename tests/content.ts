import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';

export type Entry<T> = T & { slug: string; body: string };
export type Community = {
  name: string;
  summary: string;
  area: string;
  audiences: string[];
  themes: string[];
};
export type Resource = {
  title: string;
  kind: string;
  summary: string;
  topics: string[];
  community?: string;
  reflectionQuestions?: string[];
};
export type HandbookPage = { title: string; part: string; order: number; updatedOn: string };

/** The entries of a folder of `content/`, read from their files without any code of the product, to compare pages with. */
export function entriesIn<T>(folder: string): Entry<T>[] {
  return readdirSync(path.join('content', folder))
    .filter((file) => file.endsWith('.mdoc'))
    .map((file) => {
      const [, fields = '', body = ''] =
        /^---\n(.*?)\n---\n(.*)$/s.exec(readFileSync(path.join('content', folder, file), 'utf8')) ?? [];
      return { ...(parse(fields) as T), slug: file.replace(/\.mdoc$/, ''), body };
    });
}

/** The library as visitors see it listed: open resources and those for members. */
export function allResources(): Entry<Resource>[] {
  return [...entriesIn<Resource>('resources'), ...entriesIn<Resource>('member-resources')];
}
