import { type SQL, sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { Db } from '#db/client.ts';
import { useDatabase } from '../../../tests/database.ts';
import type { Id } from '../../platform/ids.ts';
import { recordAuditEvent } from './record.ts';
import { verifyAuditChain } from './verify.ts';

/** Writes `count` events and returns their ids, so that the first is at index 0. */
function recordEvents(db: Db, count: number): Promise<Id<'aud'>[]> {
  return db.write(async (tx) => {
    const ids: Id<'aud'>[] = [];
    for (let turn = 1; turn <= count; turn += 1) {
      const at = new Date(Date.UTC(2026, 10, 21, 9, 30, turn));
      const act = { at, actorId: 'usr_staff', action: 'user.suspended', subjectType: 'user' } as const;
      ids.push(
        await recordAuditEvent(tx, { ...act, subjectId: `usr_${turn}`, detail: { 'turn "n"': turn } }),
      );
    }
    return ids;
  });
}

/** Does what somebody with the file in hand could do: takes the triggers away first. */
function tamper(db: Db, statement: SQL): Promise<unknown> {
  return db.write(async (tx) => {
    await tx.run(sql`DROP TRIGGER audit_events_no_update`);
    await tx.run(sql`DROP TRIGGER audit_events_no_delete`);
    await tx.run(sql`DROP TRIGGER audit_events_continue_chain`);
    await tx.run(statement);
  });
}

test('an empty chain is intact', async () => {
  const db = await useDatabase();
  expect(await verifyAuditChain(db)).toEqual({ intact: true, count: 0, lastHash: null });
});

test('a chain longer than is read at a time is intact', async () => {
  const db = await useDatabase();
  await recordEvents(db, 2500);
  expect(await verifyAuditChain(db)).toMatchObject({ intact: true, count: 2500 });
}, 30_000);

test.for([
  ['whose subject was changed', sql`UPDATE audit_events SET subject_id = 'usr_other' WHERE position = 3`, 3],
  ['whose moment was changed', sql`UPDATE audit_events SET at = at + 1 WHERE position = 3`, 3],
  ['whose actor was taken out', sql`UPDATE audit_events SET actor_id = NULL WHERE position = 3`, 3],
  [
    'whose detail was only spaced otherwise',
    sql`UPDATE audit_events SET detail = detail || ' ' WHERE position = 3`,
    3,
  ],
  ['whose hash was changed', sql`UPDATE audit_events SET hash = 'h' WHERE position = 5`, 5],
  ['after one that was removed', sql`DELETE FROM audit_events WHERE position = 2`, 3],
  ['after a removed beginning', sql`DELETE FROM audit_events WHERE position <= 2`, 3],
  [
    'that was copied to the end',
    sql`INSERT INTO audit_events SELECT 'aud_copy', 6, at, actor_id, action, subject_type, subject_id, detail, previous_hash, hash FROM audit_events WHERE position = 5`,
    6,
  ],
  [
    'that was put before the first',
    sql`INSERT INTO audit_events SELECT 'aud_copy', 0, at, actor_id, action, subject_type, subject_id, detail, previous_hash, hash FROM audit_events WHERE position = 1`,
    0,
  ],
] as const)('the verifier names a row %s', async ([, statement, position]) => {
  const db = await useDatabase();
  const ids = await recordEvents(db, 5);
  await tamper(db, statement);
  expect(await verifyAuditChain(db)).toEqual({
    intact: false,
    position,
    id: ids[position - 1] ?? 'aud_copy',
  });
});

test('rows cut off the end show only in the count and the last hash', async () => {
  const db = await useDatabase();
  await recordEvents(db, 5);
  const before = await verifyAuditChain(db);
  await tamper(db, sql`DELETE FROM audit_events WHERE position = 5`);
  const after = await verifyAuditChain(db);
  expect(after).toMatchObject({ intact: true, count: 4 });
  expect(after).not.toEqual(before);
});
