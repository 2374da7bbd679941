import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { parse } from 'csv-parse/sync';
import { and, desc, eq, ne, sql } from 'drizzle-orm';
import { strFromU8, unzipSync } from 'fflate';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { users } from '../../db/schema/accounts.ts';
import { attendance, attendanceImports, nudges, records } from '../../db/schema/attendance.ts';
import { auditEvents } from '../../db/schema/audit.ts';
import type { liveSessions } from '../../db/schema/live-sessions.ts';
import { liveSessionPeople } from '../../db/schema/live-sessions.ts';
import { countAct } from '../../src/domains/accounts/throttles.ts';
import { uploadMeetingFile } from '../../src/domains/attendance/imports.ts';
import { confirmSheet, markByHand } from '../../src/domains/attendance/marks.ts';
import { giveCode } from '../../src/domains/attendance/records.ts';
import { access } from '../../src/middleware/access.ts';
import type { Id } from '../../src/platform/ids.ts';
import { attendanceFixture, zoomReport } from '../attendance.ts';
import { addLiveSession, addMembers } from '../live-sessions.ts';
import { cookieOf, makeUser, siteDb, type TestUser, usePortal } from '../portal.ts';
import { addSchool } from '../schools.ts';
import { serveSite } from '../site.ts';

usePortal();

const siteUrl = () => inject('siteUrl');
/** What the fixtures are of: six in the evening in Berlin. */
const startsAt = new Date('2026-10-06T16:00:00Z');
const before = new Date('2026-09-01T08:00:00Z');
const slug = `attendance-wrong-${process.pid}`;
const asStaff = (user: TestUser) => ({ id: user.id, grants: [{ role: 'staff' as const, scopeId: '' }] });

let school: Id<'sch'>;
let otherSchool: Id<'sch'>;
let sam: TestUser;
let foreignSam: TestUser;
let staff: TestUser;
let ta: TestUser;
let member: TestUser;

beforeAll(async () => {
  const [db, now] = [await siteDb(), new Date()];
  const years = { membershipStartsOn: '2020-01-01', membershipEndsOn: '2040-12-31' };
  school = await addSchool(db, now, `Kapok Lane School ${now.getTime()}`, years);
  otherSchool = await addSchool(db, now, `Far Away School ${now.getTime()}`, years);
  sam = await makeUser([['sam', school]], 'Sampson Reuel');
  foreignSam = await makeUser([['sam', otherSchool]], 'Farah Foreign');
  staff = await makeUser([['staff']], 'Ottoline Brask');
  ta = await makeUser([['ta']], 'Tove Timekeeper');
  member = await makeUser([['member', school]], 'Ana Sample');
  await addMembers(db, before, slug, [member.id]);
});

/** A live session that was held, of which `ta` takes the attendance. */
async function heldLiveSession(values: Partial<typeof liveSessions.$inferInsert> = {}) {
  const db = await siteDb();
  const planned = { startsAt, timeZone: 'Europe/Berlin', wallTime: '2026-10-06T18:00', ...values };
  const id = await addLiveSession(db, before, slug, planned);
  await db.write((tx) =>
    tx.insert(liveSessionPeople).values({ liveSessionId: id, userId: ta.id, part: 'ta' }),
  );
  return id;
}
const sheetOf = (id: Id<'ses'>) => `/live-sessions/${id}/attendance`;

type Sent = Record<string, string | string[]> | FormData;

function bodyOf(sent: Sent): FormData | URLSearchParams {
  if (sent instanceof FormData) return sent;
  return new URLSearchParams(
    Object.entries(sent).flatMap(([name, all]) => [all].flat().map((value) => [name, value])),
  );
}

async function ask(path: string, user: TestUser | undefined, sent?: Sent, origin = siteUrl()) {
  return fetch(siteUrl() + path, {
    method: sent ? 'POST' : 'GET',
    redirect: 'manual',
    headers: { ...(sent && { Origin: origin }), ...(user && { Cookie: await cookieOf(user) }) },
    body: sent ? bodyOf(sent) : null,
  });
}

function fileForm(name: string, bytes: Uint8Array): FormData {
  const form = new FormData();
  form.set('form', 'uploadFile');
  form.set('file', new File([bytes as Uint8Array<ArrayBuffer>], name, { type: 'text/csv' }));
  return form;
}

