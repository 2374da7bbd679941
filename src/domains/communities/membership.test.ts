import { asc, eq } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { Db } from '#db/client.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { outbox } from '#db/schema/mail.ts';
import { addUser, useDatabase } from '../../../tests/database.ts';
import type { Role } from '../accounts/model.ts';
import { approveRequest, declineRequest, joinCommunity, leaveCommunity } from './membership.ts';
import { communitiesOf, isMemberOf } from './queries.ts';
import { syncCommunities } from './sync.ts';

const now = new Date('2026-11-22T03:00:00Z');
const dayLater = new Date('2026-11-23T03:00:00Z');

const entries = (['open', 'approval', 'sams', 'hosts'] as const).map((membership) => ({
  slug: membership,
  name: `The ${membership} one`,
  membership,
  area: 'teaching',
}));

async function withCommunities() {
  const db = await useDatabase();
  await db.write((tx) => syncCommunities(tx, now, entries));
  return db;
}

async function viewerWith(db: Db, ...roles: [role: Role, scopeId?: string][]) {
  const { id, email } = await addUser(db, now, { roles });
  return { id, email, grants: roles.map(([role, scopeId = '']) => ({ role, scopeId })) };
}

const mailsOf = (db: Db) =>
  db.read
    .select({ kind: outbox.kind, to: outbox.to })
    .from(outbox)
    .orderBy(asc(outbox.createdAt), asc(outbox.to));

test('a member joins an open community at once, and again without any change', async () => {
  const db = await withCommunities();
  const viewer = await viewerWith(db, ['member']);
  expect(await joinCommunity({ db, now }, viewer, 'open')).toBe('joined');
  expect(await joinCommunity({ db, now: dayLater }, viewer, 'open')).toBe('joined');
  expect(await communitiesOf(db.read, viewer.id)).toEqual([
    { slug: 'open', name: 'The open one', membership: 'open', state: 'joined', since: now },
  ]);
  expect(await db.read.$count(outbox)).toBe(0);
  expect(await db.read.$count(auditEvents, eq(auditEvents.actorId, viewer.id))).toBe(0);
});

test('who leaves is out, may press again, and may join again', async () => {
  const db = await withCommunities();
  const viewer = await viewerWith(db, ['member']);
  expect(await db.write((tx) => leaveCommunity(tx, now, viewer, 'open'))).toBe('not-in');
  await joinCommunity({ db, now }, viewer, 'open');
  expect(await db.write((tx) => leaveCommunity(tx, now, viewer, 'open'))).toBe('left');
  expect(await db.write((tx) => leaveCommunity(tx, now, viewer, 'open'))).toBe('not-in');
  expect(await isMemberOf(db.read, viewer.id, 'open')).toBe(false);
  expect(await joinCommunity({ db, now }, viewer, 'open')).toBe('joined');
});

test('nobody without a membership joins anything', async () => {
  const db = await withCommunities();
  const viewer = await viewerWith(db);
  for (const { slug } of entries) expect(await joinCommunity({ db, now }, viewer, slug)).toBe('not-member');
  expect(await communitiesOf(db.read, viewer.id)).toEqual([]);
});

test('only SAMs join the community of SAMs, and only hosts that of hosts', async () => {
  const db = await withCommunities();
  const member = await viewerWith(db, ['member']);
  expect(await joinCommunity({ db, now }, member, 'sams')).toBe('for-sams');
  expect(await joinCommunity({ db, now }, member, 'hosts')).toBe('for-hosts');
  const sam = await viewerWith(db, ['sam', 'sch_one']);
  expect(await joinCommunity({ db, now }, sam, 'sams')).toBe('joined');
  expect(await joinCommunity({ db, now }, sam, 'hosts')).toBe('for-hosts');
  const host = await viewerWith(db, ['host', 'open']);
  expect(await joinCommunity({ db, now }, host, 'hosts')).toBe('joined');
  expect(await joinCommunity({ db, now }, host, 'sams')).toBe('for-sams');
});

test('a community that is unknown or retired is joined by nobody', async () => {
  const db = await withCommunities();
  const viewer = await viewerWith(db, ['member']);
  await db.write((tx) => syncCommunities(tx, now, entries.slice(1)));
  expect(await joinCommunity({ db, now }, viewer, 'open')).toBe('retired');
  for (const slug of ['nothing', '', 'constructor'])
    expect(await joinCommunity({ db, now }, viewer, slug)).toBe('unknown');
});

