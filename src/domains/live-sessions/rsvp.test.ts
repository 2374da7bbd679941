import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { eq, sql } from 'drizzle-orm';
import ICAL from 'ical.js';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Db } from '#db/client.ts';
import { firstSteps, roleGrants, users } from '#db/schema/accounts.ts';
import { communityMembers } from '#db/schema/communities.ts';
import { liveSessions, rsvps } from '#db/schema/live-sessions.ts';
import { outbox } from '#db/schema/mail.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import { addLiveSession, addMembers } from '../../../tests/live-sessions.ts';
import { stormProblems, type Told } from '../../../tests/rsvp-storm.ts';
import type { Id } from '../../platform/ids.ts';
import { unseal } from '../../platform/seal.ts';
import type { MailBody } from '../mail/model.ts';
import { findLiveSession, type LiveSessionView } from './queries.ts';
import { dropAllRsvps, dropRsvps, promoteWaiting, rsvp, rsvpCounts, rsvpOf } from './rsvp.ts';
import { readRsvpToken } from './rsvp-links.ts';
import { tellAttendees } from './rsvp-mails.ts';
import { findForCalendar, findRsvpLink, findRsvpPage } from './rsvp-queries.ts';

const now = new Date('2026-11-22T03:00:00Z');
const link = 'https://meet.example.test/room';
let db: TestDatabase;
let people: { id: Id<'usr'>; email: string; name: string }[];

beforeEach(async () => {
  db = await useDatabase();
  people = [];
  for (let index = 0; index < 4; index += 1)
    people.push(await addUser(db, now, { roles: [['member']], timeZone: 'Asia/Kathmandu' }));
  await addMembers(
    db,
    now,
    'libraries',
    people.map(({ id }) => id),
  );
});

type Sent = { kind: string; to: string; subject: string; body: MailBody };

async function mails(): Promise<Sent[]> {
  const rows = await db.read.select().from(outbox).orderBy(sql`rowid`);
  return rows.map(({ kind, to, subject, sealedBody }) => ({
    ...{ kind, to, subject },
    body: JSON.parse(unseal('mail-body', sealedBody!)!),
  }));
}

const kinds = async () =>
  (await mails()).map(({ kind, to }) => `${kind} to ${people.findIndex((one) => one.email === to)}`);
const answer = (who: number, id: string, given: 'going' | 'maybe' | 'cant', at = now) =>
  rsvp({ db, now: at }, people[who]!, id, given);
const icsOf = ({ body }: Sent) => Buffer.from(body.attachments[0]!.content, 'base64').toString();

async function changed(id: Id<'ses'>, values: Partial<typeof liveSessions.$inferInsert>) {
  await db.write(async (tx) => {
    const before = (await findLiveSession(tx, id))!;
    await tx
      .update(liveSessions)
      .set({ ...values, sequence: before.sequence + 1, updatedAt: now })
      .where(eq(liveSessions.id, id));
    await tellAttendees(tx, now, before, (await findLiveSession(tx, id)) as LiveSessionView);
  });
}

