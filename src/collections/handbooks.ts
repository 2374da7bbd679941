import { fields } from '@keystatic/core';
import { z } from 'astro/zod';
import { type Handbook, handbooks } from '../domains/handbooks/model.ts';
import { type CollectionDefinition, day, oneOf, requiredText, selectOptions, slugField } from './define.ts';
import { richTextField } from './rich-text.ts';

const names = Object.keys(handbooks) as Handbook[];
const titles = Object.fromEntries(names.map((name) => [name, handbooks[name].title])) as Record<
  Handbook,
  string
>;

/** The parts that a handbook's contents are grouped by. */
export const handbookParts = {
  label: 'Handbook parts',
  slugField: 'title',
  folders: [{ name: 'handbook-parts', label: 'Handbook parts', path: 'handbook-parts' }],
  shape: 'data',
  fields: {
    title: slugField('Title', 60),
    handbook: fields.select({ label: 'Handbook', options: selectOptions(titles), defaultValue: 'members' }),
    order: fields.integer({
      label: 'Place in the handbook',
      defaultValue: 1,
      validation: { isRequired: true, min: 1, max: 99 },
    }),
    summary: fields.text({ label: 'Summary', validation: { isRequired: true, length: { max: 160 } } }),
  },
  schema: () =>
    z.strictObject({
      title: requiredText(60),
      handbook: oneOf(titles),
      order: z.number().int().min(1).max(99),
      summary: requiredText(160),
    }),
} satisfies CollectionDefinition;

/** The pages of all three handbooks. The folder is the handbook; a part of another handbook is refused by the content check. */
export const handbookPages = {
  label: 'Handbook pages',
  slugField: 'title',
  folders: names.map((name) => ({
    name: `handbook-${name}`,
    label: titles[name],
    path: `handbooks/${name}`,
  })),
  idBase: 'handbooks',
  shape: 'body',
  href: (id) => `/handbooks/${id}`,
  fields: {
    title: slugField('Title', 80),
    summary: fields.text({
      label: 'Summary',
      description: 'What the reader knows after this page, in one sentence.',
      multiline: true,
      validation: { isRequired: true, length: { max: 200 } },
    }),
    part: fields.relationship({
      label: 'Part',
      collection: 'handbook-parts',
      validation: { isRequired: true },
    }),
    order: fields.integer({
      label: 'Place in the part',
      defaultValue: 1,
      validation: { isRequired: true, min: 1, max: 999 },
    }),
    updatedOn: fields.date({
      label: 'Last updated',
      defaultValue: { kind: 'today' },
      validation: { isRequired: true },
    }),
    body: richTextField(),
  },
  schema: ({ reference }) =>
    z.strictObject({
      title: requiredText(80),
      summary: requiredText(200),
      part: reference('handbook-parts'),
      order: z.number().int().min(1).max(999),
      updatedOn: day(),
    }),
} satisfies CollectionDefinition;
