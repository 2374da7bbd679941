import rss from '@astrojs/rss';
import type { APIRoute } from 'astro';
import { topics } from '#src/domains/resources/model.ts';
import { allResources } from '#src/domains/resources/ui/read.ts';
import { env } from '#src/platform/env.ts';
import { siteSettings } from '#src/ui/content.ts';

export const GET: APIRoute = async () => {
  const [{ name, description }, resources] = await Promise.all([siteSettings(), allResources()]);
  return rss({
    title: `${name}: new resources`,
    description,
    site: env.siteUrl,
    trailingSlash: false,
    items: resources.map(({ id, data }) => ({
      title: data.title,
      description: data.summary,
      link: `/resources/${id}`,
      pubDate: new Date(`${data.publishedOn}T00:00:00Z`),
      categories: data.topics.map((topic) => topics[topic]),
    })),
  });
};