describe('who says going', () => {
  test('is kept, ticks the first step, and gets the invitation by mail in their own time', async () => {
    const id = await addLiveSession(db, now, 'libraries', { startsAt: new Date('2026-11-24T08:00:00Z') });
    expect(await answer(0, id, 'going')).toEqual({ answer: 'going', changed: true });
    expect(await db.read.select({ step: firstSteps.step }).from(firstSteps)).toEqual([{ step: 'rsvp' }]);
    const [mail] = await mails();
    expect(mail).toMatchObject({ kind: 'rsvp-confirmed', to: people[0]!.email });
    expect(mail!.body.text).toContain('Tue 24 Nov 2026, 13:45 to 15:15, Nepal Time (GMT+5:45)');
    expect(mail!.body.text).toContain('Tue 24 Nov 2026, 16:00 to 17:30, China Standard Time (GMT+8)');
    expect(mail!.body.text).toContain(link);
    expect(mail!.body.attachments[0]!.contentType).toBe('text/calendar; method=REQUEST; charset=utf-8');
    expect(icsOf(mail!)).toContain('METHOD:REQUEST');
  });

  test('and says it again changes nothing and gets no second mail', async () => {
    const id = await addLiveSession(db, now, 'libraries');
    await answer(0, id, 'going');
    expect(await answer(0, id, 'going')).toEqual({ answer: 'going', changed: false });
    expect(await kinds()).toEqual(['rsvp-confirmed to 0']);
  });

  test('waits when no place is left, is told where, and is sent no meeting link', async () => {
    const id = await addLiveSession(db, now, 'libraries', { capacity: 1 });
    await answer(0, id, 'going');
    expect(await answer(1, id, 'going')).toEqual({ answer: 'waiting', place: 1, changed: true });
    expect(await answer(2, id, 'going')).toEqual({ answer: 'waiting', place: 2, changed: true });
    expect(await answer(2, id, 'going')).toEqual({ answer: 'waiting', place: 2, changed: false });
    const [, waiting] = await mails();
    expect(waiting!.body.text).toContain('number 1');
    expect(JSON.stringify(waiting!.body)).not.toContain(link);
    expect(waiting!.body.attachments).toEqual([]);
    expect((await findForCalendar(db.read, now, people[1]!, id))!.meetingLink).toBe('');
    expect((await findForCalendar(db.read, now, people[0]!, id))!.meetingLink).toBe(link);
  });
});

describe('a place that becomes free', () => {
  test.each(['maybe', 'cant'] as const)('by %s is the first one’s who waits, who is told', async (given) => {
    const id = await addLiveSession(db, now, 'libraries', { capacity: 1 });
    for (const who of [0, 1, 2]) await answer(who, id, 'going');
    await answer(0, id, given);
    expect(await rsvpOf(db.read, id, people[1]!.id)).toEqual({ answer: 'going' });
    expect(await rsvpOf(db.read, id, people[2]!.id)).toEqual({ answer: 'waiting', place: 1 });
    const promoted = (await mails()).find(({ kind }) => kind === 'rsvp-promoted')!;
    expect(promoted.to).toBe(people[1]!.email);
    expect(icsOf(promoted)).toContain('PARTSTAT=ACCEPTED');
    // Whoever comes back stands at the end.
    expect(await answer(0, id, 'going')).toEqual({ answer: 'waiting', place: 2, changed: true });
  });

  test('because there are more of them goes to those who wait, in their order', async () => {
    const id = await addLiveSession(db, now, 'libraries', { capacity: 1 });
    for (const who of [0, 1, 2, 3]) await answer(who, id, 'going');
    await db.write(async (tx) => {
      await tx.update(liveSessions).set({ capacity: 3 }).where(eq(liveSessions.id, id));
      await promoteWaiting(tx, now, id);
    });
    expect((await rsvpCounts(db.read, [id])).get(id)).toEqual({ going: 3, waiting: 1, maybe: 0, cant: 0 });
    expect((await kinds()).slice(-2)).toEqual(['rsvp-promoted to 1', 'rsvp-promoted to 2']);
  });

  test('passes over who may not attend any more', async () => {
    const id = await addLiveSession(db, now, 'libraries', { capacity: 1 });
    for (const who of [0, 1, 2]) await answer(who, id, 'going');
    await db.write((tx) => tx.delete(roleGrants).where(eq(roleGrants.userId, people[1]!.id)));
    await answer(0, id, 'cant');
    expect(await rsvpOf(db.read, id, people[2]!.id)).toEqual({ answer: 'going' });
  });

  test('by leaving the community or by erasure is the next one’s', async () => {
    const id = await addLiveSession(db, now, 'libraries', { capacity: 1 });
    for (const who of [0, 1, 2]) await answer(who, id, 'going');
    const leaver = people[0]!.id;
    await db.write(async (tx) => {
      await tx.update(communityMembers).set({ state: 'left' }).where(eq(communityMembers.userId, leaver));
      await dropRsvps(tx, now, leaver, 'libraries');
    });
    expect(await rsvpOf(db.read, id, leaver)).toBeUndefined();
    expect(await rsvpOf(db.read, id, people[1]!.id)).toEqual({ answer: 'going' });
    await db.write((tx) => dropAllRsvps(tx, now, people[1]!.id));
    expect(await rsvpOf(db.read, id, people[2]!.id)).toEqual({ answer: 'going' });
  });
});

