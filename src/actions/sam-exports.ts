import type { APIContext } from 'astro';
import type { Viewer } from '../domains/accounts/model.ts';
import { countAct, type Limit } from '../domains/accounts/throttles.ts';
import { attendanceFile, membersFile } from '../domains/attendance/sam-files.ts';
import { memberFilterFrom, tableFilterFrom } from '../domains/attendance/sam-inputs.ts';
import { membershipSummary, seenMemberSorts, seenMembers } from '../domains/attendance/sam-queries.ts';
import { chooseSeason } from '../domains/attendance/sam-table.ts';
import {
  attendanceTable,
  joinedDays,
  tableSorts,
  wholeTable,
} from '../domains/attendance/sam-table-queries.ts';
import { reportNotes, reportPdf, reportSections } from '../domains/attendance/school-report.ts';
import { recordAuditEvent } from '../domains/audit/record.ts';
import type { SeasonFacts } from '../domains/live-sessions/seasons.ts';
import { type SchoolRecord, schoolRecord } from '../domains/schools/queries.ts';
import { listView } from '../lib/paging.ts';
import { slugify } from '../lib/text.ts';
import { dayIn } from '../lib/time.ts';
import type { Ctx } from '../platform/context.ts';
import { csv, type Table, xlsx } from '../platform/table-files.ts';
import { asAttachment, type Download, tooOften } from './downloads.ts';

/**
 * The tables of a SAM as files: what the address asks for in words, filters and order, of all pages. They are posted for, since
 * each is written into the audit log.
 */

const exports = { name: 'table-exports', most: 60, inMs: 3_600_000 } as const satisfies Limit;

/** Far more people than any school has. */
const everyRow = { offset: 0, limit: 20_000 };

/** Who has joined the school. */
export function downloadMembers(context: APIContext): Promise<Response> {
  return download(context, 'members', tableFormats, async ({ db, now }, viewer, school, format) => {
    const params = context.url.searchParams;
    const list = { ...listView(params, seenMemberSorts, '-joined'), ...everyRow };
    const { members } = await seenMembers(db.read, school.id, list, memberFilterFrom(params), now);
    return tableFile('Members', membersFile(members, viewer.timeZone), format);
  });
}

/** The Session Attendance table. `seasons` are those of content. */
export function downloadAttendance(context: APIContext, seasons: readonly SeasonFacts[]): Promise<Response> {
  return download(context, 'attendance', tableFormats, async ({ db, now }, viewer, school, format) => {
    const params = context.url.searchParams;
    const season = chooseSeason(seasons, params.get('season'), now);
    if (!season) return undefined;
    const list = { ...listView(params, tableSorts, 'name'), ...everyRow };
    const filter = tableFilterFrom(params);
    const table = await attendanceTable(db.read, school.id, { season, seasons }, list, filter, now);
    return tableFile('Attendance', attendanceFile(table, viewer.timeZone), format);
  });
}

/** The year’s report of the school: totals, as PDF or XLSX. `seasons` are those of content. */
export function downloadReport(context: APIContext, seasons: readonly SeasonFacts[]): Promise<Response> {
  return download(context, 'report', ['pdf', 'xlsx'], async ({ db, now }, _viewer, school, format) => {
    const season = chooseSeason(seasons, context.url.searchParams.get('season'), now);
    if (!season) return undefined;
    const [summary, table, joinedAt] = await Promise.all([
      membershipSummary(db.read, school.id, now),
      attendanceTable(db.read, school.id, { season, seasons }, wholeTable, {}, now),
      joinedDays(db.read, school.id),
    ]);
    const year = { school, summary, table, joinedAt };
    if (format === 'pdf') return { bytes: new Uint8Array(await reportPdf(year, now)), rows: 1 };
    const sheets = reportSections(year, now).map(({ title, table: sheet }) => ({ name: title, ...sheet }));
    const notes = { name: 'Notes', head: ['Notes'], rows: reportNotes(year, now).map((note) => [note]) };
    return { bytes: await xlsx([...sheets, notes]), rows: 1 };
  });
}

/** A table as whichever of the two the address ends in. */
async function tableFile(name: string, table: Table, format: string) {
  const bytes = format === 'csv' ? csv(table) : await xlsx([{ name, ...table }]);
  return { bytes, rows: table.rows.length };
}

const tableFormats = ['csv', 'xlsx'];

async function download(
  { locals: { db, now, viewer }, params }: APIContext,
  what: 'members' | 'attendance' | 'report',
  formats: readonly string[],
  fileOf: (
    ctx: Ctx,
    viewer: Viewer,
    school: SchoolRecord,
    format: string,
  ) => Promise<{ bytes: Download['bytes']; rows: number } | undefined>,
): Promise<Response> {
  const { school: schoolId, format = '' } = params;
  const school = viewer && (await schoolRecord(db.read, viewer, schoolId, now));
  if (!school || !formats.includes(format)) return new Response(null, { status: 404 });
  const until = await countAct({ db, now }, exports, viewer.id);
  if (until) return tooOften('You have downloaded many tables just now. Please wait an hour.', until, now);
  const file = await fileOf({ db, now }, viewer, school, format);
  if (!file) return new Response(null, { status: 404 });
  await db.write((tx) =>
    recordAuditEvent(tx, {
      at: now,
      actorId: viewer.id,
      action: `school.${what}-exported`,
      subjectType: 'school',
      subjectId: school.id,
      detail: { rows: file.rows, format },
    }),
  );
  const day = dayIn(viewer.timeZone, now);
  return asAttachment({ fileName: `${asciiSlug(school.name)}-${what}-${day}.${format}`, bytes: file.bytes });
}

const asciiSlug = (name: string) => slugify(name).replace(/[^a-z0-9-]+/g, '') || 'school';
