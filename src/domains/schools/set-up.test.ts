import { eq } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { outbox } from '#db/schema/mail.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import type { Id } from '../../platform/ids.ts';
import { isPassword } from '../../platform/password.ts';
import { unseal } from '../../platform/seal.ts';
import { newSecret } from '../../platform/tokens.ts';
import type { Grant } from '../accounts/model.ts';
import { issueToken } from '../accounts/tokens.ts';
import { samsOf } from './queries.ts';
import { onboardSam, resendOnboardingMails, withdrawSamOffer } from './sams.ts';
import { createSchool } from './schools.ts';
import { acceptSetUp, findSetUp, setUpStatus, setUpUser, staffSubject } from './set-up.ts';

const now = new Date('2026-08-20T09:30:00Z');
const day = 24 * 3_600_000;
const later = (ms: number) => new Date(now.getTime() + ms);
const mira = { name: 'Mira Sample', email: 'mira@lotus.example.test' };
const person = {
  name: 'Mira Sample 🌸 沈',
  password: 'seven blue herons',
  jobTitle: 'Head of professional learning',
  country: 'TH',
  timeZone: 'Asia/Bangkok',
  codeOfConductVersion: '2.0',
};

let db: TestDatabase;
let staffId: Id<'usr'>;
let schoolId: Id<'sch'>;
let secret: string;

beforeEach(async () => {
  db = await useDatabase();
  ({ id: staffId } = await addUser(db, now, { roles: [['staff']] }));
  const facts = {
    name: 'Lotus Bay School',
    country: 'TH',
    city: 'Bangkok',
    timeZone: 'Asia/Bangkok',
    membershipStartsOn: '2026-09-01',
    membershipEndsOn: '2027-07-31',
    seatLimit: 1,
    emailDomains: [],
    partnerAssociation: '',
  };
  const made = await createSchool({ db, now }, staffId, facts, [mira]);
  if (typeof made === 'string') throw new Error(made);
  ({ schoolId } = made);
  secret = (await secretsTo(mira.email))[0] ?? '';
});

const secretsTo = async (email: string) => {
  const mails = await db.read.select().from(outbox).where(eq(outbox.to, email)).orderBy(outbox.createdAt);
  return mails.flatMap(
    ({ sealedBody }) => /\/set-up\/([\w-]{43})/.exec(unseal('mail-body', sealedBody ?? '') ?? '')?.[1] ?? [],
  );
};
const at = (moment: Date) => ({ db, now: moment });
const viewerOf = (user: { id: Id<'usr'>; name: string; email: string }, grants: Grant[] = []) => ({
  ...user,
  grants,
});
const stateOf = async (link: string, moment = now) => (await findSetUp(db.read, moment, link, null)).state;
const grantsOf = async (userId: Id<'usr'>) =>
  (await db.read.select().from(roleGrants).where(eq(roleGrants.userId, userId)))
    .map(({ role, scopeId }) => `${role}:${scopeId}`)
    .sort();
const offerId = async () => (await samsOf(db.read, schoolId, now)).asked[0]?.offerId ?? '';
const staffLink = (email: string) =>
  db.write((tx) => issueToken(tx, now, { purpose: 'set-up', subjectId: staffSubject, email }));

test('looking at the link changes nothing, however often', async () => {
  for (let turn = 0; turn < 10; turn += 1) expect(await stateOf(secret)).toBe('create');
  expect(await setUpUser(at(now), secret, person)).toHaveProperty('userId');
});

test('setting up makes the user with a verified address, SAM and member, who lands on the dashboard', async () => {
  const result = await setUpUser(at(now), secret, person);
  if (!('userId' in result)) throw new Error('refused');
  expect(result.landing).toBe('/sam');
  const [user] = await db.read.select().from(users).where(eq(users.id, result.userId));
  expect(user).toMatchObject({
    email: mira.email,
    emailVerifiedAt: now,
    name: person.name,
    jobTitle: person.jobTitle,
    timeZone: 'Asia/Bangkok',
    codeOfConductVersion: '2.0',
    codeOfConductAcceptedAt: now,
  });
  expect(await isPassword(person.password, user?.passwordHash)).toBe(true);
  expect(await grantsOf(result.userId)).toEqual([`member:${schoolId}`, `sam:${schoolId}`]);
  expect(await samsOf(db.read, schoolId, now)).toMatchObject({
    holders: [{ userId: result.userId }],
    asked: [],
  });
  const handbooks = await db.read.$count(outbox, eq(outbox.kind, 'members-handbook'));
  expect(handbooks).toBe(1);
  const acts = await db.read.select().from(auditEvents).where(eq(auditEvents.action, 'sam-offer.accepted'));
  expect(acts).toMatchObject([{ actorId: result.userId, subjectId: schoolId }]);
});

