import { eq, sql } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Db, openDb } from '#db/client.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { communities } from '#db/schema/communities.ts';
import { liveSessionPeople, liveSessions, reminderProgress, rsvps } from '#db/schema/live-sessions.ts';
import { outbox } from '#db/schema/mail.ts';
import { addUser, type TestDatabase, useDatabase } from '../../../tests/database.ts';
import { addLiveSession, addMembers } from '../../../tests/live-sessions.ts';
import type { Id } from '../../platform/ids.ts';
import { unseal } from '../../platform/seal.ts';
import type { MailBody } from '../mail/model.ts';
import type { RsvpAnswer } from './model.ts';
import { defaultReminders } from './reminder-rules.ts';
import { remindersOf, saveReminders } from './reminder-settings.ts';
import { remind } from './reminders.ts';

const link = 'https://meet.example.test/room';
/** 16:00 in Shanghai, 13:45 in Kathmandu. */
const startsAt = new Date('2026-11-24T08:00:00Z');
const earlier = (ms: number) => new Date(startsAt.getTime() - ms);
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const long = earlier(9 * day);

let db: TestDatabase;
let people: { id: Id<'usr'>; email: string; name: string }[];

beforeEach(async () => {
  db = await useDatabase();
  await remind({ db, now: long });
});

/** So many members of the community `libraries`. */
async function addPeople(many: number, timeZone = 'Asia/Shanghai') {
  people = [];
  for (let index = 0; index < many; index += 1)
    people.push(await addUser(db, long, { roles: [['member']], timeZone }));
  const ids = people.map(({ id }) => id);
  await addMembers(db, long, 'libraries', ids);
}

async function answered(id: Id<'ses'>, answers: readonly (RsvpAnswer | undefined)[]) {
  const rows = answers.flatMap((answer, who) => (answer ? [{ answer, who }] : []));
  const times = { createdAt: long, updatedAt: long };
  await db.write(async (tx) => {
    for (const { answer, who } of rows)
      await tx.insert(rsvps).values({
        ...{ liveSessionId: id, userId: people[who]!.id, answer, ...times },
        position: answer === 'waiting' ? who + 1 : null,
      });
  });
}

/** Rounds at these instants. */
async function rounds(...instants: Date[]) {
  for (const now of instants) await remind({ db, now });
}

/** What is in the outbox, as `session-reminder-day to 0`. */
async function sent(): Promise<string[]> {
  const rows = await db.read.select({ kind: outbox.kind, to: outbox.to }).from(outbox).orderBy(sql`rowid`);
  return rows
    .map(
      ({ kind, to }) => `${kind.replace('session-', '')} to ${people.findIndex(({ email }) => email === to)}`,
    )
    .sort();
}

async function bodies(): Promise<(MailBody & { subject: string })[]> {
  const rows = await db.read.select().from(outbox).orderBy(sql`rowid`);
  return rows.map(({ subject, sealedBody }) => ({
    ...(JSON.parse(unseal('mail-body', sealedBody!)!) as MailBody),
    subject,
  }));
}

const progress = async () => (await db.read.select().from(reminderProgress))[0]?.doneUntilAt;
const change = (id: Id<'ses'>, values: Partial<typeof liveSessions.$inferInsert>) =>
  db.write((tx) => tx.update(liveSessions).set(values).where(eq(liveSessions.id, id)));

const moments = [earlier(7 * day), earlier(day), earlier(hour)];

