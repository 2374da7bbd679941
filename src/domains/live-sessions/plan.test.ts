import { and, eq } from 'drizzle-orm';
import { beforeEach, expect, test } from 'vitest';
import { auditEvents } from '#db/schema/audit.ts';
import { communities } from '#db/schema/communities.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import type { Id } from '../../platform/ids.ts';
import { stateAt } from './model.ts';
import {
  cancelLiveSession,
  changeLiveSession,
  confirmDetails,
  createLiveSession,
  createLiveSessions,
  type Plan,
  type Planner,
  publishRecording,
  scheduleLiveSession,
} from './plan.ts';
import { peopleToPlanWith } from './plan-queries.ts';
import { findLiveSession } from './queries.ts';
import type { SeasonFacts } from './seasons.ts';

const now = new Date('2026-10-01T00:00:00Z');
const later = (text: string) => ({ db, now: new Date(text) });

const window = (round: number, startsOn: string, endsOn: string) => ({
  ...{ title: `Live Session ${round}`, round, startsOn, endsOn },
});
const seasons: SeasonFacts[] = [
  {
    slug: '2026-27',
    name: 'Season 2026–27',
    kind: 'regular',
    startsOn: '2026-05-01',
    endsOn: '2027-05-31',
    timeZone: 'Asia/Shanghai',
    windows: [window(1, '2026-10-12', '2026-10-30'), window(2, '2026-11-09', '2026-12-04')],
    holidays: [],
  },
];

const plan: Plan & { state: 'scheduled' } = {
  title: 'Weeding without tears',
  focus: 'What may go, and who decides',
  details: 'Bring one book that you cannot part with.',
  wallTime: '2026-10-14T16:00',
  timeZone: 'Asia/Shanghai',
  minutes: 90,
  communities: ['librarians'],
  audience: 'communities',
  seasonSlug: '2026-27',
  round: 1,
  outsideReason: '',
  capacity: null,
  hosts: [],
  taId: '',
  meetingLink: 'https://meet.example.test/weeding',
  deckUrl: '',
  preReading: '',
  state: 'scheduled',
};

let db: TestDatabase;
let host: Planner;
let staff: Planner;

beforeEach(async () => {
  db = await useDatabase();
  await db.write((tx) =>
    tx.insert(communities).values(
      ['librarians', 'nurses', 'gone'].map((slug) => ({
        ...{ slug, name: slug, membership: 'open', area: 'teaching', createdAt: now, syncedAt: now },
        retiredAt: slug === 'gone' ? now : null,
      })),
    ),
  );
  host = await planner([['host', 'librarians']]);
  staff = await planner([['staff', '']]);
});

async function planner(grants: [role: 'host' | 'staff' | 'ta' | 'member', scopeId: string][]) {
  const { id } = await addUser(db, now, { roles: grants });
  return { id, grants: grants.map(([role, scopeId]) => ({ role, scopeId })) };
}

async function created(changes: Partial<typeof plan> | { state: 'draft' } = {}, who = host) {
  const made = await createLiveSession({ db, now }, who, { ...plan, hosts: [host.id], ...changes }, seasons);
  if ('refused' in made) throw new Error(`refused: ${JSON.stringify(made.refused)}`);
  return made.liveSessionId;
}

const found = async (id: string) => (await findLiveSession(db.read, id))!;
const acts = async (id: string) =>
  (
    await db.read
      .select({ action: auditEvents.action })
      .from(auditEvents)
      .where(and(eq(auditEvents.subjectType, 'live-session'), eq(auditEvents.subjectId, id)))
  ).map(({ action }) => action);

test('a plan offers only those whom it would take: hosts of its communities, and every technical assistant', async () => {
  const ta = await planner([['ta', '']]);
  await planner([['host', 'nurses']]);
  await planner([['host', '']]);
  const { hosts, tas } = await peopleToPlanWith(db.read, ['librarians']);
  expect([hosts.map(({ id }) => id), tas.map(({ id }) => id)]).toEqual([[host.id], [ta.id]]);
});

test('a host plans a live session of their community, in a named zone', async () => {
  const liveSession = await found(await created());
  expect(liveSession).toMatchObject({
    state: 'scheduled',
    startsAt: new Date('2026-10-14T08:00:00Z'),
    endsAt: new Date('2026-10-14T09:30:00Z'),
    timeZone: 'Asia/Shanghai',
    wallTime: '2026-10-14T16:00',
    communities: [{ slug: 'librarians', name: 'librarians' }],
    people: [{ userId: host.id, part: 'host' }],
    sequence: 0,
  });
  expect(await acts(liveSession.id)).toEqual([]);
});

