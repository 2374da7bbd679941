import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { eq, sql } from 'drizzle-orm';
import { getTableConfig, type SQLiteTable } from 'drizzle-orm/sqlite-core';
import { strFromU8, unzipSync } from 'fflate';
import sharp from 'sharp';
import { afterAll, expect, test, vi } from 'vitest';
import type { Db, Tx } from '#db/client.ts';
import * as accountTables from '#db/schema/accounts.ts';
import * as admissionTables from '#db/schema/admissions.ts';
import * as attendanceTables from '#db/schema/attendance.ts';
import * as auditTables from '#db/schema/audit.ts';
import * as communityTables from '#db/schema/communities.ts';
import * as leaseTables from '#db/schema/leases.ts';
import * as liveSessionTables from '#db/schema/live-sessions.ts';
import * as mailTables from '#db/schema/mail.ts';
import * as schoolTables from '#db/schema/schools.ts';
import { addUser, useDatabase } from '../../tests/database.ts';
import { personalColumns } from '../../tests/personal-columns.ts';
import { verifyAuditChain } from '../domains/audit/verify.ts';
import { type Id, newId } from '../platform/ids.ts';

vi.hoisted(() => {
  process.env['DATA_DIR'] = `${process.env['TMPDIR'] ?? '/tmp'}/peersphere-personal-${process.pid}`;
});

const { storePicture, findPicture } = await import('../domains/accounts/pictures.ts');
const { packPersonalData, eraseDueUser } = await import('./personal-data.ts');
const { eraseDueUsers } = await import('../jobs/erase-due.ts');

const { addressChanges, erasures, firstSteps, loginSessions, roleGrants, tokens, users } = accountTables;
const { applications, coupons, enquiries, enquiryNotes } = admissionTables;
const { mailAttempts, mailSuppressions, outbox } = mailTables;
const { activationLinks, invitations, samOffers, schools, signUps } = schoolTables;

afterAll(() => rm(process.env['DATA_DIR']!, { recursive: true, force: true }));

const now = new Date('2026-11-22T03:00:00Z');
const dueAt = new Date('2026-11-29T03:00:00Z');

const tables = Object.fromEntries(
  [
    accountTables,
    admissionTables,
    attendanceTables,
    auditTables,
    communityTables,
    leaseTables,
    liveSessionTables,
    mailTables,
    schoolTables,
  ].flatMap((file) =>
    Object.values(file as Record<string, SQLiteTable>).map((table) => [getTableConfig(table).name, table]),
  ),
);

/** As the database names a column: `old_email`. */
const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

async function newPicture(): Promise<Id<'pic'>> {
  const drawn = sharp({ create: { width: 64, height: 64, channels: 3, background: '#c04000' } });
  const stored = await storePicture(await drawn.png().toBuffer());
  if ('problem' in stored) throw new Error(stored.problem);
  return stored.pictureId;
}

const email = 'noor.findable@example.test';
const oldEmail = 'noor.before@example.test';
/** Words that must be gone everywhere. */
const traces = /findable|noor\.before/i;

