import { getCollection } from 'astro:content';
import { env } from '#src/platform/env.ts';
import { siteSettings } from '#src/ui/content.ts';
import { emblem } from '../../communities/emblem.ts';
import { type Area, areas, audiences } from '../../communities/model.ts';
import { type Handbook, handbookOf, handbooks } from '../../handbooks/model.ts';
import type { PreviewCard } from '../../publishing/preview-card.ts';
import { kinds, kindsPlural, topics } from '../../resources/model.ts';
import { allResources } from '../../resources/ui/read.ts';

const colors: Record<Area | Handbook | 'site' | 'resources', string> = {
  site: '#f9b62f',
  resources: '#f3c9d9',
  members: '#f9b62f',
  sams: '#8fd0b4',
  hosts: '#f59a83',
  teaching: '#f9c55c',
  leadership: '#d3a8e0',
  pastoral: '#f59a83',
  operations: '#8fd0b4',
  technology: '#9dc0ee',
};

type MakeCard = (
  path: string,
  title: string,
  label: string,
  color: string,
) => { path: string; card: PreviewCard };

/** Cards of the pages that list a part of the communities or of the library. */
function listCards(make: MakeCard) {
  return [
    ...(Object.keys(areas) as Area[]).map((area) =>
      make(`communities/area/${area}`, areas[area], 'Communities', colors[area]),
    ),
    ...Object.entries(audiences).map(([audience, name]) =>
      make(`communities/audience/${audience}`, name, 'Communities', colors.site),
    ),
    ...Object.entries(kindsPlural).map(([kind, name]) =>
      make(`resources/kind/${kind}`, name, 'Resources', colors.resources),
    ),
    ...Object.entries(topics).map(([topic, name]) =>
      make(`resources/topic/${topic}`, name, 'Resources', colors.resources),
    ),
  ];
}

/** Every preview card of the site, by its path below `/og/` without `.png`. */
export async function previewCards(): Promise<{ path: string; card: PreviewCard }[]> {
  const { name: site, tagline } = await siteSettings();
  const make = (path: string, title: string, label: string, color: string) => ({
    path,
    card: { title, label, site, color, emblem: emblem(path) },
  });
  const siteCard = make('site', tagline, 'A peer network for international schools', colors.site);
  if (env.previewCards === 'site') return [siteCard];
  const [communities, resources, pages, handbookPages] = await Promise.all([
    getCollection('communities'),
    allResources(),
    getCollection('pages'),
    getCollection('handbook-pages'),
  ]);
  return [
    siteCard,
    make('communities', 'Find the people who do your job', 'Communities', colors.site),
    make('resources', 'Made by people who do the job', 'Resources', colors.resources),
    make('handbooks', 'Three guides, kept current', 'Handbooks', colors.site),
    ...listCards(make),
    ...(Object.keys(handbooks) as Handbook[]).map((name) =>
      make(`handbooks/${name}`, handbooks[name].title, handbooks[name].for, colors[name]),
    ),
    ...communities.map(({ id, data }) =>
      make(`communities/${id}`, data.name, `Community · ${areas[data.area]}`, colors[data.area]),
    ),
    ...communities
      .filter(({ id }) => resources.some((resource) => resource.data.community === id))
      .map(({ id, data }) => make(`resources/community/${id}`, data.name, 'Resources', colors.resources)),
    ...resources.map(({ id, data }) =>
      make(`resources/${id}`, data.title, kinds[data.kind], colors.resources),
    ),
    ...pages.map(({ id, data }) => make(id, data.title, site, colors.site)),
    ...handbookPages.map(({ id, data }) => {
      const handbook = handbookOf(id);
      return make(`handbooks/${id}`, data.title, handbooks[handbook].title, colors[handbook]);
    }),
  ];
}
