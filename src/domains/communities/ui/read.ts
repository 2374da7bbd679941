import { type CollectionEntry, getCollection, getEntries } from 'astro:content';
import { countryName, listed } from '#src/lib/text.ts';
import { type Area, areas } from '../model.ts';

export type CommunityEntry = CollectionEntry<'communities'>;
export type PersonEntry = CollectionEntry<'people'>;

/** All communities by name. */
export async function allCommunities(): Promise<CommunityEntry[]> {
  return (await getCollection('communities')).sort((a, b) => a.data.name.localeCompare(b.data.name));
}

/** Communities by area, in the order of the areas; areas without any are left out. */
export function byArea(communities: CommunityEntry[]): { area: Area; communities: CommunityEntry[] }[] {
  const groups = Map.groupBy(communities, (community) => community.data.area);
  return (Object.keys(areas) as Area[]).flatMap((area) => {
    const found = groups.get(area);
    return found ? [{ area, communities: found }] : [];
  });
}

/** The people who host a community, in the editor’s order. */
export async function hostsOf(community: CommunityEntry): Promise<PersonEntry[]> {
  const hosts: (PersonEntry | undefined)[] = await getEntries(
    community.data.hosts.map((id) => ({ collection: 'people' as const, id })),
  );
  return hosts.filter((host) => host !== undefined); // development may run on content that the check would refuse
}

/** Where somebody works: `Da Nang, Vietnam`. */
export function placeOf({ data }: PersonEntry): string {
  const country = countryName(data.country);
  return data.city === country ? country : `${data.city}, ${country}`;
}

/** What a person speaks, as a sentence. */
export function languagesOf({ data }: PersonEntry): string {
  return `Speaks ${listed(data.languages)}`;
}

/** Other communities that share the area, the audience or a host, the closest first. */
export function neighboursOf(community: CommunityEntry, all: CommunityEntry[], count = 4): CommunityEntry[] {
  const closeness = (other: CommunityEntry) =>
    (other.data.area === community.data.area ? 2 : 0) +
    (other.data.hosts.some((host) => community.data.hosts.includes(host)) ? 3 : 0) +
    other.data.audiences.filter((audience) => community.data.audiences.includes(audience)).length;
  return all
    .filter((other) => other.id !== community.id)
    .map((other) => ({ other, closeness: closeness(other) }))
    .sort((a, b) => b.closeness - a.closeness || a.other.id.localeCompare(b.other.id))
    .slice(0, count)
    .map(({ other }) => other);
}
