import { foldForSearch } from '../../lib/text.ts';

type Described = { slug: string; name: string; summary: string; themes: readonly string[] };
export type Suggestion = {
  slug: string /** Words of the profile that led here, as they were written. */;
  because: string[];
};

/** So many communities are suggested at most. */
const most = 4;
/** Words of level and place: one of them alone tells nothing of a job. */
const vague = new Set(
  [
    'primary',
    'secondary',
    'early',
    'years',
    'head',
    'lead',
    'coordinator',
    'teacher',
    'director',
    'school',
    'upper',
    'lower',
    'across',
    'middle',
    'assistant',
  ].map(stem),
);
/** A word that stands in more than this share of all communities says nothing about any. */
const commonShare = 0.15;

/**
 * Communities that fit what somebody wrote about their work, the closest first: words of job title and subjects that stand
 * in a community’s name count most, then its themes, then its summary. Those in `taken` are left out.
 */
export function suggestCommunities(
  work: { jobTitle: string; subjects: string },
  communities: readonly Described[],
  taken: ReadonlySet<string>,
): Suggestion[] {
  const wanted = new Map<string, { word: string; weight: number }>();
  for (const [text, weight] of [
    [work.subjects, 1],
    [work.jobTitle, 2],
  ] as const)
    for (const word of wordsOf(text)) wanted.set(stem(word), { word, weight });
  if (wanted.size === 0) return [];

  const indexed = communities.map((community) => ({
    slug: community.slug,
    name: stemsOf(community.name),
    themes: stemsOf(community.themes.join(' ')),
    summary: stemsOf(community.summary),
  }));
  const found = (word: string) => indexed.filter(({ name, summary }) => name.has(word) || summary.has(word));
  const telling = [...wanted].filter(
    ([key]) => found(key).length <= Math.max(3, communities.length * commonShare),
  );
  return indexed
    .filter(({ slug }) => !taken.has(slug))
    .map((community) => {
      const inName = [...wanted.keys()].filter((key) => community.name.has(key));
      const tells =
        inName.length > 1 ||
        telling.some(
          ([key]) =>
            !vague.has(key) &&
            [inName.includes(key), community.themes.has(key), community.summary.has(key)].some(Boolean),
        );
      let score = 0;
      const because: string[] = [];
      for (const [key, { word, weight }] of telling) {
        const place =
          (community.name.has(key) ? 4 : 0) +
          (community.themes.has(key) ? 1 : 0) +
          (community.summary.has(key) ? 1 : 0);
        if (place > 0) because.push(word);
        score += place * weight;
      }
      return { slug: community.slug, because, score: tells ? score : 0 };
    })
    .filter(({ score }) => score >= 2)
    .sort((a, b) => b.score - a.score || a.slug.localeCompare(b.slug))
    .slice(0, most)
    .map(({ slug, because }) => ({ slug, because }));
}

const wordsOf = (text: string) => (text.match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => word.length > 2);
const stemsOf = (text: string) => new Set(wordsOf(text).map(stem));

/** English endings of jobs and plurals, so that “library” finds librarians. */
function stem(word: string): string {
  const folded = foldForSearch(word);
  const bare = folded.replace(/(?:ians?|ists?|ies|ings?|ors?|ers?|es|s|y|e)$/, '');
  return bare.length >= 4 ? bare : folded;
}
