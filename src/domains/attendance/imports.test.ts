import { eq } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import { users } from '#db/schema/accounts.ts';
import {
  attendance,
  attendanceAliases,
  attendanceChanges,
  attendanceImports,
  attendanceRows,
  attendanceSheets,
} from '#db/schema/attendance.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { communityMembers } from '#db/schema/communities.ts';
import { liveSessions, rsvps } from '#db/schema/live-sessions.ts';
import {
  attendanceFixture,
  marksIn,
  type ReportRow,
  type Taking,
  takingAttendance,
  zoomReport,
} from '../../../tests/attendance.ts';
import { addLiveSession, addMembers } from '../../../tests/live-sessions.ts';
import type { Id } from '../../platform/ids.ts';
import { whoIsNamed } from './desk-people.ts';
import { importView } from './import-queries.ts';
import { confirmImport, decideRows, purgeImports, undoImport, uploadMeetingFile } from './imports.ts';
import { confirmSheet, markByHand } from './marks.ts';
import { setThresholdMinutes } from './settings.ts';

const startsAt = new Date('2026-11-20T08:00:00Z');
const now = new Date('2026-11-20T10:00:00Z');
const later = new Date('2026-11-21T10:00:00Z');
const days = (count: number) => new Date(now.getTime() + count * 86_400_000);

let world: Taking;
beforeEach(async () => {
  world = await takingAttendance(['Ana Sample', 'Bo Sample', 'Cleo Sample'], startsAt);
});

const ana = () => world.members[0]!;
const bo = () => world.members[1]!;
const ctx = (at = now) => ({ db: world.db, now: at });
const marks = (id = world.liveSessionId) => marksIn(world.db, id);
const file = (rows: readonly ReportRow[], name = 'report.csv') => ({
  name,
  bytes: zoomReport(startsAt, rows),
});

async function upload(rows: readonly ReportRow[], at = now, name = 'report.csv'): Promise<Id<'imp'>> {
  const result = await uploadMeetingFile(ctx(at), world.ta, world.liveSessionId, file(rows, name));
  if ('refused' in result) throw new Error(JSON.stringify(result.refused));
  return result.importId;
}

const view = async (importId: Id<'imp'>, id = world.liveSessionId) => {
  const found = await importView(world.db.read, now, world.ta, id, importId);
  if (!found) throw new Error(`There is no import ${importId}.`);
  return found;
};
const confirm = (importId: Id<'imp'>, at = now) => confirmImport(ctx(at), world.ta, importId);

