/** What has changed between two texts, as somebody who wrote them reads it. Pure: no file and no history is known here. */

export type Piece = { is: 'same' | 'removed' | 'added'; text: string };

export type DiffLine =
  | { is: 'same' | 'removed' | 'added'; text: string }
  /** One line in both versions: what stayed, went and came stand in the order in which they are read. */
  | { is: 'changed'; pieces: Piece[] }
  /** Lines that are the same in both and are not shown. */
  | { is: 'gap'; lines: number };

/** Lines that stay around a change are shown that far. */
const context = 1;
/** Two lines that share less than this part of their words are two lines, and not one that was changed. */
const leastAlike = 0.35;
/** Beyond as many comparisons a text counts as new where it differs: nobody reads such a difference word by word. */
const mostComparisons = 4_000_000;

/** Lines that changed at one place are looked at in pairs while that compares no more letters: a tenth of a second. */
const mostLetters = 100_000_000;

/** Line by line, with words inside of changed lines; long runs of lines that stayed become gaps. */
export function textDiff(before: string, after: string): DiffLine[] {
  return withGaps(lineDiff(linesOf(before), linesOf(after)));
}

const linesOf = (text: string) => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/** Two lists side by side in their order: what stands in both, and what only in one. */
export function aligned<Item>(
  before: readonly Item[],
  after: readonly Item[],
  isSame: (a: Item, b: Item) => boolean,
): { is: 'same' | 'removed' | 'added'; item: Item }[] {
  let start = 0;
  while (start < before.length && start < after.length && isSame(before[start]!, after[start]!)) start += 1;
  let [beforeEnd, afterEnd] = [before.length, after.length];
  while (beforeEnd > start && afterEnd > start && isSame(before[beforeEnd - 1]!, after[afterEnd - 1]!)) {
    beforeEnd -= 1;
    afterEnd -= 1;
  }
  const as = (is: 'same' | 'removed' | 'added', items: readonly Item[]) =>
    items.map((item) => ({ is, item }));
  const [gone, come] = [before.slice(start, beforeEnd), after.slice(start, afterEnd)];
  const middle =
    gone.length * come.length > mostComparisons
      ? [...as('removed', gone), ...as('added', come)]
      : longestCommon(gone, come, isSame);
  return [...as('same', after.slice(0, start)), ...middle, ...as('same', after.slice(afterEnd))];
}

function longestCommon<Item>(
  before: readonly Item[],
  after: readonly Item[],
  isSame: (a: Item, b: Item) => boolean,
) {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i -= 1)
    for (let j = after.length - 1; j >= 0; j -= 1)
      lengths[i * width + j] = isSame(before[i]!, after[j]!)
        ? lengths[(i + 1) * width + j + 1]! + 1
        : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
  const found: { is: 'same' | 'removed' | 'added'; item: Item }[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && isSame(before[i]!, after[j]!)) {
      found.push({ is: 'same', item: after[j]! });
      i += 1;
      j += 1;
    } else if (
      j >= after.length ||
      (i < before.length && lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!)
    ) {
      found.push({ is: 'removed', item: before[i]! });
      i += 1;
    } else {
      found.push({ is: 'added', item: after[j]! });
      j += 1;
    }
  }
  return found;
}

function lineDiff(before: string[], after: string[]): DiffLine[] {
  const lines: DiffLine[] = [];
  let [removed, added]: [string[], string[]] = [[], []];
  const flush = () => {
    lines.push(...pairedLines(removed, added));
    [removed, added] = [[], []];
  };
  for (const { is, item } of aligned(before, after, (a, b) => a === b)) {
    if (is === 'removed') removed.push(item);
    else if (is === 'added') added.push(item);
    else {
      flush();
      lines.push({ is, text: item });
    }
  }
  flush();
  return lines;
}

/** Lines that went and came at one place: those that are alike are one changed line. */
function pairedLines(removed: string[], added: string[]): DiffLine[] {
  const pieces = new Map<string, Piece[] | undefined>();
  const changed = (a: string, b: string) => {
    const key = `${a}\n${b}`;
    if (!pieces.has(key)) pieces.set(key, likePieces(a, b));
    return pieces.get(key);
  };
  const letters = (each: string[]) => each.reduce((sum, { length }) => sum + length, 0);
  // Where far too much changed, nobody looks for the line that each of them was.
  if (removed.length * added.length > 900 || letters(removed) * letters(added) > mostLetters)
    return [
      ...removed.map((text) => ({ is: 'removed' as const, text })),
      ...added.map((text) => ({ is: 'added' as const, text })),
    ];
  const lines: DiffLine[] = [];
  let next = 0;
  for (const text of removed) {
    const at = added.findIndex((other, index) => index >= next && changed(text, other) !== undefined);
    if (at < 0) {
      lines.push({ is: 'removed', text });
      continue;
    }
    for (const between of added.slice(next, at)) lines.push({ is: 'added', text: between });
    lines.push({ is: 'changed', pieces: changed(text, added[at]!)! });
    next = at + 1;
  }
  return [...lines, ...added.slice(next).map((text) => ({ is: 'added' as const, text }))];
}

/** What changed inside of a line; undefined where the two share too little to be one. */
function likePieces(before: string, after: string): Piece[] | undefined {
  const pieces = wordDiff(before, after);
  const length = (is: Piece['is']) =>
    pieces.reduce((sum, piece) => sum + (piece.is === is ? piece.text.replace(/\s/g, '').length : 0), 0);
  const same = length('same');
  return (2 * same) / (2 * same + length('removed') + length('added') || 1) >= leastAlike
    ? pieces
    : undefined;
}

/** Word by word. Spaces between two changed words belong to the change. */
export function wordDiff(before: string, after: string): Piece[] {
  const pieces: Piece[] = [];
  for (const { is, item } of aligned(wordsOf(before), wordsOf(after), (a, b) => a === b)) {
    const last = pieces.at(-1);
    if (last?.is === is) last.text += item;
    else pieces.push({ is, text: item });
  }
  return inReadingOrder(pieces);
}

const wordsOf = (text: string) => text.match(/\s+|\p{Script=Han}|[\p{L}\p{N}\p{M}’'_-]+|./gu) ?? [];

/** Joins changes that only a space parts, with what went before what came. */
function inReadingOrder(pieces: Piece[]): Piece[] {
  const ordered: Piece[] = [];
  let [removed, added] = ['', ''];
  const flush = () => {
    if (removed) ordered.push({ is: 'removed', text: removed });
    if (added) ordered.push({ is: 'added', text: added });
    [removed, added] = ['', ''];
  };
  for (const [index, { is, text }] of pieces.entries()) {
    if (is === 'removed') removed += text;
    else if (is === 'added') added += text;
    else if ((removed || added) && /^\s+$/.test(text) && index < pieces.length - 1) {
      removed += text;
      added += text;
    } else {
      flush();
      ordered.push({ is, text });
    }
  }
  flush();
  return ordered;
}

function withGaps(lines: DiffLine[]): DiffLine[] {
  const isNear = lines.map((_line, at) =>
    lines.slice(Math.max(0, at - context), at + context + 1).some(({ is }) => is !== 'same'),
  );
  const shown: DiffLine[] = [];
  for (const [at, line] of lines.entries()) {
    const last = shown.at(-1);
    if (isNear[at]) shown.push(line);
    else if (last?.is === 'gap') last.lines += 1;
    else shown.push({ is: 'gap', lines: 1 });
  }
  return shown;
}
