import { eq } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import { users } from '../../../db/schema/accounts.ts';
import { attendance } from '../../../db/schema/attendance.ts';
import { invitations } from '../../../db/schema/schools.ts';
import { countQueries } from '../../../tests/count-queries.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import { addLiveSession, addMembers } from '../../../tests/live-sessions.ts';
import { addSchool } from '../../../tests/schools.ts';
import { listView } from '../../lib/paging.ts';
import { type Id, newId } from '../../platform/ids.ts';
import type { Viewer } from '../accounts/model.ts';
import { removeMember } from '../schools/members.ts';
import { memberFilterFrom } from './sam-inputs.ts';
import {
  membershipSummary,
  schoolsOfSamWithCounts,
  seenMember,
  seenMemberSorts,
  seenMembers,
} from './sam-queries.ts';

const now = new Date('2026-11-21T09:30:00Z');
const dayMs = 24 * 3_600_000;
let db: TestDatabase;
let school: Id<'sch'>;
let other: Id<'sch'>;
let ava: Id<'usr'>;
let bo: Id<'usr'>;
let cy: Id<'usr'>;

const seenOn = (id: Id<'usr'>, lastSeenOn: string) =>
  db.write((tx) => tx.update(users).set({ lastSeenOn }).where(eq(users.id, id)));

async function attends(id: Id<'usr'>, ...marks: ('live' | 'recording' | 'absent' | 'excused')[]) {
  for (const mark of marks) {
    const liveSessionId = await addLiveSession(db, now, 'librarians', {
      startsAt: new Date(now.getTime() - dayMs),
    });
    await db.write((tx) =>
      tx.insert(attendance).values({ liveSessionId, userId: id, mark, source: 'ta', confirmedAt: now }),
    );
  }
}

beforeEach(async () => {
  db = await useDatabase();
  [school, other] = [await addSchool(db, now, 'Banyan School'), await addSchool(db, now, 'Jade School')];
  const add = async (name: string, jobTitle: string, at: Date, roles: ['member' | 'sam', string][]) =>
    (await addUser(db, at, { name, jobTitle, roles })).id;
  ava = await add('Ava Sample', 'Nurse', new Date(now.getTime() - 90 * dayMs), [
    ['member', school],
    ['sam', school],
  ]);
  bo = await add('Bo Sample', 'Librarian', new Date(now.getTime() - 60 * dayMs), [['member', school]]);
  cy = await add('Cy Sample', 'Counsellor', now, [['member', school]]);
  const stranger = await add('Eve Stranger', 'Librarian', now, [['member', other]]);
  await addMembers(db, now, 'librarians', [ava, bo, stranger]);
  await addMembers(db, now, 'counsellors', [bo]);
  await seenOn(ava, '2026-11-20');
  await seenOn(bo, '2026-09-01');
  await seenOn(stranger, '2026-11-21');
  await attends(bo, 'live', 'recording', 'absent', 'excused');
  await attends(stranger, 'live');
});

const found = async (query: string, at = school) => {
  const params = new URLSearchParams(query);
  const list = listView(params, seenMemberSorts, 'name');
  return seenMembers(db.read, at, list, memberFilterFrom(params), now);
};
const names = async (query: string) => (await found(query)).members.map(({ name }) => name.split(' ')[0]);

describe('the Membership Summary', () => {
  test('counts the people of this school only', async () => {
    const invite = (email: string, more: object = {}) => ({
      ...{ id: newId('inv', now), schoolId: school, email, createdAt: now, lastSentAt: now },
      ...more,
    });
    await db.write((tx) =>
      tx
        .insert(invitations)
        .values([
          invite('waits@example.test'),
          invite('joined@example.test', { activatedAt: now }),
          invite('taken-back@example.test', { withdrawnAt: now }),
          { ...invite('elsewhere@example.test'), schoolId: other },
        ]),
    );
    expect(await membershipSummary(db.read, school, now)).toEqual({
      people: 4,
      invited: 2,
      activated: 3,
      activeLately: 1,
      sams: 1,
      communities: [
        { slug: 'counsellors', name: 'Community counsellors', members: 1 },
        { slug: 'librarians', name: 'Community librarians', members: 2 },
      ],
    });
  });

  test('counts as active whoever was here thirty days ago, and nobody who was here before', async () => {
    await seenOn(bo, '2026-10-22');
    await seenOn(cy, '2026-10-21');
    expect(await membershipSummary(db.read, school, now)).toMatchObject({ activeLately: 2 });
  });

  test('is empty for a school in which nobody is', async () => {
    const empty = await addSchool(db, now, 'Empty School');
    expect(await membershipSummary(db.read, empty, now)).toMatchObject({ people: 0, communities: [] });
  });
});

