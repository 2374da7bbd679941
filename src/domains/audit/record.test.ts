import { eq, sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { auditEvents } from '#db/schema/audit.ts';
import { useDatabase } from '../../../tests/database.ts';
import type { AuditEvent } from './model.ts';
import { recordAuditEvent } from './record.ts';

const suspension: AuditEvent = {
  at: new Date('2026-11-21T09:30:00.123Z'),
  actorId: 'usr_staff',
  action: 'user.suspended',
  subjectType: 'user',
  subjectId: 'usr_member',
  detail: { endedLoginSessions: 2 },
};

test('an event is kept as it was told, as the first of the chain', async () => {
  const db = await useDatabase();
  const id = await db.write((tx) => recordAuditEvent(tx, suspension));
  expect(id).toMatch(/^aud_/);
  const [row] = await db.read.select().from(auditEvents);
  expect(row).toEqual({ ...suspension, id, position: 1, previousHash: null, hash: expect.any(String) });
});

test('each event carries the hash of the one before, within one write and across writes', async () => {
  const db = await useDatabase();
  await db.write(async (tx) => {
    await recordAuditEvent(tx, suspension);
    await recordAuditEvent(tx, suspension);
  });
  await db.write((tx) => recordAuditEvent(tx, suspension));
  const rows = await db.read.select().from(auditEvents).orderBy(auditEvents.position);
  expect(rows.map((row) => row.position)).toEqual([1, 2, 3]);
  expect(rows.map((row) => row.previousHash)).toEqual([null, rows[0]?.hash, rows[1]?.hash]);
  expect(new Set(rows.map((row) => row.hash)).size).toBe(3);
});

test('an event without actor or detail is an act of the system', async () => {
  const db = await useDatabase();
  const { detail, ...purge } = { ...suspension, actorId: null, action: 'login.purged' as const };
  await db.write((tx) => recordAuditEvent(tx, purge));
  const [row] = await db.read.select().from(auditEvents);
  expect(row).toMatchObject({ actorId: null, detail: {} });
});

test('the event of an act that is undone is not kept', async () => {
  const db = await useDatabase();
  const failing = db.write(async (tx) => {
    await recordAuditEvent(tx, suspension);
    throw new Error('the act failed');
  });
  await expect(failing).rejects.toThrow('the act failed');
  expect(await db.read.$count(auditEvents)).toBe(0);
});

test.for([
  ['changed', sql`UPDATE audit_events SET subject_id = 'usr_other'`, 'rows are never changed'],
  ['deleted', sql`DELETE FROM audit_events`, 'rows are never deleted'],
  ['replaced', sql`REPLACE INTO audit_events SELECT * FROM audit_events`, 'a new row continues the chain'],
  [
    'replaced by one of the same id that continues the chain',
    sql`REPLACE INTO audit_events SELECT id, 2, at, actor_id, 'x.y', subject_type, subject_id, detail, hash, 'h' FROM audit_events`,
    'a new row continues the chain',
  ],
  [
    'followed by one that leaves a gap',
    sql`INSERT INTO audit_events SELECT 'aud_x', 3, at, actor_id, action, subject_type, subject_id, detail, hash, 'h' FROM audit_events`,
    'a new row continues the chain',
  ],
  [
    'followed by one that does not know its hash',
    sql`INSERT INTO audit_events SELECT 'aud_x', 2, at, actor_id, action, subject_type, subject_id, detail, NULL, 'h' FROM audit_events`,
    'a new row continues the chain',
  ],
] as const)('a row cannot be %s', async ([, statement, reason]) => {
  const db = await useDatabase();
  const id = await db.write((tx) => recordAuditEvent(tx, suspension));
  const refused = db.write((tx) => tx.run(statement));
  await expect(refused).rejects.toMatchObject({ cause: { message: expect.stringContaining(reason) } });
  const rows = await db.read.select().from(auditEvents).where(eq(auditEvents.id, id));
  expect(rows).toMatchObject([suspension]);
  expect(await db.read.$count(auditEvents)).toBe(1);
});
