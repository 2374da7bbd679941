import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { APIRoute, GetStaticPaths } from 'astro';
import { publicFiles } from '#src/domains/resources/ui/public-files.ts';
import { mediaType } from '#src/lib/files.ts';
import { env } from '#src/platform/env.ts';

export const getStaticPaths = (async () =>
  (await publicFiles()).map(({ id, data }) => ({
    params: { slug: id, name: data.file },
  }))) satisfies GetStaticPaths;

export const GET: APIRoute = async ({ params: { slug = '', name = '' } }) => {
  const bytes = await readFile(path.join(env.contentDir, 'files', slug, name));
  return new Response(bytes, { headers: { 'Content-Type': mediaType(name) } });
};
