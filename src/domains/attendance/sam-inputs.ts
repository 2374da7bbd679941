import { type MemberFilter, memberShows } from './sam-queries.ts';
import type { TableFilter } from './sam-table-queries.ts';
import { stateKinds } from './state-words.ts';

/** What the address of a SAM’s page asks for. What it does not know counts as not asked. */

const longestSlug = 200;

const slugFrom = (params: URLSearchParams) => params.get('community')?.slice(0, longestSlug) || undefined;

/** `?community=&show=`. */
export const memberFilterFrom = (params: URLSearchParams): MemberFilter => ({
  community: slugFrom(params),
  show: memberShows.find((show) => show === params.get('show')),
});

/** `?community=&state=`. */
export const tableFilterFrom = (params: URLSearchParams): TableFilter => ({
  community: slugFrom(params),
  state: stateKinds.find((kind) => kind === params.get('state')),
});