const textOf = async (answer: Response) =>
  (await answer.text())
    .replace(/<(script|style)\b.*?<\/\1>/gs, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

/** HTML without the values of its attributes, in which a bracket is no tag. */
const markupOf = (html: string) => html.replace(/="[^"]*"/g, '');

const bytesOf = (text: string) => new TextEncoder().encode(text);
const importsOf = async (id: Id<'ses'>) =>
  (await siteDb()).read.$count(attendanceImports, eq(attendanceImports.liveSessionId, id));

describe('a file that is not an attendance report', () => {
  test.each<[string, Uint8Array, RegExp]>([
    ['a PDF', bytesOf('%PDF-1.7\n%âãÏÓ'), /PDF/],
    ['a workbook', Uint8Array.from([0x50, 0x4b, 3, 4, ...new Uint8Array(80)]), /Excel|workbook|XLSX/i],
    ['a web page', attendanceFixture('refused-sign-in-page.csv'), /web page|page of a website|HTML/i],
    ['an image', Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 0]), /image|picture/i],
    ['one that was cut off', attendanceFixture('refused-cut-off-in-a-row-utf16.csv'), /[Ll]ine \d+/],
    ['one of two encodings', attendanceFixture('refused-utf16-joined-to-utf8.csv'), /[Ll]ine \d+|two/],
    ['another table', attendanceFixture('refused-another-table.csv'), /attendance/i],
    ['nothing but headings', attendanceFixture('refused-only-headings.csv'), /nobody|no people|anybody/i],
  ])('%s is refused with a sentence, and nothing of it is kept', async (_what, bytes, sentence) => {
    const id = await heldLiveSession();
    const answer = await ask(sheetOf(id), ta, fileForm('report.csv', bytes));
    expect(answer.status).toBe(422);
    expect(await textOf(answer)).toMatch(sentence);
    expect(await importsOf(id)).toBe(0);
  });

  test('has a name that is shown without folders and without signs that turn the text', async () => {
    const id = await heldLiveSession();
    const wrong = await ask(sheetOf(id), ta, fileForm('..\\x/<b>\u202egnp.csv', bytesOf('%PDF-1.7')));
    const refused = await wrong.text();
    expect(refused).not.toContain('\u202e');
    expect(refused).toContain('&lt;b&gt; gnp.csv');
    const rows = [{ name: 'Ana Sample', minutes: 60 }];
    await ask(sheetOf(id), ta, fileForm('../../x/re\u202eport\u200b.csv', zoomReport(startsAt, rows)));
    const [kept] = await (await siteDb()).read
      .select({ fileName: attendanceImports.fileName })
      .from(attendanceImports)
      .where(eq(attendanceImports.liveSessionId, id));
    expect(kept?.fileName).toBe('re port .csv');
  });

  test('of 100 MB is refused whether or not it says so, and the server does not grow', async () => {
    const id = await heldLiveSession();
    const server = await serveSite(inject('siteDir'));
    try {
      const cookie = await cookieOf(ta);
      const statusOf = (headers: Record<string, string>) =>
        new Promise<number>((resolve, reject) => {
          const sent = httpRequest(`${server.url}${sheetOf(id)}`, {
            method: 'POST',
            headers: {
              ...{ Cookie: cookie, Origin: server.url, 'Content-Type': 'multipart/form-data; boundary=x' },
              ...headers,
            },
          });
          let status: number | undefined;
          sent.on('response', (response) => {
            status = response.statusCode;
            response.resume();
            response.on('end', () => sent.destroy());
          });
          sent.on('error', (error) => (status ? undefined : reject(error)));
          sent.on('close', () => (status ? resolve(status) : reject(new Error('No answer came.'))));
          const piece = Buffer.alloc(1_000_000, 'x');
          let left = 100;
          const push = () => {
            while (left > 0 && !status) {
              left -= 1;
              if (!sent.write(piece)) return void sent.once('drain', push);
            }
          };
          push();
        });
      const rss = async () =>
        Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${server.pid}/status`, 'utf8'))![1]);
      for (let count = 0; count < 3; count += 1)
        expect(await statusOf({ 'Transfer-Encoding': 'chunked' })).toBe(413);
      const first = await rss();
      for (let count = 0; count < 5; count += 1) {
        expect(await statusOf({ 'Transfer-Encoding': 'chunked' })).toBe(413);
        expect(await statusOf({ 'Content-Length': '100000000' })).toBe(413);
      }
      expect((await rss()) - first).toBeLessThan(80_000); // in KB: one of these ten files is 100,000
    } finally {
      await server.stop();
    }
  });
});

describe('a live session that is', () => {
  test('still ahead takes no file and no mark, and says so', async () => {
    const id = await heldLiveSession({ startsAt: new Date(Date.now() + 86_400_000) });
    for (const sent of [
      fileForm('a.csv', zoomReport(startsAt, [{ name: 'Ana Sample', minutes: 60 }])),
      { form: 'confirmSheet' },
      { form: 'saveMarks', [`mark-${member.id}`]: 'live' },
    ]) {
      const answer = await ask(sheetOf(id), ta, sent);
      expect(answer.status).toBe(409);
      expect(await textOf(answer)).toContain('has not begun yet');
    }
    expect(await importsOf(id)).toBe(0);
  });

  test('on another day than the file is asked about', async () => {
    const id = await heldLiveSession();
    const sent = await ask(sheetOf(id), ta, fileForm('a.csv', attendanceFixture('teams-2026-other-day.csv')));
    expect(await textOf(await ask(sent.headers.get('Location')!, ta))).toContain(
      'is it the right live session?',
    );
  });

  test('in another zone than the file’s times is reckoned rightly', async () => {
    const id = await heldLiveSession();
    const file = attendanceFixture('teams-2026-times-in-another-zone.csv');
    const sent = await ask(sheetOf(id), ta, fileForm('a.csv', file));
    expect(sent.status).toBe(303);
    expect(await textOf(await ask(sent.headers.get('Location')!, ta))).toContain(
      'only when they are in a zone at UTC',
    );
  });
});

test('two people of one name stay open, and one person of two addresses is one person', async () => {
  const db = await siteDb();
  const [twin, other, double] = [
    await makeUser([['member', school]], 'Mina Twin'),
    await makeUser([['member', school]], 'Mina Twin'),
    await makeUser([['member', school]], 'Dora Double'),
  ];
  await addMembers(db, before, slug, [twin.id, other.id, double.id]);
  const id = await heldLiveSession();
  const rows = [
    { name: 'Mina Twin', minutes: 70 },
    { name: 'Dora Double', email: double.email, minutes: 20 },
    { name: 'Dora at home', email: 'dora.home@example.test', minutes: 40, from: 20 },
  ];
  const sent = await ask(sheetOf(id), ta, fileForm('a.csv', zoomReport(startsAt, rows)));
  const at = sent.headers.get('Location')!;
  const page = await textOf(await ask(at, ta));
  expect(page).toContain(twin.email); // two of one name and school are told apart by their addresses
  expect(page).toContain(other.email);
  const named = await ask(at, ta, { form: 'decide', 'is-2': 'named', 'name-2': 'Mina Twin' });
  expect(named.status).toBe(422);
  expect(await textOf(named)).toMatch(/Line 2: several people are called “Mina Twin”/);
  const confirmed = await ask(at, ta, { form: 'confirmFile', 'is-2': other.id, 'is-4': double.id });
  expect(confirmed.status).toBe(303);
  const marks = await db.read
    .select({ userId: attendance.userId, mark: attendance.mark, minutes: attendance.minutes })
    .from(attendance)
    .where(eq(attendance.liveSessionId, id));
  const of = (user: TestUser) => marks.find(({ userId }) => userId === user.id);
  expect(of(other)).toMatchObject({ mark: 'live', minutes: 70 });
  expect(of(twin)).toMatchObject({ mark: 'absent' });
  expect(of(double)).toMatchObject({ mark: 'live', minutes: 60 });
});

test('a sheet of several hundred people is saved page by page, and nothing on the other pages changes', async () => {
  const db = await siteDb();
  const large = `${slug}-large`;
  const many = await db.write(async (tx) => {
    const [one] = await tx.select().from(users).where(eq(users.id, member.id));
    const rows = Array.from({ length: 400 }, (_, at) => ({
      ...one!,
      id: `usr_${at.toString(16).padStart(8, '0')}${process.pid.toString(16).padStart(8, '0')}${'a'.repeat(16)}` as Id<'usr'>,
      email: `many-${process.pid}-${at}@example.test`,
      name: `Person ${String(at).padStart(3, '0')}`,
    }));
    for (let from = 0; from < rows.length; from += 50)
      await tx.insert(users).values(rows.slice(from, from + 50));
    return rows.map(({ id }) => id);
  });
  await addMembers(db, before, large, many);
  const id = await addLiveSession(db, before, large, { startsAt });
  const page = await (await ask(`${sheetOf(id)}?page=4`, staff)).text();
  const named = [...page.matchAll(/name="(mark-usr_\w+)"/g)].map(([, name]) => name!);
  const fields = Object.fromEntries(
    [...new Set(named)].flatMap((name) => [
      [name, 'live'],
      [name.replace('mark', 'minutes'), '75'],
      [name.replace('mark', 'was'), ''],
    ]),
  );
  expect(Object.keys(fields).length).toBe(300);
  const saved = await ask(`${sheetOf(id)}?page=4`, staff, { form: 'saveMarks', ...fields });
  expect([saved.status, saved.headers.get('Location')]).toEqual([303, expect.stringContaining('page=4')]);
  expect(await db.read.$count(attendance, eq(attendance.liveSessionId, id))).toBe(100);
  expect((await ask(sheetOf(id), staff, { form: 'confirmSheet' })).status).toBe(303);
  expect(
    await db.read.$count(attendance, and(eq(attendance.liveSessionId, id), eq(attendance.mark, 'absent'))),
  ).toBe(300);
});

describe('nobody', () => {
  /** Everything that the new tables hold, as one text. */
  async function everything(): Promise<string> {
    const db = await siteDb();
    const names = ['attendance', 'attendance_changes', 'attendance_sheets', 'attendance_imports'];
    const more = ['attendance_rows', 'attendance_aliases', 'nudges', 'records', 'recording_views'];
    const rest = ['role_grants', 'activation_links', 'invitations', 'sam_offers'];
    return db.write(async (tx) => {
      const rows: unknown[] = [];
      for (const name of [...names, ...more, ...rest])
        rows.push(await tx.all(sql`SELECT * FROM ${sql.identifier(name)}`));
      return JSON.stringify(rows);
    });
  }

  test('reads or changes anything of a school that is not theirs, at any address or by any form', async () => {
    const patterns = Object.keys(access).filter((pattern) => pattern.startsWith('/sam/[school]'));
    const forms: Sent[] = [
      {},
      { form: 'nudge', kind: 'join-community', whom: 'all', note: '' },
      { form: 'nudge', kind: 'join-community', whom: 'chosen', person: member.id, note: '' },
      { form: 'replaceLink' },
      { form: 'revokeLink' },
      { form: 'giveUpRole' },
      { form: 'askFellowSam', name: 'Fay Fellow', email: 'fay@example.test' },
      { form: 'preview', people: 'fay@example.test' },
      { form: 'send', people: 'fay@example.test' },
      { form: 'removeMember' },
    ];
    const strangers = [
      foreignSam,
      member,
      ta,
      await makeUser([['host', slug]]),
      await makeUser([['editor']]),
      await makeUser(),
    ];
    expect(patterns.length).toBeGreaterThan(11);
    const kept = await everything();
    for (const pattern of patterns)
      for (const format of pattern.includes('[format]') ? ['csv', 'xlsx', 'pdf'] : ['']) {
        const path = pattern
          .replace('[school]', school)
          .replace('[user]', member.id)
          .replace('[format]', format);
        for (const user of strangers)
          for (const sent of [undefined, ...(user === foreignSam ? forms : forms.slice(0, 3))]) {
            const answer = await ask(`${path}?season=2026-27`, user, sent);
            expect([
              path,
              user.name,
              sent && (sent as Record<string, string>)['form'],
              answer.status,
            ]).toEqual([...[path, user.name, sent && (sent as Record<string, string>)['form'], 404]]);
            expect(await answer.text()).not.toMatch(/Kapok Lane|Ana Sample/);
          }
        const crossSite = await ask(path, sam, { form: 'nudge' }, 'https://elsewhere.example.test');
        expect([path, crossSite.status]).toEqual([path, 403]);
      }
    expect(await everything()).toBe(kept);
  });

  test('of another community, school or live session reads or changes a sheet or a file', async () => {
    const [id, own] = [await heldLiveSession(), await heldLiveSession()];
    const db = await siteDb();
    const ctx = { db, now: new Date() };
    const bytes = zoomReport(startsAt, [{ name: 'Nobody Known', minutes: 60 }]);
    const uploaded = await uploadMeetingFile(ctx, asStaff(staff), id, { name: 'a.csv', bytes });
    if ('refused' in uploaded) throw new Error('The file was refused.');
    const importPath = `${sheetOf(id)}/import/${uploaded.importId}`;
    const otherTa = await makeUser([['ta']], 'Otto Other');
    await makeUser([['host', slug]]);
    const strangers = [
      otherTa, // the live session has a TA, who is somebody else
      member,
      sam,
      await makeUser([['host', 'another-community']]),
      await makeUser([['editor']]),
      await makeUser(),
    ];
    const onSheet: Sent[] = [
      { form: 'saveMarks', [`mark-${member.id}`]: 'live', [`minutes-${member.id}`]: '60' },
      fileForm('b.csv', zoomReport(startsAt, [{ name: 'Ana Sample', minutes: 60 }])),
      { form: 'confirmSheet' },
      { form: 'reopenSheet' },
      { form: 'undoFromSheet', import: uploaded.importId },
    ];
    const onImport: Sent[] = [
      { form: 'decide', 'is-2': member.id },
      { form: 'confirmFile', 'is-2': member.id },
      { form: 'discardFile' },
    ];
    const kept = await everything();
    for (const user of strangers)
      for (const [path, forms] of [
        [sheetOf(id), onSheet],
        [importPath, onImport],
      ] as const)
        for (const sent of [undefined, ...forms])
          expect([user.name, path, (await ask(path, user, sent)).status]).toEqual([user.name, path, 404]);
    // By way of a live session that is theirs
    for (const sent of [undefined, ...onImport])
      expect((await ask(importPath.replace(id, own), ta, sent)).status).toBe(404);
    expect((await ask(sheetOf(own), ta, { form: 'undoFromSheet', import: uploaded.importId })).status).toBe(
      404,
    );
    expect(await everything()).toBe(kept);
  });

  test('decides on a file that counts already; confirming it once more changes nothing', async () => {
    const id = await heldLiveSession();
    const ctx = { db: await siteDb(), now: new Date() };
    const bytes = zoomReport(startsAt, [{ name: 'Ana Sample', minutes: 60 }]);
    const uploaded = await uploadMeetingFile(ctx, asStaff(staff), id, { name: 'counts.csv', bytes });
    if ('refused' in uploaded) throw new Error('The file was refused.');
    const file = `${sheetOf(id)}/import/${uploaded.importId}`;
    expect((await ask(file, ta, { form: 'confirmFile' })).status).toBe(303);
    const kept = await everything();
    const late = await ask(file, ta, { form: 'decide', 'is-2': member.id });
    expect(late.status).toBe(409);
    expect(await late.text()).toContain('Somebody has confirmed or discarded this file since you opened it.');
    expect((await ask(file, ta, { form: 'confirmFile', 'is-2': member.id })).status).toBe(303);
    expect(await everything()).toBe(kept);
  });

  test('withdraws or reads somebody else’s record, or sends fields that a form does not have', async () => {
    const ctx = { db: await siteDb(), now: new Date() };
    const given = await giveCode(ctx, member, { title: 'Everything', fromAt: null, untilAt: null });
    const [record] = await ctx.db.read
      .select({ id: records.id })
      .from(records)
      .where(eq(records.userId, member.id));
    expect('code' in given).toBe(true);
    await ask('/me/record', foreignSam, { form: 'withdraw', record: record!.id });
    const code = 'code' in given ? given.code : '';
    expect((await ask(`/record/${code}`, undefined)).status).toBe(200);
    for (const [path, sent] of [
      ['/me/record', { form: 'give', covers: '', userId: member.id }],
      [`/sam/${school}/nudges`, { form: 'nudge', kind: 'answer', whom: 'all', sentById: staff.id }],
      ['/staff/settings', { form: 'setThreshold', minutes: '30', updatedById: member.id }],
    ] as const)
      expect([path, (await ask(path, path.startsWith('/staff') ? staff : sam, sent)).status]).toEqual([
        path,
        422,
      ]);
  });
});

test('names that are formulas or markup do nothing in files and pages', async () => {
  const db = await siteDb();
  const names = [
    '=HYPERLINK("https://x.example.test")',
    '+1 Person',
    '-1 Person',
    '@SUM(A1)',
    '＝1+1',
    '<i>Ida</i>',
  ];
  const made: TestUser[] = [];
  for (const name of names) made.push(await makeUser([['member', otherSchool]], name));
  await addMembers(
    db,
    before,
    slug,
    made.map(({ id }) => id),
  );
  const id = await heldLiveSession({ seasonSlug: '2026-27', round: 1 });
  const ctx = { db, now: new Date() };
  await markByHand(ctx, asStaff(staff), id, [{ userId: made[0]!.id, mark: 'live', minutes: 80 }]);
  await confirmSheet(ctx, asStaff(staff), id);
  for (const what of ['members', 'attendance']) {
    const csvFile = await ask(`/sam/${otherSchool}/${what}.csv?season=2026-27`, foreignSam, {});
    const cells = (parse(await csvFile.text(), { bom: true }) as string[][]).flat();
    for (const cell of cells) expect(cell).not.toMatch(/^[=+\-@\t\r＝＋－＠]/);
    for (const name of names) expect(cells.map((cell) => cell.replace(/^'/, ''))).toContain(name);
    const xlsxFile = await ask(`/sam/${otherSchool}/${what}.xlsx?season=2026-27`, foreignSam, {});
    const files = unzipSync(new Uint8Array(await xlsxFile.arrayBuffer()));
    for (const [path, bytes] of Object.entries(files))
      if (path.endsWith('.xml')) expect(strFromU8(bytes)).not.toMatch(/<f[ >]|<i>Ida/);
  }
  for (const path of ['', '/attendance?season=2026-27', '/charts?season=2026-27', '/nudges?kind=answer'])
    expect(markupOf(await (await ask(`/sam/${otherSchool}${path}`, foreignSam)).text()), path).not.toContain(
      '<i>Ida',
    );
  expect(markupOf(await (await ask(sheetOf(id), staff)).text())).not.toContain('<i>Ida');
});

describe('what was done', () => {
  test('stands in the log, without names or addresses', async () => {
    const db = await siteDb();
    const actionsBy = async (user: TestUser) =>
      db.read
        .select({ action: auditEvents.action, detail: auditEvents.detail })
        .from(auditEvents)
        .where(and(eq(auditEvents.actorId, user.id), ne(auditEvents.action, 'login.started')))
        .orderBy(desc(auditEvents.at));
    const [own, person] = [
      await makeUser([['sam', school]]),
      await makeUser([['member', school]], 'Nia Nudged'),
    ];
    for (const path of ['members.csv', 'attendance.xlsx', 'report.pdf'])
      expect((await ask(`/sam/${school}/${path}?q=secretly`, own, {})).status).toBe(200);
    await ask(`/sam/${school}/nudges`, own, {
      ...{ form: 'nudge', kind: 'join-community', whom: 'chosen', person: person.id, note: 'Secretly' },
    });
    expect(await db.read.$count(nudges, eq(nudges.userId, person.id))).toBe(1);
    const done = await actionsBy(own);
    expect(done.map(({ action }) => action).sort()).toEqual([
      'nudges.sent',
      'school.attendance-exported',
      'school.members-exported',
      'school.report-exported',
    ]);
    expect(JSON.stringify(done)).not.toMatch(/secretly|Nia|@/i);
    const setter = await makeUser([['staff']]);
    await ask('/staff/settings', setter, { form: 'setThreshold', minutes: '30' });
    expect((await actionsBy(setter)).map(({ action }) => action)).toEqual(['attendance.threshold-set']);
  });

  test.each<[string, number, string, Record<string, string>]>([
    ['table-exports', 60, '/sam/school/members.csv', {}],
    ['nudges', 60, '/sam/school/nudges', { form: 'nudge', kind: 'answer', whom: 'all', note: '' }],
    ['record-codes', 30, '/me/record', { form: 'give', covers: '' }],
    ['record-papers', 30, '/me/record/pdf', {}],
  ])('too often is refused with the time to come again: %s', async (name, most, path, sent) => {
    const own = await makeUser([['sam', school]]);
    const ctx = { db: await siteDb(), now: new Date() };
    const inMs = name === 'record-codes' ? 86_400_000 : 3_600_000;
    for (let count = 0; count < most; count += 1) await countAct(ctx, { name, most, inMs }, own.id);
    const answer = await ask(path.replace('school', school), own, sent);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(3000);
  });

  test('too many files in an hour are refused as well', async () => {
    const [own, id] = [await makeUser([['staff']]), await heldLiveSession()];
    const [ctx, limit] = [
      { db: await siteDb(), now: new Date() },
      { most: 100, inMs: 3_600_000 },
    ];
    for (let count = 0; count < 100; count += 1)
      await countAct(ctx, { name: 'attendance-files', ...limit }, own.id);
    const bytes = zoomReport(startsAt, [{ name: 'Ana Sample', minutes: 60 }]);
    expect((await ask(sheetOf(id), own, fileForm('a.csv', bytes))).status).toBe(429);
    expect(await importsOf(id)).toBe(0);
  });
});
