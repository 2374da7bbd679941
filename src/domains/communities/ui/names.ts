import { allCommunities } from './read.ts';

/** Names of the communities by slug, in the order of the names. */
export async function communityNames(): Promise<ReadonlyMap<string, string>> {
  return new Map((await allCommunities()).map(({ id, data }) => [id, data.name]));
}
