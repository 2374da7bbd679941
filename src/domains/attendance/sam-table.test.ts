import { eq } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import { attendance, attendanceSheets } from '../../../db/schema/attendance.ts';
import { communityMembers } from '../../../db/schema/communities.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import { addLiveSession, addMembers } from '../../../tests/live-sessions.ts';
import { queryPlans } from '../../../tests/query-plans.ts';
import { openRecorded } from '../../../tests/record-queries.ts';
import { addSchool } from '../../../tests/schools.ts';
import { season, sprint } from '../../../tests/seasons.ts';
import { listView } from '../../lib/paging.ts';
import type { Id } from '../../platform/ids.ts';
import { csv } from '../../platform/table-files.ts';
import type { Viewer } from '../accounts/model.ts';
import { grantRole } from '../accounts/roles.ts';
import { samDashboard } from '../schools/dashboards.ts';
import { removeMember } from '../schools/members.ts';
import { schoolMember, schoolRecord } from '../schools/queries.ts';
import { type AttendanceMark, nudgeKinds } from './model.ts';
import { nextForEach, nudgeCounts, nudgeTargets } from './nudge-queries.ts';
import { byCommunity, byRound, reachedByMonth } from './sam-charts.ts';
import { attendanceFile } from './sam-files.ts';
import { memberFilterFrom, tableFilterFrom } from './sam-inputs.ts';
import {
  membershipSummary,
  schoolsOfSamWithCounts,
  seenMember,
  seenMemberSorts,
  seenMembers,
} from './sam-queries.ts';
import { chooseSeason } from './sam-table.ts';
import { attendanceTable, joinedDays, tableSorts, wholeTable } from './sam-table-queries.ts';
import { seenBySchools } from './seen-queries.ts';
import { stateWords } from './state-words.ts';

const now = new Date('2026-11-21T09:30:00Z');
const dayMs = 24 * 3_600_000;
const seasons = [season, sprint];
const before = new Date('2026-09-01T00:00:00Z');
const inRound1 = new Date('2026-10-20T08:00:00Z');

let db: TestDatabase;
let school: Id<'sch'>;
let ava: Id<'usr'>;
let bo: Id<'usr'>;

beforeEach(async () => {
  db = await useDatabase();
  school = await addSchool(db, before, 'Banyan School');
  const add = async (name: string, jobTitle: string) =>
    (await addUser(db, before, { name, jobTitle, roles: [['member', school]] })).id;
  [ava, bo] = [await add('Ava Sample', 'Nurse'), await add('Bo Sample', 'Librarian')];
  await addMembers(db, before, 'librarians', [ava, bo]);
});

const round = (number: number, startsAt: Date, more: Parameters<typeof addLiveSession>[3] = {}) =>
  addLiveSession(db, now, 'librarians', { seasonSlug: season.slug, round: number, startsAt, ...more });
const confirm = (liveSessionId: Id<'ses'>, at = now) =>
  db.write((tx) => tx.insert(attendanceSheets).values({ liveSessionId, confirmedAt: at, updatedAt: at }));
const marks = (liveSessionId: Id<'ses'>, userId: Id<'usr'>, mark: AttendanceMark, at = now) =>
  db.write((tx) =>
    tx.insert(attendance).values({ liveSessionId, userId, mark, source: 'ta', confirmedAt: at }),
  );

const tableOf = (query = '', chosen = season, at = now) => {
  const params = new URLSearchParams(query);
  const list = listView(params, tableSorts, 'name');
  return attendanceTable(db.read, school, { season: chosen, seasons }, list, tableFilterFrom(params), at);
};
const wordsOf = async (query = '', chosen = season, at = now) =>
  (await tableOf(query, chosen, at)).rows.map(({ name, cells }) => [
    name.split(' ')[0],
    ...cells.map((cell) => (cell ? stateWords(cell) : '–')),
  ]);

