import { eq } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { roleGrants } from '#db/schema/accounts.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { outbox } from '#db/schema/mail.ts';
import { samOffers, schools } from '#db/schema/schools.ts';
import { addUser, useDatabase } from '../../../tests/database.ts';
import type { Id } from '../../platform/ids.ts';
import { unseal } from '../../platform/seal.ts';
import { openActivationLink } from './activation-links.ts';
import { schoolForJoining } from './queries.ts';
import {
  createSchool,
  editSchool,
  pauseSchool,
  renewSchool,
  resumeSchool,
  type SchoolFacts,
} from './schools.ts';

const now = new Date('2026-08-20T09:30:00Z');
const facts: SchoolFacts = {
  name: 'Lotus Bay School',
  country: 'TH',
  city: 'Bangkok',
  timeZone: 'Asia/Bangkok',
  membershipStartsOn: '2026-08-01',
  membershipEndsOn: '2027-07-31',
  seatLimit: null,
  emailDomains: [],
  partnerAssociation: '',
};
const mira = { name: 'Mira Sample', email: 'Mira@Lotus.example.test' };
const tao = { name: 'Tao Sample', email: 'tao@lotus.example.test' };

async function withSchool(given: Partial<SchoolFacts> = {}) {
  const db = await useDatabase();
  const { id: staffId } = await addUser(db, now, { roles: [['staff']] });
  const ctx = { db, now };
  const made = await createSchool(ctx, staffId, { ...facts, ...given }, [mira]);
  if (typeof made === 'string') throw new Error(made);
  const { schoolId } = made;
  const actions = async () =>
    (
      await db.read
        .select({ action: auditEvents.action })
        .from(auditEvents)
        .where(eq(auditEvents.subjectId, schoolId))
        .orderBy(auditEvents.position)
    ).map(({ action }) => action);
  const join = async (count: number) => {
    for (let turn = 0; turn < count; turn += 1) await addUser(db, now, { roles: [['member', schoolId]] });
  };
  return { db, ctx, staffId, schoolId, actions, join };
}

describe('a new school', () => {
  test('has its link, its SAM is asked, and both onboarding mails wait with exactly these subjects', async () => {
    const { db, schoolId, actions } = await withSchool();
    const link = await openActivationLink(db.read, schoolId);
    expect(link?.url).toMatch(/\/activate\/[\w-]{43}$/);
    const mails = await db.read.select().from(outbox).orderBy(outbox.subject);
    expect(mails.map(({ subject, to }) => [subject, to])).toEqual([
      ["It's time to activate your PeerSphere Membership!", 'mira@lotus.example.test'],
      [
        "[forward to your colleagues] It's time to activate your PeerSphere Membership!",
        'mira@lotus.example.test',
      ],
    ]);
    const [own, forward] = mails.map(({ sealedBody }) => unseal('mail-body', sealedBody ?? '') ?? '');
    expect(own).toContain(link?.url);
    expect(own).toMatch(/\/set-up\/[\w-]{43}/);
    expect(forward).toContain(link?.url);
    expect(forward).toContain('Lotus Bay School');
    expect(forward).toContain('Mira Sample');
    expect(forward).not.toContain('/set-up/');
    expect(await actions()).toEqual(['school.created', 'activation-link.made', 'sam-offer.made']);
  });

  test('asks each of its SAMs', async () => {
    const db = await useDatabase();
    const { id } = await addUser(db, now, { roles: [['staff']] });
    await createSchool({ db, now }, id, facts, [mira, tao]);
    expect(await db.read.$count(samOffers)).toBe(2);
    expect(await db.read.$count(outbox)).toBe(4);
  });

  test('is refused where there is one of its name in its city, and leaves nothing behind', async () => {
    const { db, ctx, staffId } = await withSchool();
    expect(await createSchool(ctx, staffId, facts, [tao])).toBe('already-exists');
    expect(await db.read.$count(schools)).toBe(1);
    expect(await db.read.$count(outbox)).toBe(2);
    expect(await createSchool(ctx, staffId, { ...facts, city: 'Chiang Mai' }, [tao])).toHaveProperty(
      'schoolId',
    );
  });

  test('is refused with fewer places than SAMs', async () => {
    const db = await useDatabase();
    const { id } = await addUser(db, now, { roles: [['staff']] });
    expect(await createSchool({ db, now }, id, { ...facts, seatLimit: 1 }, [mira, tao])).toBe(
      'too-few-seats',
    );
  });

  test('keeps no secret that opens anything in the clear', async () => {
    const { db, schoolId } = await withSchool();
    const secret = (await openActivationLink(db.read, schoolId))?.url?.split('/').at(-1) ?? '';
    expect(secret).toHaveLength(43);
    expect(await db.dump()).not.toContain(secret);
  });
});

