import { eq } from 'drizzle-orm';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { loginSessions, users } from '#db/schema/accounts.ts';
import { schools } from '#db/schema/schools.ts';
import { countQueries } from '../../../tests/count-queries.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import { openRecorded } from '../../../tests/record-queries.ts';
import type { Id } from '../../platform/ids.ts';
import { hashSecret, isSecret, newSecret } from '../../platform/tokens.ts';
import {
  endAllLoginSessions,
  endLoginSession,
  endLoginSessionOf,
  endOtherLoginSessions,
  findViewer,
  loginCookieName,
  loginSessionsOf,
  purgeLoginSessions,
  signedOutCookies,
  startLoginSession,
} from './login-sessions.ts';
import type { Role } from './model.ts';
import { grantRole, revokeRole } from './roles.ts';

const start = new Date('2026-11-21T09:30:00Z').getTime();
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

// Lucia asks the clock itself when a sign-in ends.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: start });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Moves the clock to `ms` after the start. */
function at(ms: number): Date {
  vi.setSystemTime(start + ms);
  return new Date(start + ms);
}

async function signedIn(roles: readonly (readonly [Role, string?])[] = [], device = 'Firefox on Windows') {
  const db = await useDatabase();
  const user = await addUser(db, at(0), { roles });
  const cookie = await signInOn(db, user.id, 0, device);
  const find = (ms: number, what = cookie) => findViewer({ db, now: at(ms) }, what);
  return { db, user, cookie, find };
}

async function signInOn(
  db: TestDatabase,
  userId: Id<'usr'>,
  ms: number,
  device = 'Chrome on Linux',
  previous?: string,
) {
  const [cookie] = await startLoginSession({ db, now: at(ms) }, userId, device, previous);
  return cookie!.value;
}

describe('signing in', () => {
  test('gives the browser a secret and a readable hint, and nothing else', async () => {
    const db = await useDatabase();
    const user = await addUser(db, at(0));
    const cookies = await startLoginSession({ db, now: at(0) }, user.id, 'Chrome on Linux', undefined);
    const shared = { secure: false, sameSite: 'lax', path: '/', maxAge: (14 * day) / 1000 };
    expect(cookies).toEqual([
      { name: 'login', value: expect.any(String), attributes: { ...shared, httpOnly: true } },
      { name: 'signed-in', value: '1', attributes: { ...shared, httpOnly: false } },
    ]);
    expect(isSecret(cookies[0]!.value)).toBe(true);
  });

  test('over https gives cookies that no other host and no plain connection can set or see', async () => {
    vi.resetModules();
    vi.stubEnv('SITE_URL', 'https://peers.example.test');
    onTestFinished(() => {
      vi.unstubAllEnvs();
      vi.resetModules();
    });
    const elsewhere = await import('./login-sessions.ts');
    const db = await useDatabase();
    const user = await addUser(db, at(0));
    const cookies = await elsewhere.startLoginSession({ db, now: at(0) }, user.id, 'x', undefined);
    for (const { name, attributes } of [...cookies, ...elsewhere.signedOutCookies()]) {
      expect(name).toMatch(/^__Host-/);
      expect(attributes).toMatchObject({ secure: true, sameSite: 'lax', path: '/' });
      expect(attributes).not.toHaveProperty('domain');
      expect(attributes.httpOnly).toBe(name === '__Host-login');
    }
  });

  test('tells afterwards who it is, what they hold, and on what they signed in', async () => {
    const { user, cookie, find } = await signedIn([['ta'], ['host', 'school-librarians']]);
    expect(await find(1000)).toEqual({
      cookies: [],
      viewer: {
        id: user.id,
        name: 'Noor Lindqvist',
        email: user.email,
        timeZone: 'Asia/Shanghai',
        pictureId: null,
        grants: expect.arrayContaining([
          { role: 'ta', scopeId: '' },
          { role: 'host', scopeId: 'school-librarians' },
        ]),
        loginSession: {
          idHash: hashSecret(cookie),
          createdAt: new Date(start),
          lastUsedAt: new Date(start),
          authenticatedAt: new Date(start),
          device: 'Firefox on Windows',
        },
      },
    });
  });

  test('keeps only the hash of the secret, and the hash lets nobody in', async () => {
    const { db, cookie, find } = await signedIn();
    expect(await db.read.select({ idHash: loginSessions.idHash }).from(loginSessions)).toEqual([
      { idHash: hashSecret(cookie) },
    ]);
    expect(await find(0, hashSecret(cookie))).toBeNull();
    expect(await find(0, hashSecret(hashSecret(cookie)))).toBeNull();
  });

  test('never takes over an id that the browser brought, and ends the sign-in it belonged to', async () => {
    const { db, user, cookie, find } = await signedIn();
    const planted = newSecret();
    const second = await signInOn(db, user.id, 1000, 'Chrome on Linux', planted);
    expect(second).not.toBe(planted);
    expect(await find(1000, planted)).toBeNull();

    const third = await signInOn(db, user.id, 2000, 'Chrome on Linux', cookie);
    expect(third).not.toBe(cookie);
    expect(await find(2000)).toBeNull();
    expect(await find(2000, third)).not.toBeNull();
    expect(await find(2000, second)).not.toBeNull();
  });

  test('as somebody else on the same browser ends the first one’s sign-in there', async () => {
    const { db, find, cookie } = await signedIn();
    const other = await addUser(db, at(0));
    const theirs = await signInOn(db, other.id, 1000, 'Chrome on Linux', cookie);
    expect(await find(1000)).toBeNull();
    expect((await find(1000, theirs))?.viewer.id).toBe(other.id);
  });
});

