/** How many backups are kept: the last of each of so many hours, days and weeks (UTC, weeks from Monday) that have one. */
export type Keep = { hourly: number; daily: number; weekly: number };

export const usualKeep: Keep = { hourly: 24, daily: 14, weekly: 8 };

/** `24,14,8` as numbers; undefined for anything else, and for what would keep none. */
export function keepIn(words: string): Keep | undefined {
  const [hourly, daily, weekly, ...more] = words
    .split(',')
    .map((word) => (/^\d{1,4}$/.test(word) ? Number(word) : NaN));
  const keep = { hourly: hourly ?? NaN, daily: daily ?? NaN, weekly: weekly ?? NaN };
  const isKeep = more.length === 0 && Object.values(keep).every(Number.isInteger);
  return isKeep && keep.hourly + keep.daily + keep.weekly > 0 ? keep : undefined;
}

const namePattern = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z(?:-\d+)?$/;

/** The folder’s name of a backup that began then: `2026-11-22T06-54-51Z`. Names sort by time. */
export const nameOf = (startedAt: Date) => `${startedAt.toISOString().slice(0, 19).replaceAll(':', '-')}Z`;

/** When the backup of this name began; undefined when it is no such name. */
export function momentOf(name: string): Date | undefined {
  const [, day, hours, minutes, seconds] = namePattern.exec(name) ?? [];
  const moment = new Date(`${day}T${hours}:${minutes}:${seconds}Z`);
  return Number.isNaN(moment.getTime()) ? undefined : moment;
}

const dayMs = 86_400_000;
const periods: Record<keyof Keep, (moment: Date) => string> = {
  hourly: (moment) => moment.toISOString().slice(0, 13),
  daily: (moment) => moment.toISOString().slice(0, 10),
  weekly: (moment) => String(Math.floor((moment.getTime() / dayMs + 3) / 7)), // 1 January 1970 was a Thursday
};

/** Which of these names go: every one that is kept for no hour, day or week. What is no name of a backup never goes. */
export function namesToRemove(names: readonly string[], keep: Keep): string[] {
  const newestFirst = names.filter((name) => momentOf(name)).sort((a, b) => b.localeCompare(a));
  const kept = new Set<string>();
  for (const [each, periodOf] of Object.entries(periods) as [keyof Keep, (moment: Date) => string][]) {
    const seen = new Set<string>();
    for (const name of newestFirst) {
      const period = periodOf(momentOf(name)!);
      if (seen.has(period)) continue;
      if (seen.size >= keep[each]) break;
      seen.add(period);
      kept.add(name);
    }
  }
  return newestFirst.filter((name) => !kept.has(name));
}