/** Somebody who has left something in every table that is about people, and another who must keep everything. */
async function fullDatabase() {
  const db = await useDatabase();
  const [pictureId, formPictureId] = [await newPicture(), await newPicture()];
  const { id } = await addUser(db, now, { email, name: 'Noor Findable', pictureId });
  const other = await addUser(db, now, { email: 'other@example.test', name: 'Somebody Else' });
  const schoolId = newId('sch', now);
  const times = { createdAt: now, updatedAt: now };
  const sent = { createdAt: now, lastSentAt: now };
  const mail = { optional: false, state: 'sent', attempts: 1, nextAttemptAt: now, plannedAt: now } as const;
  const [mailId, couponId] = [newId('mail', now), newId('cpn', now)];
  const [enquiryId, othersEnquiryId] = [newId('enq', now), newId('enq', now)];
  const asked = { topic: 'other', state: 'new', ...times } as const;
  await db.write(async (tx) => {
    await tx
      .update(users)
      .set({
        jobTitle: 'Librarian findable',
        subjects: 'Reading findable',
        about: 'About findable',
        workplace: 'Workplace findable',
        country: 'VN',
        languages: ['vi', 'sv'],
        links: [{ label: 'Findable', url: 'https://findable.example.test/' }],
        visibility: { about: 'nobody' },
        personSlug: 'noor-findable',
        suspendedAt: new Date('2026-11-03T01:00:00Z'),
        erasureDueAt: dueAt,
      })
      .where(eq(users.id, id));
    await tx.insert(schools).values({
      ...{ id: schoolId, name: 'Heron Creek', country: 'VN', city: 'Da Nang', timeZone: 'Asia/Ho_Chi_Minh' },
      ...{ membershipStartsOn: '2026-08-01', membershipEndsOn: '2027-07-31', ...times },
    });
    const grant = { role: 'member', scopeId: schoolId, createdAt: now } as const;
    await tx.insert(roleGrants).values([
      { ...grant, id: newId('rol', now), userId: id, grantedById: other.id },
      { ...grant, id: newId('rol', now), userId: other.id, grantedById: id },
    ]);
    const signIn = { createdAt: now, expiresAt: dueAt, lastUsedAt: now, authenticatedAt: now };
    await tx
      .insert(loginSessions)
      .values({ ...signIn, idHash: 'hash', userId: id, device: '=Findable on Windows' });
    await tx.insert(firstSteps).values({ userId: id, step: 'hub', takenAt: now });
    const changeId = newId('adr', now);
    await tx
      .insert(addressChanges)
      .values({ id: changeId, userId: id, oldEmail, newEmail: email, changedAt: now });
    const link = { createdAt: now, expiresAt: dueAt };
    await tx.insert(tokens).values([
      { ...link, tokenHash: '1', purpose: 'reset-password', subjectId: id, email, usedAt: now },
      { ...link, tokenHash: '2', purpose: 'undo-address', subjectId: changeId, email: oldEmail },
      { ...link, tokenHash: '3', purpose: 'invitation', subjectId: 'inv_x', email, revokedAt: now },
    ]);
    await tx.insert(outbox).values([
      {
        ...{ id: mailId, dedupeKey: `x:${id}`, kind: 'welcome', to: email, subject: 'Hello Findable' },
        ...{ ...mail, createdAt: now, sentAt: now, failedAt: now },
      },
      {
        ...{ id: newId('mail', now), dedupeKey: 'y', kind: 'welcome', to: oldEmail, subject: '+Findable' },
        ...{ ...mail, createdAt: now },
      },
      {
        ...{ id: newId('mail', now), dedupeKey: 'z', kind: 'welcome', to: other.email, subject: 'Hello' },
        ...{ ...mail, createdAt: now },
      },
    ]);
    const attempt = { at: now, durationMs: 5, transport: 'smtp', error: `550 no ${email}` };
    await tx.insert(mailAttempts).values({ id: newId('att', now), mailId, ...attempt });
    await tx.insert(mailSuppressions).values({ email, reason: 'unsubscribe', createdAt: now });
    const invited = { schoolId, ...sent };
    await tx.insert(invitations).values([
      { ...invited, id: newId('inv', now), email, name: 'Noor Findable', activatedAt: now, withdrawnAt: now },
      { ...invited, id: newId('inv', now), email: 'third@example.test', invitedById: id },
    ]);
    await tx.insert(samOffers).values([
      { ...invited, id: newId('sam', now), email: oldEmail, name: 'Noor Findable', acceptedAt: now },
      { ...invited, id: newId('sam', now), email: 'third@example.test', name: 'Third', offeredById: id },
    ]);
    await tx.insert(signUps).values({
      ...{ id: newId('sup', now), email, name: 'Noor Findable', schoolId, pictureId: formPictureId },
      profile: { jobTitle: 'Findable', subjects: '', country: 'VN', timeZone: 'Asia/Ho_Chi_Minh' },
      ...{ passwordHash: 'hash', browserHash: 'hash', codeOfConductVersion: '7', ...link },
    });
    await tx
      .insert(activationLinks)
      .values({ id: newId('lnk', now), schoolId, tokenHash: 'hash', createdAt: now, createdById: id });
    await tx.insert(coupons).values({
      ...{ id: couponId, code: 'LIBRARY-7KQ2', percentOff: 50, usesAllowed: 5, usesTaken: 1 },
      ...{ createdById: id, createdAt: now },
    });
    const applied = {
      jobTitle: 'Findable',
      workplace: 'Findable',
      country: 'VN',
      timeZone: 'Asia/Ho_Chi_Minh',
      communities: ['school-librarians'],
      message: 'Findable',
      codeOfConductVersion: '7',
      couponId,
      price: 145,
      currency: 'USD',
      acceptNote: 'Findable',
      declineReason: 'Findable',
      decidedAt: now,
      paidAt: now,
      paymentNote: 'Findable',
      setUpSentAt: now,
      ...times,
    };
    const empty = {
      jobTitle: '',
      workplace: '',
      message: '',
      acceptNote: '',
      paymentNote: '',
      declineReason: '',
    };
    const third = { name: 'Third', email: 'third@example.test', digest: '2', decidedById: id };
    await tx.insert(applications).values([
      { ...applied, id: newId('app', now), name: 'Noor Findable', email, digest: '1', state: 'joined' },
      { ...applied, ...empty, ...third, id: newId('app', now), state: 'declined' },
    ]);
    const question = {
      organisation: 'Findable',
      country: 'VN',
      staffCount: 12,
      message: 'Findable',
      ...asked,
    };
    await tx.insert(enquiries).values([
      { ...question, id: enquiryId, name: 'Noor Findable', email: oldEmail, digest: '1' },
      { ...asked, id: othersEnquiryId, name: 'Third', email: 'third@example.test', message: '', digest: '2' },
    ]);
    await tx.insert(enquiryNotes).values([
      { id: newId('ent', now), enquiryId, kind: 'reply', body: 'Hello Findable', createdAt: now },
      {
        ...{
          id: newId('ent', now),
          enquiryId: othersEnquiryId,
          kind: 'note',
          body: 'Called',
          createdAt: now,
        },
        authorId: id,
      },
    ]);
    const slug = { communitySlug: 'school-librarians' };
    await tx.insert(communityTables.communities).values({
      ...{ slug: slug.communitySlug, name: 'School Librarians', membership: 'open', area: 'teaching' },
      ...{ createdAt: now, syncedAt: now },
    });
    await tx
      .insert(communityTables.communityMembers)
      .values({ ...slug, userId: id, state: 'joined', since: now, createdAt: now });
    await tx
      .insert(communityTables.surveyResponses)
      .values({ ...slug, userId: id, answers: { topics: 'Findable', formats: ['Mini workshop'] }, ...times });
    const liveSessionId = newId('ses', now);
    await tx.insert(liveSessionTables.liveSessions).values({
      ...{
        id: liveSessionId,
        title: 'Quiet corners',
        startsAt: now,
        endsAt: dueAt,
        wallTime: '2026-11-21T16:00',
      },
      ...{
        timeZone: 'Asia/Shanghai',
        audience: 'communities',
        state: 'scheduled',
        createdById: id,
        ...times,
      },
    });
    await tx
      .insert(liveSessionTables.liveSessionCommunities)
      .values({ ...slug, liveSessionId, startsAt: now });
    await tx.insert(liveSessionTables.liveSessionPeople).values({ liveSessionId, userId: id, part: 'host' });
    await tx
      .insert(liveSessionTables.rsvps)
      .values({ liveSessionId, userId: id, answer: 'waiting', position: 7, ...times });
    await tx
      .insert(liveSessionTables.calendarFeeds)
      .values({ userId: id, tokenHash: 'hash', scope: 'going', createdAt: now });
    await tx.insert(liveSessionTables.reminderSettings).values({
      ...{ userId: id, invitationWeek: true, invitationDay: false, invitationHour: false },
      ...{ reminderWeek: true, reminderDay: true, reminderHour: true },
      ...{ quietFrom: '21:30', quietUntil: '06:30', updatedAt: now },
    });
    await fillAttendance(tx, id, other.id, liveSessionId);
  });
  return { db, id, other, pictureId, formPictureId };
}

