import { eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { Db } from '#db/client.ts';
import { users } from '#db/schema/accounts.ts';
import { schools } from '#db/schema/schools.ts';
import { countQueries } from '../../../tests/count-queries.ts';
import { addUser, useDatabase } from '../../../tests/database.ts';
import { listView } from '../../lib/paging.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { findViewer, startLoginSession } from '../accounts/login-sessions.ts';
import type { Role, Viewer, Visibility } from '../accounts/model.ts';
import { maySeePicture } from '../accounts/profile-queries.ts';
import { joinCommunity, leaveCommunity } from './membership.ts';
import { communitiesAndWorkOf, findHub, hubMembers } from './queries.ts';
import { syncCommunities } from './sync.ts';

const now = new Date('2026-11-22T03:00:00Z');
const nurses = { slug: 'school-nurses', name: 'School Nurses', membership: 'open', area: 'pastoral' };
const sams = { slug: 'sams', name: 'School Account Managers', membership: 'sams', area: 'operations' };
const asking = { slug: 'coaches', name: 'Coaches', membership: 'approval', area: 'leadership' };
const all = [nurses, sams, asking];

async function withCommunities() {
  const db = await useDatabase();
  await db.write((tx) => syncCommunities(tx, now, all));
  return db;
}

type Given = { country?: string; jobTitle?: string; visibility?: Visibility; pictureId?: Id<'pic'> };

async function person(db: Db, name: string, roles: [Role, string?][], given: Given = {}): Promise<Viewer> {
  const { id } = await addUser(db, now, { name, roles });
  if (Object.keys(given).length > 0)
    await db.write((tx) => tx.update(users).set(given).where(eq(users.id, id)));
  const [cookie] = await startLoginSession({ db, now }, id, 'Chrome on Linux', undefined);
  return (await findViewer({ db, now }, cookie!.value))!.viewer;
}

async function school(db: Db, name: string, membershipEndsOn = '2027-07-31') {
  const id = newId('sch', now);
  await db.write((tx) =>
    tx.insert(schools).values({
      ...{ id, name, country: 'VN', city: 'Da Nang', timeZone: 'Asia/Ho_Chi_Minh' },
      ...{ membershipStartsOn: '2025-08-01', membershipEndsOn, createdAt: now, updatedAt: now },
    }),
  );
  return id;
}

async function directory(db: Db, viewer: Viewer, query = '', filter = { school: '', country: '' }) {
  const hub = (await findHub(db.read, viewer, 'school-nurses'))!;
  const list = listView(new URLSearchParams(query), ['name'], 'name');
  return hubMembers(db.read, now, viewer, hub, list, filter);
}

test('a hub is open to who joined, its host and staff, and to nobody else', async () => {
  const db = await withCommunities();
  const people = {
    joined: await person(db, 'Joined', [['member']]),
    outside: await person(db, 'Outside', [['member']]),
    left: await person(db, 'Left', [['member']]),
    host: await person(db, 'Host', [['host', 'school-nurses']]),
    otherHost: await person(db, 'Other', [['host', 'coaches']]),
    staff: await person(db, 'Staff', [['staff']]),
  };
  await joinCommunity({ db, now }, people.joined, 'school-nurses');
  await joinCommunity({ db, now }, people.left, 'school-nurses');
  await db.write((tx) => leaveCommunity(tx, now, people.left, 'school-nurses'));
  const open: string[] = [];
  for (const [name, viewer] of Object.entries(people))
    if ((await findHub(db.read, viewer, 'school-nurses'))!.isOpen) open.push(name);
  expect(open).toEqual(['joined', 'host', 'staff']);
  expect(await findHub(db.read, people.joined, 'nothing')).toBeUndefined();
  expect(await findHub(db.read, people.joined, undefined)).toBeUndefined();
});

test('whoever only asked sees nothing inside, nor does a member who is no member or SAM any more', async () => {
  const db = await withCommunities();
  const member = await person(db, 'Asks', [['member']]);
  await joinCommunity({ db, now }, member, 'coaches');
  expect(await findHub(db.read, member, 'coaches')).toMatchObject({ state: 'requested', isOpen: false });
  const sam = await person(db, 'Sam', [['sam', 'sch_one']]);
  await joinCommunity({ db, now }, sam, 'sams');
  expect(await findHub(db.read, sam, 'sams')).toMatchObject({ isOpen: true });
  const plain: Viewer = { ...sam, grants: [{ role: 'member', scopeId: '' }] };
  expect(await findHub(db.read, plain, 'sams')).toMatchObject({ isOpen: false, barred: 'for-sams' });
  expect(await findHub(db.read, { ...sam, grants: [] }, 'sams')).toMatchObject({ isOpen: false });
});

test('a retired hub says so to whoever looks for it, and is open to nobody', async () => {
  const db = await withCommunities();
  const was = await person(db, 'Was', [['member']]);
  const staff = await person(db, 'Staff', [['staff']]);
  await joinCommunity({ db, now }, was, 'school-nurses');
  await db.write((tx) => syncCommunities(tx, now, [sams, asking]));
  expect(await findHub(db.read, was, 'school-nurses')).toMatchObject({ isRetired: true, isOpen: false });
  expect(await findHub(db.read, staff, 'school-nurses')).toMatchObject({
    ...{ isRetired: true, isOpen: false, canRun: false },
  });
});

test('the directory shows what each member shows to people in their communities', async () => {
  const db = await withCommunities();
  const heron = await school(db, 'Heron Creek');
  const viewer = await person(db, 'Viewer', [['member']]);
  const careful = await person(db, 'Careful', [['member', heron]], {
    country: 'VN',
    jobTitle: 'School nurse',
    visibility: { country: 'nobody', school: 'communities', jobTitle: 'communities' },
  });
  for (const one of [viewer, careful]) await joinCommunity({ db, now }, one, 'school-nurses');
  const { members, total, schools: choices, countries } = (await directory(db, viewer)).directory;
  expect(total).toBe(2);
  expect(members[0]).toMatchObject({ name: 'Careful', jobTitle: 'School nurse', country: '' });
  expect(members[0]?.workplace).toBe('Heron Creek');
  expect(choices).toEqual([{ id: heron, name: 'Heron Creek' }]);
  expect(countries).toEqual([]);

  const staff = await person(db, 'Staff', [['staff']]);
  const seen = (await directory(db, staff)).directory;
  expect(seen.members[0]).toMatchObject({ name: 'Careful', jobTitle: '', workplace: '', country: '' });
  expect(seen.schools).toEqual([]);
});

test('nobody is found by what they do not show', async () => {
  const db = await withCommunities();
  const heron = await school(db, 'Heron Creek');
  const viewer = await person(db, 'Viewer', [['member']]);
  const given = { country: 'VN', jobTitle: 'School nurse' };
  const hidden = { country: 'nobody', jobTitle: 'nobody', school: 'nobody' } as const;
  const open = await person(db, 'Open', [['member', heron]], given);
  const closed = await person(db, 'Closed', [['member', heron]], { ...given, visibility: hidden });
  for (const one of [viewer, open, closed]) await joinCommunity({ db, now }, one, 'school-nurses');
  const names = async (...args: [string?, { school: string; country: string }?]) =>
    (await directory(db, viewer, ...args)).directory.members.map(({ name }) => name);
  expect(await names()).toEqual(['Closed', 'Open', 'Viewer']);
  expect(await names('q=nurse')).toEqual(['Open']);
  expect(await names('', { school: '', country: 'VN' })).toEqual(['Open']);
  expect(await names('', { school: heron, country: '' })).toEqual(['Open']);
  expect(await names('', { school: 'nothing', country: '' })).toEqual([]);
});

test('who left, is suspended or is to be erased is not in the directory', async () => {
  const db = await withCommunities();
  const viewer = await person(db, 'Viewer', [['member']]);
  const others = [
    await person(db, 'Left', [['member']]),
    await person(db, 'Suspended', [['member']]),
    await person(db, 'Erased', [['member']]),
  ] as const;
  for (const one of [viewer, ...others]) await joinCommunity({ db, now }, one, 'school-nurses');
  await db.write((tx) => leaveCommunity(tx, now, others[0], 'school-nurses'));
  await db.write(async (tx) => {
    await tx.update(users).set({ suspendedAt: now }).where(eq(users.id, others[1].id));
    await tx.update(users).set({ erasureDueAt: now }).where(eq(users.id, others[2].id));
  });
  const { members } = (await directory(db, viewer)).directory;
  expect(members.map(({ name }) => name)).toEqual(['Viewer']);
});

test('twenty-five stand on a page', async () => {
  const db = await withCommunities();
  const host = await person(db, 'Host', [['host', 'school-nurses']]);
  for (let index = 0; index < 27; index++) {
    const one = await addUser(db, now, { name: `Member ${String(index).padStart(2, '0')}` });
    const grants = [{ role: 'member', scopeId: '' } as const];
    await joinCommunity({ db, now }, { id: one.id, grants }, 'school-nurses');
  }
  const first = await directory(db, host);
  expect([first.directory.members.length, first.directory.total]).toEqual([25, 27]);
  const second = await directory(db, host, 'page=2');
  expect(second.directory.members.map(({ name }) => name)).toEqual(['Member 25', 'Member 26']);
});

test('a picture for people in my communities is seen by who shares one, and no longer by who left', async () => {
  const db = await withCommunities();
  const pictureId = newId('pic', now);
  const owner = await person(db, 'Owner', [['member']], {
    pictureId,
    visibility: { picture: 'communities' },
  });
  const peer = await person(db, 'Peer', [['member']]);
  const host = await person(db, 'Host', [['host', 'school-nurses']]);
  const asks = await person(db, 'Asks', [['member']]);
  const sees = async (viewer: Viewer) => maySeePicture(db.read, viewer, pictureId);
  await joinCommunity({ db, now }, peer, 'school-nurses');
  expect([await sees(peer), await sees(host)]).toEqual([false, false]);
  await joinCommunity({ db, now }, owner, 'school-nurses');
  await joinCommunity({ db, now }, owner, 'coaches');
  await joinCommunity({ db, now }, asks, 'coaches');
  expect([await sees(peer), await sees(host), await sees(asks)]).toEqual([true, true, false]);
  expect(await sees({ ...peer, grants: [] })).toBe(false);
  await db.write((tx) => leaveCommunity(tx, now, peer, 'school-nurses'));
  expect(await sees(peer)).toBe(false);
  await joinCommunity({ db, now }, peer, 'school-nurses');
  await db.write((tx) => syncCommunities(tx, now, [sams, asking]));
  expect([await sees(peer), await sees(host)]).toEqual([false, false]);
});

test('the list of communities takes one query', async () => {
  const plain = await withCommunities();
  const { db, count } = countQueries(plain);
  const host = await person(plain, 'Host', [['host', 'school-nurses']], { jobTitle: 'School nurse' });
  await joinCommunity({ db: plain, now }, host, 'school-nurses');
  expect(await communitiesAndWorkOf(db.read, host.id)).toMatchObject({
    own: [{ slug: 'school-nurses', state: 'joined' }],
    work: { jobTitle: 'School nurse' },
  });
  expect(count.queries).toBe(1);
});

test('those who ask to join are shown to who answers them, and to no member', async () => {
  const db = await withCommunities();
  const [host, member] = [
    await person(db, 'Host', [['host', 'coaches']]),
    await person(db, 'Member', [['member']]),
  ];
  await joinCommunity({ db, now }, await person(db, 'Asks', [['member']]), 'coaches');
  const list = listView(new URLSearchParams(), ['name'], 'name');
  const seenBy = async (viewer: Viewer) => {
    const hub = (await findHub(db.read, viewer, 'coaches'))!;
    const { requests } = await hubMembers(db.read, now, viewer, hub, list, { school: '', country: '' });
    return requests.map(({ name }) => name);
  };
  expect(await seenBy(host)).toEqual(['Asks']);
  expect(await seenBy(member)).toEqual([]);
});