describe('editing a school', () => {
  test('keeps what was changed, and the record names only the fields', async () => {
    const { db, ctx, staffId, schoolId } = await withSchool();
    const changed = { ...facts, name: 'Lotus Bay International', emailDomains: ['lotus.example.test'] };
    expect(await editSchool(ctx, staffId, schoolId, changed)).toBe('saved');
    const [row] = await db.read.select().from(schools);
    expect(row).toMatchObject(changed);
    const [event] = await db.read.select().from(auditEvents).where(eq(auditEvents.action, 'school.edited'));
    expect(event).toMatchObject({ actorId: staffId, detail: { changed: ['name', 'emailDomains'] } });
  });

  test('without a change leaves no record', async () => {
    const { ctx, staffId, schoolId, actions } = await withSchool();
    expect(await editSchool(ctx, staffId, schoolId, facts)).toBe('saved');
    expect(await actions()).not.toContain('school.edited');
  });

  test('takes no places away that are taken, the one kept for a SAM included', async () => {
    const { ctx, staffId, schoolId, join } = await withSchool();
    await join(2);
    expect(await editSchool(ctx, staffId, schoolId, { ...facts, seatLimit: 2 })).toBe('too-few-seats');
    expect(await editSchool(ctx, staffId, schoolId, { ...facts, seatLimit: 3 })).toBe('saved');
  });

  test('does not take another school’s name in the same city', async () => {
    const { ctx, staffId, schoolId } = await withSchool();
    const other = { ...facts, name: 'Banyan School' };
    await createSchool(ctx, staffId, other, [tao]);
    expect(await editSchool(ctx, staffId, schoolId, other)).toBe('already-exists');
  });

  test('needs a school that is there', async () => {
    const { ctx, staffId } = await withSchool();
    expect(await editSchool(ctx, staffId, 'sch_none', facts)).toBe('unknown');
    expect(await pauseSchool(ctx, staffId, 'sch_none')).toBe('unknown');
    expect(await resumeSchool(ctx, staffId, 'sch_none')).toBe('unknown');
    const renewal = { membershipEndsOn: '2030-01-01', seatLimit: null };
    expect(await renewSchool(ctx, staffId, 'sch_none', renewal)).toBe('unknown');
  });
});

test('a paused school takes nobody new and keeps who is in; pressing twice changes nothing', async () => {
  const { db, ctx, staffId, schoolId, actions, join } = await withSchool();
  await join(1);
  await pauseSchool(ctx, staffId, schoolId);
  await pauseSchool(ctx, staffId, schoolId);
  expect(await schoolForJoining(db.read, schoolId, now)).toMatchObject({ state: 'paused' });
  expect(await db.read.$count(roleGrants, eq(roleGrants.scopeId, schoolId))).toBe(1);
  await resumeSchool(ctx, staffId, schoolId);
  await resumeSchool(ctx, staffId, schoolId);
  expect(await schoolForJoining(db.read, schoolId, now)).toMatchObject({ state: 'open' });
  expect((await actions()).slice(3)).toEqual(['school.paused', 'school.resumed']);
});

describe('renewing', () => {
  test('lets an ended membership go on, with its first day and everybody in it', async () => {
    const { db, ctx, staffId, schoolId } = await withSchool();
    const later = new Date('2027-09-01T00:00:00Z');
    expect(await schoolForJoining(db.read, schoolId, later)).toMatchObject({ state: 'ended' });
    const renewal = { membershipEndsOn: '2028-07-31', seatLimit: 80 };
    expect(await renewSchool(ctx, staffId, schoolId, renewal)).toBe('renewed');
    expect(await schoolForJoining(db.read, schoolId, later)).toMatchObject({
      state: 'open',
      seatsLeft: 79,
      membershipStartsOn: '2026-08-01',
    });
  });

  test('is refused with a day that is not later, or too few places', async () => {
    const { ctx, staffId, schoolId, join } = await withSchool();
    await join(2);
    const endsOn = { membershipEndsOn: '2028-07-31' };
    expect(
      await renewSchool(ctx, staffId, schoolId, { membershipEndsOn: '2027-07-31', seatLimit: null }),
    ).toBe('not-later');
    expect(await renewSchool(ctx, staffId, schoolId, { ...endsOn, seatLimit: 2 })).toBe('too-few-seats');
  });
});

describe('joining', () => {
  test('meets a full school once its last place is gone, and an unknown school never', async () => {
    const { db, schoolId, join } = await withSchool({ seatLimit: 3 });
    await join(1);
    expect(await schoolForJoining(db.read, schoolId, now)).toMatchObject({ state: 'open', seatsLeft: 1 });
    await join(1);
    expect(await schoolForJoining(db.read, schoolId, now)).toMatchObject({ state: 'full', seatsLeft: 0 });
    expect(await schoolForJoining(db.read, 'sch_none', now)).toBeUndefined();
  });

  test('counts the members of this school only', async () => {
    const { db, ctx, staffId, schoolId } = await withSchool({ seatLimit: 3 });
    const other = await createSchool(ctx, staffId, { ...facts, name: 'Banyan School', seatLimit: 9 }, [tao]);
    const { schoolId: otherId } = other as { schoolId: Id<'sch'> };
    await addUser(db, now, { roles: [['member', otherId]] });
    await addUser(db, now, { roles: [['member']] });
    expect(await schoolForJoining(db.read, schoolId, now)).toMatchObject({ seatsLeft: 2 });
    expect(await schoolForJoining(db.read, otherId, now)).toMatchObject({ seatsLeft: 7 });
  });

  test('names the SAMs to ask: who was asked, until one has set up', async () => {
    const { db, schoolId } = await withSchool();
    expect((await schoolForJoining(db.read, schoolId, now))?.samNames).toEqual(['Mira Sample']);
    await addUser(db, now, { name: 'Ines Example', roles: [['sam', schoolId]] });
    expect((await schoolForJoining(db.read, schoolId, now))?.samNames).toEqual(['Ines Example']);
  });
});
