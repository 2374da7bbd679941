import { asc, gt, sql } from 'drizzle-orm';
import type { Db, Reads } from '#db/client.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { auditHash } from './record.ts';

export type AuditChain =
  /** Every row fits. `lastHash` is null on an empty chain. */
  | { intact: true; count: number; lastHash: string | null }
  /** The first row that does not fit: it was changed, or a row before it was changed, removed or put in. */
  | { intact: false; position: number; id: string };

const rowsAtATime = 1000;

/**
 * Reads the whole audit chain, oldest row first, and says whether it is as it was written. It cannot see rows cut off the
 * end, or a chain rewritten from some row on: compare `count` and `lastHash` with a copy kept somewhere else for that.
 */
export async function verifyAuditChain(db: Pick<Db, 'read'>): Promise<AuditChain> {
  let count = 0;
  let lastHash: string | null = null;
  let lastPosition = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const rows = await rowsAfter(db.read, lastPosition);
    for (const { hash, ...record } of rows) {
      const follows = record.position === count + 1 && record.previousHash === lastHash;
      if (!follows || hash !== auditHash(record)) {
        return { intact: false, position: record.position, id: record.id };
      }
      count += 1;
      lastHash = hash;
      lastPosition = record.position;
    }
    if (rows.length < rowsAtATime) return { intact: true, count, lastHash };
  }
}

function rowsAfter(read: Reads, position: number) {
  return read
    .select({
      id: auditEvents.id,
      position: auditEvents.position,
      // As stored, not as a Date and an object: what parses alike need not be alike.
      at: sql<number>`${auditEvents.at}`,
      actorId: auditEvents.actorId,
      action: auditEvents.action,
      subjectType: auditEvents.subjectType,
      subjectId: auditEvents.subjectId,
      detail: sql<string>`${auditEvents.detail}`,
      previousHash: auditEvents.previousHash,
      hash: auditEvents.hash,
    })
    .from(auditEvents)
    .where(gt(auditEvents.position, position))
    .orderBy(asc(auditEvents.position))
    .limit(rowsAtATime);
}