describe('a file that is read', () => {
  test('counts for nobody until somebody confirms it', async () => {
    const importId = await upload([{ name: 'Ana Sample', email: ana().email, minutes: 74 }]);
    expect(await marks()).toEqual({});
    expect(await view(importId)).toMatchObject({
      state: 'waiting',
      counts: { live: 1, short: 0, missing: 2 },
    });
    expect(await confirm(importId)).toEqual({ changed: 3 });
    expect(await marks()).toEqual({
      'Ana Sample': 'live 74 import',
      'Bo Sample': 'absent sheet',
      'Cleo Sample': 'absent sheet',
    });
    expect(await view(importId)).toMatchObject({ state: 'confirmed' });
  });

  test('counts as live from the threshold on, as it was when the file was read', async () => {
    const rows = [
      { name: 'Ana Sample', email: ana().email, minutes: 30 },
      { name: 'Bo Sample', email: bo().email, minutes: 29 },
    ];
    const importId = await upload(rows);
    await setThresholdMinutes(ctx(), world.host.id, 60);
    await confirm(importId);
    expect(await marks()).toMatchObject({ 'Ana Sample': 'live 30 import', 'Bo Sample': 'absent 29 import' });
  });

  test('is one import however often the same bytes come', async () => {
    const rows = [{ name: 'Ana Sample', email: ana().email, minutes: 74 }];
    const importId = await upload(rows);
    expect(await upload(rows, later, 'copy.csv')).toBe(importId);
    await confirm(importId);
    expect(await upload(rows, later)).toBe(importId);
    expect(await world.db.read.$count(attendanceImports)).toBe(1);
    expect(await confirm(importId, later)).toEqual({ changed: 0 });
    expect(await world.db.read.$count(attendanceChanges)).toBe(3);
  });

  test('is confirmed once when two people press at the same time', async () => {
    const importId = await upload([{ name: 'Ana Sample', email: ana().email, minutes: 74 }]);
    const results = await Promise.all([confirm(importId), confirmImport(ctx(), world.host, importId)]);
    expect(results).toEqual([{ changed: 3 }, { changed: 0 }]);
    expect(await world.db.read.$count(attendanceChanges)).toBe(3);
  });

  test('is confirmed whole or not at all', async () => {
    const importId = await upload([{ name: 'Ana Sample', email: ana().email, minutes: 74 }]);
    // The last thing that confirming writes is its audit event: what comes before it must not stay alone.
    await world.db.write((tx) =>
      tx.run("CREATE TRIGGER killed BEFORE INSERT ON audit_events BEGIN SELECT RAISE(ABORT, 'killed'); END"),
    );
    await expect(confirm(importId)).rejects.toThrow();
    expect(await view(importId)).toMatchObject({ state: 'waiting' });
    for (const table of [attendance, attendanceChanges, attendanceSheets, attendanceAliases])
      expect(await world.db.read.$count(table)).toBe(0);
  });

  test('with something that is no report is refused with the line, and nothing is written', async () => {
    for (const name of [
      'refused-cut-off-in-quotes.csv',
      'refused-sign-in-page.csv',
      'refused-only-headings.csv',
    ]) {
      const bytes = attendanceFixture(name);
      const result = await uploadMeetingFile(ctx(), world.ta, world.liveSessionId, { name, bytes });
      expect(result, name).toMatchObject({ refused: { unreadable: [{ sentence: expect.any(String) }] } });
    }
    expect(await world.db.read.$count(attendanceImports)).toBe(0);
  });

  test('of another community is told by its numbers', async () => {
    const rows = ['Wim', 'Xen', 'Yara', 'Zoe'].map((name) => ({ name: `${name} Elsewhere`, minutes: 60 }));
    const importId = await upload([...rows, { name: 'Ana Sample', minutes: 60 }]);
    const { rows: shown } = await view(importId);
    expect(shown.filter(({ isExpected }) => isExpected)).toHaveLength(1);
    expect(shown).toHaveLength(5);
  });
});

describe('a second file', () => {
  test('that corrects the first counts beside it, and every change is in the history', async () => {
    await confirm(await upload([{ name: 'Ana Sample', email: ana().email, minutes: 20 }]));
    await confirm(await upload([{ name: 'Ana Sample', email: ana().email, minutes: 75 }], later), later);
    expect(await marks()).toMatchObject({ 'Ana Sample': 'live 75 import' });
    const history = await world.db.read
      .select({
        mark: attendanceChanges.mark,
        minutes: attendanceChanges.minutes,
        at: attendanceChanges.changedAt,
      })
      .from(attendanceChanges)
      .where(eq(attendanceChanges.userId, ana().id))
      .orderBy(attendanceChanges.changedAt);
    expect(history).toEqual([
      { mark: 'absent', minutes: 20, at: now },
      { mark: 'live', minutes: 75, at: later },
    ]);
  });

  test('of the same meeting after it broke off adds up', async () => {
    const { email } = ana();
    await confirm(await upload([{ name: 'Ana Sample', email, minutes: 20 }]));
    await confirm(await upload([{ name: 'Ana Sample', email, minutes: 25, from: 30 }], later), later);
    expect(await marks()).toMatchObject({ 'Ana Sample': 'live 45 import' });
  });
});

