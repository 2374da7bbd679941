import { fields } from '@keystatic/core';
import { z } from 'astro/zod';
import { type CollectionDefinition, requiredText, slugField } from './define.ts';

export const testimonials = {
  label: 'Voices',
  slugField: 'name',
  folders: [{ name: 'testimonials', label: 'Voices', path: 'testimonials' }],
  shape: 'data',
  fields: {
    name: slugField('Name', 60),
    quote: fields.text({
      label: 'Quote',
      multiline: true,
      validation: { isRequired: true, length: { max: 400 } },
    }),
    role: fields.text({ label: 'Role', validation: { isRequired: true, length: { max: 80 } } }),
    place: fields.text({ label: 'Place', validation: { isRequired: true, length: { max: 80 } } }),
    community: fields.relationship({ label: 'Community', collection: 'communities' }),
  },
  schema: ({ reference }) =>
    z.strictObject({
      name: requiredText(60),
      quote: requiredText(400),
      role: requiredText(80),
      place: requiredText(80),
      community: reference('communities').optional(),
    }),
} satisfies CollectionDefinition;