test('of fifty presses at once one makes the user', async () => {
  const presses = await Promise.all(
    Array.from({ length: 50 }, () =>
      setUpUser(at(now), secret, person).catch((error: Error) => ({ busy: error.name })),
    ),
  );
  expect(presses.filter((result) => 'userId' in result)).toHaveLength(1);
  expect(await db.read.$count(users, eq(users.email, mira.email))).toBe(1);
}, 60_000);

test('two links for one address make one user', async () => {
  const facts = { name: 'Banyan School', country: 'TH', city: 'Bangkok', timeZone: 'Asia/Bangkok' };
  await createSchool(
    at(now),
    staffId,
    {
      ...facts,
      membershipStartsOn: '2026-08-01',
      membershipEndsOn: '2027-07-31',
      seatLimit: null,
      emailDomains: [],
      partnerAssociation: '',
    },
    [mira],
  );
  const links = await secretsTo(mira.email);
  expect(links).toHaveLength(2);
  const results = await Promise.all(links.map((link) => setUpUser(at(now), link, person)));
  expect(results.filter((result) => 'userId' in result)).toHaveLength(1);
  const left = links[results.findIndex((result) => 'notNow' in result)] ?? '';
  expect(await stateOf(left)).toBe('sign-in');
});

test('a weak password is refused and the link works on', async () => {
  expect(await setUpUser(at(now), secret, { ...person, password: 'short' })).toHaveProperty('badPassword');
  const ownAddress = { ...person, password: mira.email };
  expect(await setUpUser(at(now), secret, ownAddress)).toHaveProperty('badPassword');
  expect(await stateOf(secret)).toBe('create');
});

describe('a link that is over', () => {
  test('expires after seven days, to the millisecond', async () => {
    expect(await stateOf(secret, later(7 * day - 1))).toBe('create');
    expect(await stateOf(secret, later(7 * day))).toBe('expired');
    expect(await setUpUser(at(later(7 * day)), secret, person)).toEqual({ notNow: true });
  });

  test('was replaced when a newer mail was sent', async () => {
    await resendOnboardingMails(at(later(day)), staffId, schoolId, await offerId());
    expect(await stateOf(secret, later(day))).toBe('replaced');
    expect(await setUpUser(at(later(day)), secret, person)).toEqual({ notNow: true });
  });

  test('was taken back with the offer', async () => {
    await withdrawSamOffer(at(now), staffId, schoolId, await offerId());
    expect(await stateOf(secret)).toBe('withdrawn');
    expect(await setUpUser(at(now), secret, person)).toEqual({ notNow: true });
  });

  test('was used, which only who did so is told as theirs', async () => {
    const result = await setUpUser(at(now), secret, person);
    if (!('userId' in result)) throw new Error('refused');
    expect(await setUpUser(at(now), secret, person)).toEqual({ notNow: true });
    const mine = viewerOf({ id: result.userId, name: person.name, email: mira.email });
    const other = viewerOf(await addUser(db, now));
    expect(await findSetUp(db.read, now, secret, mine)).toMatchObject({ state: 'used', here: true });
    expect(await findSetUp(db.read, now, secret, other)).toMatchObject({ state: 'used', here: false });
    expect(await findSetUp(db.read, now, secret, null)).toMatchObject({ state: 'used', here: false });
    expect(await acceptSetUp(at(now), secret, mine)).toEqual({ landing: '/sam' });
    expect(await acceptSetUp(at(now), secret, other)).toEqual({ notNow: true });
  });

  test.each([
    ['', 'malformed'],
    ['abc', 'malformed'],
    [newSecret(), 'unknown'],
  ] as const)('“%s” is %s', async (link, state) => {
    expect(await stateOf(link)).toBe(state);
    expect(await setUpUser(at(now), link, person)).toEqual({ notNow: true });
  });

  test('a link for something else sets nothing up', async () => {
    const foreign = await db.write((tx) =>
      issueToken(tx, now, { purpose: 'reset-password', subjectId: staffId, email: mira.email }),
    );
    expect(await stateOf(foreign)).toBe('foreign');
    expect(await setUpUser(at(now), foreign, person)).toEqual({ notNow: true });
  });

  test('each kind has its status', () => {
    const states = ['create', 'other-user', 'unknown', 'malformed', 'foreign', 'used', 'expired'] as const;
    expect(states.map(setUpStatus)).toEqual([200, 403, 404, 404, 404, 410, 410]);
    expect((['replaced', 'withdrawn', 'sign-in', 'accept'] as const).map(setUpStatus)).toEqual([
      410, 410, 200, 200,
    ]);
  });
});