describe('two lists never mix', () => {
  test('who is going is reminded, who has not answered is invited, and everybody else is left alone', async () => {
    await addPeople(5);
    const id = await addLiveSession(db, long, 'libraries', { startsAt });
    await answered(id, ['going', undefined, 'maybe', 'cant', 'waiting']);
    await rounds(...moments);
    expect(await sent()).toEqual([
      'invitation-day to 1',
      'invitation-week to 1',
      'reminder-day to 0',
      'reminder-hour to 0',
      'reminder-week to 0',
    ]);
  });

  test('who changes their mind gets the next mail of the list they are on by then', async () => {
    await addPeople(1);
    const id = await addLiveSession(db, long, 'libraries', { startsAt });
    await rounds(earlier(7 * day));
    await answered(id, ['going']);
    await rounds(earlier(day));
    await db.write((tx) => tx.update(rsvps).set({ answer: 'cant' }));
    await rounds(earlier(hour));
    expect(await sent()).toEqual(['invitation-week to 0', 'reminder-day to 0']);
  });

  test('what is switched off does not come, of either list', async () => {
    await addPeople(2);
    const id = await addLiveSession(db, long, 'libraries', { startsAt });
    await answered(id, ['going']);
    for (const viewer of people)
      await saveReminders({ db, now: long }, viewer, {
        wanted: {
          invitation: { week: false, day: false, hour: true },
          reminder: { week: false, day: true, hour: false },
        },
        quiet: null,
      });
    await rounds(...moments);
    expect(await sent()).toEqual(['invitation-hour to 1', 'reminder-day to 0']);
  });

  test('what was chosen stays until it is chosen anew; before, the same holds for all', async () => {
    await addPeople(1);
    expect(await remindersOf(db.read, people[0]!.id)).toEqual(defaultReminders);
    const quiet = { from: '20:30', until: '06:00' };
    await saveReminders({ db, now: long }, people[0]!, { ...defaultReminders, quiet: null });
    await saveReminders({ db, now: long }, people[0]!, { ...defaultReminders, quiet });
    expect(await remindersOf(db.read, people[0]!.id)).toEqual({ ...defaultReminders, quiet });
  });
});

describe('no mail goes', () => {
  test.each(['draft', 'cancelled', 'held', 'recorded'] as const)('of one that is %s', async (state) => {
    await addPeople(2);
    const id = await addLiveSession(db, long, 'libraries', { startsAt, state });
    await answered(id, ['going']);
    await rounds(...moments);
    expect(await sent()).toEqual([]);
  });

  test('to who is suspended, about to be erased, or no member any more', async () => {
    await addPeople(6);
    const id = await addLiveSession(db, long, 'libraries', { startsAt });
    await answered(id, ['going', 'going', 'going']);
    await db.write(async (tx) => {
      for (const who of [0, 3])
        await tx.update(users).set({ suspendedAt: long }).where(eq(users.id, people[who]!.id));
      for (const who of [1, 4])
        await tx.update(users).set({ erasureDueAt: startsAt }).where(eq(users.id, people[who]!.id));
      for (const who of [2, 5]) await tx.delete(roleGrants).where(eq(roleGrants.userId, people[who]!.id));
    });
    await rounds(...moments);
    expect(await sent()).toEqual([]);
  });

  test('of invitations, to who leads or supports it; who of them is going is reminded', async () => {
    await addPeople(3);
    const id = await addLiveSession(db, long, 'libraries', { startsAt });
    await answered(id, [undefined, undefined, 'going']);
    await db.write((tx) =>
      tx.insert(liveSessionPeople).values(
        (['host', 'ta', 'co-host'] as const).map((part, who) => ({
          ...{ liveSessionId: id, userId: people[who]!.id, part },
        })),
      ),
    );
    await rounds(earlier(day));
    expect(await sent()).toEqual(['reminder-day to 2']);
  });

  test('of invitations, to who is in none of its communities, whomever it is for', async () => {
    await addPeople(1);
    await addMembers(db, long, 'science');
    await addLiveSession(db, long, 'science', { startsAt, audience: 'members' });
    await addLiveSession(db, long, 'libraries', { startsAt, audience: 'sams' });
    await rounds(earlier(day));
    expect(await sent()).toEqual([]);
    await addLiveSession(db, long, 'libraries', {
      startsAt: new Date(startsAt.getTime() + minute),
      audience: 'members',
    });
    await rounds(earlier(day - minute));
    expect(await sent()).toEqual(['invitation-day to 0']);
  });

  test('of invitations, of a community that is retired', async () => {
    await addPeople(2);
    const id = await addLiveSession(db, long, 'libraries', { startsAt });
    await answered(id, ['going']);
    await db.write((tx) => tx.update(communities).set({ retiredAt: long }));
    await rounds(earlier(day));
    expect(await sent()).toEqual(['reminder-day to 0']);
  });
});

