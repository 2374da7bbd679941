import { eq } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import { nudges } from '../../../db/schema/attendance.ts';
import { auditEvents } from '../../../db/schema/audit.ts';
import { outbox } from '../../../db/schema/mail.ts';
import { invitations, schools } from '../../../db/schema/schools.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import { addLiveSession, addMembers } from '../../../tests/live-sessions.ts';
import { addSchool } from '../../../tests/schools.ts';
import { type Id, newId } from '../../platform/ids.ts';
import { unseal } from '../../platform/seal.ts';
import { findPerson } from '../accounts/personal-data.ts';
import { rsvp } from '../live-sessions/rsvp.ts';
import { renderMail } from '../mail/blocks.ts';
import { nudgeToActivate, nudgeToAnswer, nudgeToJoin } from './emails/nudge.ts';
import { mayBeNudged, nudgeCounts, nudgeTargets } from './nudge-queries.ts';
import { eraseNudges, personalNudges, purgeNudges, sendNudges } from './nudges.ts';

const now = new Date('2026-11-21T09:30:00Z');
const dayMs = 24 * 3_600_000;
const later = (days: number) => new Date(now.getTime() + days * dayMs);
let db: TestDatabase;
let school: Id<'sch'>;
let sam: { id: Id<'usr'>; from: string };

beforeEach(async () => {
  db = await useDatabase();
  school = await addSchool(db, now, 'Banyan School');
  const { id } = await addUser(db, now, { name: 'Mira Sample', roles: [['sam', school]] });
  sam = { id, from: 'Mira Sample' };
});

const addMember = (name: string, schoolId = school) =>
  addUser(db, now, { name, roles: [['member', schoolId]] });

async function invite(email: string, at = later(-3), schoolId = school) {
  const id = newId('inv', at);
  await db.write((tx) =>
    tx.insert(invitations).values({ id, schoolId, email, createdAt: at, lastSentAt: at }),
  );
  return id;
}

const names = async (kind: Parameters<typeof nudgeTargets>[2], schoolId = school) =>
  (await nudgeTargets(db.read, schoolId, kind, now)).map(({ name }) => name);
const send = (kind: Parameters<typeof nudgeTargets>[2], to?: string[], at = now, note = '') =>
  sendNudges({ db, now: at }, sam, school, { kind, to, note });
const mails = () => db.read.select().from(outbox);

describe('a nudge is for', () => {
  test('people who were invited by address and have not activated', async () => {
    await invite('waits@example.test');
    const [joined, withdrawn] = [await invite('joined@example.test'), await invite('withdrawn@example.test')];
    await db.write(async (tx) => {
      await tx.update(invitations).set({ activatedAt: now }).where(eq(invitations.id, joined));
      await tx.update(invitations).set({ withdrawnAt: now }).where(eq(invitations.id, withdrawn));
    });
    expect(await names('activate')).toEqual(['waits@example.test']);
  });

  test('members in no community, members of communities who answered nothing, and nobody of another school', async () => {
    const other = await addSchool(db, now, 'Jade School');
    await addMember('Eve Stranger', other);
    const [, joined, answered] = [
      await addMember('Ava Sample'),
      await addMember('Bo Sample'),
      await addMember('Cy Sample'),
    ];
    await addMembers(db, now, 'librarians', [joined.id, answered.id]);
    const liveSessionId = await addLiveSession(db, now, 'librarians');
    await rsvp({ db, now }, { id: answered.id }, liveSessionId, 'cant');
    expect(await names('join-community')).toEqual(['Ava Sample']);
    expect(await names('answer')).toEqual(['Bo Sample']);
    expect(await names('join-community', other)).toEqual(['Eve Stranger']);
    expect(await nudgeCounts(db.read, school)).toEqual({ activate: 0, 'join-community': 1, answer: 1 });
  });
});