describe('a cell says', () => {
  test('how somebody attended, once somebody has recorded it', async () => {
    const [one, two] = [await round(1, inRound1), await round(2, new Date('2026-11-10T08:00:00Z'))];
    await marks(one, ava, 'live');
    await marks(one, bo, 'recording');
    await marks(two, ava, 'excused');
    await marks(two, bo, 'absent');
    for (const each of [one, two]) await confirm(each);
    expect(await wordsOf()).toEqual([
      ['Ava', 'Attended live', 'Excused', 'Not planned', 'Not planned'],
      ['Bo', 'Via recording', 'Did not attend', 'Not planned', 'Not planned'],
    ]);
  });

  test('that data is awaited, from the first day on, and how late it is', async () => {
    await round(1, new Date(now.getTime() - 1 * dayMs - 2 * 3_600_000));
    expect((await wordsOf())[0]).toContain('Data awaited, day 2 of 3');
    expect((await wordsOf('', season, new Date(now.getTime() + 3 * dayMs)))[0]).toContain(
      'Data awaited, 2 days late',
    );
  });

  test('that it is not held yet, was cancelled and so is not planned, or came before they joined', async () => {
    await round(1, inRound1, { state: 'cancelled' });
    await round(2, new Date(now.getTime() + dayMs));
    const held = await round(3, new Date('2026-08-20T08:00:00Z'));
    await confirm(held);
    expect((await wordsOf())[0]).toEqual([
      'Ava',
      'Not planned',
      'Not held yet',
      'Not a member then',
      'Not planned',
    ]);
  });

  test('that they did not attend where the sheet is complete and they have no mark', async () => {
    await confirm(await round(1, inRound1));
    expect((await wordsOf())[0]?.[1]).toBe('Did not attend');
  });

  test('the best of several live sessions of one round', async () => {
    const [first, second] = [await round(1, inRound1), await round(1, new Date('2026-10-27T08:00:00Z'))];
    await marks(first, ava, 'absent');
    await marks(second, ava, 'live');
    await marks(first, bo, 'recording');
    for (const each of [first, second]) await confirm(each);
    expect((await wordsOf()).map((row) => row[1])).toEqual(['Attended live', 'Via recording']);
    const third = await round(1, new Date(now.getTime() + dayMs));
    await db.write((tx) => tx.delete(attendance).where(eq(attendance.userId, bo)));
    expect((await wordsOf())[1]?.[1]).toBe('Not held yet');
    expect(third).toBeDefined();
  });

  test('nothing of a draft', async () => {
    await round(2, new Date(now.getTime() + dayMs), { state: 'draft' });
    expect((await wordsOf())[0]?.[2]).toBe('Not planned');
  });
});

