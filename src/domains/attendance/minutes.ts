/** A time in the meeting, as a row of a file has it; its instants are null where the file does not say them. */
export type Stay = { minutes: number; joinedAt: Date | null; leftAt: Date | null };

/** Minutes of one person on several devices: what overlaps counts once. Without times, only the longest stay counts. */
export function minutesOnDevices(stays: readonly Stay[]): number {
  return minutesOf(stays, (together, lengthMinutes) =>
    Math.max(longest(together), Math.min(sum(together), lengthMinutes)),
  );
}

/**
 * Minutes of one person in several files of a live session: a meeting that broke off and began again adds up; two files of
 * the same time are two of the same thing, and the longer stay counts.
 */
export function minutesInFiles(stays: readonly Stay[]): number {
  return minutesOf(stays, longest);
}

/** The stays as one: from the first joining to the last leaving, with these minutes. */
export function oneStay(stays: readonly Stay[], minutes: number): Stay {
  const timed = stays.filter(hasTimes);
  if (timed.length === 0) return { minutes, joinedAt: null, leftAt: null };
  const bound = (choose: (...values: number[]) => number, key: 'joinedAt' | 'leftAt') =>
    new Date(choose(...timed.map((stay) => stay[key].getTime())));
  return { minutes, joinedAt: bound(Math.min, 'joinedAt'), leftAt: bound(Math.max, 'leftAt') };
}

type Timed = Stay & { joinedAt: Date; leftAt: Date };

const hasTimes = (stay: Stay): stay is Timed => stay.joinedAt !== null && stay.leftAt !== null;
const longest = (stays: readonly Stay[]) => Math.max(0, ...stays.map(({ minutes }) => minutes));
const sum = (stays: readonly Stay[]) => stays.reduce((all, { minutes }) => all + minutes, 0);

/** Adds up runs of stays that overlap, each counted by `countRun`. A stay without times is the least there was. */
function minutesOf(
  stays: readonly Stay[],
  countRun: (together: readonly Timed[], lengthMinutes: number) => number,
): number {
  const timed = stays.filter(hasTimes).sort((a, b) => a.joinedAt.getTime() - b.joinedAt.getTime());
  let total = 0;
  let run: Timed[] = [];
  let runEnd = 0;
  const close = () => {
    const [first] = run;
    if (first) total += countRun(run, Math.ceil((runEnd - first.joinedAt.getTime()) / 60_000));
  };
  for (const stay of timed) {
    if (stay.joinedAt.getTime() >= runEnd) {
      close();
      run = [];
    }
    run.push(stay);
    runEnd = Math.max(runEnd, stay.leftAt.getTime());
  }
  close();
  return Math.max(total, longest(stays));
}
