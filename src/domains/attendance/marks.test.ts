import { eq } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import { attendance, attendanceChanges, attendanceSheets } from '#db/schema/attendance.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { liveSessionPeople, liveSessions } from '#db/schema/live-sessions.ts';
import { marksIn, type Taking, takingAttendance, zoomReport } from '../../../tests/attendance.ts';
import { addLiveSession } from '../../../tests/live-sessions.ts';
import { listView } from '../../lib/paging.ts';
import { marksInput, rowsInput, sheetQuery } from './desk-inputs.ts';
import { attendanceDesk, attendanceProgress } from './desk-queries.ts';
import { dueText } from './desk-words.ts';
import { confirmImport, uploadMeetingFile } from './imports.ts';
import { confirmSheet, markByHand, reopenSheet } from './marks.ts';
import { confirmWatched, openRecording, recordingStateOf } from './recordings.ts';
import { setThresholdMinutes, thresholdMinutes } from './settings.ts';
import { attendanceSheet } from './sheet-queries.ts';

const startsAt = new Date('2026-11-20T08:00:00Z');
const now = new Date('2026-11-20T10:00:00Z');
const later = new Date('2026-11-21T10:00:00Z');

let world: Taking;
beforeEach(async () => {
  world = await takingAttendance(['Ana Sample', 'Bo Sample', 'Cleo Sample'], startsAt);
});

const ana = () => world.members[0]!;
const bo = () => world.members[1]!;
const ctx = (at = now) => ({ db: world.db, now: at });
const marks = () => marksIn(world.db, world.liveSessionId);

type Mark = Parameters<typeof markByHand>[3][number]['mark'];
const mark = (
  userId: string,
  given: Mark,
  minutes: number | null = null,
  at = now,
  who: Taking['ta'] = world.ta,
) => markByHand(ctx(at), who, world.liveSessionId, [{ userId, mark: given, minutes }]);

async function importMinutes(minutes: number, at = now) {
  const bytes = zoomReport(startsAt, [{ name: 'Ana Sample', email: ana().email, minutes }]);
  const file = { name: 'report.csv', bytes };
  const uploaded = await uploadMeetingFile(ctx(at), world.ta, world.liveSessionId, file);
  if ('refused' in uploaded) throw new Error('refused');
  await confirmImport(ctx(at), world.ta, uploaded.importId);
}

async function publishRecording() {
  const values = { state: 'recorded', recordingUrl: 'https://video.example.test/1' } as const;
  await world.db.write((tx) =>
    tx.update(liveSessions).set(values).where(eq(liveSessions.id, world.liveSessionId)),
  );
}

async function watch(at = later) {
  await openRecording(ctx(at), ana(), world.liveSessionId);
  return confirmWatched(ctx(at), ana(), world.liveSessionId);
}