describe('sending', () => {
  test('mails each of them once, is audited, and leaves them on the list with the day', async () => {
    const ava = await addMember('Ava Sample');
    expect(await send('join-community')).toEqual({ nudged: 1, left: 0 });
    expect(await mails()).toMatchObject([{ to: ava.email, kind: 'nudge', optional: true, state: 'waiting' }]);
    expect(await nudgeTargets(db.read, school, 'join-community', later(3))).toMatchObject([
      { name: 'Ava Sample', nudgedAt: now },
    ]);
    const [event] = await db.read.select().from(auditEvents).where(eq(auditEvents.action, 'nudges.sent'));
    expect(event).toMatchObject({
      actorId: sam.id,
      subjectId: school,
      detail: { kind: 'join-community', count: 1 },
    });
  });

  test('reaches nobody twice in a week, whatever it is about and whichever SAM presses', async () => {
    const ava = await addMember('Ava Sample');
    const second = await addUser(db, now, { name: 'Ines Example', roles: [['sam', school]] });
    await send('join-community');
    await addMembers(db, now, 'librarians', [ava.id]);
    expect(await send('answer', undefined, later(6.9))).toEqual({ nudged: 0, left: 1 });
    const bySecond = sendNudges({ db, now: later(6) }, { id: second.id, from: 'Ines Example' }, school, {
      kind: 'answer',
      to: [ava.id],
      note: '',
    });
    expect(await bySecond).toEqual({ nudged: 0, left: 1 });
    expect(await send('answer', [ava.id], later(7))).toEqual({ nudged: 1, left: 0 });
    expect(await mails()).toHaveLength(2);
  });

  test('two presses at once send one mail', async () => {
    await addMember('Ava Sample');
    const results = await Promise.all([send('join-community'), send('join-community')]);
    expect(results.map((result) => typeof result === 'object' && result.nudged).sort()).toEqual([0, 1]);
    expect(await mails()).toHaveLength(1);
  });

  test('reaches nobody who was nudged under the invitation’s address and has joined since', async () => {
    const invitationId = await invite('ava@example.test');
    await send('activate');
    await addUser(db, now, { name: 'Ava Sample', email: 'ava@example.test', roles: [['member', school]] });
    await db.write((tx) =>
      tx.update(invitations).set({ activatedAt: now }).where(eq(invitations.id, invitationId)),
    );
    expect(await send('join-community', undefined, later(2))).toEqual({ nudged: 0, left: 1 });
  });

  test('reaches only those who are meant, of those whom it is for', async () => {
    const [ava, bo] = [await addMember('Ava Sample'), await addMember('Bo Sample')];
    const other = await addSchool(db, now, 'Jade School');
    const stranger = await addMember('Eve Stranger', other);
    const elsewhere = await invite('elsewhere@example.test', later(-3), other);
    expect(await send('join-community', [bo.id, stranger.id, 'usr_none'])).toEqual({ nudged: 1, left: 2 });
    expect(await send('activate', [elsewhere])).toEqual({ nudged: 0, left: 1 });
    expect((await mails()).map(({ to }) => to)).toEqual([bo.email]);
    expect(ava.email).not.toBe(bo.email);
    expect(
      await sendNudges({ db, now }, sam, newId('sch', now), { kind: 'activate', to: undefined, note: '' }),
    ).toBe('no-school');
  });

  test('brings whoever has not activated a new link, not within a day of their invitation, and not while nobody may join', async () => {
    const [old] = [await invite('old@example.test'), await invite('new@example.test', later(-0.5))];
    const targets = await nudgeTargets(db.read, school, 'activate', now);
    expect(targets.map((target) => [target.email, mayBeNudged(target)])).toEqual([
      ['old@example.test', true],
      ['new@example.test', false],
    ]);
    expect(await send('activate')).toEqual({ nudged: 1, left: 1 });
    const [mail] = await mails();
    expect(JSON.parse(unseal('mail-body', mail!.sealedBody!)!).text).toContain('/activate/');
    const [row] = await db.read.select().from(invitations).where(eq(invitations.id, old));
    expect(row).toMatchObject({ lastSentAt: now, sentCount: 2 });

    await db.write((tx) => tx.update(schools).set({ pausedAt: now }).where(eq(schools.id, school)));
    expect(await send('activate', undefined, later(9))).toBe('closed');
    expect(await mails()).toHaveLength(1);
  });

  test('names the live session that is next for them', async () => {
    const ava = await addMember('Ava Sample');
    await addMembers(db, now, 'librarians', [ava.id]);
    await addLiveSession(db, later(5), 'librarians', { title: 'Later shelves' });
    const soon = await addLiveSession(db, now, 'librarians', { title: 'Quiet corners' });
    await send('answer', undefined, now, 'See you there?');
    const { text } = JSON.parse(unseal('mail-body', (await mails())[0]!.sealedBody!)!);
    expect(text).toContain('Quiet corners');
    expect(text).toContain(`/live-sessions/${soon}`);
    expect(text).toContain('See you there?');
    expect(text).not.toContain('Later shelves');
  });
});

test('nudges are forgotten after thirty days, taken along by whom they went to, and deleted with them', async () => {
  const [ava, bo] = [await addMember('Ava Sample'), await addMember('Bo Sample')];
  await send('join-community');
  const person = (await findPerson(db.read, ava.id))!;
  expect(await personalNudges(db.read, person)).toEqual([
    { schoolName: 'Banyan School', kind: 'join-community', email: ava.email, sentAt: now },
  ]);
  await db.write((tx) => eraseNudges(tx, person));
  expect((await db.read.select().from(nudges)).map(({ userId }) => userId)).toEqual([bo.id]);
  const sender = (await findPerson(db.read, sam.id))!;
  await db.write((tx) => eraseNudges(tx, sender));
  expect(await db.read.select().from(nudges)).toMatchObject([{ sentById: null }]);
  await db.write((tx) => purgeNudges(tx, later(30)));
  expect(await db.read.select().from(nudges)).toHaveLength(1);
  await db.write((tx) => purgeNudges(tx, later(31)));
  expect(await db.read.select().from(nudges)).toHaveLength(0);
});

const props = { name: 'Ava Sample', schoolName: 'Banyan <School>', from: 'Mira Sample', note: 'Come & see' };

test.each([
  ['activate', nudgeToActivate({ ...props, secret: 'x' })],
  ['join-community', nudgeToJoin(props)],
  ['answer', nudgeToAnswer({ ...props, next: undefined })],
])('the mail to %s renders in both forms, says who asked for it, and holds the note', (_, content) => {
  const { subject, html, text } = renderMail(content, {});
  expect(subject).not.toBe('');
  expect(text.replaceAll(/\s+/g, ' ')).toContain('Mira Sample at Banyan <School> asked us');
  expect(text).toContain('Come & see');
  expect(html).toContain('Banyan &lt;School&gt;');
  expect(html).toContain('Come &amp; see');
});
