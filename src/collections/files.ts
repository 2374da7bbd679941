import { fields } from '@keystatic/core';
import { z } from 'astro/zod';
import { type CollectionDefinition, requiredText, slugField } from './define.ts';

/** Downloads and films, each titled once and used anywhere. */
export const files = {
  label: 'Files',
  slugField: 'title',
  folders: [{ name: 'files', label: 'Files', path: 'files' }],
  shape: 'folder',
  fields: {
    title: slugField('Title', 80),
    file: fields.file({ label: 'File', validation: { isRequired: true } }),
  },
  schema: ({ file }) => z.strictObject({ title: requiredText(80), file: file() }),
} satisfies CollectionDefinition;
