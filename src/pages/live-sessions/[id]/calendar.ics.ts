import type { APIRoute } from 'astro';
import { singleIcs } from '#src/domains/live-sessions/calendar.ts';
import { findForCalendar } from '#src/domains/live-sessions/rsvp-queries.ts';

export const prerender = false;

/** One live session as a file for a calendar, for those who may attend. */
export const GET: APIRoute = async ({ locals: { db, now, viewer }, params: { id = '' } }) => {
  const entry = viewer && (await findForCalendar(db.read, now, viewer, id));
  if (!entry) return new Response(null, { status: 404 });
  return new Response(singleIcs(entry), {
    headers: {
      'Content-Type': 'text/calendar; charset=utf-8',
      'Content-Disposition': 'attachment; filename="live-session.ics"',
      'Cache-Control': 'private, no-store',
      'X-Content-Type-Options': 'nosniff',
    },
  });
};
