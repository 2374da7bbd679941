/** Medians, in milliseconds, of two acts that must take as long as each other. */
export type Compared = { one: number; other: number };

/**
 * Times `one` and `other` by turns, `samples` times each, so that whatever else the machine does meets both alike. Each is
 * given the number of its turn.
 */
export async function compareTimes(
  samples: number,
  one: (turn: number) => Promise<unknown>,
  other: (turn: number) => Promise<unknown>,
): Promise<Compared> {
  const times: [number[], number[]] = [[], []];
  for (let turn = 0; turn < samples; turn += 1) {
    // Whoever comes second finds caches warm: they take turns at that as well.
    const order = turn % 2 === 0 ? [0, 1] : [1, 0];
    for (const which of order) {
      const started = performance.now();
      await [one, other][which]!(turn);
      times[which]!.push(performance.now() - started);
    }
  }
  return { one: middle(times[0]), other: middle(times[1]) };
}

/** The comparison that `isAlike` accepts, measured up to three times: a busy machine makes one wrong, not three. */
export async function alikeWithin(
  isAlike: (compared: Compared) => boolean,
  measure: () => Promise<Compared>,
): Promise<Compared> {
  let compared = await measure();
  for (let turn = 1; turn < 3 && !isAlike(compared); turn += 1) compared = await measure();
  return compared;
}

const middle = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
