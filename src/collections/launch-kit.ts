import { fields } from '@keystatic/core';
import { z } from 'astro/zod';
import {
  placeholderHint,
  placeholderNames,
  slideShows,
  slideVersions,
  textParts,
} from '../domains/launch-kit/model.ts';
import {
  type CollectionDefinition,
  oneOf,
  requiredText,
  type SingletonDefinition,
  selectOptions,
  slugField,
} from './define.ts';

const place = () =>
  fields.integer({
    label: 'Place',
    description: '1 comes first.',
    defaultValue: 1,
    validation: { isRequired: true, min: 1, max: 99 },
  });
const minutes = (label: string, description: string) =>
  fields.integer({ label, description, validation: { min: 0, max: 20 } });

/** Words, lists, bold and links: what mail programs, bulletins and slides keep. No blocks. */
const plainBody = (description: string) =>
  fields.markdoc({
    label: 'Text',
    description,
    options: { image: false, divider: false, table: false, codeBlock: false, heading: [2, 3] },
    components: {},
  });

/** What a SAM pastes: e-mails and newsletter texts. */
export const launchTexts = {
  label: 'Launch kit: texts',
  slugField: 'title',
  folders: [{ name: 'launch-texts', label: 'Launch kit: texts', path: 'launch-kit/texts' }],
  shape: 'body',
  placeholders: placeholderNames,
  fields: {
    title: slugField('Title', 80),
    part: fields.select({ label: 'Pasted into', options: selectOptions(textParts), defaultValue: 'email' }),
    order: place(),
    use: fields.text({
      label: 'When to use it',
      description: 'One sentence for the SAM. It is not copied.',
      validation: { isRequired: true, length: { max: 200 } },
    }),
    subject: fields.text({
      label: 'Subject or headline',
      description: placeholderHint,
      validation: { length: { max: 120 } },
    }),
    body: plainBody(`${placeholderHint} {link} alone becomes a link; [words]({link}) a link with words.`),
  },
  schema: () =>
    z.strictObject({
      title: requiredText(80),
      part: oneOf(textParts),
      order: z.number().int().min(1).max(99),
      use: requiredText(200),
      subject: z.string().max(120).optional(),
    }),
} satisfies CollectionDefinition;

/** The slides of both decks. */
export const launchSlides = {
  label: 'Launch kit: slides',
  slugField: 'title',
  folders: [{ name: 'launch-slides', label: 'Launch kit: slides', path: 'launch-kit/slides' }],
  shape: 'body',
  placeholders: placeholderNames,
  fields: {
    title: slugField('Headline', 80),
    order: place(),
    version: fields.select({
      label: 'In which deck',
      options: selectOptions(slideVersions),
      defaultValue: 'both',
    }),
    shows: fields.select({
      label: 'Drawn beside the words',
      options: selectOptions(slideShows),
      defaultValue: 'nothing',
    }),
    minutesShort: minutes(
      'Minutes in the 10-minute deck',
      'For the speaker’s view. Left empty, it takes no time of its own.',
    ),
    minutesLong: minutes('Minutes in the 30-minute deck', 'The same for the longer one.'),
    notes: fields.text({
      label: 'Speaker’s notes',
      description: `What to say and do. An empty line begins a new paragraph. ${placeholderHint}`,
      multiline: true,
      validation: { isRequired: true, length: { max: 1500 } },
    }),
    body: plainBody(`On the slide. Few words: at most eight short lines. ${placeholderHint}`),
  },
  schema: () =>
    z.strictObject({
      title: requiredText(80),
      order: z.number().int().min(1).max(99),
      version: oneOf(slideVersions),
      shows: oneOf(slideShows),
      minutesShort: z.number().int().min(0).max(20).optional(),
      minutesLong: z.number().int().min(0).max(20).optional(),
      notes: requiredText(1500),
    }),
} satisfies CollectionDefinition;

/** The page to print: what a colleague does first. */
export const launchGuide = {
  label: 'Launch kit: page to print',
  path: 'launch-kit/guide',
  placeholders: placeholderNames,
  fields: {
    title: fields.text({
      label: 'Title',
      description: placeholderHint,
      validation: { isRequired: true, length: { max: 60 } },
    }),
    lead: fields.text({
      label: 'Lead',
      multiline: true,
      validation: { isRequired: true, length: { max: 200 } },
    }),
    join: fields.text({
      label: 'Beside the QR code',
      description: 'How to join with the link, in a sentence or two.',
      multiline: true,
      validation: { isRequired: true, length: { max: 200 } },
    }),
    steps: fields.array(
      fields.object({
        title: fields.text({ label: 'Step', validation: { isRequired: true, length: { max: 50 } } }),
        minutes: fields.integer({ label: 'Minutes', validation: { isRequired: true, min: 1, max: 30 } }),
        text: fields.text({
          label: 'Text',
          multiline: true,
          validation: { isRequired: true, length: { max: 200 } },
        }),
      }),
      {
        label: 'The first five steps',
        validation: { length: { min: 5, max: 5 } },
        itemLabel: (props) => props.fields.title.value,
      },
    ),
    stuck: fields.text({
      label: 'If somebody is stuck',
      multiline: true,
      validation: { isRequired: true, length: { max: 240 } },
    }),
  },
  schema: () =>
    z.strictObject({
      title: requiredText(60),
      lead: requiredText(200),
      join: requiredText(200),
      steps: z
        .array(
          z.strictObject({
            title: requiredText(50),
            minutes: z.number().int().min(1).max(30),
            text: requiredText(200),
          }),
        )
        .min(5)
        .max(5),
      stuck: requiredText(240),
    }),
} satisfies SingletonDefinition;