describe('the table', () => {
  test('has a row for each member and community, and none for people of other schools', async () => {
    const jade = await addSchool(db, before, 'Jade School');
    const stranger = await addUser(db, before, { name: 'Eve Stranger', roles: [['member', jade]] });
    await addMembers(db, before, 'counsellors', [ava, stranger.id]);
    const { rows, total } = await tableOf();
    expect(rows.map(({ name, communityName }) => `${name}, ${communityName}`)).toEqual([
      'Ava Sample, Community counsellors',
      'Ava Sample, Community librarians',
      'Bo Sample, Community librarians',
    ]);
    expect(total).toBe(3);
    const elsewhere = await attendanceTable(
      db.read,
      jade,
      { season, seasons },
      wholeTable,
      { userId: ava },
      now,
    );
    expect(elsewhere.rows).toEqual([]);
  });

  test('holds of each row what the dashboard needs, and nothing else', async () => {
    const [row] = (await tableOf()).rows;
    expect(Object.keys(row ?? {}).sort()).toEqual(
      ['cells', 'communityName', 'jobTitle', 'name', 'other', 'slug', 'userId'].sort(),
    );
  });

  test('keeps a community that somebody left where they had taken part in it, and no other', async () => {
    await addMembers(db, before, 'counsellors', [bo]);
    const one = await round(1, inRound1);
    await marks(one, ava, 'live');
    await confirm(one);
    await db.write((tx) => tx.update(communityMembers).set({ state: 'left', since: now }));
    expect(await wordsOf()).toEqual([['Ava', 'Attended live', 'Not planned', 'Not planned', 'Not planned']]);
  });

  test('has nothing of somebody who was removed from the school', async () => {
    expect(await removeMember({ db, now }, ava, school, bo)).toBe('removed');
    expect((await wordsOf()).map(([name]) => name)).toEqual(['Ava']);
  });

  test.for([
    ['', ['Ava librarians', 'Bo counsellors', 'Bo librarians']],
    ['sort=-name', ['Bo counsellors', 'Bo librarians', 'Ava librarians']],
    ['sort=community', ['Bo counsellors', 'Ava librarians', 'Bo librarians']],
    ['q=nurse', ['Ava librarians']],
    ['q=counsel', ['Bo counsellors']],
    ['community=librarians', ['Ava librarians', 'Bo librarians']],
    ['community=unknown', []],
    ['state=live', ['Ava librarians']],
    ['state=absent', ['Bo librarians']],
    ['state=awaiting', []],
    ['state=not-held', ['Ava librarians', 'Bo librarians']],
    ['state=not-planned', ['Ava librarians', 'Bo counsellors', 'Bo librarians']],
    ['state=excused', []],
    ['state=live&q=bo', []],
    ['page=2', []],
  ] as const)('asked for “%s” it has the rows %j', async ([query, expected]) => {
    await addMembers(db, before, 'counsellors', [bo]);
    const one = await round(1, inRound1);
    await marks(one, ava, 'live');
    await confirm(one);
    await round(2, new Date(now.getTime() + dayMs));
    const { rows, total } = await tableOf(query);
    expect(rows.map(({ name, slug }) => `${name.split(' ')[0]} ${slug}`)).toEqual(expected);
    expect(total).toBe(query === 'page=2' ? 3 : expected.length);
  });

  test('shows 25 rows at a time, also of those that a state chooses', async () => {
    const people = await Promise.all(
      Array.from({ length: 30 }, (_, at) =>
        addUser(db, before, { name: `Person ${at}`, roles: [['member', school]] }),
      ),
    );
    await addMembers(
      db,
      before,
      'librarians',
      people.map(({ id }) => id),
    );
    for (const query of ['', 'state=not-planned']) {
      expect(await tableOf(query)).toMatchObject({ total: 32, rows: { length: 25 } });
      expect(await tableOf(`${query}&page=2`)).toMatchObject({ total: 32, rows: { length: 7 } });
    }
  });

  test('counts live sessions outside of rounds beside them', async () => {
    const [held, ahead] = [
      await addLiveSession(db, now, 'librarians', { startsAt: inRound1 }),
      await addLiveSession(db, now, 'librarians', { startsAt: new Date(now.getTime() + dayMs) }),
    ];
    await marks(held, ava, 'live');
    expect(ahead).toBeDefined();
    expect((await tableOf()).rows.map(({ other }) => other)).toEqual([
      { attended: 1, held: 1 },
      { attended: 0, held: 1 },
    ]);
  });

  test('gives a community that plans in a sprint season the columns of that, and the others theirs', async () => {
    await addMembers(db, before, 'nurses', [ava]);
    const one = await addLiveSession(db, now, 'nurses', {
      seasonSlug: sprint.slug,
      round: 1,
      startsAt: new Date('2026-09-29T08:00:00Z'),
    });
    await marks(one, ava, 'live');
    await confirm(one);
    const { columns } = await tableOf();
    expect(columns.map(({ title }) => title).slice(3)).toEqual([
      'Live Session 4',
      'Sprint Live Session 1',
      'Sprint Live Session 2',
    ]);
    expect(await wordsOf()).toEqual([
      ['Ava', 'Not planned', 'Not planned', 'Not planned', 'Not planned', '–', '–'],
      ['Ava', '–', '–', '–', '–', 'Attended live', 'Not planned'],
      ['Bo', 'Not planned', 'Not planned', 'Not planned', 'Not planned', '–', '–'],
    ]);
    expect(await wordsOf('', sprint)).toEqual([['Ava', 'Attended live', 'Not planned']]);
  });

  test('says when it was last updated and what is still due, the longest overdue first', async () => {
    expect(await tableOf()).toMatchObject({ updatedAt: null, due: [] });
    const [late, fresh] = [await round(1, inRound1), await round(2, new Date(now.getTime() - dayMs))];
    const before = new Date(now.getTime() - 3_600_000);
    await marks(fresh, ava, 'live', before);
    expect((await tableOf()).updatedAt).toEqual(before);
    expect((await tableOf()).due.map(({ round: title, isOverdue }) => [title, isOverdue])).toEqual([
      ['Live Session 1', true],
      ['Live Session 2', false],
    ]);
    await confirm(late);
    expect(await tableOf()).toMatchObject({
      updatedAt: now,
      due: [{ communityName: 'Community librarians' }],
    });
  });

  test('takes three queries, with a state and without', async () => {
    await round(1, inRound1);
    const { db: recorded, queries } = await openRecorded(db.file);
    for (const query of ['', 'state=live']) {
      queries.length = 0;
      const params = new URLSearchParams(query);
      const list = listView(params, tableSorts, 'name');
      await attendanceTable(recorded.read, school, { season, seasons }, list, tableFilterFrom(params), now);
      expect(queries).toHaveLength(3);
    }
    await recorded.close();
  });
});

