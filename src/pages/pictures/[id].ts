import type { APIRoute } from 'astro';
import { findPicture } from '#src/domains/accounts/pictures.ts';
import { maySeePicture } from '#src/domains/accounts/profile-queries.ts';

export const prerender = false;

/** A member’s picture, for those whom the member shows it to. Its id changes with the picture. */
export const GET: APIRoute = async ({ locals: { db, viewer }, params: { id = '' } }) => {
  const picture = viewer && (await maySeePicture(db.read, viewer, id)) ? await findPicture(id) : undefined;
  if (!picture) return new Response(null, { status: 404, headers: { 'Cache-Control': 'private, no-store' } });
  return new Response(new Uint8Array(picture), {
    headers: {
      'Content-Type': 'image/webp',
      'Content-Disposition': 'inline; filename="picture.webp"',
      'Cache-Control': 'private, max-age=3600',
      'Content-Security-Policy': "sandbox; default-src 'none'",
      'X-Content-Type-Options': 'nosniff',
    },
  });
};
