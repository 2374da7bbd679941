import { and, eq } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import { roleGrants } from '#db/schema/accounts.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { outbox } from '#db/schema/mail.ts';
import { samOffers } from '#db/schema/schools.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import type { Id } from '../../platform/ids.ts';
import { unseal } from '../../platform/seal.ts';
import { lookUpToken } from '../accounts/tokens.ts';
import { revokeActivationLink } from './activation-links.ts';
import { removeMember } from './members.ts';
import { memberCount, samsOf, schoolForJoining } from './queries.ts';
import {
  correctSamOffer,
  giveUpSamRole,
  offerSamRole,
  onboardSam,
  removeSam,
  resendOnboardingMails,
  resendSamOffer,
  withdrawSamOffer,
} from './sams.ts';
import { createSchool } from './schools.ts';

const now = new Date('2026-08-20T09:30:00Z');
const later = (ms: number) => new Date(now.getTime() + ms);
const minute = 60_000;
const mira = { name: 'Mira Sample', email: 'mira@lotus.example.test' };
const tao = { name: 'Tao Sample', email: 'Tao@Lotus.example.test' };

let db: TestDatabase;
let staffId: Id<'usr'>;
let schoolId: Id<'sch'>;

beforeEach(async () => {
  db = await useDatabase();
  ({ id: staffId } = await addUser(db, now, { roles: [['staff']] }));
  schoolId = await makeSchool('Lotus Bay School', 4);
});

async function makeSchool(name: string, seatLimit: number | null): Promise<Id<'sch'>> {
  const facts = {
    name,
    country: 'TH',
    city: 'Bangkok',
    timeZone: 'Asia/Bangkok',
    membershipStartsOn: '2026-08-01',
    membershipEndsOn: '2027-07-31',
    seatLimit,
    emailDomains: [],
    partnerAssociation: '',
  };
  const made = await createSchool({ db, now }, staffId, facts, [mira]);
  if (typeof made === 'string') throw new Error(made);
  return made.schoolId;
}

const at = (moment: Date) => ({ db, now: moment });
const offerOf = async (email: string, school = schoolId) => {
  const [row] = await db.read
    .select()
    .from(samOffers)
    .where(and(eq(samOffers.email, email), eq(samOffers.schoolId, school)));
  if (!row) throw new Error(`No offer for ${email}`);
  return row;
};
const mailsTo = (email: string) =>
  db.read.select().from(outbox).where(eq(outbox.to, email)).orderBy(outbox.createdAt);
const kindsTo = async (email: string) => (await mailsTo(email)).map(({ kind }) => kind);
const secretsTo = async (email: string) =>
  (await mailsTo(email)).flatMap(
    ({ sealedBody }) => /\/set-up\/([\w-]{43})/.exec(unseal('mail-body', sealedBody ?? '') ?? '')?.[1] ?? [],
  );
const problemOf = async (secret: string | undefined) =>
  (await lookUpToken(db.read, now, secret ?? '')).problem;
const addSam = (name = 'Ines Example') =>
  addUser(db, now, {
    name,
    roles: [
      ['sam', schoolId],
      ['member', schoolId],
    ],
  });
const actions = async () =>
  (await db.read.select({ action: auditEvents.action }).from(auditEvents)).map(({ action }) => action);