describe('of what was before somebody joined the school', () => {
  const joinedAt = new Date('2026-11-01T00:00:00Z');
  let cy: Id<'usr'>;
  let early: Id<'ses'>;

  beforeEach(async () => {
    cy = (await addUser(db, joinedAt, { name: 'Cy Sample', roles: [['member', school]] })).id;
    await addMembers(db, before, 'librarians', [cy]);
    early = await round(1, inRound1);
    await marks(early, cy, 'live');
    await confirm(early);
  });

  const rowOfCy = async (query = 'q=Cy') => (await tableOf(query)).rows[0];
  const seen = () => seenMember(db.read, school, cy);

  test('the table says that they were no member then, and counts nothing of it', async () => {
    const other = await addLiveSession(db, now, 'librarians', { startsAt: inRound1 });
    await marks(other, cy, 'live');
    expect(await rowOfCy()).toMatchObject({ cells: ['not-a-member', ...noneYet], other: null });
    expect((await tableOf('state=live')).rows).toEqual([]);
    expect((await tableOf('q=Cy')).firstsAt).toEqual([]);
    expect(await seen()).toMatchObject({ attended: 0 });
  });

  test('nothing counts in the people’s table, in whatever order and filter', async () => {
    const people = async (query: string) => {
      const params = new URLSearchParams(query);
      const list = listView(params, seenMemberSorts, 'name');
      const { members } = await seenMembers(db.read, school, list, memberFilterFrom(params), now);
      return members.map(({ name, attended }) => `${name.split(' ')[0]} ${attended}`);
    };
    await marks(early, bo, 'live');
    expect((await people('sort=-attended'))[0]).toBe('Bo 1');
    expect(await people('show=attended-none')).toEqual(['Ava 0', 'Cy 0']);
  });

  test('what came afterwards counts as ever', async () => {
    const later = await round(2, new Date('2026-11-10T08:00:00Z'));
    await marks(later, cy, 'recording');
    expect(await rowOfCy()).toMatchObject({
      cells: ['not-a-member', 'recording', 'not-planned', 'not-planned'],
    });
    expect(await seen()).toMatchObject({ attended: 1 });
    expect((await tableOf('q=Cy')).firstsAt).toEqual([new Date('2026-11-10T08:00:00Z')]);
  });

  test('a live session that went on when they joined counts', async () => {
    const then = await round(2, new Date(joinedAt.getTime() - 30 * 60_000));
    await marks(then, cy, 'live');
    expect((await rowOfCy())?.cells[1]).toBe('live');
    expect(await seen()).toMatchObject({ attended: 1 });
  });

  test('a community that they had left by then has no row', async () => {
    await db.write((tx) =>
      tx
        .update(communityMembers)
        .set({ state: 'left', since: before })
        .where(eq(communityMembers.userId, cy)),
    );
    expect(await rowOfCy()).toBeUndefined();
    const later = await round(2, new Date('2026-11-10T08:00:00Z'));
    await marks(later, cy, 'live');
    expect(await rowOfCy()).toMatchObject({ cells: ['not-a-member', 'live', 'not-planned', 'not-planned'] });
  });

  test('the member is told no more than the SAM', async () => {
    const [told] = await seenBySchools(db.read, cy, seasons, now);
    expect(told).toMatchObject({ member: { attended: 0 } });
    expect(told?.table?.rows).toEqual([await rowOfCy()]);
  });

  test('an earlier school keeps what it saw, as long as they belong to it', async () => {
    const jade = await addSchool(db, before, 'Jade School');
    await db.write((tx) => grantRole(tx, before, null, { userId: cy, role: 'member', scopeId: jade }));
    expect(await seenMember(db.read, jade, cy)).toMatchObject({ attended: 1 });
    expect(await seen()).toMatchObject({ attended: 0 });
  });
});

const noneYet = ['not-planned', 'not-planned', 'not-planned'];

test('a member sees of themselves what their SAM sees, in the very same rows', async () => {
  const one = await round(1, inRound1);
  await marks(one, ava, 'live');
  await confirm(one);
  const [seen] = await seenBySchools(db.read, ava, seasons, now);
  expect(seen).toMatchObject({ schoolName: 'Banyan School', invitedAddress: null, member: { attended: 1 } });
  expect(seen?.table?.rows).toEqual((await tableOf('q=Ava')).rows);
  const nobody = await addUser(db, now);
  expect(await seenBySchools(db.read, nobody.id, seasons, now)).toEqual([]);
});

