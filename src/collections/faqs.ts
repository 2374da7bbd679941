import { fields } from '@keystatic/core';
import { z } from 'astro/zod';
import { type CollectionDefinition, oneOf, requiredText, selectOptions, slugField } from './define.ts';
import { richTextField } from './rich-text.ts';

/** Where a question is asked. */
const faqTopics = {
  membership: 'Membership',
  schools: 'Schools',
  'live-sessions': 'Live sessions',
  communities: 'Communities',
  privacy: 'Privacy',
} as const;

export const faqs = {
  label: 'Questions and answers',
  slugField: 'question',
  folders: [{ name: 'faqs', label: 'Questions and answers', path: 'faqs' }],
  shape: 'body',
  fields: {
    question: slugField('Question', 140),
    topic: fields.select({ label: 'Topic', options: selectOptions(faqTopics), defaultValue: 'membership' }),
    order: fields.integer({
      label: 'Place',
      defaultValue: 1,
      validation: { isRequired: true, min: 1, max: 999 },
    }),
    body: richTextField('Answer'),
  },
  schema: () =>
    z.strictObject({
      question: requiredText(140),
      topic: oneOf(faqTopics),
      order: z.number().int().min(1).max(999),
    }),
} satisfies CollectionDefinition;
