import { fields } from '@keystatic/core';
import { z } from 'astro/zod';
import { kinds, readers, topics } from '../domains/resources/model.ts';
import {
  type CollectionDefinition,
  day,
  oneOf,
  requiredText,
  selectOptions,
  slugField,
  webAddress,
} from './define.ts';
import { richTextField } from './rich-text.ts';

const resource = {
  slugField: 'title',
  shape: 'body',
  href: (id: string) => `/resources/${id}`,
  fields: {
    title: slugField('Title', 90),
    kind: fields.select({ label: 'Kind', options: selectOptions(kinds), defaultValue: 'article' }),
    summary: fields.text({
      label: 'Summary',
      description: 'Seen by everyone, in lists and in search.',
      multiline: true,
      validation: { isRequired: true, length: { max: 220 } },
    }),
    topics: fields.multiselect({ label: 'Topics', options: selectOptions(topics) }),
    audiences: fields.multiselect({ label: 'Written for', options: selectOptions(readers) }),
    community: fields.relationship({ label: 'Community', collection: 'communities' }),
    author: fields.relationship({ label: 'Author', collection: 'people' }),
    guestAuthor: fields.text({
      label: 'Guest author',
      description: 'Name and role, if not one of our people.',
      validation: { length: { max: 120 } },
    }),
    publishedOn: fields.date({
      label: 'Published on',
      defaultValue: { kind: 'today' },
      validation: { isRequired: true },
    }),
    minutes: fields.integer({
      label: 'Minutes',
      description: 'Only where counting words would mislead, as for a recording.',
      validation: { min: 1, max: 300 },
    }),
    reflectionQuestions: fields.array(
      fields.text({ label: 'Question', validation: { isRequired: true, length: { max: 240 } } }),
      {
        label: 'Reflection questions',
        itemLabel: (props) => props.value,
      },
    ),
    file: fields.relationship({ label: 'File', collection: 'files' }),
    link: fields.text({ label: 'Link', description: '/page or https://…' }),
    body: richTextField(),
  },
  schema: ({ reference }) =>
    z.strictObject({
      title: requiredText(90),
      kind: oneOf(kinds),
      summary: requiredText(220),
      topics: z.array(oneOf(topics)).min(1).max(3),
      audiences: z.array(oneOf(readers)).min(1),
      community: reference('communities').optional(),
      author: reference('people').optional(),
      guestAuthor: z.string().max(120).optional(),
      publishedOn: day(),
      minutes: z.number().int().min(1).max(300).optional(),
      reflectionQuestions: z.array(requiredText(240)).default([]),
      file: reference('files').optional(),
      link: webAddress().optional(),
    }),
} satisfies Omit<CollectionDefinition, 'label' | 'folders'>;

/** The public library. */
export const resources = {
  ...resource,
  label: 'Resources',
  folders: [{ name: 'resources', label: 'Resources', path: 'resources' }],
} satisfies CollectionDefinition;

/** The same shape, in files of their own: title and summary are public, the body is served to members on demand. */
export const memberResources = {
  ...resource,
  label: 'Members’ resources',
  folders: [{ name: 'member-resources', label: 'Members’ resources', path: 'member-resources' }],
} satisfies CollectionDefinition;
