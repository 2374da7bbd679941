import { fields } from '@keystatic/core';
import { z } from 'astro/zod';
import { type CollectionDefinition, requiredText, slugField } from './define.ts';

/** Pictures, each described once and used anywhere. */
export const images = {
  label: 'Images',
  slugField: 'title',
  folders: [{ name: 'images', label: 'Images', path: 'images' }],
  shape: 'folder',
  fields: {
    title: slugField('Title', 80),
    alt: fields.text({
      label: 'Description',
      description: 'What is seen, for people who cannot see it.',
      multiline: true,
      validation: { isRequired: true, length: { max: 300 } },
    }),
    image: fields.image({ label: 'Image', validation: { isRequired: true } }),
  },
  schema: ({ image }) => z.strictObject({ title: requiredText(80), alt: requiredText(300), image: image() }),
} satisfies CollectionDefinition;