test.each(['', 'x', '1', 'null', newSecret(), `${newSecret()}=`, "' OR 1=1 --", '日本', 'a'.repeat(100_000)])(
  'a cookie “%.50s” is nobody’s',
  async (cookie) => {
    const { db, find } = await signedIn();
    expect(await find(0, cookie)).toBeNull();
    await endLoginSession({ db, now: at(0) }, cookie);
    expect(await find(0)).not.toBeNull();
  },
);

describe('who sent a request', () => {
  test('takes one query and no write; once in five minutes one write', async () => {
    const { db, cookie } = await signedIn([['member'], ['staff']]);
    const { db: recorded, queries } = await openRecorded(db.file);
    const [asked, all] = [
      () => queries.filter(({ sql }) => /^select/i.test(sql)).length,
      () => queries.length,
    ];
    for (let turn = 1; turn <= 10; turn += 1)
      await findViewer({ db: recorded, now: at(turn * 1000) }, cookie);
    expect([asked(), all()]).toEqual([10, 10]);
    await findViewer({ db: recorded, now: at(5 * minute) }, cookie);
    await findViewer({ db: recorded, now: at(5 * minute + 1) }, cookie);
    expect([asked(), all()]).toEqual([12, 13]);
    await recorded.close();
  });

  test('takes no query for a cookie that cannot be one of ours', async () => {
    const { db } = await signedIn();
    const { db: counted, count } = countQueries(db);
    for (const cookie of ['', 'x', hashSecret('x')]) await findViewer({ db: counted, now: at(0) }, cookie);
    expect(count).toEqual({ queries: 0, writes: 0 });
  });

  test('moves the last use on at most every five minutes', async () => {
    const { find } = await signedIn();
    const lastUse = async (ms: number) => (await find(ms))?.viewer.loginSession.lastUsedAt.getTime();
    await find(5 * minute - 1);
    expect(await lastUse(5 * minute - 1)).toBe(start);
    await find(5 * minute);
    expect(await lastUse(5 * minute + 1)).toBe(start + 5 * minute);
  });
});

describe('a sign-in is over', () => {
  test('after fourteen days without use', async () => {
    const { find } = await signedIn([['member']]);
    expect(await find(14 * day)).toBeNull();
  });

  test('not while it is used: in the second half of its time it is prolonged, and the browser told', async () => {
    const { find } = await signedIn([['member']]);
    expect((await find(7 * day - 1))?.cookies).toEqual([]);
    const found = await find(7 * day + 1);
    expect(found?.cookies).toMatchObject([
      { name: loginCookieName, attributes: { maxAge: (14 * day) / 1000 } },
      { name: 'signed-in' },
    ]);
    expect((await find(7 * day + 2))?.cookies).toEqual([]);
    expect(await find(21 * day)).not.toBeNull();
  });

  test('after thirty days however much it is used', async () => {
    const { find } = await signedIn([['member'], ['sam', 'sch_1'], ['host', 'librarians'], ['ta']]);
    for (let days = 1; days <= 30; days += 1) expect(await find(days * day)).not.toBeNull();
    expect(await find(30 * day + 1)).toBeNull();
  });

  test.each(['staff', 'editor'] as const)('for %s after twelve hours without use', async (role) => {
    const { find } = await signedIn([[role], ['member']]);
    expect(await find(12 * hour)).not.toBeNull();
    expect(await find(24 * hour)).not.toBeNull();
    expect(await find(36 * hour + 1)).toBeNull();
  });

  test.each(['staff', 'editor'] as const)('for %s after seven days however much it is used', async (role) => {
    const { find } = await signedIn([[role]]);
    for (let hours = 6; hours <= 7 * 24; hours += 6) expect(await find(hours * hour)).not.toBeNull();
    expect(await find(7 * day + 1)).toBeNull();
  });

  test('by the rule of what the user holds now: who becomes staff is held to theirs', async () => {
    const { db, user, find } = await signedIn([['member']]);
    expect(await find(8 * day)).not.toBeNull();
    await db.write((tx) => grantRole(tx, at(8 * day), null, { userId: user.id, role: 'staff', scopeId: '' }));
    expect(await find(8 * day)).toBeNull();
  });

  test('and stays over: no later request brings it back', async () => {
    const { find } = await signedIn([['staff']]);
    expect(await find(13 * hour)).toBeNull();
    expect(await find(13 * hour)).toBeNull();
    expect(await find(1 * hour)).not.toBeNull(); // only because the clock was turned back
  });
});