describe('an address that has a user', () => {
  test('is asked to sign in, and makes no second user', async () => {
    await addUser(db, now, { email: mira.email });
    expect(await stateOf(secret)).toBe('sign-in');
    expect(await setUpUser(at(now), secret, person)).toEqual({ notNow: true });
    expect(await db.read.$count(users, eq(users.email, mira.email))).toBe(1);
  });

  test('accepts with one press; an individual membership becomes part of the school’s', async () => {
    const user = await addUser(db, now, { email: mira.email, roles: [['member']] });
    const viewer = viewerOf(user);
    expect((await findSetUp(db.read, now, secret, viewer)).state).toBe('accept');
    expect(await acceptSetUp(at(now), secret, viewer)).toEqual({ landing: '/sam' });
    expect(await grantsOf(user.id)).toEqual([`member:${schoolId}`, `sam:${schoolId}`]);
    expect(await acceptSetUp(at(now), secret, viewer)).toEqual({ landing: '/sam' });
  });

  test('stays without the role when somebody else is signed in', async () => {
    const other = viewerOf(await addUser(db, now));
    expect(await findSetUp(db.read, now, secret, other)).toMatchObject({
      state: 'other-user',
      email: mira.email,
    });
    expect(await acceptSetUp(at(now), secret, other)).toEqual({ notNow: true });
    expect(await grantsOf(other.id)).toEqual([]);
  });
});

describe('the first staff user', () => {
  test('is made by a set-up link of its own, without any school', async () => {
    const link = await staffLink('first@example.test');
    expect(await findSetUp(db.read, now, link, null)).toMatchObject({
      state: 'create',
      setUp: { role: 'staff' },
    });
    const result = await setUpUser(at(now), link, person);
    expect(result).toMatchObject({ landing: '/staff' });
    if ('userId' in result) expect(await grantsOf(result.userId)).toEqual(['staff:']);
    expect(await db.read.$count(outbox, eq(outbox.to, 'first@example.test'))).toBe(0);
  });

  test('who has a user already accepts after signing in', async () => {
    const user = await addUser(db, now, { email: 'first@example.test', roles: [['editor']] });
    const link = await staffLink(user.email);
    expect(await stateOf(link)).toBe('sign-in');
    expect(await acceptSetUp(at(now), link, viewerOf(user))).toEqual({ landing: '/staff' });
    expect(await grantsOf(user.id)).toEqual(['editor:', 'staff:']);
  });
});

test('somebody who was SAM once can be asked and set up again', async () => {
  const user = await addUser(db, now, { email: mira.email });
  await acceptSetUp(at(now), secret, viewerOf(user));
  await db.write((tx) => tx.delete(roleGrants).where(eq(roleGrants.userId, user.id)));
  expect(await onboardSam(at(later(day)), staffId, schoolId, mira)).toBe('offered');
  const again = (await secretsTo(mira.email)).at(-1) ?? '';
  expect(await acceptSetUp(at(later(day)), again, viewerOf(user))).toEqual({ landing: '/sam' });
});
