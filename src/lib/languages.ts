/** Languages to choose from: those of ISO 639-1, and Cantonese, which has no code there. Browser-safe. */
const codes =
  'aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo yue za zh zu'.split(
    ' ',
  );

export type Language = {
  code: string;
  /** In English. */
  name: string;
  /** As its speakers write it; the English name where that is not known. */
  ownName: string;
};

const english = new Intl.DisplayNames('en', { type: 'language' });
const known = new Set(codes);

export function isLanguage(code: string): boolean {
  return known.has(code);
}

/** The language’s name in English; the code itself where it is none. */
export function languageName(code: string): string {
  return known.has(code) ? (english.of(code) ?? code) : code;
}

/** The platform answers in its own language where it does not know one: then the English name stands. */
function ownNameOf(code: string): string {
  if (Intl.DisplayNames.supportedLocalesOf(code).length === 0) return languageName(code);
  const own = new Intl.DisplayNames(code, { type: 'language', fallback: 'none' }).of(code);
  return own ?? languageName(code);
}

/** All of them by their English names. */
export const languages: readonly Language[] = codes
  .map((code) => ({ code, name: languageName(code), ownName: ownNameOf(code) }))
  .sort((a, b) => a.name.localeCompare(b.name, 'en'));

/** What most members speak: shown first. */
const frequent = new Set(
  'en zh yue ko ja vi th id ms tl hi ta bn ur my km lo mn ne si fr es de pt it nl ru ar'.split(' '),
);

/** Those to show at once, the chosen ones among them, and those to show on demand. */
export function languageChoices(chosen: readonly string[]): { near: Language[]; far: Language[] } {
  const isNear = ({ code }: Language) => frequent.has(code) || chosen.includes(code);
  return { near: languages.filter(isNear), far: languages.filter((language) => !isNear(language)) };
}