describe('undoing a file', () => {
  test('brings marks back, leaves those by hand, and lets the file be read again', async () => {
    const rows = [{ name: 'Ana Sample', email: ana().email, minutes: 74 }];
    const importId = await upload(rows);
    await confirm(importId);
    const byHand = { userId: bo().id, mark: 'excused', minutes: null } as const;
    await markByHand(ctx(later), world.host, world.liveSessionId, [byHand]);
    await undoImport(ctx(later), world.host, importId);
    expect(await marks()).toEqual({ 'Bo Sample': 'excused host' });
    expect(await world.db.read.$count(attendanceSheets)).toBe(0);
    expect(await undoImport(ctx(later), world.host, importId)).toEqual({ changed: 0 });
    const again = await upload(rows, later);
    expect(again).not.toBe(importId);
    await confirm(again, later);
    expect(await marks()).toMatchObject({ 'Ana Sample': 'live 74 import', 'Bo Sample': 'excused host' });
    const acts = await world.db.read
      .select({ action: auditEvents.action })
      .from(auditEvents)
      .orderBy(auditEvents.position);
    expect(acts.map(({ action }) => action).filter((action) => action.startsWith('attendance.'))).toEqual([
      'attendance.confirmed',
      'attendance.import-confirmed',
      'attendance.marked',
      'attendance.import-undone',
      'attendance.confirmed',
      'attendance.import-confirmed',
    ]);
  });

  test('leaves the other file in force, and the sheet complete', async () => {
    const first = await upload([{ name: 'Ana Sample', email: ana().email, minutes: 20 }]);
    await confirm(first);
    const second = await upload([{ name: 'Ana Sample', email: ana().email, minutes: 75 }], later);
    await confirm(second, later);
    await undoImport(ctx(later), world.ta, first);
    expect(await marks()).toMatchObject({ 'Ana Sample': 'live 75 import', 'Bo Sample': 'absent sheet' });
    await undoImport(ctx(later), world.ta, second);
    expect(await marks()).toEqual({});
  });

  test('leaves a sheet complete that somebody had confirmed before', async () => {
    await confirmSheet(ctx(), world.ta, world.liveSessionId);
    const importId = await upload([{ name: 'Ana Sample', email: ana().email, minutes: 74 }]);
    await confirm(importId);
    await undoImport(ctx(later), world.ta, importId);
    expect(await marks()).toMatchObject({ 'Ana Sample': 'absent sheet' });
  });

  test('of one that waits discards it; it can be confirmed and decided no more', async () => {
    const importId = await upload([{ name: 'Somebody', minutes: 74 }]);
    await undoImport(ctx(), world.ta, importId);
    expect(await confirm(importId)).toEqual({ refused: 'not-waiting' });
    expect(await decideRows(ctx(), world.ta, importId, [{ line: 2, is: 'guest' }])).toEqual({
      refused: 'not-waiting',
    });
  });
});

