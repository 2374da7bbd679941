import { sql } from 'drizzle-orm';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { schools } from '../../db/schema/schools.ts';
import type { Role } from '../../src/domains/accounts/model.ts';
import { access, type Rule } from '../../src/middleware/access.ts';
import { type Id, newId } from '../../src/platform/ids.ts';
import { cookieOf, makeUser, siteDb, usePortal } from '../portal.ts';

usePortal();

const siteUrl = () => inject('siteUrl');
const patterns = Object.keys(access).filter((pattern) => !/^\/(?:404|500)$/.test(pattern));

let school: Id<'sch'>;
let person: { id: Id<'usr'>; cookie: string };

beforeAll(async () => {
  const [db, now] = [await siteDb(), new Date()];
  school = newId('sch', now);
  await db.write((tx) =>
    tx.insert(schools).values({
      id: school,
      name: 'Lakeside School',
      country: 'VN',
      city: `Hue ${school}`,
      timeZone: 'Asia/Ho_Chi_Minh',
      membershipStartsOn: '2020-08-01',
      membershipEndsOn: '2090-07-31',
      createdAt: now,
      updatedAt: now,
    }),
  );
  const user = await makeUser([['member', school]]);
  person = { id: user.id, cookie: await cookieOf(user) };
});

/** A path of the route; where it can be, of something that is there. */
const pathOf = (pattern: string) =>
  pattern
    .replace('[school]', school)
    .replace(/\[(?:user|id)\]/, person.id)
    .replace('/[...params]', '')
    .replace('[...path]', 'none')
    .replace(/\[\w+\]/g, 'none');

async function ask(path: string, cookie: string | undefined, method: 'GET' | 'POST') {
  const answer = await fetch(siteUrl() + path, {
    method,
    redirect: 'manual',
    headers: { Origin: siteUrl(), ...(cookie && { Cookie: cookie }) },
    body: method === 'POST' ? new URLSearchParams({ form: 'nothing', nothing: 'x' }) : null,
  });
  await answer.arrayBuffer();
  return answer;
}

/** Roles that open a rule, beside those of nobody in particular. */
const opens: Record<Exclude<Rule, 'anyone'>, readonly Role[] | 'everybody'> = {
  'signed-in': 'everybody',
  'signed-in recently': 'everybody',
  member: ['member', 'sam', 'host', 'ta', 'editor', 'staff'],
  sam: ['sam', 'staff'],
  host: ['host', 'staff'],
  ta: ['ta', 'host', 'staff'],
  staff: ['staff'],
  'staff recently': ['staff'],
  editor: ['editor', 'staff'],
  cms: ['editor', 'staff'],
};

describe.each<[string, Role | undefined, string]>([
  ['somebody without a role', undefined, ''],
  ['a member', 'member', ''],
  ['a SAM of another school', 'sam', 'sch_of_theirs'],
  ['a host', 'host', 'school-librarians'],
  ['a TA', 'ta', ''],
  ['an editor', 'editor', ''],
  ['staff', 'staff', ''],
])('%s', (_name, role, scope) => {
  test('finds what is for them, nothing else, and breaks nothing', async () => {
    const cookie = await cookieOf(await makeUser(role ? [[role, scope]] : []));
    for (const pattern of patterns) {
      const rule = access[pattern]!;
      const may = rule === 'anyone' || opens[rule] === 'everybody' || opens[rule].includes(role as Role);
      for (const method of ['GET', 'POST'] as const) {
        const { status, headers } = await ask(pathOf(pattern), cookie, method);
        const what = `${method} ${pattern}`;
        expect(status, what).toBeLessThan(500);
        expect(headers.get('Location') ?? '', what).not.toMatch(/^\/sign-in\?next/);
        if (!may) expect(status, what).toBe(404);
        if (role === 'sam' && pattern.includes('[school]')) expect(status, what).toBe(404);
      }
    }
  });
});

test('a visitor is led to sign-in where something is for those who are signed in, and finds no CMS', async () => {
  for (const pattern of patterns)
    for (const method of ['GET', 'POST'] as const) {
      const { status, headers } = await ask(pathOf(pattern), undefined, method);
      const what = `${method} ${pattern}`;
      expect(status, what).toBeLessThan(500);
      if (access[pattern] === 'cms') expect(status, what).toBe(404);
      else if (access[pattern] !== 'anyone') {
        expect(status, what).toBe(303);
        expect(headers.get('Location'), what).toBe(`/sign-in?next=${encodeURIComponent(pathOf(pattern))}`);
      }
    }
});

test('every answer forbids what it should, and no cache keeps what a signed-in person sees', async () => {
  for (const pattern of patterns)
    for (const cookie of [undefined, person.cookie]) {
      const { headers } = await ask(pathOf(pattern), cookie, 'GET');
      expect(headers.get('Cache-Control') ?? '', pattern).toMatch(/no-store/);
      expect(headers.get('Content-Security-Policy') ?? '', pattern).toMatch(/frame-ancestors 'none'/);
      expect(headers.get('X-Content-Type-Options'), pattern).toBe('nosniff');
      expect(headers.get('Referrer-Policy'), pattern).toBe(
        pattern.includes('[token]') ? 'same-origin' : 'strict-origin-when-cross-origin',
      );
    }
});

test('opening any page any number of times changes nothing', async () => {
  const cookies = await Promise.all(
    [[['staff']], [['sam', school]], [['editor']]].map(async (roles) =>
      cookieOf(await makeUser(roles as unknown as [Role, string?][])),
    ),
  );
  const before = await everything();
  for (const cookie of [undefined, person.cookie, ...cookies])
    for (const pattern of patterns) await ask(pathOf(pattern), cookie, 'GET');
  const after = await everything();
  expect(after.difference(before)).toEqual(new Set());
  expect(before.difference(after)).toEqual(new Set());
});

/**
 * Every row of every table but the outbox, whose mails leave by themselves meanwhile, and the row that is written to see whether
 * the database can be.
 */
async function everything(): Promise<Set<string>> {
  const db = await siteDb();
  return db.write(async (tx) => {
    const tables = await tx.all<{ name: string }>(
      sql`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'outbox' AND name NOT LIKE 'mail_attempts'`,
    );
    const rows = new Set<string>();
    for (const { name } of tables)
      for (const row of await tx.all(sql`SELECT * FROM ${sql.identifier(name)}`))
        rows.add(`${name} ${JSON.stringify(row)}`);
    for (const row of rows) if (row.includes('"key":"readiness"')) rows.delete(row);
    return rows;
  });
}