/** Marks of both, by each other; a file with rows of the first by name, and by an address that nobody has decided about. */
async function fillAttendance(tx: Tx, id: Id<'usr'>, otherId: Id<'usr'>, liveSessionId: Id<'ses'>) {
  const { attendance, attendanceChanges, attendanceImports, attendanceRows } = attendanceTables;
  const importId = newId('imp', now);
  const marked = { liveSessionId, mark: 'live', minutes: 83, source: 'import', importId } as const;
  const both = [
    { userId: id, by: otherId },
    { userId: otherId, by: id },
  ];
  await tx
    .insert(attendance)
    .values(both.map(({ userId, by }) => ({ ...marked, userId, confirmedById: by, confirmedAt: now })));
  await tx.insert(attendanceChanges).values(
    both.map(({ userId, by }) => ({
      ...{ ...marked, id: newId('chg', now), userId },
      ...{ changedById: by, changedAt: now },
    })),
  );
  const by = { confirmedById: id, confirmedAt: now, updatedAt: now };
  await tx.insert(attendanceTables.attendanceSheets).values({ liveSessionId, importId, ...by });
  const warnings = ['Line 9: Noor Findable has no address.'];
  const summary = { title: 'Quiet corners', startedAt: null, endedAt: null, people: 2, guests: 0, warnings };
  await tx.insert(attendanceImports).values({
    ...{ id: importId, liveSessionId, fileName: 'report.csv', fileHash: 'hash', tool: 'teams', summary },
    ...{ thresholdMinutes: 30, uploadedById: id, createdAt: now, confirmedAt: now, confirmedById: id },
  });
  const row = { importId, name: 'Noor Findable', minutes: 83, joinedAt: now, leftAt: dueAt };
  await tx.insert(attendanceRows).values([
    { ...row, line: 9, email: '', match: 'name', decision: 'user', userId: id },
    { ...row, line: 10, email: oldEmail, match: 'none', decision: 'open' },
  ]);
  const alias = { communitySlug: 'school-librarians', decidedById: otherId, createdAt: now };
  await tx.insert(attendanceTables.attendanceAliases).values([
    { ...alias, alias: 'findable noor', decision: 'user', userId: id },
    { ...alias, alias: oldEmail, decision: 'guest' },
  ]);
  await tx
    .insert(attendanceTables.recordingViews)
    .values({ liveSessionId, userId: id, openedAt: now, watchedAt: dueAt });
  await tx.insert(attendanceTables.records).values({
    ...{ id: newId('rec', now), userId: id, codeHash: 'hash', title: 'Season 2026–27' },
    ...{ fromAt: now, untilAt: dueAt, createdAt: now, withdrawnAt: dueAt },
  });
  await tx
    .insert(attendanceTables.attendanceSettings)
    .values({ id: 1, thresholdMinutes: 30, updatedAt: now, updatedById: id });
}

