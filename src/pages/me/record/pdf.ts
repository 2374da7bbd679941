import type { APIRoute } from 'astro';
import { asAttachment } from '#src/actions/downloads.ts';
import { myRecord } from '#src/domains/attendance/my-record.ts';
import { periodChoices } from '#src/domains/attendance/periods.ts';
import { recordPdf } from '#src/domains/attendance/record-pdf.ts';
import { seasonFacts } from '#src/domains/live-sessions/ui/read.ts';

export const prerender = false;

/** The viewer’s own record as a PDF. */
export const GET: APIRoute = async ({ locals: { db, now, viewer }, url }) => {
  const choices = periodChoices(await seasonFacts(), now);
  const mine = viewer && (await myRecord(db.read, viewer, choices, url.searchParams.get('covers')));
  if (!mine) return new Response(null, { status: 404 });
  const { record, period, code } = mine;
  const bytes = await recordPdf({ ...record, title: period.title }, code, { now, timeZone: viewer.timeZone });
  return asAttachment({
    fileName: `peersphere-record-${period.key}.pdf`,
    bytes: new Uint8Array(bytes),
  });
};
