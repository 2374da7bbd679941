import path from 'node:path';
import type { APIRoute, GetStaticPaths } from 'astro';
import { type ShareCard, shareCardPng } from '#src/domains/publishing/share-card.ts';
import { env } from '#src/platform/env.ts';
import { shareCards } from '#src/ui/share-cards.ts';

export const getStaticPaths = (async () =>
  (await shareCards()).map(({ path, card }) => ({
    params: { card: path },
    props: { card },
  }))) satisfies GetStaticPaths;

export const GET: APIRoute<{ card: ShareCard }> = async ({ props }) => {
  const png = await shareCardPng(props.card, path.join(env.dataDir, 'cache', 'cards'));
  return new Response(png, { headers: { 'Content-Type': 'image/png' } });
};
