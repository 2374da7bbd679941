import path from 'node:path';
import type { APIRoute, GetStaticPaths } from 'astro';
import { type ShareCard, shareCardPng } from '#src/domains/publishing/share-card.ts';
import { shareCards } from '#src/domains/site/ui/share-cards.ts';
import { env } from '#src/platform/env.ts';

export const getStaticPaths = (async () =>
  (await shareCards()).map(({ path, card }) => ({
    params: { card: path },
    props: { card },
  }))) satisfies GetStaticPaths;

export const GET: APIRoute<{ card: ShareCard }> = async ({ props }) => {
  const png = await shareCardPng(props.card, path.join(env.dataDir, 'cache', 'cards'));
  return new Response(png, { headers: { 'Content-Type': 'image/png' } });
};
