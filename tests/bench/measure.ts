/** What a subject reports: single values of one thing, and the bound that the median must keep. */
export type Measure = {
  name: string;
  unit: string;
  values: number[];
  target?: { atMost: number } | { atLeast: number };
  /** What stands after the row’s name, such as a split into steps or the reason of a failure. */
  note?: string;
};

/** What a subject may use: the built site, served or as a folder; a browser’s path; how often to repeat. */
export type Bench = {
  site: () => Promise<{ url: string; dir: string }>;
  /** Folder of the built site, for subjects that serve it themselves. */
  build: () => Promise<string>;
  browser: string;
  /** How often a measurement is repeated that is usually repeated `times` times. */
  runs: (times: number) => number;
};

export type Subject = (bench: Bench) => Promise<Measure[]>;

/** Pages that stand for their type. */
export const typicalPages = {
  home: '/',
  community: '/communities/school-librarians',
  'handbook page': '/handbooks/members/support-groups',
  resource: '/resources/three-networks-every-educator-needs',
} as const;

/** The value that `share` (0 to 1) of the values do not exceed, by nearest rank. Throws on an empty list. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (found === undefined) throw new Error('There is nothing to take the middle of.');
  return found;
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return Number.isInteger(half) ? (sorted[half - 1]! + sorted[half]!) / 2 : quantile(values, 0.5);
}

/** Whether the median keeps the target; undefined where there is none. */
export function isMet({ values, target }: Measure): boolean | undefined {
  if (!target) return undefined;
  return 'atMost' in target ? median(values) <= target.atMost : median(values) >= target.atLeast;
}

const shown = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(1));

/** The measures as a table in Markdown. */
export function table(measures: Measure[]): string {
  const rows = measures.map((measure) => {
    const { name, unit, values, target, note } = measure;
    const bound = target && ('atMost' in target ? `≤ ${target.atMost}` : `≥ ${target.atLeast}`);
    const met = isMet(measure);
    return [
      note ? `${name} (${note})` : name,
      `${shown(median(values))} ${unit}`.trim(),
      values.length > 1 ? `${shown(Math.min(...values))}–${shown(Math.max(...values))}` : '',
      bound ? `${bound} ${unit}`.trim() : '',
      met === undefined ? '' : met ? 'yes' : 'NO',
    ];
  });
  const head = ['measure', 'median', 'min–max', 'target', 'met'];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  );
  const line = (cells: string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Says on the terminal what is being measured; the table follows at the end. */
export function progress(words: string): void {
  process.stderr.write(`${words}\n`);
}