describe('asking a SAM', () => {
  test('by staff sends both onboarding mails', async () => {
    expect(await onboardSam(at(now), staffId, schoolId, tao)).toBe('offered');
    expect((await kindsTo('tao@lotus.example.test')).sort()).toEqual([
      'activate-your-membership',
      'forward-to-colleagues',
    ]);
  });

  test('by a SAM sends one mail with a set-up link, that says who asks', async () => {
    const sam = await addSam();
    expect(await offerSamRole(at(now), sam, schoolId, tao)).toBe('offered');
    const [mail, ...more] = await mailsTo('tao@lotus.example.test');
    expect(more).toEqual([]);
    expect(mail?.kind).toBe('sam-offer');
    const body = unseal('mail-body', mail?.sealedBody ?? '');
    expect(body).toContain('Ines Example');
    expect(body).toMatch(/\/set-up\/[\w-]{43}/);
    expect(body).not.toContain('/activate/');
  });

  test('who is a member of the school makes them SAM at once, and a mail tells them', async () => {
    const member = await addUser(db, now, { roles: [['member', schoolId]] });
    const sam = await addSam();
    expect(await offerSamRole(at(now), sam, schoolId, { name: 'x', email: member.email })).toBe('granted');
    expect(await kindsTo(member.email)).toEqual(['you-are-sam']);
    expect((await samsOf(db.read, schoolId, now)).holders.map(({ userId }) => userId)).toContain(member.id);
  });

  test('says the same of an address that has a user elsewhere as of one that nobody has', async () => {
    const elsewhere = await addUser(db, now, { roles: [['member']] });
    const sam = await addSam();
    expect(await offerSamRole(at(now), sam, schoolId, { name: 'x', email: elsewhere.email })).toBe('offered');
    expect(await kindsTo(elsewhere.email)).toEqual(['sam-offer']);
  });

  test('twice, or who is SAM already, is refused and sends nothing', async () => {
    const sam = await addSam();
    expect(await onboardSam(at(now), staffId, schoolId, mira)).toBe('already-offered');
    expect(await onboardSam(at(now), staffId, schoolId, { name: 'x', email: sam.email })).toBe('already-sam');
    expect(await kindsTo(sam.email)).toEqual([]);
    expect(await secretsTo(mira.email)).toHaveLength(1);
  });

  test('is refused when all places are taken or kept, but not for somebody who has a place', async () => {
    await addUser(db, now, { roles: [['member', schoolId]] });
    await addUser(db, now, { roles: [['member', schoolId]] });
    const member = await addUser(db, now, { roles: [['member', schoolId]] });
    expect(await onboardSam(at(now), staffId, schoolId, tao)).toBe('full');
    expect(await onboardSam(at(now), staffId, schoolId, { name: 'x', email: member.email })).toBe('granted');
  });

  test('at a school that is not there is refused', async () => {
    expect(await onboardSam(at(now), staffId, 'sch_none', tao)).toBe('unknown');
  });

  test('keeps a place, so that the school is full for others first', async () => {
    await onboardSam(at(now), staffId, schoolId, tao);
    expect(await schoolForJoining(db.read, schoolId, now)).toMatchObject({ seatsLeft: 2 });
  });

  test('without an activation link sends the first mail only, and without that link', async () => {
    await revokeActivationLink(at(now), staffId, schoolId);
    await onboardSam(at(now), staffId, schoolId, tao);
    const mails = await mailsTo('tao@lotus.example.test');
    expect(mails.map(({ kind }) => kind)).toEqual(['activate-your-membership']);
    expect(unseal('mail-body', mails[0]?.sealedBody ?? '')).not.toContain('/activate/');
  });

  test('with a name that reads like an address does not put it into the greeting', async () => {
    const sam = await addSam();
    await offerSamRole(at(now), sam, schoolId, { ...tao, name: 'win at evil.example/now' });
    const [mail] = await mailsTo('tao@lotus.example.test');
    expect(unseal('mail-body', mail?.sealedBody ?? '')).not.toContain('evil.example');
  });
});

describe('sending again', () => {
  test('gives a new set-up link, and the old one stops working', async () => {
    const { id } = await offerOf(mira.email);
    expect(await resendOnboardingMails(at(later(minute)), staffId, schoolId, id)).toBe('sent');
    const [first, second] = await secretsTo(mira.email);
    expect(await problemOf(first)).toBe('revoked');
    expect(await problemOf(second)).toBeUndefined();
    expect(await kindsTo(mira.email)).toHaveLength(4);
    expect(await actions()).toContain('sam-offer.sent-again');
  });

  test('a second press within a minute sends nothing and leaves the link working', async () => {
    const { id } = await offerOf(mira.email);
    expect(await resendOnboardingMails(at(later(minute - 1)), staffId, schoolId, id)).toBe('just-sent');
    expect(await problemOf((await secretsTo(mira.email))[0])).toBeUndefined();
    expect(await kindsTo(mira.email)).toHaveLength(2);
  });

  test('works for a SAM’s own offer, and not for one of another school', async () => {
    const sam = await addSam();
    const other = await makeSchool('Banyan School', null);
    const { id } = await offerOf(mira.email);
    const foreign = await offerOf(mira.email, other);
    expect(await resendSamOffer(at(later(minute)), sam, schoolId, id)).toBe('sent');
    expect(await resendSamOffer(at(later(minute)), sam, schoolId, foreign.id)).toBe('not-pending');
  });
});

describe('withdrawing', () => {
  test('ends the set-up link and frees the place', async () => {
    const { id } = await offerOf(mira.email);
    expect(await withdrawSamOffer(at(now), staffId, schoolId, id)).toBe('withdrawn');
    expect(await problemOf((await secretsTo(mira.email))[0])).toBe('revoked');
    expect(await schoolForJoining(db.read, schoolId, now)).toMatchObject({ seatsLeft: 4 });
    expect(await withdrawSamOffer(at(now), staffId, schoolId, id)).toBe('not-pending');
  });

  test('an offer of another school is not found', async () => {
    const other = await makeSchool('Banyan School', null);
    const { id } = await offerOf(mira.email, other);
    expect(await withdrawSamOffer(at(now), staffId, schoolId, id)).toBe('not-pending');
  });

  test('who was withdrawn can be asked again', async () => {
    const { id } = await offerOf(mira.email);
    await withdrawSamOffer(at(now), staffId, schoolId, id);
    expect(await onboardSam(at(now), staffId, schoolId, mira)).toBe('offered');
    const [first, second] = await secretsTo(mira.email);
    expect(await problemOf(first)).toBe('revoked');
    expect(await problemOf(second)).toBeUndefined();
  });
});

