import { counted } from '../../lib/text.ts';
import { type AttendanceMark, type AttendanceState, dueWithinDays } from './model.ts';

/** The kinds of a state, the best first: of several live sessions of one round, the best counts. */
export const stateKinds = [
  'live',
  'recording',
  'excused',
  'awaiting',
  'not-held',
  'absent',
  'not-a-member',
  'not-planned',
] as const;
export type StateKind = (typeof stateKinds)[number];

export const kindOf = (state: AttendanceState): StateKind => (typeof state === 'object' ? 'awaiting' : state);

/** What a state is called. “Did not attend” is a fact about one date, and everything below it is no absence at all. */
export const kindWords: Readonly<Record<StateKind, string>> = {
  live: 'Attended live',
  recording: 'Via recording',
  absent: 'Did not attend',
  excused: 'Excused',
  awaiting: 'Data awaited',
  'not-held': 'Not held yet',
  'not-a-member': 'Not a member then',
  'not-planned': 'Not planned',
};

/** The words of a cell: those of its kind, and how long data has been awaited. */
export function stateWords(state: AttendanceState): string {
  if (typeof state !== 'object') return kindWords[state];
  const { awaiting } = state;
  return awaiting <= dueWithinDays
    ? `${kindWords.awaiting}, day ${awaiting} of ${dueWithinDays}`
    : `${kindWords.awaiting}, ${counted(awaiting - dueWithinDays, 'day')} late`;
}

/** Whether they took part, at the time or afterwards. */
export const tookPart = (state: AttendanceState | AttendanceMark | null): boolean =>
  state === 'live' || state === 'recording';
