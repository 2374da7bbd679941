import { type CollectionEntry, getCollection, getEntry } from 'astro:content';
import { renderRichText } from '#src/lib/rich-text/render.ts';
import { readingMinutes } from '#src/lib/text.ts';

type PublicResource = CollectionEntry<'resources'>;
export type MemberResource = CollectionEntry<'member-resources'>;
export type ResourceEntry = PublicResource | MemberResource;

/** Whether only members may read the body. */
export function isForMembers(resource: ResourceEntry): resource is MemberResource {
  return resource.collection === 'member-resources';
}

const newestFirst = (a: ResourceEntry, b: ResourceEntry) =>
  b.data.publishedOn.localeCompare(a.data.publishedOn) || a.id.localeCompare(b.id);

/** The whole library, members’ resources included, the newest first. */
export async function allResources(): Promise<ResourceEntry[]> {
  const [open, membersOnly] = await Promise.all([
    getCollection('resources'),
    getCollection('member-resources'),
  ]);
  return [...open, ...membersOnly].sort(newestFirst);
}

/** What came from one community, or was made for it. */
export async function resourcesOfCommunity(community: string): Promise<ResourceEntry[]> {
  return (await allResources()).filter((resource) => resource.data.community === community);
}

const minutesByText = new Map<string, number>();

/** Minutes to read or watch. Words are counted once a text: a card of it stands on many lists. */
export function minutesOf({ data, body = '' }: ResourceEntry): number {
  if (data.minutes) return data.minutes;
  const known = minutesByText.get(body) ?? readingMinutes(renderRichText(body).text);
  minutesByText.set(body, known);
  return known;
}

/** Who wrote it: one of our people, a guest, or nobody named. */
export async function authorOf(
  resource: ResourceEntry,
): Promise<{ name: string; about?: string } | undefined> {
  const person = resource.data.author ? await getEntry('people', resource.data.author) : undefined;
  if (person) return { name: person.data.name, about: `${person.data.role}, ${person.data.school}` };
  if (!resource.data.guestAuthor) return undefined;
  const [name = '', ...about] = resource.data.guestAuthor.split(', ');
  return about.length > 0 ? { name, about: about.join(', ') } : { name };
}

/** Others that share topics, kind or community, the closest first. */
export function relatedTo(resource: ResourceEntry, all: ResourceEntry[], count = 3): ResourceEntry[] {
  const closeness = (other: ResourceEntry) =>
    2 * other.data.topics.filter((topic) => resource.data.topics.includes(topic)).length +
    (other.data.community && other.data.community === resource.data.community ? 3 : 0) +
    (other.data.kind === resource.data.kind ? 1 : 0);
  return all
    .filter((other) => other.id !== resource.id && closeness(other) > 1)
    .sort((a, b) => closeness(b) - closeness(a) || newestFirst(a, b))
    .slice(0, count);
}
