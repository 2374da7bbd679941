import { type ComponentSchema, fields } from '@keystatic/core';
import { z } from 'astro/zod';
import { isDay } from '../lib/dates.ts';
import type { ContentImage } from '../lib/images.ts';

/**
 * What a schema cannot know by itself. The content check brings tools that look at the disk and at the other entries;
 * Astro, which runs after it, only needs the shape.
 */
export type SchemaTools = {
  /** A relation: the slug of an entry of `collection`. */
  reference: (collection: CollectionName) => z.ZodType<string>;
  /** An image that lies beside its entry, by file name. */
  image: () => z.ZodType<ContentImage>;
  /** Any other file that lies beside its entry, by file name. */
  file: () => z.ZodType<string>;
};

/** One collection: how editors see it (`fields`) and what a valid entry is (`schema`), with a test that the two agree. */
export type CollectionDefinition = {
  /** Name for editors, plural. */
  label: string;
  /** What the CMS shows of an entry in its list; the field the address is made from. */
  slugField: string;
  /** Folders under `content/`, each a list of its own in the CMS. An entry's id is its path below `idBase`, if given. */
  folders: readonly { name: string; label: string; path: string }[];
  /** Folder that entry ids are relative to; the only folder where left out. */
  idBase?: string;
  /** `body`: Markdoc after the front matter. `data`: YAML only. `folder`: YAML in a folder with the entry's own file. */
  shape: 'body' | 'data' | 'folder';
  fields: Record<string, ComponentSchema>;
  schema: (tools: SchemaTools) => z.ZodObject;
  /** Address of an entry on the site, for the CMS and for links; none for entries without a page. */
  href?: (id: string) => string;
  /** Names that its texts may hold in braces, as `{school}`. Such texts are pasted elsewhere, so they take no blocks. */
  placeholders?: readonly string[];
};

/** One file of its own, not a list. */
export type SingletonDefinition = {
  label: string;
  path: string;
  fields: Record<string, ComponentSchema>;
  schema: (tools: SchemaTools) => z.ZodObject;
  /** Names that its texts may hold in braces, as `{school}`. */
  placeholders?: readonly string[];
};

export type CollectionName =
  | 'communities'
  | 'faqs'
  | 'files'
  | 'handbook-pages'
  | 'handbook-parts'
  | 'images'
  | 'launch-slides'
  | 'launch-texts'
  | 'member-resources'
  | 'pages'
  | 'people'
  | 'resources'
  | 'seasons'
  | 'testimonials';

/** A choice of one: the same options make the CMS's select and the schema's enum. */
export type Options<T extends string = string> = Readonly<Record<T, string>>;

/** Options as Keystatic wants them. */
export function selectOptions<T extends string>(options: Options<T>): { label: string; value: T }[] {
  return (Object.keys(options) as T[]).map((value) => ({ value, label: options[value] }));
}

/** The schema of one of the options. */
export function oneOf<T extends string>(options: Options<T>) {
  return z.enum(Object.keys(options) as [T, ...T[]]);
}

/** Text that must hold something, at most `max` characters. */
export const requiredText = (max = 200) => z.string().trim().min(1).max(max);

/** A calendar day, `YYYY-MM-DD`. */
export const day = () =>
  z.string().refine(isDay, 'is not a day that exists; write it as 2026-11-21').meta({ format: 'day' });

/** An address elsewhere on the web, or a page of this site. */
export const webAddress = () =>
  z
    .string()
    .max(2000)
    .regex(/^(?:https:\/\/[^\s/]\S*|\/(?![/\\])\S*)$/, 'is not an address: write https://… or /page');

/** An ISO 3166-1 alpha-2 country code. */
export const countryCode = () =>
  z.string().regex(/^[A-Z]{2}$/, 'is not a country code of two capital letters, like VN');

/** The field that an entry is called by, and the address made from it: at most `max` characters, and a clean slug. */
export const slugField = (label: string, max: number) =>
  fields.slug({
    name: { label, validation: { isRequired: true, length: { max } } },
    slug: {
      label: 'Address',
      validation: {
        pattern: {
          regex: /^[a-z0-9]+(?:-[a-z0-9]+)*$/,
          message: 'Use lower case letters, digits and single hyphens.',
        },
      },
    },
  });

/** The IANA name of a time zone that this machine knows. */
export const timeZone = () => z.string().max(60).refine(isTimeZone, 'is not a time zone, like Asia/Shanghai');

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
