import type { APIRoute } from 'astro';
import { feedRefreshSeconds } from '#src/domains/live-sessions/calendar.ts';
import { findFeed } from '#src/domains/live-sessions/feeds.ts';

export const prerender = false;

/** A member’s subscribed calendar. Its address is the key to it: whoever knows it reads on. */
export const GET: APIRoute = async ({ locals, params: { token = '' }, request }) => {
  const feed = await findFeed(locals, token);
  if (!feed) return new Response(null, { status: 404, headers: { 'Cache-Control': 'private, no-store' } });
  const headers = {
    ETag: feed.etag,
    'Cache-Control': `private, max-age=${feedRefreshSeconds / 4}`,
    'X-Content-Type-Options': 'nosniff',
  };
  if (isKnown(request.headers.get('If-None-Match'), feed.etag))
    return new Response(null, { status: 304, headers });
  return new Response(await feed.ics(), {
    headers: {
      ...headers,
      'Content-Type': 'text/calendar; charset=utf-8',
      'Content-Disposition': 'inline; filename="peersphere.ics"',
    },
  });
};

/** RFC 9110 section 13.1.2: a list of tags, compared weakly, or `*`. */
function isKnown(ifNoneMatch: string | null, etag: string): boolean {
  const tags =
    ifNoneMatch
      ?.slice(0, 2000)
      .split(',')
      .map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes(etag) || tags.includes('*');
}