describe('who is in the file', () => {
  test('is found by address though nobody expected them', async () => {
    const stranger = await world.person('Sol Elsewhere', 'member');
    await confirm(await upload([{ name: 'S.', email: stranger.email, minutes: 60 }]));
    expect(await marks()).toMatchObject({ 'Sol Elsewhere': 'live 60 import' });
  });

  test('stays open where two people have the name, and is not remembered by it', async () => {
    const twin = await world.person('Ana Sample', 'member');
    await addMembers(world.db, new Date('2026-10-01T00:00:00Z'), 'libraries', [twin.id]);
    const importId = await upload([{ name: 'Ana Sample', minutes: 60 }]);
    const { rows } = await view(importId);
    expect(rows[0]).toMatchObject({ decision: 'open' });
    expect(
      rows[0]!.likely
        .map(({ userId }) => userId)
        .slice(0, 2)
        .sort(),
    ).toEqual([ana().id, twin.id].sort());
    await decideRows(ctx(), world.ta, importId, [{ line: 2, is: { user: twin.id } }]);
    await confirm(importId);
    expect(await world.db.read.$count(attendanceAliases)).toBe(0);
    const [mark] = await world.db.read.select().from(attendance).where(eq(attendance.userId, twin.id));
    expect(mark).toMatchObject({ mark: 'live', minutes: 60 });
  });

  test('counts once with two addresses, and overlapping minutes once', async () => {
    const importId = await upload([
      { name: 'Ana Sample', email: ana().email, minutes: 20 },
      { name: 'Ana at home', email: 'ana.home@example.test', minutes: 20, from: 10 },
    ]);
    await decideRows(ctx(), world.ta, importId, [{ line: 3, is: { user: ana().id } }]);
    expect((await view(importId)).counts).toMatchObject({ live: 1, short: 0 });
    await confirm(importId);
    expect(await marks()).toMatchObject({ 'Ana Sample': 'live 30 import' });
  });

  test('is remembered the next time, as a member, a guest or nobody', async () => {
    const rows = [
      { name: 'A phone', email: 'phone@example.test', minutes: 60 },
      { name: 'Otter Note Taker', minutes: 90 },
      { name: 'Gil Guest', minutes: 60 },
    ];
    const importId = await upload(rows);
    await decideRows(ctx(), world.ta, importId, [
      { line: 2, is: { user: ana().id } },
      { line: 3, is: 'ignored' },
      { line: 4, is: 'guest' },
    ]);
    await confirm(importId);
    const next = await addLiveSession(world.db, now, 'libraries', {
      startsAt: new Date('2026-11-27T08:00:00Z'),
    });
    const at = new Date('2026-11-27T10:00:00Z');
    const bytes = zoomReport(new Date('2026-11-27T08:00:00Z'), rows);
    const again = await uploadMeetingFile({ db: world.db, now: at }, world.ta, next, {
      name: 'next.csv',
      bytes,
    });
    if ('refused' in again) throw new Error('refused');
    const seen = await importView(world.db.read, at, world.ta, next, again.importId);
    expect(seen?.rows.map(({ decision, match }) => `${decision} ${match}`)).toEqual([
      'user remembered',
      'ignored remembered',
      'guest remembered',
    ]);
  });

  test('counts for nobody while nobody has decided, and can be left so', async () => {
    const importId = await upload([{ name: 'Nobody Known', minutes: 60 }]);
    await confirm(importId);
    expect(Object.values(await marks())).toEqual(['absent sheet', 'absent sheet', 'absent sheet']);
  });

  test('is named by name and school, by name alone, or by address, and never guessed', async () => {
    const stranger = await world.person('Sol Elsewhere', 'member');
    await world.person('Two Alike', 'member');
    await world.person('Two Alike', 'member');
    const shown = await view(await upload([{ name: 'x', minutes: 60 }]));
    const named = await whoIsNamed(world.db.read, shown, [
      'sample ana',
      'Sol Elsewhere',
      ` ${stranger.email.toUpperCase()}`.trim(),
      'Two Alike',
      'Sol',
      'nobody@example.test',
    ]);
    expect(named).toEqual([
      { user: ana().id },
      { user: stranger.id },
      { user: stranger.id },
      { unclear: 'several', names: 2 },
      { unclear: 'nobody' },
      { unclear: 'nobody' },
    ]);
  });

  test('is refused where there is no such line or user', async () => {
    const importId = await upload([{ name: 'x', minutes: 60 }]);
    const decide = (line: number, user: string) =>
      decideRows(ctx(), world.ta, importId, [
        { line: 2, is: 'guest' },
        { line, is: { user } },
      ]);
    expect(await decide(99, ana().id)).toEqual({ refused: 'no-such-row' });
    expect(await decide(2, 'usr_none')).toEqual({ refused: 'no-such-user' });
    expect((await view(importId)).rows[0]).toMatchObject({ decision: 'open' });
  });
});

describe('who was expected', () => {
  const join = (userId: Id<'usr'>, since: Date) =>
    world.db.write((tx) =>
      tx
        .insert(communityMembers)
        .values({ userId, communitySlug: 'libraries', state: 'joined', since, createdAt: since }),
    );

  test('is nobody who joined the community afterwards, or who had left it', async () => {
    const late = await world.person('Late Joiner', 'member');
    await join(late.id, later);
    await world.db.write((tx) =>
      tx.update(communityMembers).set({ state: 'left' }).where(eq(communityMembers.userId, bo().id)),
    );
    await confirm(await upload([{ name: 'Ana Sample', email: ana().email, minutes: 74 }]));
    expect(await marks()).toEqual({ 'Ana Sample': 'live 74 import', 'Cleo Sample': 'absent sheet' });
  });

  test('is who said going, though they are in no community of it; nobody suspended', async () => {
    const guest = await world.person('Going Guest', 'member');
    const gone = await world.person('Suspended', 'member');
    const answer = {
      liveSessionId: world.liveSessionId,
      answer: 'going',
      createdAt: now,
      updatedAt: now,
    } as const;
    await world.db.write(async (tx) => {
      await tx.insert(rsvps).values([guest, gone].map(({ id }) => ({ ...answer, userId: id })));
      await tx.update(users).set({ suspendedAt: now }).where(eq(users.id, gone.id));
    });
    await confirmSheet(ctx(), world.ta, world.liveSessionId);
    expect(Object.keys(await marks())).toEqual(['Ana Sample', 'Bo Sample', 'Cleo Sample', 'Going Guest']);
  });

  test('stays absent after they leave, though marks are settled again', async () => {
    await confirm(await upload([{ name: 'Ana Sample', email: ana().email, minutes: 74 }]));
    await world.db.write((tx) =>
      tx.update(communityMembers).set({ state: 'left' }).where(eq(communityMembers.userId, bo().id)),
    );
    await confirm(await upload([{ name: 'Cleo Sample', minutes: 60 }], later), later);
    expect(await marks()).toMatchObject({ 'Bo Sample': 'absent sheet', 'Cleo Sample': 'live 60 import' });
  });
});

