import type { APIRoute } from 'astro';
import { pictureAt } from '#src/domains/publishing/queries.ts';
import { imageAnswer } from '#src/domains/publishing/ui/preview-answers.ts';
import { env } from '#src/platform/env.ts';

export const prerender = false;

/** A picture as it was at a commit, or with `?before` as it was before that; for whoever looks at what has changed. */
export const GET: APIRoute = async ({ params, url }) => {
  const { commit = '', path = '' } = params;
  const bytes = await pictureAt(env.contentDir, commit, path, url.searchParams.has('before'));
  return imageAnswer(bytes && { bytes, file: path });
};
