import { eq } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import { users } from '#db/schema/accounts.ts';
import { communities, communityMembers } from '#db/schema/communities.ts';
import { liveSessionPeople, rsvps } from '#db/schema/live-sessions.ts';
import { countQueries } from '../../../tests/count-queries.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import { addLiveSession, addMembers } from '../../../tests/live-sessions.ts';
import type { Id } from '../../platform/ids.ts';
import type { Audience, Grant } from '../accounts/model.ts';
import type { RsvpAnswer } from './model.ts';
import { whoGoes } from './who-goes.ts';

const now = new Date('2026-11-22T03:00:00Z');
const pictureId = 'pic_one' as Id<'pic'>;
let db: TestDatabase;
let liveSession: Id<'ses'>;
let viewer: Id<'usr'>;

beforeEach(async () => {
  db = await useDatabase();
  viewer = await person('Vera Viewer');
  await addMembers(db, now, 'libraries', [viewer]);
  liveSession = await addLiveSession(db, now, 'libraries');
});

async function person(name: string): Promise<Id<'usr'>> {
  const { id } = await addUser(db, now, { roles: [['member']], name });
  return id;
}

async function answers(name: string, answer: RsvpAnswer = 'going', shows: Audience = 'members') {
  const userId = await person(name);
  await addMembers(db, now, 'libraries', [userId]);
  await db.write(async (tx) => {
    const position = answer === 'waiting' ? 1 : null;
    await tx
      .insert(rsvps)
      .values({ liveSessionId: liveSession, userId, answer, position, createdAt: now, updatedAt: now });
    await tx
      .update(users)
      .set({ pictureId, visibility: { picture: shows } })
      .where(eq(users.id, userId));
  });
  return userId;
}

const member: Grant[] = [{ role: 'member', scopeId: '' }];
const seenBy = async (id: Id<'usr'>, grants: Grant[] = member) =>
  (await whoGoes(db.read, { id, grants }, [liveSession])).get(liveSession);

describe('who goes', () => {
  test('is counted, and shown with the first five who said so, the viewer left out', async () => {
    await db.write((tx) =>
      tx.insert(rsvps).values({
        liveSessionId: liveSession,
        userId: viewer,
        answer: 'going',
        createdAt: now,
        updatedAt: now,
      }),
    );
    for (const name of ['Ada', 'Bo', 'Chen', 'Dee', 'Edo', 'Fay']) await answers(name);
    await answers('Perhaps', 'maybe');
    await answers('Patient', 'waiting');
    const seen = await seenBy(viewer);
    expect(seen?.going).toBe(7);
    expect(seen?.faces.map(({ name }) => name)).toEqual(['Ada', 'Bo', 'Chen', 'Dee', 'Edo']);
  });

  test('is for nobody who is signed out', async () => {
    await answers('Ada');
    expect(await whoGoes(db.read, null, [liveSession])).toEqual(new Map());
  });

  test.each(['not in its community', 'who only asked to join', 'who left'])(
    'is not for a member %s',
    async (how) => {
      await answers('Ada');
      const stranger = await person('Stranger');
      const state = how === 'who left' ? 'left' : 'requested';
      if (how !== 'not in its community')
        await db.write((tx) =>
          tx
            .insert(communityMembers)
            .values({ userId: stranger, communitySlug: 'libraries', state, since: now, createdAt: now }),
        );
      expect(await seenBy(stranger)).toBeUndefined();
    },
  );

  test('is not for somebody in the community who is no member any more', async () => {
    await answers('Ada');
    expect(await seenBy(viewer, [])).toBeUndefined();
  });

  test('of a live session for all members is for members only, and one for SAMs for SAMs', async () => {
    const stranger = await person('Stranger');
    const forAll = await addLiveSession(db, now, 'libraries', { audience: 'members' });
    const forSams = await addLiveSession(db, now, 'libraries', { audience: 'sams' });
    const open = async (grants: Grant[]) => [
      ...(await whoGoes(db.read, { id: stranger, grants }, [forAll, forSams, liveSession])).keys(),
    ];
    expect(await open(member)).toEqual([forAll]);
    expect(await open([])).toEqual([]);
    expect((await open([{ role: 'sam', scopeId: 'sch_1' }])).sort()).toEqual([forAll, forSams].sort());
  });

  test.each<Grant>([
    { role: 'staff', scopeId: '' },
    { role: 'ta', scopeId: '' },
    { role: 'host', scopeId: 'libraries' },
  ])('is for $role who has not joined', async (grant) => {
    await answers('Ada');
    expect((await seenBy(await person('Helping'), [grant]))?.going).toBe(1);
  });

  test('is for somebody who takes part in holding it', async () => {
    await answers('Ada');
    const guest = await person('Guest');
    await db.write((tx) =>
      tx.insert(liveSessionPeople).values({ liveSessionId: liveSession, userId: guest, part: 'co-host' }),
    );
    expect((await seenBy(guest))?.going).toBe(1);
  });

  test('shows a picture only to those for whom its owner chose it', async () => {
    await answers('Ada', 'going', 'members');
    await answers('Bo', 'going', 'communities');
    await answers('Chen', 'going', 'nobody');
    const pictures = async (id: Id<'usr'>, grants?: Grant[]) =>
      (await seenBy(id, grants))?.faces.map((face) => face.pictureId);
    expect(await pictures(viewer)).toEqual([pictureId, pictureId, null]);
    const helping = await person('Helping');
    expect(await pictures(helping, [{ role: 'ta', scopeId: '' }])).toEqual([pictureId, null, null]);
    expect(await pictures(helping, [{ role: 'host', scopeId: 'libraries' }])).toEqual([
      pictureId,
      pictureId,
      null,
    ]);
    await db.write((tx) => tx.update(communities).set({ retiredAt: now }));
    expect(await pictures(viewer)).toEqual([pictureId, null, null]);
  });

  test('leaves out the face of somebody who is suspended or about to be erased', async () => {
    const [ada, bo] = [await answers('Ada'), await answers('Bo')];
    await answers('Chen');
    await db.write(async (tx) => {
      await tx.update(users).set({ suspendedAt: now }).where(eq(users.id, ada));
      await tx.update(users).set({ erasureDueAt: now }).where(eq(users.id, bo));
    });
    expect((await seenBy(viewer))?.faces.map(({ name }) => name)).toEqual(['Chen']);
  });

  test('is one query for any number of live sessions', async () => {
    await answers('Ada');
    const others = [await addLiveSession(db, now, 'libraries'), await addLiveSession(db, now, 'libraries')];
    const { db: counted, count } = countQueries(db);
    const seen = await whoGoes(counted.read, { id: viewer, grants: member }, [liveSession, ...others]);
    expect([seen.size, count.queries]).toEqual([3, 1]);
  });
});
