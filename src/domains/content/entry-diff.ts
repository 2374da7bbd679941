import { isDeepStrictEqual } from 'node:util';
import type { ComponentSchema } from '@keystatic/core';
import { parse } from 'yaml';
import { collectionOf, singletons } from '../../collections/registry.ts';
import { entryOfPath } from './entry-of-path.ts';
import { aligned, type DiffLine, textDiff } from './text-diff.ts';

/** One field of an entry that differs, by the name that the CMS shows. */
export type FieldDiff = { label: string; lines: DiffLine[] };

/**
 * How an entry’s file differs, field by field. An entry that is new or gone has only one side. A file that cannot be read as
 * an entry is compared as the text that it is.
 */
export function entryDiff(path: string, before: string | undefined, after: string | undefined): FieldDiff[] {
  const [old, current] = [parts(path, before), parts(path, after)];
  if (!old || !current) return [{ label: 'The file', lines: textDiff(before ?? '', after ?? '') }];
  const fields = fieldsOf(path);
  const diffs: FieldDiff[] = [];
  compare(diffs, old.fields, current.fields, { kind: 'object', fields } as never, []);
  if (old.body !== current.body) diffs.push({ label: 'Text', lines: textDiff(old.body, current.body) });
  if (diffs.length === 0 && before !== after)
    diffs.push({ label: 'The way it is written down', lines: textDiff(before ?? '', after ?? '') });
  return diffs;
}

type Fields = Record<string, unknown>;
type Labelled = {
  label?: string;
  kind?: string;
  fields?: Record<string, ComponentSchema>;
  element?: unknown;
};

function fieldsOf(path: string): Record<string, ComponentSchema> {
  const entry = entryOfPath(path);
  if (entry?.kind === 'single') return singletons[entry.single].fields;
  return entry ? collectionOf(entry.collection).fields : {};
}

/** Fields and body; undefined where the text is no entry. */
function parts(path: string, text: string | undefined): { fields: Fields; body: string } | undefined {
  if (text === undefined) return { fields: {}, body: '' };
  const front = path.endsWith('.mdoc') ? /^---\r?\n([\s\S]*?\n)?---[ \t]*(?:\r?\n|$)/.exec(text) : undefined;
  if (front === null) return undefined;
  try {
    const fields: unknown = parse(front ? (front[1] ?? '') : text, { schema: 'core' }) ?? {};
    if (typeof fields !== 'object' || Array.isArray(fields)) return undefined;
    return { fields: fields as Fields, body: front ? text.slice(front[0].length).trim() : '' };
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isNothing = (value: unknown) => value === undefined || value === null || value === '';

function compare(
  diffs: FieldDiff[],
  before: unknown,
  after: unknown,
  schema: unknown,
  trail: string[],
): void {
  if (isDeepStrictEqual(before, after) || (isNothing(before) && isNothing(after))) return;
  const { fields = {}, element } = (schema ?? {}) as Labelled;
  if (isObject(before ?? after) && isObject(after ?? before)) {
    const [old, current] = [(before ?? {}) as Fields, (after ?? {}) as Fields];
    for (const name of new Set([...Object.keys(current), ...Object.keys(old)]))
      compare(diffs, old[name], current[name], fields[name], [...trail, labelOf(fields[name], name)]);
  } else if (Array.isArray(before ?? after) && Array.isArray(after ?? before)) {
    compareLists(diffs, (before ?? []) as unknown[], (after ?? []) as unknown[], element, trail);
  } else {
    diffs.push({ label: trail.join(' › '), lines: textDiff(shown(before), shown(after)) });
  }
}

/** Lists of words are read as lines; of lists of fields, what stands at one place before and after is one that changed. */
function compareLists(
  diffs: FieldDiff[],
  before: unknown[],
  after: unknown[],
  element: unknown,
  trail: string[],
) {
  if (![...before, ...after].some((item) => typeof item === 'object' && item !== null)) {
    const lines = textDiff(before.map(shown).join('\n'), after.map(shown).join('\n'));
    diffs.push({ label: trail.join(' › '), lines });
    return;
  }
  const removed: unknown[] = [];
  let place = 0;
  const at = (number: number) => [...trail, String(number)];
  const flush = (number: number) => {
    for (const item of removed.splice(0)) compare(diffs, item, undefined, element, at(number));
  };
  for (const { is, item } of aligned(before, after, isDeepStrictEqual)) {
    if (is === 'removed') {
      removed.push(item);
      continue;
    }
    place += 1;
    if (is === 'added') compare(diffs, removed.shift(), item, element, at(place));
    else flush(place);
  }
  flush(place + 1);
}

/** A field as the content check says where it is, `steps › 2 › title`, with the names of the CMS: `Steps › 2 › Title`. */
export function fieldWords(path: string, field: string): string {
  let schema: unknown = { fields: fieldsOf(path) };
  const words: string[] = [];
  for (const name of field.split(' › ')) {
    const { fields, element } = (schema ?? {}) as Labelled;
    const isPlace = /^\d+$/.test(name) && element !== undefined;
    schema = isPlace ? element : fields?.[name];
    words.push(isPlace ? name : labelOf(schema, name));
  }
  return words.join(' › ');
}

function labelOf(schema: unknown, name: string): string {
  const { label, name: named } = (schema ?? {}) as Labelled & { name?: { label?: string } };
  const found = label ?? named?.label;
  return (
    found ||
    name.charAt(0).toUpperCase() + name.slice(1).replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  );
}

function shown(value: unknown): string {
  if (isNothing(value)) return '';
  if (value === true) return 'Yes';
  if (value === false) return 'No';
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