describe('attendance is not taken', () => {
  test('before the start, of a cancelled live session, nor of a draft', async () => {
    const rows = file([{ name: 'x', minutes: 60 }]);
    const before = { db: world.db, now: new Date(startsAt.getTime() - 1) };
    expect(await uploadMeetingFile(before, world.ta, world.liveSessionId, rows)).toEqual({
      refused: 'not-held',
    });
    const change = (state: 'cancelled' | 'draft') =>
      world.db.write((tx) =>
        tx.update(liveSessions).set({ state }).where(eq(liveSessions.id, world.liveSessionId)),
      );
    await change('cancelled');
    expect(await uploadMeetingFile(ctx(), world.ta, world.liveSessionId, rows)).toEqual({
      refused: 'cancelled',
    });
    await change('draft');
    expect(await uploadMeetingFile(ctx(), world.ta, world.liveSessionId, rows)).toEqual({
      refused: 'unknown',
    });
  });

  test('by a member, a SAM, an editor or the host of another community; an import of others is not there', async () => {
    const importId = await upload([{ name: 'x', minutes: 60 }]);
    const others = [
      ana(),
      await world.person('Sam', 'sam', 'sch_one'),
      await world.person('Editor', 'editor'),
      await world.person('Other Host', 'host', 'nurses'),
    ];
    const unknown = { refused: 'unknown' };
    for (const who of others) {
      expect(await uploadMeetingFile(ctx(), who, world.liveSessionId, file([]))).toEqual(unknown);
      expect(await decideRows(ctx(), who, importId, [{ line: 2, is: 'guest' }])).toEqual(unknown);
      expect(await confirmImport(ctx(), who, importId)).toEqual(unknown);
      expect(await undoImport(ctx(), who, importId)).toEqual(unknown);
      expect(await importView(world.db.read, now, who, world.liveSessionId, importId)).toBeUndefined();
    }
    expect(await confirmImport(ctx(), world.ta, 'imp_none')).toEqual(unknown);
    const other = await addLiveSession(world.db, now, 'libraries', { startsAt });
    expect(await importView(world.db.read, now, world.ta, other, importId)).toBeUndefined();
  });
});

test('names and addresses are forgotten after 90 days, what was decided about them after 400; minutes stay', async () => {
  const importId = await upload([
    { name: 'Ana Sample', email: ana().email, minutes: 74 },
    { name: 'Gil Guest', minutes: 60 },
  ]);
  await decideRows(ctx(), world.ta, importId, [{ line: 3, is: 'guest' }]);
  await confirm(importId);
  await world.db.write((tx) => purgeImports(tx, days(89)));
  expect(await world.db.read.$count(attendanceRows)).toBe(2);
  await world.db.write((tx) => purgeImports(tx, days(91)));
  expect(await world.db.read.select().from(attendanceRows)).toMatchObject([
    { name: '', email: '', minutes: 74, userId: ana().id },
  ]);
  expect(await world.db.read.select().from(attendanceImports)).toMatchObject([
    { fileName: '', summary: { title: '', warnings: [], people: 2 } },
  ]);
  expect(await marks()).toMatchObject({ 'Ana Sample': 'live 74 import' });
  expect(await world.db.read.$count(attendanceAliases)).toBe(1);
  await world.db.write((tx) => purgeImports(tx, days(401)));
  expect(await world.db.read.$count(attendanceAliases)).toBe(0);
});
