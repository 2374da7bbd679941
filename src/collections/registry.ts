import { communities } from './communities.ts';
import type { CollectionDefinition, CollectionName, SingletonDefinition } from './define.ts';
import { faqs } from './faqs.ts';
import { files } from './files.ts';
import { handbookPages, handbookParts } from './handbooks.ts';
import { images } from './images.ts';
import { launchGuide, launchSlides, launchTexts } from './launch-kit.ts';
import { pages } from './pages.ts';
import { people } from './people.ts';
import { memberResources, resources } from './resources.ts';
import { seasons } from './seasons.ts';
import { home, navigation, settings } from './singletons.ts';
import { testimonials } from './testimonials.ts';

/** Every collection, by the name Astro and relations use. */
export const collections = {
  'handbook-pages': handbookPages,
  'handbook-parts': handbookParts,
  communities,
  resources,
  'member-resources': memberResources,
  people,
  pages,
  faqs,
  testimonials,
  seasons,
  images,
  files,
  'launch-texts': launchTexts,
  'launch-slides': launchSlides,
} satisfies Record<CollectionName, CollectionDefinition>;

export const collectionNames = Object.keys(collections) as CollectionName[];

/** A collection by name, as what all of them have in common. */
export const collectionOf = (name: CollectionName): CollectionDefinition => collections[name];

/** Every single file of its own. */
export const singletons = { home, navigation, settings, 'launch-guide': launchGuide } satisfies Record<
  string,
  SingletonDefinition
>;

export type SingletonName = keyof typeof singletons;