describe('each mail goes once', () => {
  test('however often the round is run', async () => {
    await addPeople(2);
    const id = await addLiveSession(db, long, 'libraries', { startsAt });
    await answered(id, ['going']);
    await rounds(earlier(day), earlier(day), earlier(day - minute));
    expect(await sent()).toEqual(['invitation-day to 1', 'reminder-day to 0']);
  });

  test('when two processes run it at the same time', async () => {
    await addPeople(25);
    await addLiveSession(db, long, 'libraries', { startsAt });
    const other = await openDb(`file:${db.file}`);
    await Promise.all([remind({ db, now: earlier(day) }), remind({ db: other, now: earlier(day) })]);
    await other.close();
    expect(await sent()).toEqual(people.map((_, who) => `invitation-day to ${who}`).sort());
  });

  test('when a process ends between two writes, and the next one does the rest', async () => {
    await addPeople(25);
    await addLiveSession(db, long, 'libraries', { startsAt });
    const ending = new AbortController();
    const dying: Db = {
      ...db,
      async write(work) {
        const value = await db.write(work);
        ending.abort();
        return value;
      },
    };
    await remind({ db: dying, now: earlier(day) }, ending.signal);
    expect(await sent()).toHaveLength(5);
    expect(await progress()).toEqual(long);
    db = await db.reopened();
    await rounds(earlier(day - 5 * minute), earlier(day - 6 * minute));
    expect(await sent()).toEqual(people.map((_, who) => `invitation-day to ${who}`).sort());
    expect(await progress()).toEqual(earlier(day - 6 * minute));
  });

  test('when one cannot be made: the others go, and it is tried again', async () => {
    await addPeople(3);
    await addLiveSession(db, long, 'libraries', { startsAt });
    const good = people[1]!.email;
    const email = (address: string) =>
      db.write((tx) => tx.update(users).set({ email: address }).where(eq(users.id, people[1]!.id)));
    await email('no address');
    await rounds(earlier(day));
    expect(await sent()).toEqual(['invitation-day to 0', 'invitation-day to 2']);
    await email(good);
    await rounds(earlier(day - minute));
    expect(await sent()).toEqual(['invitation-day to 0', 'invitation-day to 1', 'invitation-day to 2']);
  });

  test('and anew for another start, when the live session is moved', async () => {
    await addPeople(1);
    const id = await addLiveSession(db, long, 'libraries', { startsAt });
    await answered(id, ['going']);
    await rounds(earlier(7 * day), earlier(day));
    const later = new Date(startsAt.getTime() + 7 * day);
    await change(id, { startsAt: later, endsAt: new Date(later.getTime() + hour) });
    await rounds(earlier(hour), startsAt);
    expect(await sent()).toEqual(['reminder-day to 0', 'reminder-week to 0', 'reminder-week to 0']);
    await change(id, { startsAt, endsAt: new Date(startsAt.getTime() + hour) });
    await rounds(new Date(startsAt.getTime() + minute));
    expect(await sent()).toHaveLength(3);
  });
});

describe('when something happens between two mails', () => {
  test('a live session that is cancelled is spoken of no more', async () => {
    await addPeople(2);
    const id = await addLiveSession(db, long, 'libraries', { startsAt });
    await answered(id, ['going']);
    await rounds(earlier(7 * day));
    await change(id, { state: 'cancelled' });
    await rounds(earlier(day), earlier(hour));
    expect(await sent()).toEqual(['invitation-week to 1', 'reminder-week to 0']);
  });

  test('what changes after the list was read and before a mail is queued counts', async () => {
    await addPeople(12);
    const id = await addLiveSession(db, long, 'libraries', { startsAt });
    let writes = 0;
    const changing: Db = {
      ...db,
      async write(work) {
        writes += 1;
        if (writes === 2) await change(id, { state: 'cancelled' });
        return db.write(work);
      },
    };
    await remind({ db: changing, now: earlier(day) });
    expect(await sent()).toHaveLength(5);
  });

  test('who says going after a reminder was due gets the next one only', async () => {
    await addPeople(1);
    const id = await addLiveSession(db, long, 'libraries', { startsAt });
    await saveReminders({ db, now: long }, people[0]!, {
      ...defaultReminders,
      wanted: { ...defaultReminders.wanted, invitation: { week: false, day: false, hour: false } },
    });
    await rounds(earlier(7 * day));
    await answered(id, ['going']);
    await rounds(earlier(7 * day - minute), earlier(hour));
    expect(await sent()).toEqual(['reminder-hour to 0']);
  });
});