describe('correcting an address', () => {
  test('sends both mails to the right one, and what went to the wrong one stops working', async () => {
    const { id } = await offerOf(mira.email);
    expect(await correctSamOffer(at(now), staffId, schoolId, id, tao)).toBe('offered');
    expect(await problemOf((await secretsTo(mira.email))[0])).toBe('revoked');
    expect(await kindsTo('tao@lotus.example.test')).toHaveLength(2);
    const { asked } = await samsOf(db.read, schoolId, now);
    expect(asked.map(({ email }) => email)).toEqual(['tao@lotus.example.test']);
  });

  test('works at a full school: the place goes with it', async () => {
    for (let turn = 0; turn < 3; turn += 1) await addUser(db, now, { roles: [['member', schoolId]] });
    const { id } = await offerOf(mira.email);
    expect(await schoolForJoining(db.read, schoolId, now)).toMatchObject({ state: 'full' });
    expect(await correctSamOffer(at(now), staffId, schoolId, id, tao)).toBe('offered');
  });

  test('where only the name was wrong, sends both mails to the same address', async () => {
    const { id } = await offerOf(mira.email);
    const renamed = { ...mira, name: 'Mira Other' };
    expect(await correctSamOffer(at(now), staffId, schoolId, id, renamed)).toBe('offered');
    expect((await samsOf(db.read, schoolId, now)).asked).toMatchObject([{ name: 'Mira Other' }]);
    expect(await kindsTo(mira.email)).toHaveLength(4);
  });

  test('to somebody who is SAM or was asked changes nothing', async () => {
    const sam = await addSam();
    await onboardSam(at(now), staffId, schoolId, tao);
    const { id } = await offerOf(mira.email);
    const to = (email: string) => correctSamOffer(at(now), staffId, schoolId, id, { name: 'x', email });
    expect(await to(sam.email)).toBe('already-sam');
    expect(await to(tao.email)).toBe('already-offered');
    expect(await problemOf((await secretsTo(mira.email))[0])).toBeUndefined();
    await withdrawSamOffer(at(now), staffId, schoolId, id);
    expect(await to('else@example.test')).toBe('not-pending');
  });
});

describe('handing over', () => {
  const holders = async () => (await samsOf(db.read, schoolId, now)).holders.map(({ userId }) => userId);

  test('the only SAM cannot give the role up, also when another was only asked', async () => {
    const sam = await addSam();
    expect(await giveUpSamRole(at(now), sam.id, schoolId)).toBe('only-sam');
    expect(await holders()).toEqual([sam.id]);
  });

  test('with another SAM it can be given up, and the membership stays', async () => {
    const sam = await addSam();
    const successor = await addSam('Tao Sample');
    expect(await giveUpSamRole(at(now), sam.id, schoolId)).toBe('removed');
    expect(await holders()).toEqual([successor.id]);
    expect(await memberCount(db.read, schoolId)).toBe(2);
  });

  test('two SAMs who give it up at once do not leave the school without one', async () => {
    const [one, two] = [await addSam(), await addSam()];
    const results = await Promise.all([
      giveUpSamRole(at(now), one.id, schoolId),
      giveUpSamRole(at(now), two.id, schoolId),
    ]);
    expect(results.sort()).toEqual(['only-sam', 'removed']);
  });

  test('somebody who is not SAM gives nothing up', async () => {
    await addSam();
    const stranger = await addUser(db, now);
    expect(await giveUpSamRole(at(now), stranger.id, schoolId)).toBe('not-sam');
  });

  test('staff may take the role, from the last one too', async () => {
    const sam = await addSam();
    expect(await removeSam(at(now), staffId, schoolId, sam.id)).toBe('removed');
    expect(await removeSam(at(now), staffId, schoolId, sam.id)).toBe('not-sam');
    expect(await holders()).toEqual([]);
  });
});

describe('removing a leaver', () => {
  test('ends the membership of this school only, on record, and a mail tells them', async () => {
    const other = await makeSchool('Banyan School', null);
    const leaver = await addUser(db, now, {
      roles: [
        ['member', schoolId],
        ['member', other],
      ],
    });
    expect(await removeMember(at(now), staffId, schoolId, leaver.id)).toBe('removed');
    const grants = await db.read.select().from(roleGrants).where(eq(roleGrants.userId, leaver.id));
    expect(grants).toMatchObject([{ role: 'member', scopeId: other }]);
    expect(await kindsTo(leaver.email)).toEqual(['you-left-school']);
    expect(await actions()).toContain('role.revoked');
  });

  test('a second press sends no second mail', async () => {
    const leaver = await addUser(db, now, { roles: [['member', schoolId]] });
    await removeMember(at(now), staffId, schoolId, leaver.id);
    expect(await removeMember(at(now), staffId, schoolId, leaver.id)).toBe('not-member');
    expect(await kindsTo(leaver.email)).toHaveLength(1);
  });

  test('a SAM, a stranger and an unknown school are refused', async () => {
    const sam = await addSam();
    const stranger = await addUser(db, now);
    expect(await removeMember(at(now), staffId, schoolId, sam.id)).toBe('is-sam');
    expect(await removeMember(at(now), staffId, schoolId, stranger.id)).toBe('not-member');
    expect(await removeMember(at(now), staffId, schoolId, 'usr_none')).toBe('not-member');
    expect(await removeMember(at(now), staffId, 'sch_none', sam.id)).toBe('not-member');
  });
});
