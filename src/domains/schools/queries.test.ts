import { beforeEach, describe, expect, test } from 'vitest';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import { listView } from '../../lib/paging.ts';
import type { Id } from '../../platform/ids.ts';
import type { Grant, Viewer } from '../accounts/model.ts';
import { membershipStates } from './model.ts';
import { pendingSamOffer, samsOf, schoolList, schoolMember, schoolRecord, schoolSorts } from './queries.ts';
import { createSchool, pauseSchool } from './schools.ts';

const now = new Date('2026-11-21T09:30:00Z');
let db: TestDatabase;
let staffId: Id<'usr'>;

beforeEach(async () => {
  db = await useDatabase();
  ({ id: staffId } = await addUser(db, now, { roles: [['staff']] }));
});

async function makeSchool(
  name: string,
  given: Partial<Record<'city' | 'membershipStartsOn' | 'membershipEndsOn' | 'timeZone', string>> = {},
) {
  const facts = {
    name,
    country: 'VN',
    city: 'Hue',
    timeZone: 'Asia/Ho_Chi_Minh',
    membershipStartsOn: '2026-08-01',
    membershipEndsOn: '2027-07-31',
    seatLimit: 20,
    emailDomains: [],
    partnerAssociation: 'AIMS',
    ...given,
  };
  const sam = { name: 'Mira Sample', email: `sam@${name.toLowerCase().replaceAll(' ', '-')}.example.test` };
  const made = await createSchool({ db, now }, staffId, facts, [sam]);
  if (typeof made === 'string') throw new Error(made);
  return made.schoolId;
}

const viewerWith = (...grants: [Grant['role'], string?][]) =>
  ({ grants: grants.map(([role, scopeId = '']) => ({ role, scopeId })) }) as unknown as Viewer;
const listed = async (query: string) => {
  const list = listView(new URLSearchParams(query), schoolSorts, 'name');
  const { schools, total } = await schoolList(db.read, list, now);
  return { names: schools.map(({ name }) => name), schools, total };
};

describe('a school’s record', () => {
  test('is for its SAM and for staff', async () => {
    const id = await makeSchool('Banyan School');
    for (const viewer of [viewerWith(['sam', id]), viewerWith(['staff'])])
      expect(await schoolRecord(db.read, viewer, id, now)).toMatchObject({
        id,
        name: 'Banyan School',
        state: 'active',
        seatsTaken: 1,
      });
  });

  test('looks like one that is not there to everybody else', async () => {
    const id = await makeSchool('Banyan School');
    const other = await makeSchool('Jade School');
    const others = [['sam', other], ['member', id], ['host', id], ['editor'], ['ta']] as const;
    for (const grant of others)
      expect(await schoolRecord(db.read, viewerWith([...grant]), id, now)).toBeUndefined();
    expect(await schoolRecord(db.read, viewerWith(['staff']), 'sch_none', now)).toBeUndefined();
    expect(await schoolRecord(db.read, viewerWith(['staff']), undefined, now)).toBeUndefined();
  });
});

describe('the list of schools', () => {
  test('says of each who joined, who was asked, and where its membership stands', async () => {
    const id = await makeSchool('Banyan School');
    await makeSchool('Jade School', { membershipEndsOn: '2026-11-20' });
    await addUser(db, now, {
      roles: [
        ['member', id],
        ['sam', id],
      ],
    });
    await addUser(db, now, { roles: [['member', id]] });
    await pauseSchool({ db, now }, staffId, id);
    expect((await listed('')).schools).toMatchObject([
      { name: 'Banyan School', members: 2, sams: 1, samsAsked: 1, state: 'paused' },
      { name: 'Jade School', members: 0, sams: 0, samsAsked: 1, state: 'ended' },
    ]);
  });

  test('is found by words of name, city and association, whatever their case; signs mean themselves', async () => {
    await makeSchool('Banyan School', { city: 'Da Nang' });
    await makeSchool('Jade School');
    expect((await listed('q=nang+BANYAN')).names).toEqual(['Banyan School']);
    expect((await listed('q=aims')).total).toBe(2);
    expect((await listed('q=%25')).total).toBe(0);
    expect((await listed("q=x'+OR+1=1--")).total).toBe(0);
  });

  test('is narrowed to where a membership stands, as each row says it, each in its own time zone', async () => {
    expect(
      await schoolList(db.read, listView(new URLSearchParams(), schoolSorts, 'name'), now, 'paused'),
    ).toEqual({
      schools: [],
      total: 0,
    });
    const late = new Date('2026-11-21T20:00:00Z'); // the 22nd in Asia, the 21st in America
    await makeSchool('Active School');
    await makeSchool('Ended School', { membershipEndsOn: '2026-11-21' });
    await makeSchool('Western School', { membershipEndsOn: '2026-11-21', timeZone: 'America/Lima' });
    await makeSchool('Next School', { membershipStartsOn: '2026-11-23' });
    await pauseSchool({ db, now }, staffId, await makeSchool('Paused School'));
    const list = listView(new URLSearchParams(), schoolSorts, 'name');
    for (const state of membershipStates) {
      const { schools, total } = await schoolList(db.read, list, late, state);
      expect(schools.map((school) => school.state)).toEqual(Array(total).fill(state));
      expect(schools.map(({ name }) => name)).toEqual(
        {
          active: ['Active School', 'Western School'],
          paused: ['Paused School'],
          'not-started': ['Next School'],
          ended: ['Ended School'],
        }[state],
      );
    }
  });

  test('is sorted each way and shown twenty-five at a time', async () => {
    for (let turn = 0; turn < 27; turn += 1) await makeSchool(`School ${String(turn).padStart(2, '0')}`);
    const first = await listed('sort=-name');
    expect(first.names[0]).toBe('School 26');
    expect(first.names).toHaveLength(25);
    expect((await listed('sort=-name&page=2')).names).toEqual(['School 01', 'School 00']);
    for (const sort of schoolSorts) expect((await listed(`sort=${sort}`)).total).toBe(27);
  });
});

describe('the people of a school', () => {
  test('are its members with role and day, and nobody else’s', async () => {
    const [id, other] = [await makeSchool('Banyan School'), await makeSchool('Jade School')];
    const zoe = await addUser(db, now, {
      name: 'Zoe Sample',
      jobTitle: 'Librarian',
      roles: [['member', id]],
    });
    const stranger = await addUser(db, now, {
      name: 'Eve Sample',
      roles: [
        ['member', other],
        ['sam', other],
      ],
    });
    expect(await schoolMember(db.read, id, zoe.id)).toEqual({
      userId: zoe.id,
      name: 'Zoe Sample',
      jobTitle: 'Librarian',
      joinedAt: now,
    });
    expect(await schoolMember(db.read, id, stranger.id)).toBeUndefined();
  });
});

test('an offer is shown with its school only, and as over after seven days', async () => {
  const [id, other] = [await makeSchool('Banyan School'), await makeSchool('Jade School')];
  const [offer] = (await samsOf(db.read, id, now)).asked;
  const later = new Date(now.getTime() + 7 * 24 * 3_600_000);
  expect(offer?.isOver).toBe(false);
  expect(await pendingSamOffer(db.read, id, offer?.offerId, later)).toMatchObject({ isOver: true });
  expect(await pendingSamOffer(db.read, other, offer?.offerId, now)).toBeUndefined();
  expect(await pendingSamOffer(db.read, id, undefined, now)).toBeUndefined();
});
