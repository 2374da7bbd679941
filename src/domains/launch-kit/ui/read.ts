import { getCollection, getEntry } from 'astro:content';
import { type FilledText, type Filling, fillRichText, fillWords } from '#src/lib/rich-text/placeholders.ts';
import { siteSettings } from '#src/ui/content.ts';
import { fillingOf, type LaunchKit } from '../kit.ts';
import { type DeckLength, type SlideShow, slidesOf, type TextPart } from '../model.ts';

/** A text to paste, with everything filled in. */
export type KitText = {
  id: string;
  title: string;
  use: string;
  subject: string;
  body: FilledText;
  hasLink: boolean;
};

/** A slide with everything filled in. `notes`: one string a paragraph. `minutes`: what it takes in this deck. */
export type Slide = {
  id: string;
  title: string;
  html: string;
  shows: SlideShow;
  notes: string[];
  minutes: number;
};

/** What slides draw beside their words. */
export type Drawn = {
  network: string;
  season:
    | { name: string; windows: { round: number; title: string; startsOn: string; endsOn: string }[] }
    | undefined;
  pains: { pain: string; potion: string }[];
  steps: { title: string; minutes: number; text: string }[];
};

export type Guide = {
  title: string;
  lead: string;
  join: string;
  steps: { title: string; minutes: number; text: string }[];
  stuck: string;
};

async function filling(kit: LaunchKit): Promise<Filling> {
  return fillingOf(kit, (await siteSettings()).name);
}

/** The texts of a part, in their order. */
export async function kitTexts(kit: LaunchKit, part: TextPart): Promise<KitText[]> {
  const [fill, entries] = await Promise.all([filling(kit), getCollection('launch-texts')]);
  return entries
    .filter(({ data }) => data.part === part)
    .sort((a, b) => a.data.order - b.data.order || a.data.title.localeCompare(b.data.title))
    .map(({ id, data, body = '' }) => ({
      id,
      title: fillWords(data.title, fill),
      use: fillWords(data.use, fill),
      subject: fillWords(data.subject ?? '', fill),
      body: fillRichText(body, fill),
      hasLink: /\{link\}|%7Blink%7D/i.test(`${data.subject ?? ''}\n${body}`),
    }));
}

/** The deck of this length. */
export async function kitSlides(kit: LaunchKit, minutes: DeckLength): Promise<Slide[]> {
  const [fill, entries] = await Promise.all([filling(kit), getCollection('launch-slides')]);
  const slides = entries.map(({ id, data, body = '' }) => ({ id, ...data, body }));
  return slidesOf(slides, minutes).map((slide) => ({
    id: slide.id,
    title: fillWords(slide.title, fill),
    html: fillRichText(slide.body, fill).html,
    shows: slide.shows,
    notes: fillWords(slide.notes, fill).split(/\n\s*\n/),
    minutes: (minutes === 10 ? slide.minutesShort : slide.minutesLong) ?? 0,
  }));
}

/** The page to print. */
export async function kitGuide(kit: LaunchKit): Promise<Guide> {
  const [fill, entry] = await Promise.all([filling(kit), getEntry('launch-guide', 'launch-guide')]);
  const { title, lead, join, steps, stuck } = entry!.data;
  return {
    title: fillWords(title, fill),
    lead: fillWords(lead, fill),
    join: fillWords(join, fill),
    steps: steps.map((step) => ({
      ...step,
      title: fillWords(step.title, fill),
      text: fillWords(step.text, fill),
    })),
    stuck: fillWords(stuck, fill),
  };
}

/** What slides draw, as content has it now. `today`: a day; the season shown is the regular one of that day or the next. */
export async function drawnOnSlides(kit: LaunchKit, today: string): Promise<Drawn> {
  const [{ name }, seasons, home, { steps }] = await Promise.all([
    siteSettings(),
    getCollection('seasons', ({ data }) => data.kind === 'regular'),
    getEntry('home', 'home'),
    kitGuide(kit),
  ]);
  seasons.sort((a, b) => a.data.startsOn.localeCompare(b.data.startsOn));
  const season = (seasons.find(({ data }) => data.endsOn >= today) ?? seasons.at(-1))?.data;
  return {
    network: name,
    season: season && { name: season.name, windows: season.windows },
    pains: home!.data.painsAndPotions,
    steps,
  };
}