describe('what is set by hand', () => {
  test('stands over files that come after it, and gives way to them when it is cleared', async () => {
    await mark(ana().id, 'excused');
    await importMinutes(74, later);
    expect(await marks()).toMatchObject({ 'Ana Sample': 'excused ta' });
    expect(await mark(ana().id, 'cleared', null, later)).toEqual({ changed: 1 });
    expect(await marks()).toMatchObject({ 'Ana Sample': 'live 74 import' });
    expect(await mark(ana().id, 'cleared', null, later)).toEqual({ changed: 0 });
  });

  test('is written only where it is another mark, all of it or nothing, and counted in the audit log', async () => {
    const both = [ana(), bo()].map(({ id }) => ({ userId: id, mark: 'live', minutes: 60 }) as const);
    expect(await markByHand(ctx(), world.ta, world.liveSessionId, both)).toEqual({ changed: 2 });
    expect(await markByHand(ctx(later), world.host, world.liveSessionId, both)).toEqual({ changed: 0 });
    const wrong = [{ ...both[0]!, mark: 'excused' } as const, { ...both[1]!, userId: 'usr_none' }];
    expect(await markByHand(ctx(later), world.host, world.liveSessionId, wrong)).toEqual({
      refused: 'no-such-user',
    });
    expect(await marks()).toEqual({ 'Ana Sample': 'live 60 ta', 'Bo Sample': 'live 60 ta' });
    const log = await world.db.read
      .select({ detail: auditEvents.detail })
      .from(auditEvents)
      .where(eq(auditEvents.action, 'attendance.marked'));
    expect(log).toEqual([{ detail: { people: 2 } }]);
  });

  test('keeps minutes of who attended live only, at most a day', async () => {
    await mark(ana().id, 'live', 5000);
    await mark(bo().id, 'recording', 30);
    expect(await marks()).toEqual({ 'Ana Sample': 'live 1440 ta', 'Bo Sample': 'recording ta' });
  });

  test('leaves a history: who changed what, and from what', async () => {
    await mark(ana().id, 'live', 60);
    await mark(ana().id, 'absent', null, later, world.host);
    await mark(ana().id, 'cleared', null, new Date(later.getTime() + 1), world.ta);
    const changes = await world.db.read.select().from(attendanceChanges).orderBy(attendanceChanges.changedAt);
    expect(changes).toMatchObject([
      { mark: 'live', minutes: 60, source: 'ta', changedById: world.ta.id, changedAt: now },
      { mark: 'absent', minutes: null, source: 'host', changedById: world.host.id, changedAt: later },
      { mark: null, source: 'ta', changedById: world.ta.id },
    ]);
  });

  test('is refused to whoever does not take this attendance, and before the start', async () => {
    const nurse = await world.person('Other Host', 'host', 'nurses');
    for (const who of [ana(), nurse])
      expect(await mark(bo().id, 'live', 60, now, who)).toEqual({ refused: 'unknown' });
    expect(await mark(bo().id, 'live', 60, new Date(startsAt.getTime() - 1))).toEqual({
      refused: 'not-held',
    });
    expect(await markByHand(ctx(), world.ta, 'ses_none', [])).toEqual({ refused: 'unknown' });
  });

  test('is for the TA of the live session alone where it has one', async () => {
    const other = await world.person('Another TA', 'ta');
    expect(await mark(bo().id, 'live', 60, now, other)).toEqual({ changed: 1 });
    const part = { liveSessionId: world.liveSessionId, userId: world.ta.id, part: 'ta' } as const;
    await world.db.write((tx) => tx.insert(liveSessionPeople).values(part));
    expect(await mark(bo().id, 'excused', null, now, other)).toEqual({ refused: 'unknown' });
    expect(await mark(bo().id, 'excused', null, now, world.ta)).toEqual({ changed: 1 });
  });
});

describe('a sheet', () => {
  test('that is complete counts everybody without a mark as absent, and takes it back when it is opened again', async () => {
    await mark(ana().id, 'live', 60);
    expect(await confirmSheet(ctx(), world.ta, world.liveSessionId)).toBe('confirmed');
    expect(await confirmSheet(ctx(later), world.host, world.liveSessionId)).toBe('confirmed');
    expect(await marks()).toEqual({
      'Ana Sample': 'live 60 ta',
      'Bo Sample': 'absent sheet',
      'Cleo Sample': 'absent sheet',
    });
    const [sheet] = await world.db.read.select().from(attendanceSheets);
    expect(sheet).toMatchObject({ confirmedAt: now, confirmedById: world.ta.id });
    expect(await reopenSheet(ctx(later), world.host, world.liveSessionId)).toBe('opened');
    expect(await reopenSheet(ctx(later), world.host, world.liveSessionId)).toBe('opened');
    expect(await marks()).toEqual({ 'Ana Sample': 'live 60 ta' });
  });

  test('shows who was expected and who came beside, narrowed by first letters and by mark', async () => {
    const stranger = await world.person('Ánh Elsewhere', 'member');
    await mark(stranger.id, 'live', 60);
    const sheet = async (query: string) => {
      const params = sheetQuery(new URLSearchParams(query));
      const view = await attendanceSheet(world.db.read, now, world.ta, world.liveSessionId, params);
      if ('refused' in view) throw new Error(view.refused);
      return view;
    };
    const names = async (query: string) => (await sheet(query)).people.map(({ name }) => name);
    expect(await names('')).toEqual(['Ana Sample', 'Ánh Elsewhere', 'Bo Sample', 'Cleo Sample']);
    expect(await names('q=an')).toEqual(['Ana Sample', 'Ánh Elsewhere']);
    expect(await names('q=s+b')).toEqual(['Bo Sample']);
    expect(await names('state=open')).toEqual(['Ana Sample', 'Bo Sample', 'Cleo Sample']);
    expect(await names('q=nobody')).toEqual([]);
    expect((await sheet('')).counts).toMatchObject({ all: 4, open: 3, live: 1 });
    expect((await sheet('add=Elsewhere')).found).toEqual([]);
    expect((await sheet('add=Hana+Host')).found?.map(({ name }) => name)).toEqual(['Hana Host']);
  });
});

