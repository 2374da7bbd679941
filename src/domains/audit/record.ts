import { createHash } from 'node:crypto';
import { desc } from 'drizzle-orm';
import type { Tx } from '#db/client.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { type AuditEvent, type AuditRecord, auditRecordText } from './model.ts';

/**
 * Appends `event` to the audit chain and returns its id. It is kept if and only if the caller’s transaction is, so an act and
 * its record cannot part. Throws when the database refuses, which undoes the act as well.
 */
export async function recordAuditEvent(tx: Tx, event: AuditEvent): Promise<Id<'aud'>> {
  const [last] = await tx
    .select({ position: auditEvents.position, hash: auditEvents.hash })
    .from(auditEvents)
    .orderBy(desc(auditEvents.position))
    .limit(1);
  const { at, actorId, action, subjectType, subjectId, detail = {} } = event;
  const id = newId('aud', at);
  const position = (last?.position ?? 0) + 1;
  const previousHash = last?.hash ?? null;
  const row = { id, position, at, actorId, action, subjectType, subjectId, detail, previousHash };
  const hash = auditHash({ ...row, at: at.getTime(), detail: JSON.stringify(detail) });
  await tx.insert(auditEvents).values({ ...row, hash });
  return id;
}

/** SHA-256 of the record, in hexadecimal. */
export function auditHash(record: AuditRecord): string {
  return createHash('sha256').update(auditRecordText(record)).digest('hex');
}
