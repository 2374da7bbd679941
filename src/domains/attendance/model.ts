/** Words and pure rules of attendance. Browser-safe. */

/** What is known of one member and one live session. `absent`: did not attend. */
export const attendanceMarks = ['live', 'recording', 'absent', 'excused'] as const;
export type AttendanceMark = (typeof attendanceMarks)[number];

/**
 * Where a mark comes from: a file of the meeting tool, somebody’s hand, the member who watched the recording, or the sheet,
 * which was complete without them.
 */
export const attendanceSources = ['import', 'ta', 'host', 'staff', 'recording', 'sheet'] as const;
export type AttendanceSource = (typeof attendanceSources)[number];

/** How a row of a file was matched: by address, by name, by what was decided before, by hand just now, or not at all. */
export const rowMatches = ['address', 'name', 'remembered', 'hand', 'none'] as const;
export type RowMatch = (typeof rowMatches)[number];

/** What a row counts as: a user, a guest without an account, nobody (a second device, a note taker), or not decided yet. */
export const rowDecisions = ['user', 'guest', 'ignored', 'open'] as const;
export type RowDecision = (typeof rowDecisions)[number];

/** What a file of a meeting tool says about the meeting. */
export type ImportSummary = {
  title: string;
  /** ISO 8601, where the file says it. */
  startedAt: string | null;
  endedAt: string | null;
  people: number;
  guests: number;
  /** Sentences about lines of the file; emptied with its names. */
  warnings: string[];
};

/** Days within which attendance is due after a live session. SAMs Handbook, “The Session Attendance table”. */
export const dueWithinDays = 3;

/** Minutes from which somebody attended live, until staff choose otherwise. */
export const defaultThresholdMinutes = 30;

/** What a cell of the Session Attendance table says: a mark, or honestly why there is none. */
export type AttendanceState =
  | AttendanceMark
  /** The round has no live session of this community yet. */
  | 'not-planned'
  | 'not-held'
  /** Held, and nobody has confirmed attendance yet; `day` of three, more where it is late. */
  | { awaiting: number }
  | 'not-a-member';

const dayMs = 24 * 3_600_000;

/** Which day of three it is since a live session ended, from 1; more where attendance is late. Below 1 while it goes on. */
export const dayOfAttendance = (endsAt: Date, now: Date) =>
  Math.floor((now.getTime() - endsAt.getTime()) / dayMs) + 1;

/**
 * What is said of one member and one live session. `memberSince` is when they joined the community; undefined when they are
 * not in it. A mark counts even for somebody who was not expected.
 */
export function attendanceStateOf(
  liveSession: { startsAt: Date; endsAt: Date; isCancelled: boolean } | undefined,
  facts: { mark: AttendanceMark | undefined; isConfirmed: boolean; memberSince: Date | undefined },
  now: Date,
): AttendanceState {
  if (!liveSession || liveSession.isCancelled) return 'not-planned';
  if (facts.mark && facts.mark !== 'absent') return facts.mark;
  // Compared as numbers: a school’s table asks this some ten thousand times, and Dates take ten times as long.
  const endedAt = liveSession.endsAt.getTime();
  if (endedAt > now.getTime()) return 'not-held';
  if (!facts.memberSince || facts.memberSince.getTime() > endedAt) return 'not-a-member';
  if (facts.mark || facts.isConfirmed) return 'absent';
  return { awaiting: dayOfAttendance(liveSession.endsAt, now) };
}

/** Sources that are somebody’s hand: an import or a recording never overrules them. */
const handSources = ['ta', 'host', 'staff'] as const satisfies readonly AttendanceSource[];

export const isByHand = (source: AttendanceSource) => (handSources as readonly string[]).includes(source);

/** Longest names, addresses and warnings kept of a file, in characters, and for how many days. */
export const attendanceLimits = { name: 200, sentence: 400, minutes: 1440, keptDays: 90 } as const;

/** Live sessions that begin from `fromAt` on and before `untilAt`; null for no bound. `title` is what people call it. */
export type Period = { title: string; fromAt: Date | null; untilAt: Date | null };

/** Next steps that a SAM may nudge somebody to: to activate, to join a first community, to answer a first live session. */
export const nudgeKinds = ['activate', 'join-community', 'answer'] as const;
export type NudgeKind = (typeof nudgeKinds)[number];

/** Days between two nudges to one person, of whatever kind and from whomever. */
export const nudgeEveryDays = 7;
