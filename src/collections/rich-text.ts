import { fields } from '@keystatic/core';
import { block, repeating, wrapper } from '@keystatic/core/content-components';
import { createElement } from 'react';
import { calloutTones } from '../lib/rich-text/tags.ts';
import { selectOptions } from './define.ts';

const title = (description?: string) =>
  fields.text({ label: 'Title', ...(description ? { description } : {}) });

/** What the editor’s page shows of a block that has no text of its own. */
const shown = (...parts: (string | null)[]) =>
  createElement('span', { style: { padding: 8, display: 'block' } }, parts.filter(Boolean).join(' · '));

/** The blocks in the editor's toolbar. Their rendering is in `lib/rich-text/tags.ts`; a test keeps both alike. */
export const richTextComponents = {
  callout: wrapper({
    label: 'Callout',
    description: 'Sets a remark apart from the text',
    schema: {
      tone: fields.select({ label: 'Tone', options: selectOptions(calloutTones), defaultValue: 'note' }),
      title: title('Left empty, the tone stands here.'),
    },
  }),
  steps: wrapper({ label: 'Steps', description: 'A numbered list, drawn as steps', schema: {} }),
  checklist: wrapper({
    label: 'Checklist',
    description: 'A list, drawn with boxes to tick',
    schema: { title: title() },
  }),
  timeline: repeating({
    label: 'Timeline',
    children: ['timeline-item'],
    validation: { children: { min: 1 } },
    schema: {},
  }),
  'timeline-item': wrapper({
    label: 'Point on the timeline',
    forSpecificLocations: true,
    schema: {
      when: fields.text({ label: 'When', validation: { isRequired: true } }),
      title: fields.text({ label: 'Title', validation: { isRequired: true } }),
    },
  }),
  figure: block({
    label: 'Figure',
    description: 'An image with its description and an optional caption',
    schema: {
      image: fields.relationship({ label: 'Image', collection: 'images', validation: { isRequired: true } }),
      caption: fields.text({ label: 'Caption' }),
    },
    ContentView: ({ value }) => shown(value.image, value.caption),
  }),
  file: block({
    label: 'File',
    description: 'A download',
    schema: {
      file: fields.relationship({ label: 'File', collection: 'files', validation: { isRequired: true } }),
      title: title('Left empty, the file’s own title stands here.'),
    },
    ContentView: ({ value }) => shown(value.file, value.title),
  }),
  button: block({
    label: 'Button',
    schema: {
      href: fields.text({
        label: 'Link',
        description: '/page or https://…',
        validation: { isRequired: true },
      }),
      label: fields.text({ label: 'Words on it', validation: { isRequired: true } }),
    },
    ContentView: ({ value }) => shown(value.label, value.href),
  }),
  faq: repeating({
    label: 'Questions',
    children: ['faq-item'],
    validation: { children: { min: 1 } },
    schema: {},
  }),
  'faq-item': wrapper({
    label: 'Question',
    forSpecificLocations: true,
    schema: { question: fields.text({ label: 'Question', validation: { isRequired: true } }) },
  }),
  quote: wrapper({ label: 'Quote', schema: { by: fields.text({ label: 'Who said it' }) } }),
  video: block({
    label: 'Video',
    description: 'A film of our own, or a link to one. Nothing is embedded from elsewhere.',
    schema: {
      title: fields.text({ label: 'Title', validation: { isRequired: true } }),
      file: fields.relationship({ label: 'Film', collection: 'files' }),
      captions: fields.relationship({ label: 'Captions (.vtt)', collection: 'files' }),
      href: fields.text({ label: 'Link', description: 'Where the film is, if it is not ours' }),
    },
    ContentView: ({ value }) => shown(value.title, value.file, value.href),
  }),
};

/** The body of an entry: headings from level 2, the blocks above, no images outside a Figure. */
export function richTextField(label = 'Text') {
  return fields.markdoc({
    label,
    options: { image: false, heading: [2, 3, 4], divider: false },
    components: richTextComponents,
  });
}