describe('the desk', () => {
  const desk = (who: Taking['ta'], query = '', at = now) =>
    attendanceDesk(world.db.read, who, at, listView(new URLSearchParams(query), ['when'], 'when'));

  test('lists what is due, the latest first, and what is complete, of those whose attendance somebody takes', async () => {
    const old = await addLiveSession(world.db, startsAt, 'libraries', {
      title: 'Long ago',
      startsAt: new Date('2026-11-01T08:00:00Z'),
    });
    await addLiveSession(world.db, startsAt, 'libraries', { title: 'Draft', startsAt, state: 'draft' });
    await addLiveSession(world.db, startsAt, 'libraries', {
      title: 'Cancelled',
      startsAt,
      state: 'cancelled',
    });
    await addLiveSession(world.db, now, 'libraries', { title: 'Ahead' });
    const titles = async (who: Taking['ta'], query = '') => {
      const { due, done } = await desk(who, query);
      return [due.map(({ title }) => title), done.map(({ title }) => title)];
    };
    for (const who of [world.ta, world.host, await world.person('Staff', 'staff')])
      expect(await titles(who)).toEqual([['Long ago', 'Quiet corners'], []]);
    await confirmSheet(ctx(), world.ta, old);
    expect(await titles(world.ta)).toEqual([['Quiet corners'], ['Long ago']]);
    expect(await titles(world.ta, 'q=ago')).toEqual([[], ['Long ago']]);
    expect(await titles(world.ta, 'q=community')).toEqual([['Quiet corners'], ['Long ago']]);
    for (const who of [ana(), await world.person('Other', 'host', 'nurses')])
      expect(await titles(who)).toEqual([[], []]);
    const part = { liveSessionId: world.liveSessionId, userId: world.ta.id, part: 'ta' } as const;
    await world.db.write((tx) => tx.insert(liveSessionPeople).values(part));
    expect(await titles(await world.person('Another TA', 'ta'))).toEqual([[], ['Long ago']]);
    expect(await titles(world.ta)).toEqual([['Quiet corners'], ['Long ago']]);
    expect(await attendanceProgress(world.db.read, [old, world.liveSessionId], now)).toEqual(
      new Map([
        [old, now],
        [world.liveSessionId, null],
      ]),
    );
  });

  test.each([
    ['2026-11-20T10:30:00Z', 'Going on now'],
    ['2026-11-20T10:00:00Z', 'Day 1 of 3'],
    ['2026-11-19T09:00:00Z', 'Day 2 of 3'],
    ['2026-11-17T10:00:01Z', 'Day 3 of 3'],
    ['2026-11-17T09:00:00Z', '1 day late'],
    ['2026-11-10T09:00:00Z', '8 days late'],
  ])('says of one that ended at %s: %s', (endsAt, text) => {
    expect(dueText(new Date(endsAt), now).text).toBe(text);
  });
});

