import { eq } from 'drizzle-orm';
import ICAL from 'ical.js';
import { beforeEach, describe, expect, test } from 'vitest';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { liveSessions } from '#db/schema/live-sessions.ts';
import { countQueries } from '../../../tests/count-queries.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import { addLiveSession, addMembers } from '../../../tests/live-sessions.ts';
import type { Id } from '../../platform/ids.ts';
import { feedOf, findFeed, makeFeed, revokeFeed } from './feeds.ts';
import { rsvp } from './rsvp.ts';

const now = new Date('2026-11-22T03:00:00Z');
let db: TestDatabase;
let noor: { id: Id<'usr'> };

beforeEach(async () => {
  db = await useDatabase();
  noor = await addUser(db, now, { roles: [['member']] });
  await addMembers(db, now, 'libraries', [noor.id]);
  await addMembers(db, now, 'science');
});

const secretOf = (address: string) => /\/calendar\/([\w-]{43})\.ics$/.exec(address)![1]!;
const feedAt = (secret: string) => findFeed({ db, now }, secret);

async function titles(secret: string): Promise<unknown[]> {
  const calendar = new ICAL.Component(ICAL.parse(await (await feedAt(secret))!.ics()));
  return calendar
    .getAllSubcomponents('vevent')
    .map((event) => `${event.getFirstPropertyValue('summary')} ${event.getFirstPropertyValue('status')}`);
}

describe('a calendar address', () => {
  test('is kept as a hash only; a new one replaces it, and it can be ended', async () => {
    const first = secretOf(await makeFeed({ db, now }, noor, 'all'));
    expect(await db.dump()).not.toContain(first);
    const second = secretOf(await makeFeed({ db, now }, noor, 'going'));
    expect(await feedAt(first)).toBeUndefined();
    expect(await feedAt(second)).toBeDefined();
    expect(await feedOf(db.read, noor.id)).toEqual({ scope: 'going', createdAt: now });
    await revokeFeed({ db, now }, noor);
    expect(await feedAt(second)).toBeUndefined();
    expect(await feedOf(db.read, noor.id)).toBeUndefined();
  });

  test('of nobody, or of somebody suspended, is not found', async () => {
    const secret = secretOf(await makeFeed({ db, now }, noor, 'all'));
    for (const wrong of ['', 'x', 'A'.repeat(43)]) expect(await feedAt(wrong)).toBeUndefined();
    await db.write((tx) => tx.update(users).set({ suspendedAt: now }).where(eq(users.id, noor.id)));
    expect(await feedAt(secret)).toBeUndefined();
  });

  test('holds what is of their communities, or only what they go to, and never a draft', async () => {
    const quiet = await addLiveSession(db, now, 'libraries', { title: 'Quiet' });
    await addLiveSession(db, now, 'libraries', { title: 'Draft', state: 'draft' });
    await addLiveSession(db, now, 'libraries', { title: 'Off', state: 'cancelled' });
    await addLiveSession(db, now, 'science', { title: 'Foreign' });
    await addLiveSession(db, now, 'science', { title: 'For all', audience: 'members' });
    await addLiveSession(db, now, 'science', { title: 'For SAMs', audience: 'sams' });
    const all = secretOf(await makeFeed({ db, now }, noor, 'all'));
    expect((await titles(all)).sort()).toEqual(['For all CONFIRMED', 'Off CANCELLED', 'Quiet CONFIRMED']);
    const going = secretOf(await makeFeed({ db, now }, noor, 'going'));
    expect(await titles(going)).toEqual([]);
    await rsvp({ db, now }, noor, quiet, 'going');
    expect(await titles(going)).toEqual(['Quiet CONFIRMED']);
    await db.write((tx) => tx.delete(roleGrants).where(eq(roleGrants.userId, noor.id)));
    expect(await titles(going)).toEqual([]);
  });

  test('has the meeting link only where they have a place', async () => {
    await addLiveSession(db, now, 'libraries', { capacity: 1 });
    const secret = secretOf(await makeFeed({ db, now }, noor, 'all'));
    expect(await (await feedAt(secret))!.ics()).not.toContain('meet.example.test');
  });
});

describe('the ETag', () => {
  test('takes 2 queries, and the text 1 more', async () => {
    await addLiveSession(db, now, 'libraries');
    const secret = secretOf(await makeFeed({ db, now }, noor, 'all'));
    const { db: counted, count } = countQueries(db);
    const feed = (await findFeed({ db: counted, now }, secret))!;
    expect(count.queries).toBeLessThanOrEqual(3); // the subquery of communities counts nothing
    const before = count.queries;
    await feed.ics();
    expect(count.queries - before).toBe(1);
  });

  test('stays while nothing changes, and changes with a live session, an answer and the choice', async () => {
    const id = await addLiveSession(db, now, 'libraries');
    const secret = secretOf(await makeFeed({ db, now }, noor, 'all'));
    const etags = new Set<string>();
    const look = async () => {
      const { etag } = (await feedAt(secret))!;
      expect(etag).toMatch(/^"[\w-]+"$/);
      const isNew = !etags.has(etag);
      etags.add(etag);
      return isNew;
    };
    expect(await look()).toBe(true);
    expect(await look()).toBe(false);
    await db.write((tx) => tx.update(liveSessions).set({ sequence: 1 }).where(eq(liveSessions.id, id)));
    expect(await look()).toBe(true);
    await rsvp({ db, now }, noor, id, 'maybe');
    expect(await look()).toBe(true);
    expect(await look()).toBe(false);
  });
});