async function unpacked(db: Db, id: Id<'usr'>) {
  const { fileName, bytes } = await packPersonalData({ db, now }, id);
  const files = unzipSync(bytes);
  const text = (name: string) => strFromU8(files[name] ?? new Uint8Array());
  return { fileName, names: Object.keys(files).sort(), text, files };
}

test('every column of every table is listed, with what happens to it', () => {
  const schemaFiles = readdirSync('db/schema').filter((file) => file !== 'columns.ts');
  const declared = schemaFiles.flatMap((file) =>
    [...readFileSync(`db/schema/${file}`, 'utf8').matchAll(/sqliteTable\(\s*'(\w+)'/g)].map(
      ([, name]) => name,
    ),
  );
  expect(Object.keys(tables).sort()).toEqual(declared.sort());
  const columns = Object.entries(tables).map(([name, table]) => [
    name,
    getTableConfig(table)
      .columns.map((column) => snake(column.name))
      .sort(),
  ]);
  const listed = Object.entries(personalColumns).map(([name, rules]) => [name, Object.keys(rules).sort()]);
  expect(Object.fromEntries(listed)).toEqual(Object.fromEntries(columns));
});

test('the download holds everything about somebody, under each of their addresses', async () => {
  const { db, id } = await fullDatabase();
  const { fileName, names, text, files } = await unpacked(db, id);
  expect(fileName).toBe('peersphere-2026-11-22.zip');
  expect(names).toEqual(['README.txt', 'mails.csv', 'peersphere.json', 'picture.webp', 'sign-ins.csv']);
  expect(await sharp(files['picture.webp']).metadata()).toMatchObject({ format: 'webp', width: 512 });

  const json = text('peersphere.json');
  const everything = JSON.stringify(JSON.parse(json));
  for (const [name, rules] of Object.entries(personalColumns)) {
    const rows: Record<string, unknown>[] = await db.read.select().from(tables[name]!);
    for (const row of rows.filter((candidate) => isTheirs(candidate, id)))
      for (const [key, value] of Object.entries(row)) {
        if (rules[snake(key)] !== 'taken' || value === null || value === '') continue;
        expect(everything, `${name}.${key}`).toContain(JSON.stringify(value));
      }
  }
  for (const secret of ['$argon2id', '"hash"']) expect(everything).not.toContain(secret);
});

const isTheirs = (row: Record<string, unknown>, id: string) =>
  row['userId'] === id || row['id'] === id || traces.test(JSON.stringify(row));

test('nothing of anybody else is in it', async () => {
  const { db, id, other } = await fullDatabase();
  const { text } = await unpacked(db, id);
  for (const foreign of [other.id, other.email, other.name, 'third@example.test', 'Called'])
    expect(text('peersphere.json') + text('mails.csv')).not.toContain(foreign);
});

test('its tables run nothing in a spreadsheet', async () => {
  const { db, id } = await fullDatabase();
  const { text } = await unpacked(db, id);
  expect(text('sign-ins.csv')).toContain(`"'=Findable on Windows"`);
  expect(text('mails.csv')).toContain(`"'+Findable"`);
});

test('taking it is on record', async () => {
  const { db, id } = await fullDatabase();
  await unpacked(db, id);
  const log = await db.read.select().from(auditTables.auditEvents);
  expect(log).toMatchObject([{ action: 'user.data-downloaded', actorId: id, subjectId: id, detail: {} }]);
});

/** Where in the whole database a text stands, as `table.column`. */
async function placesOf(db: Db, needle: string): Promise<string[]> {
  const found: string[] = [];
  for (const [name, table] of Object.entries(tables))
    for (const column of getTableConfig(table).columns.map(({ name: property }) => snake(property))) {
      const [row] = await db.read
        .select({ count: sql<number>`count(*)` })
        .from(table)
        .where(sql`instr(lower(CAST(${sql.identifier(column)} AS TEXT)), lower(${needle})) > 0`);
      if (row?.count) found.push(`${name}.${column}`);
    }
  return found.sort();
}

test('after erasure no table holds the name or an address, and the id only where the page says so', async () => {
  const { db, id } = await fullDatabase();
  await packPersonalData({ db, now }, id);
  expect(await placesOf(db, email)).toContain('users.email');
  expect(await eraseDueUser({ db, now: dueAt }, id)).toBe(true);
  expect(await placesOf(db, 'findable')).toEqual(['mail_suppressions.email']);
  expect(await placesOf(db, oldEmail)).toEqual([]);
  expect(await placesOf(db, id)).toEqual([
    'audit_events.actor_id',
    'audit_events.subject_id',
    'erasures.user_id',
  ]);
  expect(await db.read.select().from(erasures)).toEqual([{ userId: id, erasedAt: dueAt }]);
});

test('their pictures are gone, and the audit log is whole', async () => {
  const { db, id, pictureId, formPictureId } = await fullDatabase();
  await packPersonalData({ db, now }, id);
  await eraseDueUser({ db, now: dueAt }, id);
  expect(await findPicture(pictureId)).toBeUndefined();
  expect(await findPicture(formPictureId)).toBeUndefined();
  expect(await verifyAuditChain(db)).toMatchObject({ intact: true, count: 2 });
});

test('everybody else keeps what is theirs', async () => {
  const { db, id, other } = await fullDatabase();
  const before = await packPersonalData({ db, now }, other.id);
  await eraseDueUser({ db, now: dueAt }, id);
  const after = await packPersonalData({ db, now }, other.id);
  const profileIn = ({ bytes }: typeof before) =>
    JSON.parse(strFromU8(unzipSync(bytes)['peersphere.json']!)) as Record<string, unknown>;
  const [{ log: _before, ...one }, { log: _after, ...two }] = [profileIn(before), profileIn(after)];
  expect(two).toEqual(one);
  expect(await placesOf(db, 'third@example.test')).toEqual([
    'applications.email',
    'enquiries.email',
    'invitations.email',
    'sam_offers.email',
  ]);
});

test('an old address that somebody else has by now is theirs', async () => {
  const { db, id } = await fullDatabase();
  const heir = await addUser(db, now, { email: oldEmail, name: 'Heir' });
  await eraseDueUser({ db, now: dueAt }, id);
  expect(await placesOf(db, oldEmail)).toEqual([
    'attendance_aliases.alias',
    'attendance_rows.email',
    'enquiries.email',
    'outbox.to',
    'sam_offers.email',
    'users.email',
  ]);
  expect(await db.read.$count(users, eq(users.id, heir.id))).toBe(1);
});

test('nobody is erased before their time, or after they changed their mind', async () => {
  const { db, id, other } = await fullDatabase();
  await eraseDueUsers({ db, now: new Date(dueAt.getTime() - 1) });
  expect(await eraseDueUser({ db, now: new Date(dueAt.getTime() - 1) }, id)).toBe(false);
  await db.write((tx) => tx.update(users).set({ erasureDueAt: null }).where(eq(users.id, id)));
  expect(await eraseDueUser({ db, now: dueAt }, id)).toBe(false);
  expect(await eraseDueUser({ db, now: dueAt }, other.id)).toBe(false);
  expect(await db.read.$count(users)).toBe(2);
});

test('the job erases everybody whose time is over, once', async () => {
  const { db, other } = await fullDatabase();
  await eraseDueUsers({ db, now: dueAt });
  await eraseDueUsers({ db, now: dueAt });
  expect(await db.read.select({ id: users.id }).from(users)).toEqual([{ id: other.id }]);
  expect(await db.read.$count(erasures)).toBe(1);
});
