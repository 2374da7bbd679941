import type { APIRoute } from 'astro';
import { env } from '#src/platform/env.ts';

export const GET: APIRoute = () =>
  new Response(
    [
      'User-agent: *',
      'Disallow: /keystatic',
      'Disallow: /api/',
      `Sitemap: ${env.siteUrl}/sitemap-index.xml`,
      '',
    ].join('\n'),
    { headers: { 'Content-Type': 'text/plain; charset=utf-8' } },
  );
