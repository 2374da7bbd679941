import { fields } from '@keystatic/core';
import { z } from 'astro/zod';
import { type CollectionDefinition, day, requiredText, slugField } from './define.ts';
import { richTextField } from './rich-text.ts';

/** Pages that stand on their own, like About. */
export const pages = {
  label: 'Pages',
  slugField: 'title',
  folders: [{ name: 'pages', label: 'Pages', path: 'pages' }],
  shape: 'body',
  href: (id) => `/${id}`,
  fields: {
    title: slugField('Title', 80),
    lead: fields.text({
      label: 'Lead',
      description: 'Stands under the title.',
      multiline: true,
      validation: { isRequired: true, length: { max: 240 } },
    }),
    description: fields.text({
      label: 'Description',
      description: 'For search engines.',
      multiline: true,
      validation: { isRequired: true, length: { max: 160 } },
    }),
    updatedOn: fields.date({
      label: 'Last updated',
      defaultValue: { kind: 'today' },
      validation: { isRequired: true },
    }),
    version: fields.text({
      label: 'Version',
      description: 'For texts that people accept, like the code of conduct.',
      validation: { length: { max: 20 } },
    }),
    body: richTextField(),
  },
  schema: () =>
    z.strictObject({
      title: requiredText(80),
      lead: requiredText(240),
      description: requiredText(160),
      updatedOn: day(),
      version: z.string().max(20).optional(),
    }),
} satisfies CollectionDefinition;
