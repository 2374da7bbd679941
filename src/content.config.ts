import { defineCollection } from 'astro:content';
import type { z } from 'astro/zod';
import type { SchemaTools } from './collections/define.ts';
import { collections as all, singletons } from './collections/registry.ts';
import { loadCollection, loadSingleton } from './domains/publishing/astro-loader.ts';
import { pageTools } from './domains/publishing/published-entries.ts';

function entries<S extends z.ZodObject>(name: keyof typeof all, schema: (tools: SchemaTools) => S) {
  return defineCollection({
    loader: loadCollection(name),
    schema: schema(pageTools),
  });
}

function single<S extends z.ZodObject>(name: keyof typeof singletons, schema: (tools: SchemaTools) => S) {
  return defineCollection({
    loader: loadSingleton(name),
    schema: schema(pageTools),
  });
}

export const collections = {
  communities: entries('communities', all.communities.schema),
  faqs: entries('faqs', all.faqs.schema),
  files: entries('files', all.files.schema),
  'handbook-pages': entries('handbook-pages', all['handbook-pages'].schema),
  'handbook-parts': entries('handbook-parts', all['handbook-parts'].schema),
  images: entries('images', all.images.schema),
  'launch-slides': entries('launch-slides', all['launch-slides'].schema),
  'launch-texts': entries('launch-texts', all['launch-texts'].schema),
  'member-resources': entries('member-resources', all['member-resources'].schema),
  pages: entries('pages', all.pages.schema),
  people: entries('people', all.people.schema),
  resources: entries('resources', all.resources.schema),
  seasons: entries('seasons', all.seasons.schema),
  testimonials: entries('testimonials', all.testimonials.schema),
  settings: single('settings', singletons.settings.schema),
  navigation: single('navigation', singletons.navigation.schema),
  home: single('home', singletons.home.schema),
  'launch-guide': single('launch-guide', singletons['launch-guide'].schema),
};
