import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { Db } from '../../db/client.ts';
import { findViewer, loginCookieName, startLoginSession } from '../../src/domains/accounts/login-sessions.ts';
import type { Viewer } from '../../src/domains/accounts/model.ts';
import { findHub, hubMembers } from '../../src/domains/communities/queries.ts';
import { communitiesWithEntries, publicEntries } from '../../src/domains/live-sessions/calendar-queries.ts';
import { findFeed, makeFeed } from '../../src/domains/live-sessions/feeds.ts';
import { myCalendar } from '../../src/domains/live-sessions/my-calendar.ts';
import {
  liveSessionForViewer,
  liveSessionsOfCommunity,
  nextAnywhere,
  nextInCommunity,
} from '../../src/domains/live-sessions/queries.ts';
import { rsvp } from '../../src/domains/live-sessions/rsvp.ts';
import { whoGoes } from '../../src/domains/live-sessions/who-goes.ts';
import { listView } from '../../src/lib/paging.ts';
import type { Id } from '../../src/platform/ids.ts';
import { addUser, type TestDatabase, useDatabase } from '../database.ts';
import { addLiveSession, addMembers } from '../live-sessions.ts';
import { plansOf } from '../query-plans.ts';
import { openRecorded, type RecordedQuery } from '../record-queries.ts';

/**
 * What has to stay quick with 100,000 members, 4,000 live sessions and a million answers reads no table from end to end and
 * asks at most four times. The plan is that of the very SQL that runs, so few rows suffice: SQLite plans without counting them.
 */
const now = new Date('2026-11-22T03:00:00Z');
const slug = 'libraries';
let plain: TestDatabase;
let db: Db;
let queries: RecordedQuery[];
let viewer: Viewer;
let cookie: string;
let ahead: Id<'ses'>;

beforeEach(async () => {
  plain = await useDatabase();
  const user = await addUser(plain, now, { roles: [['member'], ['sam', 'sch_one'], ['host', 'nurses']] });
  await addMembers(plain, now, slug, [user.id]);
  await addMembers(plain, now, 'nurses', []);
  ahead = await addLiveSession(plain, now, slug, { capacity: 1 });
  const cookies = await startLoginSession({ db: plain, now }, user.id, 'Firefox', undefined);
  cookie = cookies.find(({ name }) => name === loginCookieName)!.value;
  viewer = (await findViewer({ db: plain, now }, cookie))!.viewer;
  const recorded = await openRecorded(plain.file);
  db = recorded.db;
  queries = recorded.queries;
  onTestFinished(() => recorded.db.close());
});

/** Each is what a request asks, the look-up of its viewer included. */
const requests: Record<string, () => Promise<unknown>> = {
  'the island of a community': () => island((who) => nextInCommunity(db.read, who, slug, now, 3)),
  'the island of the home page': () => island((who) => nextAnywhere(db.read, who, now, 4)),
  'the agenda': () => calendar(''),
  'the past': () => calendar('view=past'),
  'a month': () => calendar('view=month&month=2026-11'),
  'the public calendar': () => publicCalendar(''),
  'the public calendar of a community': () => publicCalendar(slug),
  'a feed of all': () => feed('all'),
  'a feed of those somebody goes to': () => feed('going'),
};

/** Not bound to four queries, but to reading no table from end to end. */
const others: Record<string, () => Promise<unknown>> = {
  'the overview of a hub': async () => {
    await findHub(db.read, viewer, slug);
    await liveSessionsOfCommunity(db.read, viewer, slug, now);
  },
  'the members of a hub': async () => {
    const hub = (await findHub(db.read, viewer, slug))!;
    const list = listView(new URLSearchParams(), ['name'], 'name');
    await hubMembers(db.read, now, viewer, hub, list, { school: 'sch_one', country: 'CN' });
  },
  'the page of a live session': async () => {
    await liveSessionForViewer(db.read, viewer, ahead);
    await whoGoes(db.read, viewer, [ahead]);
  },
  'answers that take a place, wait, and give the place to who waits': async () => {
    const waiter = await addUser(plain, now, { roles: [['member']] });
    await addMembers(plain, now, slug, [waiter.id]);
    expect(await rsvp({ db, now }, viewer, ahead, 'going')).toMatchObject({ answer: 'going' });
    expect(await rsvp({ db, now }, waiter, ahead, 'going')).toMatchObject({ answer: 'waiting', place: 1 });
    expect(await rsvp({ db, now }, viewer, ahead, 'cant')).toMatchObject({ answer: 'cant' });
  },
};

async function island(ask: (who: Viewer | null) => Promise<unknown>) {
  await ask(null);
  queries.length = 0;
  const found = await findViewer({ db, now }, cookie);
  await ask(found!.viewer);
}

async function calendar(query: string) {
  const found = await findViewer({ db, now }, cookie);
  await myCalendar(db.read, now, found!.viewer, new URLSearchParams(query));
}

async function publicCalendar(communitySlug: string) {
  await findViewer({ db, now }, cookie);
  await publicEntries(db.read, now, { communitySlug, offset: 0, limit: 25 });
  await communitiesWithEntries(db.read, now);
}

async function feed(scope: 'all' | 'going') {
  const address = await makeFeed({ db: plain, now }, viewer, scope);
  const found = await findFeed({ db, now }, /([\w-]{43})\.ics$/.exec(address)![1]!);
  await found!.ics();
}

test.each(Object.keys(requests))(
  '%s asks at most 4 times, and reads no table from end to end',
  async (name) => {
    await requests[name]!();
    expect(queries.map((query) => query.sql)).toSatisfy((all: string[]) => all.length > 0 && all.length <= 4);
    expect(await scans(queries)).toEqual([]);
  },
);

test.each(Object.keys(others))('%s: no table is read from end to end', async (name) => {
  await others[name]!();
  expect(queries.length).toBeGreaterThan(0);
  expect(await scans(queries)).toEqual([]);
});

/** Small enough to be read whole: 500 communities, a few faces, what is no table. */
const small = /^SCAN (?:communities|face|json_each|\d+-ROW|CONSTANT ROW|\(subquery)/;

/** Steps of plans that read a table, or a whole index, without looking anything up; each with its query. */
async function scans(of: readonly RecordedQuery[]): Promise<string[]> {
  const plans = await plansOf(plain.file, of);
  const found = plans.flatMap(({ query, steps }) =>
    steps.filter((step) => step.startsWith('SCAN') && !small.test(step)).map((step) => `${step} in ${query}`),
  );
  return [...new Set(found)];
}
