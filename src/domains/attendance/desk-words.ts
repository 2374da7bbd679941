import { counted } from '../../lib/text.ts';
import type { AttendanceRefusal } from './marks.ts';
import { type AttendanceMark, type AttendanceSource, dayOfAttendance, dueWithinDays } from './model.ts';

/** The attendance desk in words. */

export const markNames: Readonly<Record<AttendanceMark, string>> = {
  live: 'Live',
  recording: 'Recording',
  absent: 'Did not attend',
  excused: 'Excused',
};

/** Where a mark comes from, after its name: “Live, from a file”. */
export const sourceNames: Readonly<Record<AttendanceSource, string>> = {
  import: 'from a file',
  ta: 'by hand, TA',
  host: 'by hand, host',
  staff: 'by hand, staff',
  recording: 'watched the recording',
  sheet: 'not on any list',
};

export const toolNames: Readonly<Record<string, string>> = {
  teams: 'Microsoft Teams',
  'teams-2021': 'Microsoft Teams, report of 2021',
  'teams-2020': 'Microsoft Teams, list of 2020',
  zoom: 'Zoom',
  'zoom-webinar': 'Zoom webinar',
  other: 'Unknown meeting tool',
};

/** `Day 2 of 3`, or how late it is; what is said while it goes on. */
export function dueText(endsAt: Date, now: Date): { text: string; isLate: boolean } {
  const day = dayOfAttendance(endsAt, now);
  if (day < 1) return { text: 'Going on now', isLate: false };
  if (day <= dueWithinDays) return { text: `Day ${day} of ${dueWithinDays}`, isLate: false };
  return { text: `${counted(day - dueWithinDays, 'day')} late`, isLate: true };
}

export const refusalSentences: Readonly<Record<Exclude<AttendanceRefusal, 'unknown'>, string>> = {
  'not-held': 'This live session has not begun yet. Its attendance can be taken from its start on.',
  cancelled: 'This live session was cancelled: nobody attended it.',
};
