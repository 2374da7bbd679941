import { expect, test } from 'vitest';
import { applications, enquiries } from '#db/schema/admissions.ts';
import { outbox } from '#db/schema/mail.ts';
import { samOffers, schools } from '#db/schema/schools.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import { newId } from '../../platform/ids.ts';
import { staffOverview } from './staff-overview.ts';

const now = new Date('2026-11-21T09:30:00Z');
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000);

async function addSchool(
  db: TestDatabase,
  name: string,
  given: { membershipEndsOn?: string; pausedAt?: Date } = {},
) {
  const id = newId('sch', now);
  const about = { name, country: 'VN', city: 'Da Nang', timeZone: 'Asia/Ho_Chi_Minh' };
  const year = { membershipStartsOn: '2025-08-01', membershipEndsOn: '2027-07-31' };
  await db.write((tx) =>
    tx.insert(schools).values({ id, ...about, ...year, createdAt: now, updatedAt: now, ...given }),
  );
  return id;
}

type ApplicationState = typeof applications.$inferInsert.state;
async function addApplication(db: TestDatabase, state: ApplicationState, at: Date) {
  const about = { name: 'Robin Birch', email: 'robin@example.test', jobTitle: 'Librarian', country: 'VN' };
  const moments = { createdAt: at, updatedAt: at, decidedAt: at, paidAt: state === 'paid' ? at : null };
  await db.write((tx) =>
    tx.insert(applications).values({
      id: newId('app', now),
      ...about,
      ...moments,
      timeZone: 'Asia/Ho_Chi_Minh',
      codeOfConductVersion: '1',
      digest: newId('req', now),
      price: 290,
      currency: 'USD',
      state,
    }),
  );
}

type MailState = typeof outbox.$inferInsert.state;
async function addMail(db: TestDatabase, state: MailState, at: Date) {
  const id = newId('mail', now);
  await db.write((tx) =>
    tx.insert(outbox).values({
      id,
      dedupeKey: id,
      kind: 'test',
      to: 'robin@example.test',
      subject: 'Hello',
      optional: false,
      state,
      plannedAt: at,
      nextAttemptAt: at,
      createdAt: daysAgo(9),
      failedAt: state === 'failed' ? at : null,
    }),
  );
}

test('on an empty site nothing waits', async () => {
  const db = await useDatabase();
  const nothing = { count: 0, since: null };
  const none = { count: 0, first: [] };
  expect(await staffOverview(db.read, now)).toEqual({
    newApplications: nothing,
    acceptedUnpaid: nothing,
    paidNotJoined: nothing,
    newEnquiries: nothing,
    failedMails: nothing,
    waitingMails: nothing,
    endingSchools: none,
    pausedSchools: none,
    quietSams: none,
    people: 0,
    schools: 0,
  });
});

test('applications wait to be read, for payment, and after a week for set-up', async () => {
  const db = await useDatabase();
  await addApplication(db, 'received', daysAgo(3));
  await addApplication(db, 'received', daysAgo(5));
  await addApplication(db, 'accepted', daysAgo(2));
  await addApplication(db, 'paid', daysAgo(6));
  await addApplication(db, 'paid', daysAgo(8));
  await addApplication(db, 'declined', daysAgo(9));
  await addApplication(db, 'joined', daysAgo(9));
  expect(await staffOverview(db.read, now)).toMatchObject({
    newApplications: { count: 2, since: daysAgo(5) },
    acceptedUnpaid: { count: 1, since: daysAgo(2) },
    paidNotJoined: { count: 1, since: daysAgo(8) },
  });
});

test('enquiries that nobody has opened wait; others do not', async () => {
  const db = await useDatabase();
  const about = {
    name: 'Robin Birch',
    email: 'robin@example.test',
    topic: 'school',
    message: 'Hello',
  } as const;
  const add = (state: typeof enquiries.$inferInsert.state, at: Date) =>
    db.write((tx) =>
      tx.insert(enquiries).values({
        id: newId('enq', now),
        ...about,
        digest: newId('req', now),
        state,
        createdAt: at,
        updatedAt: at,
      }),
    );
  await add('new', daysAgo(1));
  await add('in-progress', daysAgo(4));
  await add('answered', daysAgo(4));
  expect((await staffOverview(db.read, now)).newEnquiries).toEqual({ count: 1, since: daysAgo(1) });
});

test('failed mails wait for staff, and mails whose turn has come for the post; later ones do not', async () => {
  const db = await useDatabase();
  await addMail(db, 'failed', daysAgo(2));
  await addMail(db, 'waiting', daysAgo(1));
  await addMail(db, 'sending', daysAgo(0.5));
  await addMail(db, 'waiting', daysAgo(-1));
  await addMail(db, 'sent', daysAgo(3));
  expect(await staffOverview(db.read, now)).toMatchObject({
    failedMails: { count: 1, since: daysAgo(2) },
    waitingMails: { count: 2, since: daysAgo(1) },
  });
});

test('schools are named whose year ends within sixty days, today included, the first to end first', async () => {
  const db = await useDatabase();
  await addSchool(db, 'Ends in January', { membershipEndsOn: '2027-01-20' });
  await addSchool(db, 'Ends today', { membershipEndsOn: '2026-11-21' });
  await addSchool(db, 'Ended yesterday', { membershipEndsOn: '2026-11-20' });
  await addSchool(db, 'Ends later', { membershipEndsOn: '2027-01-21' });
  const { endingSchools } = await staffOverview(db.read, now);
  expect(endingSchools.count).toBe(2);
  expect(endingSchools.first.map(({ name, detail }) => [name, detail])).toEqual([
    ['Ends today', '2026-11-21'],
    ['Ends in January', '2027-01-20'],
  ]);
});

test('paused schools are counted, and the first five named', async () => {
  const db = await useDatabase();
  for (let turn = 1; turn <= 7; turn += 1) await addSchool(db, `School ${turn}`, { pausedAt: now });
  await addSchool(db, 'Paused and over', { pausedAt: now, membershipEndsOn: '2026-06-30' });
  await addUser(db, now, { passwordHash: 'none' });
  const { pausedSchools, schools: total, people } = await staffOverview(db.read, now);
  expect([pausedSchools.count, pausedSchools.first.length, total, people]).toEqual([7, 5, 8, 1]);
});

test('SAMs are named who were asked more than a week ago and neither set up nor were withdrawn', async () => {
  const db = await useDatabase();
  const schoolId = await addSchool(db, 'Hillside School');
  const offer = (name: string, given: Partial<typeof samOffers.$inferInsert>) =>
    db.write((tx) =>
      tx.insert(samOffers).values({
        id: newId('sam', now),
        schoolId,
        name,
        email: `${name}@example.test`,
        createdAt: daysAgo(9),
        lastSentAt: daysAgo(8),
        ...given,
      }),
    );
  await offer('Quiet', {});
  await offer('Asked again', { lastSentAt: daysAgo(6) });
  await offer('Set up', { acceptedAt: daysAgo(1) });
  await offer('Withdrawn', { withdrawnAt: daysAgo(1) });
  expect((await staffOverview(db.read, now)).quietSams).toEqual({
    count: 1,
    first: [{ id: schoolId, name: 'Hillside School', detail: 'Quiet' }],
  });
});