describe('a change of rights counts with the next request', () => {
  test('a suspended user is nobody, and back when it is lifted', async () => {
    const { db, user, find } = await signedIn([['staff']]);
    const suspend = (suspendedAt: Date | null) =>
      db.write((tx) => tx.update(users).set({ suspendedAt }).where(eq(users.id, user.id)));
    await suspend(at(1));
    expect(await find(1)).toBeNull();
    await suspend(null);
    expect(await find(2)).not.toBeNull();
  });

  test('somebody who asked for erasure is nobody', async () => {
    const { db, user, find } = await signedIn();
    await db.write((tx) =>
      tx
        .update(users)
        .set({ erasureDueAt: new Date(start + 7 * day) })
        .where(eq(users.id, user.id)),
    );
    expect(await find(1)).toBeNull();
  });

  test('a role that was taken is gone, one that was granted is there', async () => {
    const { db, user, find } = await signedIn([['editor'], ['member']]);
    const change = { userId: user.id, scopeId: '' };
    await db.write((tx) => revokeRole(tx, at(1), null, { ...change, role: 'editor' }));
    expect((await find(1))?.viewer.grants).toEqual([{ role: 'member', scopeId: '' }]);
    await db.write((tx) => grantRole(tx, at(2), null, { ...change, role: 'ta' }));
    expect((await find(2))?.viewer.grants).toHaveLength(2);
  });

  test('membership through a school ends when its last day is over everywhere on earth; other roles stay', async () => {
    const db = await useDatabase();
    const schoolId = 'sch_1' as Id<'sch'>;
    await db.write((tx) =>
      tx.insert(schools).values({
        id: schoolId,
        name: 'A school',
        country: 'VN',
        city: 'Hanoi',
        timeZone: 'Asia/Ho_Chi_Minh',
        membershipStartsOn: '2025-12-01',
        membershipEndsOn: '2026-11-30',
        createdAt: at(0),
        updatedAt: at(0),
      }),
    );
    const user = await addUser(db, at(0), {
      roles: [
        ['member', schoolId],
        ['sam', schoolId],
      ],
    });
    const cookie = await signInOn(db, user.id, 0);
    const held = async (moment: string) =>
      (await findViewer({ db, now: at(Date.parse(moment) - start) }, cookie))?.viewer.grants
        .map(({ role }) => role)
        .toSorted();
    expect(await held('2026-11-30T23:59:59Z')).toEqual(['member', 'sam']);
    expect(await held('2026-12-01T11:59:59Z')).toEqual(['member', 'sam']); // still the 30th at UTC−12
    expect(await held('2026-12-02T00:00:00Z')).toEqual(['sam']);
  });

  test('membership without a school has no end of its own', async () => {
    const { find } = await signedIn([['member']]);
    expect((await find(13 * day))?.viewer.grants).toEqual([{ role: 'member', scopeId: '' }]);
  });
});

