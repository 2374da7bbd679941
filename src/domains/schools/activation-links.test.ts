import { eq, isNull } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { auditEvents } from '#db/schema/audit.ts';
import { activationLinks } from '#db/schema/schools.ts';
import { addUser, useDatabase } from '../../../tests/database.ts';
import { newSecret } from '../../platform/tokens.ts';
import {
  findActivationLink,
  issueActivationLink,
  openActivationLink,
  revokeActivationLink,
  rotateActivationLink,
} from './activation-links.ts';
import { createSchool } from './schools.ts';

const now = new Date('2026-08-20T09:30:00Z');

async function withLink() {
  const db = await useDatabase();
  const { id: samId } = await addUser(db, now);
  const ctx = { db, now };
  const made = await createSchool(
    ctx,
    samId,
    {
      name: 'Lotus Bay School',
      country: 'TH',
      city: 'Bangkok',
      timeZone: 'Asia/Bangkok',
      membershipStartsOn: '2026-08-01',
      membershipEndsOn: '2027-07-31',
      seatLimit: null,
      emailDomains: [],
      partnerAssociation: '',
    },
    [{ name: 'Mira Sample', email: 'mira@lotus.example.test' }],
  );
  if (typeof made === 'string') throw new Error(made);
  const { schoolId } = made;
  const openSecret = async () => (await openActivationLink(db.read, schoolId))?.url?.split('/').at(-1) ?? '';
  return { db, ctx, samId, schoolId, openSecret };
}

test('an open link says which school it is for and whom to ask', async () => {
  const { db, schoolId, openSecret } = await withLink();
  expect(await findActivationLink(db.read, await openSecret())).toEqual({
    state: 'open',
    linkId: expect.stringMatching(/^lnk_/),
    school: {
      id: schoolId,
      name: 'Lotus Bay School',
      city: 'Bangkok',
      country: 'TH',
      timeZone: 'Asia/Bangkok',
      samNames: ['Mira Sample'],
    },
  });
});

test.each(['', 'short', newSecret(), `${newSecret()}x`, "' OR 1=1 --"])('“%s” is no link', async (secret) => {
  const { db } = await withLink();
  expect(await findActivationLink(db.read, secret)).toBeUndefined();
});

test('a replaced link says so, and the new one works at once', async () => {
  const { db, ctx, samId, schoolId, openSecret } = await withLink();
  const old = await openSecret();
  expect(await rotateActivationLink(ctx, samId, schoolId)).toBe('made');
  expect(await findActivationLink(db.read, old)).toMatchObject({
    state: 'rotated',
    school: { id: schoolId },
  });
  expect(await findActivationLink(db.read, await openSecret())).toMatchObject({ state: 'open' });
  const [ended] = await db.read
    .select()
    .from(activationLinks)
    .where(eq(activationLinks.endReason, 'rotated'));
  expect(ended?.sealedToken).toBeNull();
});

test('a link that was taken away says so, until there is a new one it is the only answer', async () => {
  const { db, ctx, samId, schoolId, openSecret } = await withLink();
  const old = await openSecret();
  await revokeActivationLink(ctx, samId, schoolId);
  await revokeActivationLink(ctx, samId, schoolId);
  expect(await openActivationLink(db.read, schoolId)).toBeUndefined();
  await rotateActivationLink(ctx, samId, schoolId);
  expect(await findActivationLink(db.read, old)).toMatchObject({ state: 'revoked' });
  expect(await findActivationLink(db.read, await openSecret())).toMatchObject({ state: 'open' });
});

test('a school that does not exist gets no link', async () => {
  const { ctx, samId } = await withLink();
  expect(await rotateActivationLink(ctx, samId, 'sch_none')).toBe('unknown');
});

describe('one at a time', () => {
  test('a second open link is refused by the database', async () => {
    const { db, samId, schoolId } = await withLink();
    await expect(db.write((tx) => issueActivationLink(tx, now, schoolId, samId))).rejects.toThrow();
  });

  test('of many replacements at once one link is open in the end', async () => {
    const { db, ctx, samId, schoolId } = await withLink();
    await Promise.all(Array.from({ length: 10 }, () => rotateActivationLink(ctx, samId, schoolId)));
    expect(await db.read.$count(activationLinks, isNull(activationLinks.endedAt))).toBe(1);
  });
});

test('each act on a link is on record, with the link’s id and never its secret', async () => {
  const { db, ctx, samId, schoolId, openSecret } = await withLink();
  await rotateActivationLink(ctx, samId, schoolId);
  const secret = await openSecret();
  await revokeActivationLink(ctx, samId, schoolId);
  const events = await db.read.select().from(auditEvents).orderBy(auditEvents.position);
  const acts = events.filter(({ action }) => action.startsWith('activation-link.'));
  expect(acts.map(({ action }) => action)).toEqual([
    'activation-link.made',
    'activation-link.rotated',
    'activation-link.made',
    'activation-link.revoked',
  ]);
  expect(acts.every(({ actorId, subjectId }) => actorId === samId && subjectId === schoolId)).toBe(true);
  expect(JSON.stringify(events)).not.toContain(secret);
});
