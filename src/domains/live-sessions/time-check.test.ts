import { beforeEach, expect, test } from 'vitest';
import { communities, communityMembers } from '#db/schema/communities.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import type { Id } from '../../platform/ids.ts';
import { createLiveSession, type Plan } from './plan.ts';
import { hostOverview, liveSessionList } from './plan-queries.ts';
import { liveSessionForViewer, nextAnywhere, nextInCommunity } from './queries.ts';
import type { SeasonFacts } from './seasons.ts';
import { checkTime, type TimeCheck } from './time-check.ts';

const now = new Date('2026-10-01T00:00:00Z');
const season: SeasonFacts = {
  slug: '2026-27',
  name: 'Season 2026–27',
  kind: 'regular',
  startsOn: '2026-05-01',
  endsOn: '2027-05-31',
  timeZone: 'Asia/Shanghai',
  windows: [{ title: 'Live Session 1', round: 1, startsOn: '2026-10-12', endsOn: '2026-10-30' }],
  holidays: [
    { name: 'Chulalongkorn Day', places: ['TH'], startsOn: '2026-10-23', endsOn: '2026-10-23' },
    { name: 'A day in Peru', places: ['PE'], startsOn: '2026-10-23', endsOn: '2026-10-23' },
  ],
};
const time = {
  ...{ wallTime: '2026-10-23T16:00', timeZone: 'Asia/Shanghai', minutes: 90 },
  ...{ communities: ['librarians'], seasonSlug: '2026-27', round: 1 },
};
const plan: Plan & { state: 'scheduled' } = {
  ...time,
  ...{ title: 'Weeding', focus: 'What may go', details: '', audience: 'communities', outsideReason: 'x' },
  ...{ capacity: null, hosts: [], taId: '', meetingLink: 'https://meet.example.test/secret', deckUrl: '' },
  ...{ preReading: '', state: 'scheduled' },
};
const planner = { id: 'usr_staff' as Id<'usr'>, grants: [{ role: 'staff' as const, scopeId: '' }] };

let db: TestDatabase;

beforeEach(async () => {
  db = await useDatabase();
  await db.write((tx) =>
    tx.insert(communities).values(
      ['librarians', 'readers', 'nurses'].map((slug) => ({
        ...{ slug, name: slug, membership: 'open', area: 'teaching', createdAt: now, syncedAt: now },
      })),
    ),
  );
});

async function joins(slugs: string[], country: string, timeZone: string) {
  const { id } = await addUser(db, now, { country, timeZone, roles: [['member', 'sch_1']] });
  const joined = { userId: id, state: 'joined', since: now, createdAt: now } as const;
  await db.write((tx) =>
    tx.insert(communityMembers).values(slugs.map((communitySlug) => ({ ...joined, communitySlug }))),
  );
  return id;
}

async function planned(changes: Partial<Plan> | { state: 'draft' } = {}) {
  const made = await createLiveSession({ db, now }, planner, { ...plan, ...changes }, [season]);
  if ('refused' in made) throw new Error(JSON.stringify(made.refused));
  return made.liveSessionId;
}

const checked = async (changes: Partial<typeof time> = {}, exceptId?: string) =>
  (await checkTime(db.read, now, { ...time, ...changes }, [season], exceptId)) as TimeCheck;

test('the check says what members’ clocks show, most members first, and which hours are hard', async () => {
  await joins(['librarians'], 'CN', 'Asia/Shanghai');
  await joins(['librarians'], 'CN', 'Asia/Shanghai');
  await joins(['librarians'], 'GB', 'Europe/London');
  await joins(['librarians'], 'US', 'America/New_York');
  await joins(['nurses'], 'AU', 'Australia/Sydney');
  const { hours, isInWindow, isPast, happensTwice } = await checked();
  expect(hours).toEqual([
    { country: 'CN', timeZone: 'Asia/Shanghai', members: 2, isUncomfortable: false },
    { country: 'US', timeZone: 'America/New_York', members: 1, isUncomfortable: true },
    { country: 'GB', timeZone: 'Europe/London', members: 1, isUncomfortable: false },
  ]);
  expect({ isInWindow, isPast, happensTwice }).toEqual({
    ...{ isInWindow: true, isPast: false, happensTwice: false },
  });
});

test('holidays are those of the day it is where members are', async () => {
  await joins(['librarians'], 'TH', 'Asia/Bangkok');
  const holiday = { name: 'Chulalongkorn Day', countries: ['TH'], members: 1 };
  expect((await checked()).holidays).toEqual([holiday]);
  expect((await checked({ wallTime: '2026-10-24T00:30' })).holidays).toEqual([holiday]);
  expect((await checked({ wallTime: '2026-10-24T01:30' })).holidays).toEqual([]);
});