test.for([
  [{ communities: ['nurses'] }, 'unknown-community', 'of a community that they do not host'],
  [{ communities: [] }, 'unknown-community', 'of no community'],
  [{ wallTime: '2026-09-30T16:00' }, 'outside', 'before its window without a reason'],
  [{ wallTime: '2026-09-30T16:00', outsideReason: 'x' }, 'in-the-past', 'that has begun'],
  [{ wallTime: '2026-10-31T00:30' }, 'outside', 'a day after its window, where the season is'],
  [{ seasonSlug: null, round: null }, 'outside', 'of no season without a reason'],
  [{ round: 4 }, 'no-such-round', 'of a round that the season does not have'],
  [{ seasonSlug: 'other' }, 'no-such-round', 'of a season that there is not'],
  [{ timeZone: 'Asia/Atlantis' }, 'no-such-time', 'in a zone that there is not'],
  [{ wallTime: '2026-10-32T16:00' }, 'no-such-time', 'on a day that there is not'],
  [{ hosts: ['usr_00000000000000000000000000000000'] }, 'not-a-host', 'with somebody who hosts nothing'],
] as const)('a live session %o is refused: %s', async ([changes, refused]) => {
  expect(await createLiveSession({ db, now }, host, { ...plan, ...changes }, seasons)).toEqual({ refused });
});

test('a start that the clocks skip is refused, and both neighbours are named', async () => {
  const skipped = { wallTime: '2027-03-28T01:30', timeZone: 'Europe/London', outsideReason: 'a trial' };
  expect(await createLiveSession({ db, now }, host, { ...plan, ...skipped }, seasons)).toEqual({
    refused: { skipped: '2027-03-28T01:30', earlier: '2027-03-28T00:30', later: '2027-03-28T02:30' },
  });
});

test('a community that is retired is refused to staff, too, and so is a TA who is none', async () => {
  const retired = { ...plan, communities: ['gone'] };
  expect(await createLiveSession({ db, now }, staff, retired, seasons)).toEqual({
    refused: 'unknown-community',
  });
  const withHostAsTa = { ...plan, taId: host.id };
  expect(await createLiveSession({ db, now }, staff, withHostAsTa, seasons)).toEqual({
    refused: 'not-a-ta',
  });
});

test('outside of its window, a reason is kept; inside, none is', async () => {
  const outside = await created({ wallTime: '2026-11-03T16:00', outsideReason: 'Our school fair' });
  const inside = await created({ outsideReason: 'Our school fair' });
  expect((await found(outside)).outsideReason).toBe('Our school fair');
  expect((await found(inside)).outsideReason).toBe('');
});

test('a form that was sent twice plans once', async () => {
  await created();
  expect(await createLiveSession({ db, now }, host, plan, seasons)).toEqual({ refused: 'already-planned' });
});

test('several are planned two weeks apart at the same hour of the clock, in consecutive rounds, or none', async () => {
  const series = {
    ...{ ...plan, timeZone: 'Europe/London', wallTime: '2026-10-20T16:00' },
    outsideReason: 'Our own dates',
  };
  const made = await createLiveSessions({ db, now }, host, series, 2, seasons);
  if ('refused' in made) throw new Error(String(made.refused));
  const all = await Promise.all(made.liveSessionIds.map(found));
  expect(all.map(({ startsAt, round }) => `${startsAt.toISOString()} ${round}`)).toEqual([
    '2026-10-20T15:00:00.000Z 1',
    '2026-11-03T16:00:00.000Z 2',
  ]);
  const tooMany = { ...series, wallTime: '2026-10-21T16:00' };
  expect(await createLiveSessions({ db, now }, host, tooMany, 3, seasons)).toEqual({
    refused: 'no-such-round',
  });
});

test('what staff plan and change of others’ is written down', async () => {
  const id = await created({}, staff);
  await changeLiveSession({ db, now }, staff, id, { ...plan, hosts: [host.id], title: 'New' }, seasons);
  await cancelLiveSession({ db, now }, staff, id, 'The host is ill.');
  expect(await acts(id)).toEqual(['live-session.planned', 'live-session.changed', 'live-session.cancelled']);
});