describe('an answer is refused', () => {
  test.each([
    ['over', 'over', { startsAt: new Date('2026-11-22T01:00:00Z') }],
    ['held', 'over', { state: 'held' }],
    ['cancelled', 'cancelled', { state: 'cancelled' }],
    ['a draft', 'unknown', { state: 'draft' }],
    ['for SAMs', 'for-sams', { audience: 'sams' }],
  ] as const)('to a live session that is %s', async (_name, refused, values) => {
    const id = await addLiveSession(db, now, 'libraries', values);
    expect(await answer(0, id, 'going')).toEqual({ refused });
    expect(await db.read.$count(rsvps)).toBe(0);
    expect(await db.read.$count(outbox)).toBe(0);
  });

  test('to one that there is not, of somebody suspended, and of people who are not in the community', async () => {
    const id = await addLiveSession(db, now, 'libraries');
    expect(await answer(0, 'ses_nothing', 'going')).toEqual({ refused: 'unknown' });
    const stranger = await addUser(db, now, { roles: [['member']] });
    expect(await rsvp({ db, now }, stranger, id, 'going')).toEqual({ refused: 'not-joined' });
    expect(await findForCalendar(db.read, now, stranger, id)).toBeUndefined();
    expect((await findRsvpPage(db.read, now, stranger, id))!.problem).toBe('not-joined');
    const nobody = await addUser(db, now, { roles: [] });
    expect(await rsvp({ db, now }, nobody, id, 'going')).toEqual({ refused: 'not-member' });
    await db.write((tx) => tx.update(users).set({ suspendedAt: now }).where(eq(users.id, people[0]!.id)));
    expect(await answer(0, id, 'going')).toEqual({ refused: 'unknown' });
  });
});

describe('those who answered are told', () => {
  test('what changed, once, with an invitation that is newer', async () => {
    const id = await addLiveSession(db, now, 'libraries', { startsAt: new Date('2026-11-24T08:00:00Z') });
    await answer(0, id, 'going');
    await answer(1, id, 'maybe');
    await answer(2, id, 'cant');
    await changed(id, {
      startsAt: new Date('2026-11-25T08:00:00Z'),
      endsAt: new Date('2026-11-25T09:30:00Z'),
    });
    const told = (await mails()).filter(({ kind }) => kind === 'live-session-changed');
    expect(told.map(({ to }) => to).sort()).toEqual([people[0]!.email, people[1]!.email].sort());
    const going = told.find(({ to }) => to === people[0]!.email)!;
    expect(going.body.text).toContain('Wed 25 Nov 2026, 13:45 to 15:15, Nepal Time (GMT+5:45)');
    const event = new ICAL.Component(ICAL.parse(icsOf(going))).getFirstSubcomponent('vevent')!;
    expect(event.getFirstPropertyValue('sequence')).toBe(1);
    const maybe = told.find(({ to }) => to === people[1]!.email)!;
    expect(maybe.body.attachments).toEqual([]);
    expect(JSON.stringify(maybe.body)).not.toContain(link);
  });

  test('that it is cancelled, and why', async () => {
    const id = await addLiveSession(db, now, 'libraries');
    await answer(0, id, 'going');
    await changed(id, { state: 'cancelled', cancelReason: 'The host is ill.' });
    const mail = (await mails()).find(({ kind }) => kind === 'live-session-cancelled')!;
    expect(mail.body.text).toContain('The host is ill.');
    expect(mail.body.attachments[0]!.contentType).toBe('text/calendar; method=CANCEL; charset=utf-8');
    expect(icsOf(mail)).toContain('STATUS:CANCELLED');
  });

  test('only while they may attend, and not of a recording', async () => {
    const id = await addLiveSession(db, now, 'libraries');
    await answer(0, id, 'going');
    await changed(id, { recordingUrl: 'https://video.example.test/1' });
    await db.write((tx) => tx.delete(roleGrants).where(eq(roleGrants.userId, people[0]!.id)));
    await changed(id, { meetingLink: 'https://meet.example.test/new' });
    expect(await kinds()).toEqual(['rsvp-confirmed to 0']);
  });
});

