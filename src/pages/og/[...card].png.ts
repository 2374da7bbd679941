import path from 'node:path';
import type { APIRoute, GetStaticPaths } from 'astro';
import { type PreviewCard, previewCardPng } from '#src/domains/publishing/preview-card.ts';
import { previewCards } from '#src/domains/site/ui/preview-cards.ts';
import { env } from '#src/platform/env.ts';

export const getStaticPaths = (async () =>
  (await previewCards()).map(({ path, card }) => ({
    params: { card: path },
    props: { card },
  }))) satisfies GetStaticPaths;

export const GET: APIRoute<{ card: PreviewCard }> = async ({ props }) => {
  const png = await previewCardPng(props.card, path.join(env.dataDir, 'cache', 'cards'));
  return new Response(png, { headers: { 'Content-Type': 'image/png' } });
};
