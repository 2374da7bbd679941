import { z } from 'astro/zod';
import { describe, expect, test, vi } from 'vitest';
import { richTextTags } from '../lib/rich-text/tags.ts';
import type { SchemaTools } from './define.ts';
import { collectionNames, collectionOf, singletons } from './registry.ts';
import { richTextComponents } from './rich-text.ts';

/** Keystatic keeps a field's limits in closures. Here each field is the description that our collections give of it. */
vi.mock('@keystatic/core', () => {
  const described = (field: string) => (description: object) => ({ field, ...description });
  return {
    fields: {
      ...Object.fromEntries(
        [
          'text',
          'select',
          'multiselect',
          'relationship',
          'date',
          'integer',
          'checkbox',
          'image',
          'file',
          'markdoc',
        ].map((field) => [field, described(field)]),
      ),
      slug: ({ name }: { name: object }) => ({ field: 'text', ...name }),
      object: (fields: object) => ({ field: 'object', fields }),
      array: (element: object, options: object) => ({ field: 'array', element, ...options }),
    },
  };
});

type Described = {
  field: string;
  validation?: { isRequired?: boolean; min?: number; max?: number; length?: { min?: number; max?: number } };
  options?: { value: string }[];
  collection?: string;
  element?: Described;
  fields?: Record<string, Described>;
};

/** What both sides of a collection are boiled down to. */
type Shape =
  | { kind: 'text'; required: boolean; max?: number | undefined; hasPattern?: boolean }
  | { kind: 'choice' | 'choices'; values: string[] }
  | { kind: 'number'; required: boolean; min: number | undefined; max: number | undefined }
  | { kind: 'relation'; to: string | undefined; required: boolean }
  | { kind: 'day' | 'asset' | 'flag' }
  | { kind: 'list'; of: Shape; min: number; max: number | undefined }
  | { kind: 'group'; fields: Record<string, Shape> };

const tools: SchemaTools = {
  reference: (name) => z.string().meta({ relation: name }),
  image: () => z.string().meta({ asset: true }) as never,
  file: () => z.string().meta({ asset: true }),
};

function fromField({ field, validation, options, collection, element, fields }: Described): Shape {
  const required = validation?.isRequired ?? false;
  const values = options?.map(({ value }) => value).sort() ?? [];
  switch (field) {
    case 'object':
      return { kind: 'group', fields: fromFields(fields!) };
    case 'array':
      return {
        kind: 'list',
        of: fromField(element!),
        min: validation?.length?.min ?? 0,
        max: validation?.length?.max,
      };
    case 'image':
    case 'file':
      return { kind: 'asset' };
    case 'relationship':
      return { kind: 'relation', to: collection, required };
    case 'select':
      return { kind: 'choice', values };
    case 'multiselect':
      return { kind: 'choices', values };
    case 'checkbox':
      return { kind: 'flag' };
    case 'integer':
      return { kind: 'number', required, min: validation?.min, max: validation?.max };
    case 'date':
      return { kind: 'day' };
    default:
      return { kind: 'text', required, max: validation?.length?.max };
  }
}

function fromFields(fields: Record<string, Described>): Record<string, Shape> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) =>
      field.field === 'markdoc' ? [] : [[name, fromField(field)]],
    ),
  );
}

// biome-ignore lint/suspicious/noExplicitAny: JSON Schema as Zod writes it
type Json = any;

function fromJson(json: Json, required: boolean): Shape {
  if (json.relation) return { kind: 'relation', to: json.relation, required };
  if (json.asset) return { kind: 'asset' };
  if (json.enum) return { kind: 'choice', values: [...json.enum].sort() };
  if (json.type === 'array' && json.items.enum)
    return { kind: 'choices', values: [...json.items.enum].sort() };
  if (json.type === 'array')
    return { kind: 'list', of: fromJson(json.items, true), min: json.minItems ?? 0, max: json.maxItems };
  if (json.type === 'object') return { kind: 'group', fields: fromObject(json) };
  if (json.type === 'boolean') return { kind: 'flag' };
  if (json.type === 'integer') return { kind: 'number', required, min: json.minimum, max: json.maximum };
  if (json.format === 'day') return { kind: 'day' };
  if (json.type === 'string' && (json.pattern || json.format))
    return { kind: 'text', required, hasPattern: true };
  if (json.type === 'string') return { kind: 'text', required, max: json.maxLength };
  throw new Error(`No shape for ${JSON.stringify(json)}`);
}

function fromObject(json: Json): Record<string, Shape> {
  return Object.fromEntries(
    Object.entries(json.properties).map(([name, property]) => [
      name,
      fromJson(property, (json.required ?? []).includes(name)),
    ]),
  );
}

/**
 * What the form cannot say is let through: a pattern of the schema (a country code, an address, a day) sets a length of
 * its own, and a multiple choice has no limits in Keystatic.
 */
function comparable(shape: Shape, other: Shape | undefined): Shape {
  if (shape.kind === 'group' && other?.kind === 'group')
    return { kind: 'group', fields: comparableFields(shape.fields, other.fields) };
  if (shape.kind === 'list' && other?.kind === 'list')
    return { ...shape, of: comparable(shape.of, other.of) };
  if (shape.kind === 'text' && other?.kind === 'text' && (shape.hasPattern || other.hasPattern))
    return { kind: 'text', required: shape.required, max: undefined, hasPattern: true };
  return shape;
}

function comparableFields(fields: Record<string, Shape>, others: Record<string, Shape>) {
  return Object.fromEntries(
    Object.entries(fields).map(([name, shape]) => [name, comparable(shape, others[name])]),
  );
}

const sides = [
  ...collectionNames.map((name) => [name, collectionOf(name)] as const),
  ...Object.entries(singletons),
] as const;

test.each(sides)(
  'the form and the schema of %s have the same fields, choices, limits and relations',
  (_name, definition) => {
    const form = fromFields(definition.fields as unknown as Record<string, Described>);
    const schema = fromObject(
      z.toJSONSchema(definition.schema(tools), { io: 'input', unrepresentable: 'any' }),
    );
    expect(comparableFields(form, schema)).toEqual(comparableFields(schema, form));
  },
);

describe('rich text', () => {
  test('every block in the toolbar is rendered, and every rendered block is in the toolbar', () => {
    expect(Object.keys(richTextComponents).sort()).toEqual(Object.keys(richTextTags).sort());
  });

  test.each(Object.keys(richTextTags))('%s has the same attributes on both sides', (name) => {
    const component = richTextComponents[name as keyof typeof richTextComponents];
    const tag = richTextTags[name]!;
    expect(Object.keys(component.schema).sort()).toEqual(Object.keys(tag.attributes ?? {}).sort());
    expect(component.kind === 'block').toBe(tag.selfClosing === true);
  });
});
