import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Db, openDb } from '#db/client.ts';
import { migrate } from '#db/migrate.ts';
import { users } from '#db/schema/accounts.ts';
import { schools } from '#db/schema/schools.ts';
import { listView } from '../../lib/paging.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { startLoginSession } from './login-sessions.ts';
import type { Role } from './model.ts';
import { findPerson, type PeopleFilter, peoplePage, peopleSorts, schoolChoices } from './people-queries.ts';
import { grantRole } from './roles.ts';
import { createUser } from './users.ts';

const start = new Date('2026-11-21T09:30:00Z');
const later = (minutes: number) => new Date(start.getTime() + minutes * 60_000);

let db: Db;
let folder: string;
const ids: Record<string, Id<'usr'>> = {};
let hillside: Id<'sch'>;
let lakeside: Id<'sch'>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'peersphere-'));
  const url = `file:${path.join(folder, 'test.db')}`;
  await migrate(url);
  db = await openDb(url);
  hillside = await school('Hillside School');
  lakeside = await school('lakeside school');
  await person('Zoe Example', 'zoe@hillside.example.test', 1, [['member', hillside]]);
  await person('anna 100% Example', 'anna@lakeside.example.test', 2, [
    ['member', lakeside],
    ['sam', lakeside],
    ['sam', hillside],
  ]);
  await person('Özlem Birch', 'oezlem_b@example.test', 3, [['host', 'libraries']]);
  await person('Bo Example', 'bo@example.test', 4, [['staff', '']]);
  await db.write((tx) => tx.update(users).set({ suspendedAt: start }).where(eq(users.id, ids['Bo']!)));
  await startLoginSession({ db, now: later(10) }, ids['Zoe']!, 'Firefox on Linux', undefined);
  await startLoginSession({ db, now: later(20) }, ids['anna']!, 'Safari on iPad', undefined);
  await startLoginSession({ db, now: later(5) }, ids['anna']!, 'Chrome on Windows', undefined);
});

afterAll(async () => {
  await db.close();
  await rm(folder, { recursive: true });
});

async function school(name: string) {
  const id = newId('sch', start);
  const year = { membershipStartsOn: '2026-08-01', membershipEndsOn: '2027-07-31' };
  const about = { name, country: 'VN', city: 'Da Nang', timeZone: 'Asia/Ho_Chi_Minh' };
  await db.write((tx) =>
    tx.insert(schools).values({ id, ...about, ...year, createdAt: start, updatedAt: start }),
  );
  return id;
}

async function person(name: string, email: string, minutes: number, grants: [Role, string][]) {
  ids[name.split(' ')[0]!] = await db.write(async (tx) => {
    const proved = { passwordHash: 'none', timeZone: 'Asia/Shanghai', codeOfConductVersion: '1' };
    const userId = await createUser(tx, later(minutes), { email, name, ...proved });
    for (const [role, scopeId] of grants)
      await grantRole(tx, later(minutes), null, { userId, role, scopeId });
    return userId;
  });
}

async function names(query: string, filter: PeopleFilter = {}) {
  const list = listView(new URLSearchParams(query), peopleSorts, 'name');
  const { people, total } = await peoplePage(db.read, list, filter);
  expect(total).toBe(people.length);
  return people.map(({ name }) => name.split(' ')[0]);
}

test('everybody is listed by name, whatever its case', async () => {
  expect(await names('')).toEqual(['anna', 'Bo', 'Zoe', 'Özlem']);
  expect(await names('sort=-name')).toEqual(['Özlem', 'Zoe', 'Bo', 'anna']);
});

test('by when they joined, and by when they were last here, who was never here last', async () => {
  expect(await names('sort=-joined')).toEqual(['Bo', 'Özlem', 'anna', 'Zoe']);
  expect((await names('sort=-last-here')).slice(0, 2)).toEqual(['anna', 'Zoe']);
});

test('a part of the name or the address finds them', async () => {
  expect(await names('q=EXAMPLE+hillside')).toEqual(['Zoe']);
  expect(await names('q=özlem')).toEqual(['Özlem']);
  expect(await names('q=nobody')).toEqual([]);
});

test('what LIKE would take as a pattern is taken as written', async () => {
  expect(await names('q=%25')).toEqual(['anna']);
  expect(await names('q=_')).toEqual(['Özlem']);
  expect(await names(`q=${encodeURIComponent("' OR 1=1 --")}`)).toEqual([]);
});

test('a role, a school, and a role of a school narrow the list', async () => {
  expect(await names('', { role: 'sam' })).toEqual(['anna']);
  expect(await names('', { schoolId: hillside })).toEqual(['anna', 'Zoe']);
  expect(await names('', { schoolId: hillside, role: 'member' })).toEqual(['Zoe']);
  expect(await names('', { schoolId: 'libraries' })).toEqual([]);
  expect(await names('', { away: 'suspended' })).toEqual(['Bo']);
  expect(await names('', { away: 'leaving' })).toEqual([]);
});

test('a page holds 25 people, and the total counts all', async () => {
  for (let turn = 1; turn <= 30; turn += 1) await person(`P${turn} Page`, `p${turn}@page.test`, turn, []);
  const page = (query: string) =>
    peoplePage(db.read, listView(new URLSearchParams(query), peopleSorts, 'name'), {});
  expect([(await page('q=page')).people.length, (await page('q=page&page=2')).people.length]).toEqual([
    25, 5,
  ]);
  expect((await page('q=page&page=3')).total).toBe(30);
  expect((await page('q=page&page=3')).people).toEqual([]);
});

test('a person carries their roles in order, with the schools’ names, and when they were last here', async () => {
  const anna = await findPerson(db.read, ids['anna']);
  expect(anna?.grants).toEqual([
    { role: 'sam', scopeId: hillside, schoolName: 'Hillside School' },
    { role: 'sam', scopeId: lakeside, schoolName: 'lakeside school' },
    { role: 'member', scopeId: lakeside, schoolName: 'lakeside school' },
  ]);
  expect(anna?.lastHereAt).toEqual(later(20));
  expect((await findPerson(db.read, ids['Özlem']))?.grants).toEqual([
    { role: 'host', scopeId: 'libraries', schoolName: null },
  ]);
  expect((await findPerson(db.read, ids['Özlem']))?.lastHereAt).toBeNull();
});

test('nobody is found by an id that nobody has', async () => {
  expect(await findPerson(db.read, 'usr_none')).toBeUndefined();
  expect(await findPerson(db.read, undefined)).toBeUndefined();
});

test('schools to choose from stand by name, whatever its case', async () => {
  expect((await schoolChoices(db.read)).map(({ name }) => name)).toEqual([
    'Hillside School',
    'lakeside school',
  ]);
});
