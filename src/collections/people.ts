import { fields } from '@keystatic/core';
import { z } from 'astro/zod';
import { type CollectionDefinition, countryCode, requiredText, slugField } from './define.ts';

/** Hosts and authors: the public profile. Who hosts what in the portal is in the database. */
export const people = {
  label: 'People',
  slugField: 'name',
  folders: [{ name: 'people', label: 'People', path: 'people' }],
  shape: 'data',
  fields: {
    name: slugField('Name', 80),
    role: fields.text({ label: 'Role', validation: { isRequired: true, length: { max: 120 } } }),
    school: fields.text({ label: 'School', validation: { isRequired: true, length: { max: 120 } } }),
    city: fields.text({ label: 'City', validation: { isRequired: true, length: { max: 80 } } }),
    country: fields.text({
      label: 'Country',
      description: 'Two capital letters, like VN.',
      validation: { isRequired: true, length: { min: 2, max: 2 } },
    }),
    languages: fields.array(
      fields.text({ label: 'Language', validation: { isRequired: true, length: { max: 40 } } }),
      {
        label: 'Languages',
        validation: { length: { min: 1 } },
        itemLabel: (props) => props.value,
      },
    ),
    portrait: fields.relationship({ label: 'Portrait', collection: 'images' }),
    bio: fields.text({
      label: 'About',
      multiline: true,
      validation: { isRequired: true, length: { max: 600 } },
    }),
  },
  schema: ({ reference }) =>
    z.strictObject({
      name: requiredText(80),
      role: requiredText(120),
      school: requiredText(120),
      city: requiredText(80),
      country: countryCode(),
      languages: z.array(requiredText(40)).min(1),
      portrait: reference('images').optional(),
      bio: requiredText(600),
    }),
} satisfies CollectionDefinition;