describe('signing out', () => {
  test('ends this sign-in and takes both cookies away; a second time is harmless', async () => {
    const { db, user, cookie, find } = await signedIn();
    const other = await signInOn(db, user.id, 1);
    await endLoginSession({ db, now: at(1) }, cookie);
    await endLoginSession({ db, now: at(1) }, cookie);
    expect(await find(1)).toBeNull();
    expect(await find(1, other)).not.toBeNull();
    expect(signedOutCookies()).toMatchObject([
      { name: 'login', value: '', attributes: { maxAge: 0 } },
      { name: 'signed-in', value: '', attributes: { maxAge: 0 } },
    ]);
  });

  test('one’s own other browser ends that one; somebody else’s stays', async () => {
    const { db, user, cookie, find } = await signedIn();
    const stranger = await addUser(db, at(0));
    await db.write((tx) => endLoginSessionOf(tx, stranger.id, hashSecret(cookie)));
    expect(await find(1)).not.toBeNull();
    await db.write((tx) => endLoginSessionOf(tx, user.id, hashSecret(cookie)));
    expect(await find(1)).toBeNull();
  });

  test('all other browsers keeps this one', async () => {
    const { db, user, cookie, find } = await signedIn();
    const others = [await signInOn(db, user.id, 1), await signInOn(db, user.id, 2)];
    await db.write((tx) => endOtherLoginSessions(tx, user.id, hashSecret(cookie)));
    expect(await find(3)).not.toBeNull();
    for (const other of others) expect(await find(3, other)).toBeNull();
  });

  test('everywhere leaves nobody else signed out', async () => {
    const { db, user, cookie, find } = await signedIn();
    const stranger = await addUser(db, at(0));
    const theirs = await signInOn(db, stranger.id, 1);
    const other = await signInOn(db, user.id, 2);
    await db.write((tx) => endAllLoginSessions(tx, user.id));
    for (const mine of [cookie, other]) expect(await find(3, mine)).toBeNull();
    expect(await find(3, theirs)).not.toBeNull();
  });
});

test('a user’s sign-ins are listed with device and last use, the last used first, and nobody else’s', async () => {
  const { db, user, cookie } = await signedIn();
  const second = await signInOn(db, user.id, hour, 'Safari on iPhone');
  const stranger = await addUser(db, at(0));
  await signInOn(db, stranger.id, hour);
  expect(await loginSessionsOf({ db, now: at(hour) }, user.id)).toMatchObject([
    { idHash: hashSecret(second), device: 'Safari on iPhone', lastUsedAt: new Date(start + hour) },
    { idHash: hashSecret(cookie), device: 'Firefox on Windows', lastUsedAt: new Date(start) },
  ]);
  await findViewer({ db, now: at(2 * hour) }, cookie);
  const [first] = await loginSessionsOf({ db, now: at(2 * hour) }, user.id);
  expect(first?.device).toBe('Firefox on Windows');
});

test('sign-ins that are over are not listed', async () => {
  const { db, user, find } = await signedIn([['member']]);
  for (let days = 6; days <= 30; days += 6) await find(days * day);
  expect(await loginSessionsOf({ db, now: at(30 * day) }, user.id)).toHaveLength(1);
  expect(await loginSessionsOf({ db, now: at(30 * day + 1) }, user.id)).toEqual([]);

  const staff = await addUser(db, at(0), { roles: [['staff']] });
  await signInOn(db, staff.id, 0);
  expect(await loginSessionsOf({ db, now: at(12 * hour) }, staff.id)).toHaveLength(1);
  expect(await loginSessionsOf({ db, now: at(12 * hour + 1) }, staff.id)).toEqual([]);
});

test('what is over is forgotten, what is not is kept', async () => {
  const { db, user } = await signedIn();
  const later = await signInOn(db, user.id, day);
  await purgeLoginSessions({ db, now: at(14 * day + 1) });
  expect(await db.read.select({ idHash: loginSessions.idHash }).from(loginSessions)).toEqual([
    { idHash: hashSecret(later) },
  ]);
});

test('with the user go their sign-ins', async () => {
  const { db, user, find } = await signedIn();
  await db.write((tx) => tx.delete(users).where(eq(users.id, user.id)));
  expect(await find(1)).toBeNull();
  expect(await db.read.$count(loginSessions)).toBe(0);
});

describe('the last day on which somebody was here', () => {
  const lastSeenOn = async (db: TestDatabase, id: Id<'usr'>) =>
    (await db.read.select({ on: users.lastSeenOn }).from(users).where(eq(users.id, id)))[0]?.on;

  test('is kept when they sign in, in their own zone, and none before', async () => {
    const db = await useDatabase();
    const user = await addUser(db, at(0));
    expect(await lastSeenOn(db, user.id)).toBeNull();
    await signInOn(db, user.id, 7 * hour); // 00:30 in Shanghai
    expect(await lastSeenOn(db, user.id)).toBe('2026-11-22');
  });

  test('moves with the first use on another day, and costs no write more', async () => {
    const { db, user, cookie } = await signedIn();
    const { db: counted, count } = countQueries(db);
    const use = (ms: number) => findViewer({ db: counted, now: at(ms) }, cookie);
    await use(6 * minute);
    expect(await lastSeenOn(db, user.id)).toBe('2026-11-21');
    await use(day);
    await use(day + minute);
    expect(await lastSeenOn(db, user.id)).toBe('2026-11-22');
    expect(count.writes).toBe(2);
  });
});
