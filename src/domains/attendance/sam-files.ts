import { dayIn, momentDayText } from '../../lib/time.ts';
import type { Table } from '../../platform/table-files.ts';
import type { SeenMember } from './sam-queries.ts';
import type { TableColumn, TableRow } from './sam-table.ts';
import { stateWords } from './state-words.ts';

/** The tables of a SAM as files: the same facts as on the screen, of all pages. Days are those of `timeZone`. */

export const membersFile = (members: readonly SeenMember[], timeZone: string): Table => ({
  head: ['Name', 'Role', 'SAM', 'Joined', 'Communities', 'Last signed in', 'Live sessions attended'],
  rows: members.map((member) => [
    member.name,
    member.jobTitle,
    member.isSam ? 'SAM' : '',
    dayIn(timeZone, member.joinedAt),
    member.communities.join('; '),
    member.lastSeenOn ?? 'Never',
    member.attended,
  ]),
});

export const attendanceFile = (
  {
    columns,
    rows,
    updatedAt,
  }: { columns: readonly TableColumn[]; rows: readonly TableRow[]; updatedAt: Date | null },
  timeZone: string,
): Table => ({
  head: [
    'Name',
    'Role',
    'Community',
    ...columns.map(({ title, seasonName }) => `${title} (${seasonName})`),
    'Other live sessions attended',
    'Other live sessions held',
    `Last updated ${updatedAt ? momentDayText(updatedAt, timeZone) : 'never'}`,
  ],
  rows: rows.map(({ name, jobTitle, communityName, cells, other }) => [
    name,
    jobTitle,
    communityName,
    ...cells.map((cell) => (cell === null ? 'Not in this season' : stateWords(cell))),
    other?.attended ?? null,
    other?.held ?? null,
    null,
  ]),
});
