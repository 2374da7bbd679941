import { fields } from '@keystatic/core';
import { z } from 'astro/zod';
import {
  type CollectionDefinition,
  countryCode,
  day,
  oneOf,
  requiredText,
  selectOptions,
  slugField,
  timeZone,
} from './define.ts';

const seasonKinds = { regular: 'Regular season', sprint: 'Sprint season' } as const;

const startsOn = () => fields.date({ label: 'Starts on', validation: { isRequired: true } });
const endsOn = () => fields.date({ label: 'Ends on', validation: { isRequired: true } });
const title = () => fields.text({ label: 'Title', validation: { isRequired: true, length: { max: 80 } } });

const isForward = (range: { startsOn: string; endsOn: string }) => range.startsOn <= range.endsOn;
const backwards = { message: 'ends before it starts', path: ['endsOn'] };

/** A school year's calendar: windows for the rounds of live sessions, everything around them, and days to avoid. */
export const seasons = {
  label: 'Seasons',
  slugField: 'name',
  folders: [{ name: 'seasons', label: 'Seasons', path: 'seasons' }],
  shape: 'data',
  fields: {
    name: slugField('Name', 60),
    kind: fields.select({ label: 'Kind', options: selectOptions(seasonKinds), defaultValue: 'regular' }),
    startsOn: startsOn(),
    endsOn: endsOn(),
    timeZone: fields.text({
      label: 'Time zone',
      defaultValue: 'Asia/Shanghai',
      validation: { isRequired: true, length: { max: 60 } },
    }),
    summary: fields.text({
      label: 'Summary',
      multiline: true,
      validation: { isRequired: true, length: { max: 200 } },
    }),
    windows: fields.array(
      fields.object({
        title: title(),
        round: fields.integer({ label: 'Round', validation: { isRequired: true, min: 1, max: 4 } }),
        startsOn: startsOn(),
        endsOn: endsOn(),
      }),
      { label: 'Windows for live sessions', itemLabel: (props) => props.fields.title.value },
    ),
    timeline: fields.array(
      fields.object({
        title: title(),
        startsOn: startsOn(),
        endsOn: endsOn(),
        minutes: fields.integer({ label: 'Minutes', validation: { min: 1, max: 600 } }),
        note: fields.text({ label: 'Note', validation: { length: { max: 200 } } }),
        toBeConfirmed: fields.checkbox({ label: 'To be confirmed' }),
      }),
      { label: 'Timeline', itemLabel: (props) => props.fields.title.value },
    ),
    holidays: fields.array(
      fields.object({
        name: fields.text({ label: 'Name', validation: { isRequired: true, length: { max: 80 } } }),
        places: fields.array(
          fields.text({ label: 'Country', validation: { isRequired: true, length: { min: 2, max: 2 } } }),
          {
            label: 'Countries',
            description: 'Two capital letters each.',
            validation: { length: { min: 1 } },
            itemLabel: (props) => props.value,
          },
        ),
        startsOn: startsOn(),
        endsOn: endsOn(),
      }),
      { label: 'Holidays to avoid', itemLabel: (props) => props.fields.name.value },
    ),
  },
  schema: () =>
    z.strictObject({
      name: requiredText(60),
      kind: oneOf(seasonKinds),
      startsOn: day(),
      endsOn: day(),
      timeZone: timeZone(),
      summary: requiredText(200),
      windows: z.array(
        z
          .strictObject({
            title: requiredText(80),
            round: z.number().int().min(1).max(4),
            startsOn: day(),
            endsOn: day(),
          })
          .refine(isForward, backwards),
      ),
      timeline: z.array(
        z
          .strictObject({
            title: requiredText(80),
            startsOn: day(),
            endsOn: day(),
            minutes: z.number().int().min(1).max(600).optional(),
            note: z.string().max(200).optional(),
            toBeConfirmed: z.boolean().default(false),
          })
          .refine(isForward, backwards),
      ),
      holidays: z.array(
        z
          .strictObject({
            name: requiredText(80),
            places: z.array(countryCode()).min(1),
            startsOn: day(),
            endsOn: day(),
          })
          .refine(isForward, backwards),
      ),
    }),
} satisfies CollectionDefinition;