test('a live session at the same time clashes when its community shares many members, not when it shares few', async () => {
  for (let index = 0; index < 6; index += 1) await joins(['librarians'], 'CN', 'Asia/Shanghai');
  const id = await planned({ communities: ['readers'], wallTime: '2026-10-23T17:00' });
  await joins(['librarians', 'readers'], 'CN', 'Asia/Shanghai');
  expect((await checked()).clashes).toEqual([]);
  await joins(['librarians', 'readers'], 'CN', 'Asia/Shanghai');
  expect((await checked()).clashes).toMatchObject([{ id, sharedMembers: 2, communities: ['readers'] }]);
  expect((await checked({}, id)).clashes).toEqual([]);
  expect((await checked({ wallTime: '2026-10-23T18:30' })).clashes).toEqual([]);
});

test('another live session of the same community always clashes', async () => {
  const id = await planned({ wallTime: '2026-10-23T15:00' });
  expect((await checked()).clashes).toMatchObject([{ id, sharedMembers: 0 }]);
});

test('an hour that happens twice is said, one that is skipped refused', async () => {
  const london = { timeZone: 'Europe/London' };
  expect(await checked({ ...london, wallTime: '2026-10-25T01:30' })).toMatchObject({ happensTwice: true });
  expect(await checked({ ...london, wallTime: '2027-03-28T01:30' })).toMatchObject({
    refused: { skipped: '2027-03-28T01:30' },
  });
});

test('what is next leaves out drafts, cancelled and past ones, and keeps what is going on', async () => {
  const going = await planned({ wallTime: '2026-10-14T16:00' });
  await planned({ wallTime: '2026-10-13T16:00' });
  await planned({ wallTime: '2026-10-20T16:00', state: 'draft' } as never);
  const other = await planned({ wallTime: '2026-10-20T17:00', communities: ['nurses'] });
  const at = new Date('2026-10-14T09:00:00Z');
  const ids = (rows: { id: string }[]) => rows.map(({ id }) => id);
  expect(ids(await nextInCommunity(db.read, null, 'librarians', at, 3))).toEqual([going]);
  expect(ids(await nextAnywhere(db.read, null, at, 4))).toEqual([going, other]);
});

test('a draft is nothing to those who do not run it', async () => {
  const id = await planned({ state: 'draft' } as never);
  const userId = await joins(['librarians'], 'CN', 'Asia/Shanghai');
  const member = { id: userId, grants: [{ role: 'member', scopeId: 'sch_1' }] } as never;
  expect(await liveSessionForViewer(db.read, null, id)).toBeUndefined();
  expect(await liveSessionForViewer(db.read, member, id)).toBeUndefined();
  expect(await liveSessionForViewer(db.read, planner as never, id)).toMatchObject({ canRun: true });
  expect(await liveSessionForViewer(db.read, planner as never, 'ses_none')).toBeUndefined();
});

test('a host sees which rounds are planned and which are missing', async () => {
  const host = { id: 'usr_h', grants: [{ role: 'host', scopeId: 'librarians' }] } as never;
  const [before] = await hostOverview(db.read, host, [season], now);
  expect(before).toMatchObject({ slug: 'librarians', rounds: [{ liveSession: undefined }], others: [] });
  const id = await planned();
  const other = await planned({ wallTime: '2026-11-03T16:00', seasonSlug: null, round: null });
  const [after] = await hostOverview(db.read, host, [season], now);
  expect(after).toMatchObject({ rounds: [{ liveSession: { id } }], others: [{ id: other }] });
});

test('staff find live sessions by words, time, state and community', async () => {
  const id = await planned();
  await planned({ title: 'Bandages', communities: ['nurses'] });
  const list = { q: '', sort: 'starts', descending: false, page: 1, offset: 0, limit: 25 } as const;
  const none = { when: '', state: '', community: '' };
  const find = async (changes: Partial<typeof none>, q = '', at = now) =>
    (await liveSessionList(db.read, { ...list, q }, { ...none, ...changes }, at)).total;
  expect(await find({})).toBe(2);
  expect(await find({ community: 'librarians' })).toBe(1);
  expect(await find({}, 'bandages')).toBe(1);
  expect(await find({ state: 'draft' })).toBe(0);
  expect(await find({ state: 'held', when: 'past' }, '', new Date('2026-11-01T00:00:00Z'))).toBe(2);
  expect(await find({ when: 'past' })).toBe(0);
  expect(id).toMatch(/^ses_/);
});
