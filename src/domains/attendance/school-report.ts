import { counted } from '../../lib/text.ts';
import { momentDayText, zoneText } from '../../lib/time.ts';
import { type PdfPart, pdf } from '../../platform/pdf.ts';
import type { Table } from '../../platform/table-files.ts';
import { type Attended, byCommunity, byRound, monthName, reachedByMonth } from './sam-charts.ts';
import type { MembershipSummary } from './sam-queries.ts';
import type { AttendanceTable } from './sam-table-queries.ts';

/** What a year’s report of a school is made of. It names nobody: whoever needs names asks the people for their records. */
export type SchoolYear = {
  school: { name: string; city: string; timeZone: string };
  summary: MembershipSummary;
  table: AttendanceTable;
  joinedAt: readonly Date[];
};

type Section = { title: string; table: Table; widths: readonly number[] };

/** The report as sections, for paper and for spreadsheets alike. Made of totals only. */
export function reportSections({ summary, table, joinedAt }: SchoolYear, now: Date): Section[] {
  const reached = reachedByMonth(table.season, { joinedAt, firstsAt: table.firstsAt }, now);
  const rowOf = ({ label, counts }: Attended) => [
    label,
    counts.live,
    counts.recording,
    counts.absent,
    counts.excused,
    counts.awaiting,
  ];
  const head = ['Attended live', 'Via recording', 'Did not attend', 'Excused', 'Data awaited'];
  const widths = [0.3, 0.14, 0.14, 0.14, 0.14, 0.14];
  return [
    {
      title: 'Membership',
      table: {
        head: ['What', 'People'],
        rows: [
          ['Have joined', summary.activated],
          ['Invited by address, in all', summary.invited],
          ['Active in the last 30 days', summary.activeLately],
          ['Took part in at least one live session of the season', table.firstsAt.length],
          ['Communities that they have joined', summary.communities.length],
        ],
      },
      widths: [0.75, 0.25],
    },
    {
      title: 'Attendance by round',
      table: { head: ['Round', ...head], rows: byRound(table.columns, table.rows).map(rowOf) },
      widths,
    },
    {
      title: 'Attendance by community',
      table: { head: ['Community', ...head], rows: byCommunity(table.rows).map(rowOf) },
      widths,
    },
    {
      title: 'People reached over time',
      table: {
        head: ['By the end of', 'Have joined', 'Took part'],
        rows: reached.map(({ month, joined, tookPart }) => [monthName(month), joined, tookPart]),
      },
      widths: [0.5, 0.25, 0.25],
    },
  ];
}

/** What the reader must know of the numbers. */
export function reportNotes({ school, table }: SchoolYear, now: Date): string[] {
  const updated = table.updatedAt
    ? `Attendance was last updated on ${momentDayText(table.updatedAt, school.timeZone)}.`
    : 'No attendance has been recorded yet.';
  const due =
    table.due.length > 0
      ? `Attendance of ${counted(table.due.length, 'live session')} is still awaited.`
      : 'Nothing is awaited of the live sessions that were held.';
  return [
    `${updated} ${due} Days are those of ${zoneText(school.timeZone, now)}.`,
    'Counted is each member in each of their communities. Time in a live session is kept by each person in their own record of professional development, which carries a code by which anyone can check it.',
  ];
}

/** The report on paper, for an accreditation file. */
export function reportPdf(year: SchoolYear, now: Date): Promise<Buffer> {
  const { school, table } = year;
  const parts = reportSections(year, now).flatMap(({ title, table: { head, rows }, widths }): PdfPart[] => [
    { heading: title },
    rows.length === 0
      ? { paragraph: 'Nothing yet.' }
      : {
          table: {
            head,
            rows: rows.map((row) => row.map((cell) => String(cell ?? ''))),
            widths,
            numbers: head.map((_, at) => at).slice(1),
          },
        },
  ]);
  return pdf(
    {
      title: `${school.name}: professional learning with PeerSphere`,
      lead: `${table.season.name} · made on ${momentDayText(now, school.timeZone)}`,
      foot: `${school.name}, ${table.season.name}`,
      parts: [...parts, ...reportNotes(year, now).map((small) => ({ small }))],
    },
    now,
  );
}