test('a change that calendars show moves sequence and time of update; saving the same does not', async () => {
  const id = await created();
  const at = later('2026-10-02T00:00:00Z');
  const same = { ...plan, hosts: [host.id] };
  expect(await changeLiveSession(at, host, id, same, seasons)).toEqual({ changed: false });
  expect(await found(id)).toMatchObject({ sequence: 0, updatedAt: now });
  const moved = { ...same, wallTime: '2026-10-15T17:00' };
  expect(await changeLiveSession(at, host, id, moved, seasons)).toEqual({ changed: true });
  expect(await found(id)).toMatchObject({
    sequence: 1,
    updatedAt: at.now,
    startsAt: new Date('2026-10-15T09:00:00Z'),
  });
});

test('a live session is changed by nobody who does not host its community, and not put into others’', async () => {
  const id = await created();
  const stranger = await planner([['host', 'nurses']]);
  const changed = { ...plan, title: 'Mine now' };
  expect(await changeLiveSession({ db, now }, stranger, id, changed, seasons)).toEqual({
    refused: 'unknown',
  });
  const both = { ...plan, communities: ['librarians', 'nurses'] };
  expect(await changeLiveSession({ db, now }, host, id, both, seasons)).toEqual({
    refused: 'unknown-community',
  });
  expect(await cancelLiveSession({ db, now }, stranger, id, 'x')).toBe('unknown');
  expect(await confirmDetails({ db, now }, stranger, id)).toBe('unknown');
  expect(await publishRecording({ db, now }, stranger, id, 'https://x.example.test')).toBe('unknown');
  expect(await scheduleLiveSession({ db, now }, stranger, id)).toBe('unknown');
  expect(await found(id)).toMatchObject({ title: plan.title, sequence: 0, state: 'scheduled' });
});

test('a host who was removed keeps their part in a change that others make', async () => {
  const former = await planner([['host', 'librarians']]);
  const id = await created({ hosts: [former.id] } as never);
  const { revokeRole } = await import('../accounts/roles.ts');
  await db.write((tx) =>
    revokeRole(tx, now, null, { userId: former.id, role: 'host', scopeId: 'librarians' }),
  );
  const same = { ...plan, hosts: [former.id], focus: 'Another focus' };
  expect(await changeLiveSession({ db, now }, host, id, same, seasons)).toEqual({ changed: true });
});

test('a live session goes its way from draft to recording', async () => {
  const id = await created({ state: 'draft' });
  const before = later('2026-10-02T00:00:00Z');
  const after = later('2026-10-14T09:30:00Z');
  expect(await confirmDetails(before, host, id)).toBe('not-open');
  expect(await publishRecording(before, host, id, 'https://x.example.test')).toBe('not-held');
  expect(await scheduleLiveSession(before, host, id)).toBe('scheduled');
  expect(await confirmDetails(before, host, id)).toBe('confirmed');
  expect(await confirmDetails(before, host, id)).toBe('confirmed');
  expect(stateAt(await found(id), after.now)).toBe('held');
  expect(await cancelLiveSession(after, host, id, 'x')).toBe('over');
  expect(await changeLiveSession(after, host, id, plan, seasons)).toEqual({ refused: 'over' });
  expect(await publishRecording(after, host, id, 'https://video.example.test/1')).toBe('recorded');
  expect(await found(id)).toMatchObject({
    state: 'recorded',
    recordingUrl: 'https://video.example.test/1',
  });
});

test('details are not confirmed while one of them is missing', async () => {
  const id = await created({ meetingLink: '' });
  expect(await confirmDetails({ db, now }, host, id)).toBe('incomplete');
});

test('a draft whose start is over is not shown any more', async () => {
  const id = await created({ state: 'draft' });
  expect(await scheduleLiveSession(later('2026-10-14T08:00:00Z'), host, id)).toBe('in-the-past');
});

test('a cancelled live session stays, says why, and is changed no more', async () => {
  const id = await created();
  expect(await cancelLiveSession({ db, now }, host, id, 'The host is ill.')).toBe('cancelled');
  expect(await cancelLiveSession({ db, now }, host, id, 'Again')).toBe('cancelled');
  expect(await found(id)).toMatchObject({
    state: 'cancelled',
    cancelReason: 'The host is ill.',
    sequence: 1,
  });
  expect(await changeLiveSession({ db, now }, host, id, plan, seasons)).toEqual({ refused: 'cancelled' });
  expect(await created()).toMatch(/^ses_/);
});

test('an unknown live session is refused everywhere', async () => {
  const id = 'ses_nothing' as Id<'ses'>;
  expect(await changeLiveSession({ db, now }, staff, id, plan, seasons)).toEqual({ refused: 'unknown' });
  expect(await cancelLiveSession({ db, now }, staff, id, 'x')).toBe('unknown');
});
