import { asc, eq } from 'drizzle-orm';
import { connect, type Db } from '../db/client.ts';
import { rsvps } from '../db/schema/live-sessions.ts';
import type { Id } from '../src/platform/ids.ts';

/** What somebody was told: their answer, and their place in the waiting list. */
export type Told = { userId: string; answer: string; place?: number | undefined };

/**
 * What is wrong after many said going at once; empty when all is well. `told` are the answers that arrived: each has to be in
 * the database. Nobody more than `places` goes, nobody waits while one is free, and positions are 1, 2, 3 … without a gap.
 */
export async function stormProblems(
  db: Db,
  file: string,
  liveSessionId: Id<'ses'>,
  places: number,
  told: readonly Told[],
): Promise<string[]> {
  const rows = await db.read
    .select({ userId: rsvps.userId, answer: rsvps.answer, position: rsvps.position })
    .from(rsvps)
    .where(eq(rsvps.liveSessionId, liveSessionId))
    .orderBy(asc(rsvps.position));
  const kept = new Map(rows.map((row) => [row.userId as string, row]));
  const lost = told.flatMap(({ userId, answer, place }) => {
    const row = kept.get(userId);
    if (!row) return [`${userId} was told ${answer}, and is not there`];
    const isSame = row.answer === answer && (place === undefined || row.position === place);
    return isSame ? [] : [`${userId} was told ${answer} ${place}, and is ${row.answer} ${row.position}`];
  });
  const going = rows.filter(({ answer }) => answer === 'going').length;
  const positions = rows.flatMap(({ position }) => position ?? []);
  const outOfOrder = positions.filter((position, index) => position !== index + 1);
  return [
    ...lost,
    ...(going === Math.min(places, rows.length) ? [] : [`${going} have ${places} places`]),
    ...outOfOrder.map((position) => `position ${position} is out of order`),
    ...(await damageIn(file)),
  ];
}

async function damageIn(file: string): Promise<string[]> {
  const client = connect(`file:${file}`, {});
  try {
    const { rows } = await client.execute('PRAGMA integrity_check');
    return rows.map((row) => String(row[0])).filter((line) => line !== 'ok');
  } finally {
    client.close();
  }
}
