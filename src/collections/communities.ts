import { fields } from '@keystatic/core';
import { z } from 'astro/zod';
import {
  areas,
  associations,
  audiences,
  languages,
  meetingPatterns,
  membershipTypes,
} from '../domains/communities/model.ts';
import { type CollectionDefinition, oneOf, requiredText, selectOptions, slugField } from './define.ts';
import { richTextField } from './rich-text.ts';

export const communities = {
  label: 'Communities',
  slugField: 'name',
  folders: [{ name: 'communities', label: 'Communities', path: 'communities' }],
  shape: 'body',
  href: (id) => `/communities/${id}`,
  fields: {
    name: slugField('Name', 60),
    area: fields.select({ label: 'Area', options: selectOptions(areas), defaultValue: 'teaching' }),
    audiences: fields.multiselect({ label: 'Audience', options: selectOptions(audiences) }),
    summary: fields.text({
      label: 'Summary',
      description: 'Who it is for and what they get, in one sentence.',
      multiline: true,
      validation: { isRequired: true, length: { max: 180 } },
    }),
    language: fields.select({
      label: 'Language',
      options: selectOptions(languages),
      defaultValue: 'english',
    }),
    association: fields.select({
      label: 'Partner association',
      options: selectOptions(associations),
      defaultValue: 'none',
    }),
    membership: fields.select({
      label: 'Who may join',
      options: selectOptions(membershipTypes),
      defaultValue: 'open',
    }),
    hosts: fields.array(
      fields.relationship({ label: 'Host', collection: 'people', validation: { isRequired: true } }),
      {
        label: 'Hosts',
        itemLabel: (props) => props.value ?? 'Choose a person',
      },
    ),
    painsAndPotions: fields.array(
      fields.object({
        pain: fields.text({
          label: 'Pain',
          multiline: true,
          validation: { isRequired: true, length: { max: 240 } },
        }),
        potion: fields.text({
          label: 'Potion',
          multiline: true,
          validation: { isRequired: true, length: { max: 240 } },
        }),
      }),
      {
        label: 'Pains and potions',
        description: 'At least two of this community’s own.',
        itemLabel: (props) => props.fields.pain.value,
        validation: { length: { min: 2, max: 6 } },
      },
    ),
    meetingPattern: fields.select({
      label: 'Meets',
      options: selectOptions(meetingPatterns),
      defaultValue: 'regular',
    }),
    themes: fields.array(
      fields.text({ label: 'Theme', validation: { isRequired: true, length: { max: 80 } } }),
      {
        label: 'Themes this season',
        itemLabel: (props) => props.value,
      },
    ),
    body: richTextField('Description'),
  },
  schema: ({ reference }) =>
    z.strictObject({
      name: requiredText(60),
      area: oneOf(areas),
      audiences: z.array(oneOf(audiences)).min(1),
      summary: requiredText(180),
      language: oneOf(languages),
      association: oneOf(associations),
      membership: oneOf(membershipTypes),
      hosts: z.array(reference('people')),
      painsAndPotions: z
        .array(z.strictObject({ pain: requiredText(240), potion: requiredText(240) }))
        .min(2)
        .max(6),
      meetingPattern: oneOf(meetingPatterns),
      themes: z.array(requiredText(80)),
    }),
} satisfies CollectionDefinition;