describe('the charts', () => {
  test('count the cells of rounds and of communities', async () => {
    const one = await round(1, inRound1);
    await marks(one, ava, 'live');
    await confirm(one);
    const { columns, rows } = await tableOf();
    expect(byRound(columns, rows)[0]).toMatchObject({
      label: 'Live Session 1',
      counts: { live: 1, recording: 0, absent: 1 },
    });
    expect(byCommunity(rows)).toMatchObject([
      { label: 'Community librarians', counts: { live: 1, absent: 1 } },
    ]);
  });

  test('say month by month how many had joined and taken part', async () => {
    const one = await round(1, inRound1);
    await marks(one, ava, 'live');
    const { firstsAt } = await tableOf();
    const months = reachedByMonth(season, { joinedAt: await joinedDays(db.read, school), firstsAt }, now);
    expect(months[0]).toEqual({ month: '2026-05', joined: 0, tookPart: 0 });
    expect(months.slice(-3)).toEqual([
      { month: '2026-09', joined: 2, tookPart: 0 },
      { month: '2026-10', joined: 2, tookPart: 1 },
      { month: '2026-11', joined: 2, tookPart: 1 },
    ]);
  });
});

test('the file of the table has a column for each round, and its words', async () => {
  const one = await round(1, inRound1);
  await marks(one, ava, 'live');
  const text = csv(attendanceFile(await tableOf(), 'Asia/Shanghai'));
  expect(text).toContain('Live Session 1 (Season 2026–27)');
  expect(text).toContain('Ava Sample,Nurse,Community librarians,Attended live,Not planned');
});

describe('the season is', () => {
  const next = {
    ...season,
    slug: 'next',
    startsOn: '2027-05-12',
    endsOn: '2028-05-31',
    windows: season.windows.map((window) => ({ ...window, startsOn: window.startsOn.replace('202', '203') })),
  };

  test.for([
    ['the regular one whose rounds have begun', null, '2026-11-21', season.slug],
    ['the first, before any has begun', null, '2026-06-01', season.slug],
    ['the same while the next is only prepared', null, '2027-05-20', season.slug],
    ['the one that is asked for', sprint.slug, '2026-11-21', sprint.slug],
    ['the regular one where there is none of that name', 'nonsense', '2026-11-21', season.slug],
  ] as const)('%s', ([, asked, day, expected]) => {
    expect(chooseSeason([next, sprint, season], asked, new Date(`${day}T00:00:00Z`))?.slug).toBe(expected);
  });

  test('none where content has none', () => {
    expect(chooseSeason([], null, now)).toBeUndefined();
  });
});

test('no query of a SAM’s pages reads a whole table', async () => {
  await addMembers(db, before, 'counsellors', [bo]);
  await confirm(await round(1, inRound1));
  const list = { q: 'a', descending: true, offset: 0, limit: 25 };
  const viewer = { id: ava, grants: [{ role: 'sam', scopeId: school }] } as unknown as Viewer;
  const plans = await queryPlans(db.file, async (read) => {
    await schoolRecord(read, viewer, school, now);
    await schoolsOfSamWithCounts(read, viewer, now);
    await samDashboard(read, viewer, school, now);
    await schoolMember(read, school, ava);
    await membershipSummary(read, school, now);
    for (const sort of seenMemberSorts)
      await seenMembers(
        read,
        school,
        { ...list, sort },
        { community: 'librarians', show: 'attended-none' },
        now,
      );
    for (const filter of [{}, { state: 'live' }, { community: 'librarians' }, { userId: ava }] as const)
      await attendanceTable(read, school, { season, seasons }, { ...list, sort: 'name' }, filter, now);
    await joinedDays(read, school);
    await nudgeCounts(read, school);
    for (const kind of nudgeKinds) await nudgeTargets(read, school, kind, now);
    await nextForEach(read, [ava, bo], now);
    await seenBySchools(read, ava, seasons, now);
  });
  expect(plans.length).toBeGreaterThan(25);
  const tables =
    /^SCAN (?:users|role_grants|held|sam|person|joined|community_members|member|theirs|taken|met|asked|attendance|attendance_sheets|live_sessions|live_session_communities|invitations|nudges|rsvps|given|schools|tokens)\b(?! VIRTUAL)/;
  expect(plans.filter(({ steps }) => steps.some((step) => tables.test(step)))).toEqual([]);
});