describe('a link from a mail', () => {
  const tokenIn = (mail: Sent) => /\/rsvp\/([\w-]+)/.exec(mail.body.text)![1]!;

  test('stands for one answer of one person, and looking at it changes nothing', async () => {
    const id = await addLiveSession(db, now, 'libraries');
    await answer(0, id, 'going');
    const token = tokenIn((await mails())[0]!);
    for (let look = 0; look < 3; look += 1)
      expect(await findRsvpLink(db.read, now, token)).toMatchObject({ asked: 'cant', answer: 'going' });
    expect(readRsvpToken(token)).toMatchObject({ userId: people[0]!.id, liveSessionId: id, answer: 'cant' });
  });

  test('that was changed is not one of ours, and one that is over says so', async () => {
    const id = await addLiveSession(db, now, 'libraries');
    await answer(0, id, 'going');
    const token = tokenIn((await mails())[0]!);
    const other = token.endsWith('A') ? 'B' : 'A';
    for (const wrong of [`${token.slice(0, -3)}${other}${other}${other}`, 'x', '', 'A'.repeat(120)])
      expect(await findRsvpLink(db.read, now, wrong)).toBeUndefined();
    const later = new Date('2026-12-24T00:00:00Z');
    expect((await findRsvpLink(db.read, later, token))!.problem).toBe('over');
  });
});

test('in a storm on two processes exactly the places are taken, and everybody else waits in commit order', async () => {
  const id = await addLiveSession(db, now, 'libraries', { capacity: 30 });
  const ids = await stormers(db, 160);
  const halves = [ids.slice(0, 80), ids.slice(80)].map((half) => startStorm(id, half));
  await Promise.all(halves.map(({ ended }) => ended));
  const told = halves.flatMap((half) => half.told);
  expect(told.filter(({ answer: given }) => given === 'going')).toHaveLength(30);
  const places = told.flatMap(({ place }) => place ?? []).sort((a, b) => a - b);
  expect(places).toEqual(Array.from({ length: 130 }, (_, index) => index + 1));
  expect(await stormProblems(db, db.file, id, 30, told)).toEqual([]);
  expect(await db.read.$count(outbox)).toBe(160);
}, 60_000);

test('when one of two processes is killed in a storm, whatever it had answered is kept, and the order is whole', async () => {
  const id = await addLiveSession(db, now, 'libraries', { capacity: 30 });
  const ids = await stormers(db, 160);
  const [killed, other] = [startStorm(id, ids.slice(0, 80), 20), startStorm(id, ids.slice(80))];
  await Promise.all([killed.ended, other.ended]);
  expect(killed.told.length).toBeGreaterThanOrEqual(20);
  expect(other.told).toHaveLength(80);
  expect(await stormProblems(db, db.file, id, 30, [...killed.told, ...other.told])).toEqual([]);
}, 60_000);

/** A process in which these people say going at once; with `killAfter` it is killed once it has answered so many. */
function startStorm(liveSessionId: string, userIds: readonly string[], killAfter = Number.POSITIVE_INFINITY) {
  const script = ['tests/bench/rsvp-storm.ts', `file:${db.file}`, liveSessionId, ...userIds];
  const child = spawn(process.execPath, script, { stdio: ['ignore', 'pipe', 'inherit'] });
  const told: Told[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    told.push(JSON.parse(line));
    if (told.length === killAfter) child.kill('SIGKILL');
  });
  return { told, ended: Promise.all([once(child, 'exit'), once(lines, 'close')]) };
}

async function stormers(to: Db, many: number): Promise<Id<'usr'>[]> {
  const made = await to.write(async (tx) => {
    const ids = Array.from({ length: many }, (_, index) => `usr_storm${index}` as Id<'usr'>);
    const one = (await tx.select().from(users).limit(1))[0]!;
    await tx
      .insert(users)
      .values(ids.map((userId, index) => ({ ...one, id: userId, email: `storm-${index}@example.test` })));
    await tx.insert(roleGrants).values(
      ids.map((userId) => ({
        id: `rol_${userId}` as Id<'rol'>,
        userId,
        role: 'member' as const,
        scopeId: '',
        createdAt: now,
      })),
    );
    return ids;
  });
  await addMembers(to, now, 'libraries', made);
  return made;
}