describe('a recording that was watched', () => {
  beforeEach(publishRecording);

  test('counts, once it was opened here and confirmed, and only once', async () => {
    const { id: liveSessionId } = { id: world.liveSessionId };
    expect(await confirmWatched(ctx(), ana(), liveSessionId)).toEqual({ refused: 'not-opened' });
    expect(await openRecording(ctx(), ana(), liveSessionId)).toEqual({
      recordingUrl: 'https://video.example.test/1',
    });
    expect(await recordingStateOf(world.db.read, liveSessionId, ana().id)).toEqual({
      opened: true,
      watched: false,
      mark: null,
    });
    expect(await confirmWatched(ctx(later), ana(), liveSessionId)).toBe('counted');
    expect(await confirmWatched(ctx(later), ana(), liveSessionId)).toBe('counted');
    expect(await world.db.read.$count(attendanceChanges)).toBe(1);
    expect(await marks()).toEqual({ 'Ana Sample': 'recording recording' });
    const [row] = await world.db.read.select().from(attendance);
    expect(row).toMatchObject({ confirmedById: ana().id, confirmedAt: later });
  });

  test('counts over absence, from a file, the sheet or by hand before', async () => {
    await importMinutes(10);
    await watch();
    expect(await marks()).toMatchObject({ 'Ana Sample': 'recording recording', 'Bo Sample': 'absent sheet' });
  });

  test('counts over an absence by hand before it, not over one after it', async () => {
    await mark(ana().id, 'absent');
    await watch();
    expect(await marks()).toEqual({ 'Ana Sample': 'recording recording' });
    await mark(ana().id, 'absent', null, new Date(later.getTime() + 1));
    await confirmSheet(ctx(new Date(later.getTime() + 2)), world.ta, world.liveSessionId);
    expect(await marks()).toMatchObject({ 'Ana Sample': 'absent ta' });
  });

  test('never counts over attending live, nor over what else was set by hand', async () => {
    await importMinutes(74);
    await watch();
    expect(await marks()).toMatchObject({ 'Ana Sample': 'live 74 import' });
    await mark(ana().id, 'excused', null, later);
    await confirmSheet(ctx(later), world.ta, world.liveSessionId);
    expect(await marks()).toMatchObject({ 'Ana Sample': 'excused ta' });
  });

  test('gives way to a file that comes after it', async () => {
    await watch();
    await importMinutes(74, later);
    expect(await marks()).toMatchObject({ 'Ana Sample': 'live 74 import' });
  });

  test('changes nobody else', async () => {
    await importMinutes(10);
    const before = await world.db.read.select().from(attendance).where(eq(attendance.userId, bo().id));
    await watch();
    expect(await world.db.read.select().from(attendance).where(eq(attendance.userId, bo().id))).toEqual(
      before,
    );
  });

  test('is for those who may attend, and there only once it is published', async () => {
    const stranger = await world.person('Stranger', 'member');
    expect(await openRecording(ctx(), stranger, world.liveSessionId)).toEqual({ refused: 'unknown' });
    expect(await confirmWatched(ctx(), stranger, world.liveSessionId)).toEqual({ refused: 'unknown' });
    expect(await openRecording(ctx(), ana(), 'ses_none')).toEqual({ refused: 'unknown' });
    const unpublished = await addLiveSession(world.db, now, 'libraries', { startsAt });
    expect(await openRecording(ctx(), ana(), unpublished)).toEqual({ refused: 'unknown' });
  });
});

test('the threshold is thirty minutes until staff set another', async () => {
  expect(await thresholdMinutes(world.db.read)).toBe(30);
  await setThresholdMinutes(ctx(), world.host.id, 45);
  await setThresholdMinutes(ctx(later), world.host.id, 20);
  expect(await thresholdMinutes(world.db.read)).toBe(20);
});

describe('what the sheet sends', () => {
  const id = `usr_${'a'.repeat(32)}`;
  const read = (was: string, chosen: string, minutes = '') =>
    marksInput.safeParse({ [`was-${id}`]: was, [`mark-${id}`]: chosen, [`minutes-${id}`]: minutes });

  test.each([
    ['live 74', 'live', '74', []],
    ['', '', '', []],
    ['excused', 'excused', '', []],
    ['live 74', 'live', '60', [{ userId: id, mark: 'live', minutes: 60 }]],
    ['live 74', 'live', '', [{ userId: id, mark: 'live', minutes: null }]],
    ['', '', '45', [{ userId: id, mark: 'live', minutes: 45 }]],
    ['live 74', 'absent', '74', [{ userId: id, mark: 'absent', minutes: null }]],
    ['excused', '', '', [{ userId: id, mark: 'cleared', minutes: null }]],
  ])('from “%s” to “%s” with “%s” minutes is what changed', (was, chosen, minutes, marked) => {
    expect(read(was, chosen, minutes).data).toEqual(marked);
  });

  test.each([
    ['live', 'many'],
    ['live', '1441'],
    ['live', '-1'],
    ['gone', ''],
  ])('%s with “%s” minutes is refused at the field', (chosen, minutes) => {
    expect(read('', chosen, minutes).error?.issues[0]?.path).toEqual([`minutes-${id}`]);
  });
});

test('rows of a file say who they are; what is typed into an open row counts', () => {
  const id = `usr_${'a'.repeat(32)}`;
  const read = (fields: Record<string, string>) => rowsInput.safeParse(fields);
  expect(
    read({ 'is-2': id, 'is-3': 'guest', 'is-4': 'open', 'name-4': ' Ana ', 'is-5': 'open' }).data,
  ).toEqual([
    { line: 2, choice: { user: id } },
    { line: 3, choice: 'guest' },
    { line: 4, choice: { typed: 'Ana' } },
    { line: 5, choice: 'open' },
  ]);
  expect(read({ 'is-2': 'named', 'name-2': ' ' }).error?.issues[0]?.message).toBe(
    'Line 2: enter a name or an address.',
  );
  expect(read({ 'is-2': 'boss' }).error?.issues[0]?.path).toEqual(['name-2']);
  expect(read({ 'is-0': 'guest' }).success).toBe(false);
});
