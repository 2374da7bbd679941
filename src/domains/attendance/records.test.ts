import { eq } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import { users } from '#db/schema/accounts.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import { addLiveSession, addMembers } from '../../../tests/live-sessions.ts';
import type { Id } from '../../platform/ids.ts';
import { markByHand } from './marks.ts';
import type { AttendanceMark } from './model.ts';
import { everything, periodChoices } from './periods.ts';
import { recordPdf } from './record-pdf.ts';
import { recordTotal } from './record-words.ts';
import { checkCode, developmentRecord, giveCode, recordCodes, withdrawCode } from './records.ts';

const now = new Date('2026-11-22T03:00:00Z');
let db: TestDatabase;
let noor: { id: Id<'usr'> };
let staff: { id: Id<'usr'>; grants: [{ role: 'staff'; scopeId: '' }] };

beforeEach(async () => {
  db = await useDatabase();
  noor = await addUser(db, now, { name: 'Noor Abara', roles: [['member']] });
  const { id } = await addUser(db, now, { roles: [['staff']] });
  staff = { id, grants: [{ role: 'staff', scopeId: '' }] };
  await addMembers(db, now, 'libraries', [noor.id]);
});

/** A live session of 90 minutes that day, with what Noor’s mark is. */
async function took(day: string, title: string, mark: AttendanceMark, minutes: number | null = null) {
  const startsAt = new Date(`${day}T08:00:00Z`);
  const id = await addLiveSession(db, now, 'libraries', { title, startsAt });
  const marks = [{ userId: noor.id, mark, minutes }];
  expect(await markByHand({ db, now }, staff, id, marks)).toEqual({ changed: 1 });
}

const season = {
  slug: '2025-26',
  name: 'Season 2025–26',
  kind: 'regular' as const,
  startsOn: '2025-08-01',
  endsOn: '2026-06-30',
  timeZone: 'Asia/Shanghai',
  windows: [],
  holidays: [],
};

describe('a record of professional development', () => {
  test('has what was attended live or by recording, in order, and nothing else', async () => {
    await took('2026-11-10', 'Second', 'recording');
    await took('2026-10-10', 'First', 'live', 70);
    await took('2026-11-12', 'Missed', 'absent');
    await took('2026-11-14', 'Ill', 'excused');
    const record = await developmentRecord(db.read, noor.id, everything);
    expect(record!.lines.map(({ title, mark, minutes }) => [title, mark, minutes])).toEqual([
      ['First', 'live', 70],
      ['Second', 'recording', 90],
    ]);
    expect(record!.lines[0]!.communities).toEqual(['Community libraries']);
    expect(recordTotal(record!)).toBe('2 hours 40 minutes in 2 live sessions');
  });

  test('covers a season from its first day to its last, in its own zone', async () => {
    const [period, all] = periodChoices([season], now);
    expect(all).toBe(everything);
    expect(period!.fromAt).toEqual(new Date('2025-07-31T16:00:00Z'));
    expect(period!.untilAt).toEqual(new Date('2026-06-30T16:00:00Z'));
    await took('2026-06-30', 'Last day', 'live');
    await took('2026-07-01', 'Day after', 'live');
    const record = await developmentRecord(db.read, noor.id, period!);
    expect(record!.lines.map(({ title }) => title)).toEqual(['Last day']);
    expect(periodChoices([{ ...season, startsOn: '2026-12-01' }], now)).toEqual([everything]);
  });
});

describe('a code', () => {
  test('shows the record as it is today to whoever types it in any way, until it is withdrawn', async () => {
    await took('2026-10-10', 'First', 'live', 70);
    const given = await giveCode({ db, now }, noor, everything);
    const { code } = given as { code: string };
    expect(code).toMatch(/^(?:[0-9A-HJKMNP-TV-Z]{5}-){5}[0-9A-HJKMNP-TV-Z]$/);
    expect(await giveCode({ db, now }, noor, everything)).toEqual({ code });
    expect(await db.dump()).not.toContain(code);

    await took('2026-11-10', 'Second', 'recording');
    const typed = code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l');
    const shown = await checkCode(db.read, typed);
    expect(shown).toMatchObject({ name: 'Noor Abara', title: 'Everything', minutes: 160, code });

    const [mine] = await recordCodes(db.read, noor.id);
    const other = await addUser(db, now, { roles: [['member']] });
    await withdrawCode({ db, now }, other, mine!.id);
    expect(await checkCode(db.read, code)).not.toBe('withdrawn');
    await withdrawCode({ db, now }, noor, mine!.id);
    expect(await checkCode(db.read, code)).toBe('withdrawn');
    expect(await recordCodes(db.read, noor.id)).toEqual([]);
    const next = (await giveCode({ db, now }, noor, everything)) as { code: string };
    expect(next.code).not.toBe(code);
  });

  test('of nobody, of somebody suspended or about to be erased shows nothing', async () => {
    const { code } = (await giveCode({ db, now }, noor, everything)) as { code: string };
    for (const wrong of ['', 'x', '0'.repeat(26), `${code}0`, code.slice(1), '\u0000'.repeat(26)])
      expect(await checkCode(db.read, wrong)).toBeUndefined();
    for (const values of [{ suspendedAt: now }, { suspendedAt: null, erasureDueAt: now }]) {
      await db.write((tx) => tx.update(users).set(values).where(eq(users.id, noor.id)));
      expect(await checkCode(db.read, code)).toBeUndefined();
    }
  });

  test('is given twenty times and no more', async () => {
    for (let year = 2000; year < 2020; year += 1)
      await giveCode({ db, now }, noor, {
        title: `${year}`,
        fromAt: new Date(`${year}-01-01`),
        untilAt: new Date(`${year + 1}-01-01`),
      });
    expect(await giveCode({ db, now }, noor, everything)).toEqual({ refused: 'too-many' });
  });
});

test('on paper it is a PDF with its table as a table, its code and its address', async () => {
  await took('2026-10-10', 'Libraries in 图书馆', 'live', 70);
  const record = (await developmentRecord(db.read, noor.id, everything))!;
  const { code } = (await giveCode({ db, now }, noor, everything)) as { code: string };
  const bytes = await recordPdf(
    { ...record, title: 'Everything' },
    { code },
    { now, timeZone: 'Asia/Shanghai' },
  );
  const text = bytes.toString('latin1');
  expect(text.slice(0, 8)).toBe('%PDF-1.7');
  expect(text).toContain('/MarkInfo');
  expect(text).toContain('/S /TH');
  expect(text).toContain(`/record/${code}`);
});