test('a SAM chooses among their own schools only, by name, each with its numbers', async () => {
  const viewer = (...schools: string[]) =>
    ({ grants: schools.map((scopeId) => ({ role: 'sam', scopeId })) }) as unknown as Viewer;
  const rows = await schoolsOfSamWithCounts(db.read, viewer(other, school), now);
  expect(rows.map(({ name, activated, activeLately }) => [name, activated, activeLately])).toEqual([
    ['Banyan School', 3, 1],
    ['Jade School', 1, 1],
  ]);
  expect(await schoolsOfSamWithCounts(db.read, viewer(), now)).toEqual([]);
});

describe('the table of people', () => {
  test('says of each what the dashboard needs, and nothing else', async () => {
    const { members, total } = await found('');
    expect(total).toBe(3);
    expect(members[1]).toEqual({
      userId: bo,
      name: 'Bo Sample',
      jobTitle: 'Librarian',
      joinedAt: new Date(now.getTime() - 60 * dayMs),
      isSam: false,
      communities: ['Community counsellors', 'Community librarians'],
      lastSeenOn: '2026-09-01',
      attended: 2,
    });
    expect(members[2]).toMatchObject({ communities: [], lastSeenOn: null, attended: 0 });
    expect(members[0]).toMatchObject({ isSam: true });
  });

  test.for([
    ['', ['Ava', 'Bo', 'Cy']],
    ['sort=-name', ['Cy', 'Bo', 'Ava']],
    ['sort=role', ['Cy', 'Bo', 'Ava']],
    ['sort=-joined', ['Cy', 'Bo', 'Ava']],
    ['sort=-communities', ['Bo', 'Ava', 'Cy']],
    ['sort=-seen', ['Ava', 'Bo', 'Cy']],
    ['sort=-attended', ['Bo', 'Ava', 'Cy']],
    ['q=libr', ['Bo']],
    ['q=stranger', []],
    ['community=librarians', ['Ava', 'Bo']],
    ['community=counsellors&q=ava', []],
    ['community=unknown', []],
    ['show=active', ['Ava']],
    ['show=inactive', ['Bo', 'Cy']],
    ['show=never', ['Cy']],
    ['show=no-community', ['Cy']],
    ['show=attended-none', ['Ava', 'Cy']],
    ['show=nonsense', ['Ava', 'Bo', 'Cy']],
    ['page=2', []],
  ] as const)('asked for “%s” it has %j', async ([query, expected]) => {
    expect((await names(query)).toSorted()).toEqual([...expected].toSorted());
    if (query.startsWith('sort')) {
      const first = (await names(query))[0];
      expect(first).toBe(expected[0]);
    }
  });

  test('says how many there are beyond its last page too', async () => {
    expect(await found('page=2')).toEqual({ members: [], total: 3 });
  });

  test('has nobody of another school, and nobody who was removed', async () => {
    expect((await found('', other)).members.map(({ name }) => name)).toEqual(['Eve Stranger']);
    expect(await removeMember({ db, now }, ava, school, bo)).toBe('removed');
    expect(await names('')).toEqual(['Ava', 'Cy']);
    expect(await seenMember(db.read, school, bo)).toBeUndefined();
    expect(await membershipSummary(db.read, school, now)).toMatchObject({ activated: 2 });
  });

  test('has for one member the same row', async () => {
    expect(await seenMember(db.read, school, bo)).toEqual((await found('q=Bo')).members[0]);
    expect(await seenMember(db.read, other, bo)).toBeUndefined();
  });

  test('takes two queries with its summary, whatever is asked', async () => {
    const { db: counted, count } = countQueries(db);
    await membershipSummary(counted.read, school, now);
    const list = listView(new URLSearchParams('sort=-attended'), seenMemberSorts, 'name');
    await seenMembers(counted.read, school, list, { community: 'librarians', show: 'active' }, now);
    // The page of rows is a query inside the query.
    expect(count).toEqual({ queries: 3, writes: 0 });
  });
});
