import { clockOf, type PlannedMeeting } from './meeting-file-clock.ts';
import { headingsInWords } from './meeting-file-headings.ts';
import { peopleOf } from './meeting-file-people.ts';
import { cutOffIn, lastLineOf, type Row, rowsOf } from './meeting-file-rows.ts';
import { type FileParts, type MeetingTool, partsOf } from './meeting-file-tables.ts';
import { textOf } from './meeting-file-text.ts';
import { cellText, secondsIn, writtenTime } from './meeting-file-times.ts';

/** What a file of a meeting tool says. */
export type MeetingFile = {
  tool: MeetingTool;
  /** Of the meeting, where the file says it. */
  summary: { title: string; startedAt: Date | null; endedAt: Date | null };
  people: MeetingPerson[];
  /** Sentences for whoever checks the file, with line numbers. */
  warnings: string[];
};

/** Somebody who was in the meeting. */
export type MeetingPerson = {
  /** First line on which they stand, from 1. */
  line: number;
  name: string;
  /** The name before somebody changed it for the meeting; empty where the tool does not say. */
  otherName: string;
  /** Normalised; empty where the tool gave none. */
  email: string;
  /** The name they sign in to Teams with, normalised like an address; empty where there is none. */
  upn: string;
  /** Whole minutes in the meeting, 0 to 1440; no minute counts twice. */
  minutes: number;
  joinedAt: Date | null;
  leftAt: Date | null;
  /** As the tool wrote it. */
  role: string;
  isGuest: boolean;
  /** The name was that of a device; `name` is its owner’s, where it says one. */
  isDevice: boolean;
  /** How often they came. */
  stays: number;
};

/** Why a file is refused: a sentence for whoever chose it, with the line where there is one. */
export type FileProblem = {
  kind:
    | 'empty'
    | 'too-large'
    | 'too-many-rows'
    | 'too-long'
    | 'workbook'
    | 'pdf'
    | 'image'
    | 'web-page'
    | 'not-text'
    | 'mixed-encodings'
    | 'open-quote'
    | 'cut-off'
    | 'no-heading'
    | 'nobody';
  line: number | null;
  sentence: string;
};

export const meetingFileLimits = { bytes: 2_000_000, rows: 5000, warnings: 100 } as const;

/**
 * Reads the attendance report of Microsoft Teams (the current one, and those of 2020 and 2021) or of Zoom (meeting or
 * webinar): UTF-8 or UTF-16, by tabs, commas or semicolons, in any of many languages. `planned` is the live session it
 * should be of, which settles what the dates mean (see `clockOf`). Anything else is refused in a sentence, as are files that
 * were cut off; what is only doubtful becomes a warning. Throws for no bytes.
 */
export function readMeetingFile(
  bytes: Uint8Array,
  planned: PlannedMeeting,
): { file: MeetingFile } | { problems: FileProblem[] } {
  if (bytes.byteLength > meetingFileLimits.bytes) return { problems: [tooLarge] };
  const read = textOf(bytes);
  if ('problem' in read) return { problems: [read.problem] };
  const split = rowsOf(read.text, meetingFileLimits.rows);
  if ('kind' in split) return { problems: [split] };
  const parts = partsOf(split.rows);
  if (parts.tables.length === 0) return { problems: [noHeading] };
  if (read.isCutOff || endsMidRow(parts, read.text)) return { problems: [cutOffIn(lastLineOf(read.text))] };
  const clock = clockOf(parts, planned);
  const { people, warnings } = peopleOf(parts, clock, planned.endsAt);
  if (people.length === 0) return { problems: [nobody(parts)] };
  const isUntimed = people.every(({ minutes, joinedAt }) => minutes === 0 && joinedAt === null);
  const whole = [
    ...read.warnings,
    ...split.warnings,
    ...clock.warnings,
    ...warnings,
    ...(isUntimed ? [untimed] : []),
    ...countWarning(parts, people),
  ];
  const dateOf = (text: string | undefined) => {
    const at = clock.instantOf(text);
    return at === undefined ? null : new Date(at);
  };
  const summary = {
    title: (parts.summary.title ?? '').slice(0, 300),
    startedAt: dateOf(parts.summary.start),
    endedAt: dateOf(parts.summary.end),
  };
  return { file: { tool: parts.tool, summary, people, warnings: firstOf(whole) } };
}

const untimed = 'The file does not say how long anybody stayed: everybody has 0 minutes.';

const tooLarge: FileProblem = {
  kind: 'too-large',
  line: null,
  sentence: 'The file is larger than 2 MB. Is it the attendance report of one meeting?',
};

const noHeading: FileProblem = {
  kind: 'no-heading',
  line: null,
  sentence: `This does not look like an attendance report: no row has headings such as ${headingsInWords}.`,
};

const nobody = ({ tables }: FileParts): FileProblem => ({
  kind: 'nobody',
  line: null,
  sentence: tables.some(({ rows }) => rows.length > 0)
    ? 'No row of the file has somebody who came, with a name or an address.'
    : 'The file has headings, and nobody below them.',
});

/**
 * Whether the last row was cut off: the text ends without a line break, and the row is shorter than all others of its table
 * or ends in the middle of a time or a length.
 */
function endsMidRow({ tables }: FileParts, text: string): boolean {
  const table = tables.at(-1);
  const last = table?.rows.at(-1);
  if (!table || !last || text.endsWith('\n') || lastLineOf(text) !== lastLineIn(last)) return false;
  const others = table.rows.slice(0, -1).map(({ cells }) => cells.length);
  const least = others.length > 0 ? Math.min(...others) : Math.min(3, table.headings.length);
  if (last.cells.length < least) return true;
  const { joined, left, at, duration } = table.columns;
  const [ending, column] = [cellText(last.cells.at(-1)), last.cells.length - 1];
  if (!ending) return false;
  if ([joined, left, at].includes(column)) return writtenTime(ending) === undefined;
  return column === duration && column < table.headings.length - 1 && secondsIn(ending, '') === undefined;
}

const lastLineIn = ({ line, cells }: Row) => line + cells.join('').split('\n').length - 1;

/** Teams says how many people there were; fewer rows mean that some are missing. */
function countWarning({ tool, summary }: FileParts, people: readonly MeetingPerson[]): string[] {
  const said = Number(/^\d{1,6}$/.exec(summary.people ?? '')?.[0] ?? 0);
  if (tool !== 'teams' || said <= people.length) return [];
  return [`The file says that ${said} people attended and lists ${people.length}.`];
}

function firstOf(warnings: readonly string[]): string[] {
  const { warnings: most } = meetingFileLimits;
  if (warnings.length <= most) return [...warnings];
  return [...warnings.slice(0, most), `And ${warnings.length - most} more like these.`];
}