describe('after the server was off', () => {
  test('what is still of use is sent late, and nothing else', async () => {
    await addPeople(2);
    const id = await addLiveSession(db, long, 'libraries', { startsAt });
    await answered(id, ['going']);
    await rounds(earlier(6.25 * day));
    expect(await sent()).toEqual(['invitation-week to 1', 'reminder-week to 0']);
    await rounds(earlier(8 * hour)); // more than six hours late
    expect(await sent()).toHaveLength(2);
    await rounds(earlier(10 * minute));
    expect(await sent()).toEqual(['invitation-week to 1', 'reminder-hour to 0', 'reminder-week to 0']);
  });

  test('the first round of all sends nothing, and a clock that was wrong stops nothing', async () => {
    await addPeople(1);
    await addLiveSession(db, long, 'libraries', { startsAt });
    await db.write((tx) => tx.delete(reminderProgress));
    await rounds(earlier(day));
    expect(await sent()).toEqual([]);
    await db.write((tx) => tx.update(reminderProgress).set({ doneUntilAt: new Date('2031-01-01') }));
    await rounds(earlier(day - minute));
    expect(await progress()).toEqual(earlier(day - minute));
    // A round that was slow does not undo a later one.
    await rounds(earlier(day - minute), earlier(day));
    expect(await progress()).toEqual(earlier(day - minute));
  });
});

describe('in quiet hours', () => {
  test('in Kathmandu a mail waits for the morning, or goes the evening before', async () => {
    await addPeople(1, 'Asia/Kathmandu');
    const early = new Date('2026-11-24T00:45:00Z'); // 06:30 there
    const id = await addLiveSession(db, long, 'libraries', { startsAt: early });
    await answered(id, ['going']);
    const steps: string[] = [];
    for (let now = early.getTime() - 32 * hour; now <= early.getTime(); now += 15 * minute) {
      await rounds(new Date(now));
      const many = (await sent()).length;
      if (many > steps.length) steps.push(new Date(now).toISOString());
    }
    // 07:00 the day before, and 21:45 in the evening.
    expect(steps).toEqual(['2026-11-23T01:15:00.000Z', '2026-11-23T16:00:00.000Z']);
    const [, evening] = await bodies();
    expect(evening!.subject).toBe('Tomorrow at 06:30: Quiet corners');
  });
});

describe('the mails', () => {
  test('invite with one press, in the reader’s time, without the meeting link', async () => {
    await addPeople(1, 'Asia/Kathmandu');
    await addLiveSession(db, long, 'libraries', { startsAt });
    await rounds(earlier(7 * day));
    const [mail] = await bodies();
    expect(mail!.subject).toBe('Are you going? In a week: Quiet corners');
    expect(mail!.text).toContain('Tue 24 Nov 2026, 13:45 to 15:15, Nepal Time (GMT+5:45)');
    expect(mail!.text).toContain('Tue 24 Nov 2026, 16:00 to 17:30, China Standard Time (GMT+8)');
    expect(JSON.stringify(mail)).not.toContain('meet.example.test');
    expect(mail!.text.match(/\/rsvp\//g)).toHaveLength(3);
    expect(mail!.text).toContain('/me/calendar/reminders');
    expect(mail!.headers['List-Unsubscribe-Post']).toBe('List-Unsubscribe=One-Click');
  });

  test('remind with the way in; an hour before, it comes first', async () => {
    await addPeople(1);
    const id = await addLiveSession(db, long, 'libraries', { startsAt, preReading: 'Two pages' });
    await answered(id, ['going']);
    await rounds(earlier(day), earlier(hour));
    const [dayBefore, hourBefore] = await bodies();
    expect(dayBefore!.subject).toBe('Tomorrow at 16:00: Quiet corners');
    expect(dayBefore!.text).toContain(link);
    expect(dayBefore!.text).toContain('something to read');
    expect(hourBefore!.subject).toBe('In an hour: Quiet corners');
    const { text } = hourBefore!;
    expect(text.indexOf(link)).toBeGreaterThan(0);
    expect(text.indexOf(link)).toBeLessThan(text.indexOf('China Standard Time'));
    expect(text).toContain('/me/calendar/reminders');
  });
});
