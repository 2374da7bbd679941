import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { APIRoute, GetStaticPaths } from 'astro';
import { publicFiles } from '#src/domains/resources/ui/public-files.ts';
import { publicFileName } from '#src/lib/files.ts';
import { publishedContentDir } from '#src/platform/published.ts';

export const getStaticPaths = (async () =>
  (await publicFiles()).map(({ id, data: { file } }) => ({
    params: { slug: id, name: publicFileName(id, file) },
    props: { onDisk: path.join('files', id, file) },
  }))) satisfies GetStaticPaths;

export const GET: APIRoute<{ onDisk: string }> = async ({ props }) =>
  new Response(await readFile(path.join(publishedContentDir(), props.onDisk)));
