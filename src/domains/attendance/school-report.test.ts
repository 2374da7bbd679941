import { beforeEach, expect, test } from 'vitest';
import { attendance, attendanceSheets } from '../../../db/schema/attendance.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import { addLiveSession, addMembers } from '../../../tests/live-sessions.ts';
import { addSchool } from '../../../tests/schools.ts';
import { season } from '../../../tests/seasons.ts';
import type { Id } from '../../platform/ids.ts';
import { membershipSummary } from './sam-queries.ts';
import { attendanceTable, joinedDays, wholeTable } from './sam-table-queries.ts';
import { reportNotes, reportPdf, reportSections, type SchoolYear } from './school-report.ts';

const now = new Date('2026-11-21T09:30:00Z');
const before = new Date('2026-09-01T00:00:00Z');
let db: TestDatabase;
let schoolId: Id<'sch'>;
const people: Id<'usr'>[] = [];

beforeEach(async () => {
  db = await useDatabase();
  schoolId = await addSchool(db, before, 'Banyan School');
  people.length = 0;
  for (const name of ['Ava Sample', 'Bo Sample', 'Cy Sample'])
    people.push((await addUser(db, before, { name, roles: [['member', schoolId]] })).id);
  await addMembers(db, before, 'librarians', people);
});

async function theYear(): Promise<SchoolYear> {
  return {
    school: { name: 'Banyan School', city: 'Qingdao', timeZone: 'Asia/Shanghai' },
    summary: await membershipSummary(db.read, schoolId, now),
    table: await attendanceTable(db.read, schoolId, { season, seasons: [season] }, wholeTable, {}, now),
    joinedAt: await joinedDays(db.read, schoolId),
  };
}

async function holdRoundOne() {
  const startsAt = new Date('2026-10-20T08:00:00Z');
  const liveSessionId = await addLiveSession(db, now, 'librarians', {
    seasonSlug: season.slug,
    round: 1,
    startsAt,
  });
  const marks = ['live', 'recording', 'absent'] as const;
  await db.write(async (tx) => {
    await tx.insert(attendanceSheets).values({ liveSessionId, confirmedAt: now, updatedAt: now });
    for (const [at, mark] of marks.entries())
      await tx
        .insert(attendance)
        .values({ liveSessionId, userId: people[at]!, mark, source: 'ta', confirmedAt: now });
  });
}

test('the report of a year has totals of each round and community, and names nobody', async () => {
  await holdRoundOne();
  const year = await theYear();
  const sections = reportSections(year, now);
  expect(sections.map(({ title }) => title)).toEqual([
    'Membership',
    'Attendance by round',
    'Attendance by community',
    'People reached over time',
  ]);
  expect(sections[0]!.table.rows).toContainEqual(['Took part in at least one live session of the season', 2]);
  expect(sections[1]!.table.rows[0]!.slice(1)).toEqual([1, 1, 1, 0, 0]);
  expect(sections[2]!.table.rows).toEqual([['Community librarians', 1, 1, 1, 0, 0]]);
  const text = JSON.stringify([sections, reportNotes(year, now)]);
  expect(text).not.toMatch(/Ava|Bo Sample|Cy/);
});

test('on paper it is a tagged PDF, also before anything was held', async () => {
  const empty = await reportPdf(await theYear(), now);
  await holdRoundOne();
  const full = await reportPdf(await theYear(), now);
  for (const bytes of [empty, full]) {
    expect(bytes.subarray(0, 8).toString('latin1')).toBe('%PDF-1.7');
    expect(bytes.toString('latin1')).toContain('/S /Table');
  }
});
