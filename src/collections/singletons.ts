import { fields } from '@keystatic/core';
import { z } from 'astro/zod';
import { requiredText, type SingletonDefinition, timeZone, webAddress } from './define.ts';

const text = (label: string, max: number) =>
  fields.text({ label, multiline: max > 120, validation: { isRequired: true, length: { max } } });

const linkFields = () =>
  fields.object({
    label: text('Words', 40),
    href: fields.text({ label: 'Link', description: '/page or https://…', validation: { isRequired: true } }),
  });
const link = () => z.strictObject({ label: requiredText(40), href: webAddress() });

/** Name, contact and prices. */
export const settings = {
  label: 'Site settings',
  path: 'settings',
  fields: {
    name: text('Name', 40),
    tagline: text('Tagline', 120),
    description: text('Description', 160),
    foundedYear: fields.integer({
      label: 'Founded in',
      validation: { isRequired: true, min: 1900, max: 2100 },
    }),
    contact: fields.object({ email: text('E-mail', 120), place: text('Place', 80) }, { label: 'Contact' }),
    prices: fields.object(
      {
        currency: fields.text({
          label: 'Currency',
          description: 'Three letters, like USD.',
          validation: { isRequired: true, length: { min: 3, max: 3 } },
        }),
        individual: fields.integer({
          label: 'Full price a person and year',
          validation: { isRequired: true, min: 0, max: 100000 },
        }),
        hostCouponPercent: fields.integer({
          label: 'A host’s coupon takes off, per cent',
          validation: { isRequired: true, min: 0, max: 100 },
        }),
      },
      { label: 'Prices' },
    ),
    timeZone: text('Time zone', 60),
  },
  schema: () =>
    z.strictObject({
      name: requiredText(40),
      tagline: requiredText(120),
      description: requiredText(160),
      foundedYear: z.number().int().min(1900).max(2100),
      contact: z.strictObject({ email: z.email().max(120), place: requiredText(80) }),
      prices: z.strictObject({
        currency: z.string().regex(/^[A-Z]{3}$/, 'is not a currency of three capital letters, like USD'),
        individual: z.number().int().min(0).max(100000),
        hostCouponPercent: z.number().int().min(0).max(100),
      }),
      timeZone: timeZone(),
    }),
} satisfies SingletonDefinition;

/** The links in the header and the footer. */
export const navigation = {
  label: 'Navigation',
  path: 'navigation',
  fields: {
    main: fields.array(linkFields(), {
      label: 'Header',
      validation: { length: { min: 1, max: 7 } },
      itemLabel: (props) => props.fields.label.value,
    }),
    footer: fields.array(
      fields.object({
        title: text('Title', 40),
        links: fields.array(linkFields(), {
          label: 'Links',
          validation: { length: { min: 1 } },
          itemLabel: (props) => props.fields.label.value,
        }),
      }),
      { label: 'Footer', itemLabel: (props) => props.fields.title.value },
    ),
  },
  schema: () =>
    z.strictObject({
      main: z.array(link()).min(1).max(7),
      footer: z.array(z.strictObject({ title: requiredText(40), links: z.array(link()).min(1) })),
    }),
} satisfies SingletonDefinition;

const blurbFields = (label: string) =>
  fields.object({ title: text('Title', 80), text: text('Text', 400) }, { label });
const blurb = () => z.strictObject({ title: requiredText(80), text: requiredText(400) });

/** The home page. */
export const home = {
  label: 'Home page',
  path: 'home',
  fields: {
    headline: text('Headline', 70),
    lead: text('Lead', 260),
    painsAndPotions: fields.array(fields.object({ pain: text('Pain', 200), potion: text('Potion', 200) }), {
      label: 'Pains and potions',
      validation: { length: { min: 1 } },
      itemLabel: (props) => props.fields.pain.value,
    }),
    scene: fields.object({ title: text('Title', 80), text: text('Text', 1200) }, { label: 'A scene' }),
    steps: fields.array(fields.object({ title: text('Title', 60), text: text('Text', 240) }), {
      label: 'How it works',
      validation: { length: { min: 1 } },
      itemLabel: (props) => props.fields.title.value,
    }),
    forSchools: blurbFields('For schools'),
    forMembers: blurbFields('For members'),
    forHosts: blurbFields('For hosts'),
    featuredCommunities: fields.array(
      fields.relationship({
        label: 'Community',
        collection: 'communities',
        validation: { isRequired: true },
      }),
      { label: 'Featured communities', itemLabel: (props) => props.value ?? '' },
    ),
    featuredResources: fields.array(
      fields.relationship({ label: 'Resource', collection: 'resources', validation: { isRequired: true } }),
      { label: 'Featured resources', itemLabel: (props) => props.value ?? '' },
    ),
  },
  schema: ({ reference }) =>
    z.strictObject({
      headline: requiredText(70),
      lead: requiredText(260),
      painsAndPotions: z.array(z.strictObject({ pain: requiredText(200), potion: requiredText(200) })).min(1),
      scene: z.strictObject({ title: requiredText(80), text: requiredText(1200) }),
      steps: z.array(z.strictObject({ title: requiredText(60), text: requiredText(240) })).min(1),
      forSchools: blurb(),
      forMembers: blurb(),
      forHosts: blurb(),
      featuredCommunities: z.array(reference('communities')),
      featuredResources: z.array(reference('resources')),
    }),
} satisfies SingletonDefinition;
