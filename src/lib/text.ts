/** Turns a heading or name into an address part: lower case, letters and digits of any script, single hyphens. */
export function slugify(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[’']/g, '')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '');
}

/** Whole minutes a careful reader takes, at 200 words a minute (many read in their second language); at least 1. */
export function readingMinutes(text: string): number {
  const words = text.split(/\s+/).filter(Boolean).length;
  const cjkCharacters = text.match(/\p{Script=Han}/gu)?.length ?? 0;
  return Math.max(1, Math.round(words / 200 + cjkCharacters / 350));
}

/** `count` with its noun: `1 community`, `64 communities`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en-GB')} ${count === 1 ? one : many}`;
}

const listFormat = new Intl.ListFormat('en-GB', { type: 'conjunction' });

/** `a, b and c`. */
export function listed(items: readonly string[]): string {
  return listFormat.format(items);
}

/** Lower-cases and strips diacritics so that what people type finds what is written (`Tết` by `tet`). */
export function foldForSearch(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').replace(/đ/gi, 'd').toLowerCase();
}

const regionNames = new Intl.DisplayNames('en-GB', { type: 'region' });

/** English name of an ISO 3166-1 alpha-2 code; the code itself where it is not one. */
export function countryName(code: string): string {
  return /^[A-Z]{2}$/.test(code) ? (regionNames.of(code) ?? code) : code;
}
