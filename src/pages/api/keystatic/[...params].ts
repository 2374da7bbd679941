import type { APIRoute } from 'astro';
import { contentBlob, contentTree, saveContent, saveInput } from '#src/domains/publishing/content-files.ts';
import { env } from '#src/platform/env.ts';

export const prerender = false;

const notFound = () => new Response('Not found', { status: 404 });

export const GET: APIRoute = async ({ params, request }) => {
  if (request.headers.get('no-cors') !== '1') return notFound(); // a header that a page elsewhere cannot send
  const [what, sha = '', ...file] = (params['params'] ?? '').split('/');
  if (what === 'tree' && !sha) return Response.json(await contentTree(env.contentDir));
  const blob = what === 'blob' ? await contentBlob(env.contentDir, sha, file.join('/')) : undefined;
  if (!blob) return notFound();
  return new Response(new Uint8Array(blob), { headers: { 'Content-Type': 'application/octet-stream' } });
};

export const POST: APIRoute = async ({ params, request }) => {
  if (request.headers.get('no-cors') !== '1' || params['params'] !== 'update') return notFound();
  const save = saveInput.safeParse(await request.json().catch(() => undefined));
  if (!save.success) return new Response('This is not a change the editor can save.', { status: 400 });
  await saveContent(env.contentDir, save.data);
  return Response.json(await contentTree(env.contentDir));
};