test('where hosts decide, joining is a request, and the host gets one mail a day', async () => {
  const db = await withCommunities();
  const host = await viewerWith(db, ['host', 'approval']);
  await viewerWith(db, ['host', 'open']);
  await viewerWith(db, ['staff']);
  const [one, two, three] = [
    await viewerWith(db, ['member']),
    await viewerWith(db, ['member']),
    await viewerWith(db, ['member']),
  ];
  expect(await joinCommunity({ db, now }, one, 'approval')).toBe('requested');
  expect(await joinCommunity({ db, now }, one, 'approval')).toBe('requested');
  expect(await joinCommunity({ db, now }, two, 'approval')).toBe('requested');
  const mail = { kind: 'community-request-received', to: host.email };
  expect(await mailsOf(db)).toEqual([mail]);
  expect(await joinCommunity({ db, now: dayLater }, three, 'approval')).toBe('requested');
  expect(await mailsOf(db)).toEqual([mail, mail]);
  expect(await isMemberOf(db.read, one.id, 'approval')).toBe(false);
});

test('a request where nobody hosts yet reaches the staff', async () => {
  const db = await withCommunities();
  const staff = await viewerWith(db, ['staff']);
  await joinCommunity({ db, now }, await viewerWith(db, ['member']), 'approval');
  expect(await mailsOf(db)).toEqual([{ kind: 'community-request-received', to: staff.email }]);
});

test('the hosts of a community are in without asking', async () => {
  const db = await withCommunities();
  const host = await viewerWith(db, ['host', 'approval']);
  expect(await joinCommunity({ db, now }, host, 'approval')).toBe('joined');
});

test('a request is approved by a host or staff, once, and the member is told', async () => {
  const db = await withCommunities();
  const host = await viewerWith(db, ['host', 'approval']);
  const asker = await viewerWith(db, ['member']);
  await joinCommunity({ db, now }, asker, 'approval');
  expect(await approveRequest({ db, now }, host, 'approval', asker.id)).toBe('answered');
  expect(await approveRequest({ db, now }, host, 'approval', asker.id)).toBe('not-waiting');
  expect(await declineRequest({ db, now }, host, 'approval', asker.id)).toBe('not-waiting');
  expect(await isMemberOf(db.read, asker.id, 'approval')).toBe(true);
  expect(await mailsOf(db)).toContainEqual({ kind: 'community-request-approved', to: asker.email });
  const log = await db.read.select().from(auditEvents).where(eq(auditEvents.actorId, host.id));
  expect(log).toMatchObject([
    { action: 'community.request-approved', subjectId: asker.id, detail: { community: 'approval' } },
  ]);
});

test('who is declined is told, and may ask again', async () => {
  const db = await withCommunities();
  const staff = await viewerWith(db, ['staff']);
  const asker = await viewerWith(db, ['member']);
  await joinCommunity({ db, now }, asker, 'approval');
  expect(await declineRequest({ db, now }, staff, 'approval', asker.id)).toBe('answered');
  expect(await communitiesOf(db.read, asker.id)).toEqual([]);
  expect(await mailsOf(db)).toContainEqual({ kind: 'community-request-declined', to: asker.email });
  expect(await joinCommunity({ db, now: dayLater }, asker, 'approval')).toBe('requested');
});

test('hosts of another community, members and SAMs answer no request', async () => {
  const db = await withCommunities();
  const asker = await viewerWith(db, ['member']);
  await joinCommunity({ db, now }, asker, 'approval');
  for (const viewer of [
    await viewerWith(db, ['host', 'open']),
    await viewerWith(db, ['sam', 'approval']),
    asker,
  ]) {
    expect(await approveRequest({ db, now }, viewer, 'approval', asker.id)).toBe('not-found');
    expect(await declineRequest({ db, now }, viewer, 'approval', asker.id)).toBe('not-found');
  }
  expect(await isMemberOf(db.read, asker.id, 'approval')).toBe(false);
});

test('a request that was taken back is answered by nobody', async () => {
  const db = await withCommunities();
  const staff = await viewerWith(db, ['staff']);
  const asker = await viewerWith(db, ['member']);
  await joinCommunity({ db, now }, asker, 'approval');
  expect(await db.write((tx) => leaveCommunity(tx, now, asker, 'approval'))).toBe('left');
  expect(await approveRequest({ db, now }, staff, 'approval', asker.id)).toBe('not-waiting');
});
