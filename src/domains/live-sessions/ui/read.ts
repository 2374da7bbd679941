import { getCollection } from 'astro:content';
import type { SeasonFacts } from '../seasons.ts';

/** The seasons of content, as values for rules and commands. */
export async function seasonFacts(): Promise<SeasonFacts[]> {
  return (await getCollection('seasons')).map(({ id, data }) => ({ slug: id, ...data }));
}
