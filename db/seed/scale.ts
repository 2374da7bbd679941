import { getTableColumns, sql } from 'drizzle-orm';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import type { Db, Tx } from '#db/client.ts';
import { roleGrants, users } from '#db/schema/accounts.ts';
import { communities, communityMembers } from '#db/schema/communities.ts';
import { liveSessionCommunities, liveSessionPeople, liveSessions, rsvps } from '#db/schema/live-sessions.ts';
import { schools } from '#db/schema/schools.ts';
import type { LiveSessionState, RsvpAnswer } from '#src/domains/live-sessions/model.ts';
import { wallTimeAt } from '#src/domains/live-sessions/zoned-time.ts';
import { syncCommunitiesWithContent } from '#src/jobs/sync-communities.ts';
import { env } from '#src/platform/env.ts';
import type { Id } from '#src/platform/ids.ts';
import { hashPassword } from '#src/platform/password.ts';

/** How large the world is. */
export type ScaleSize = {
  schools: number;
  members: number;
  communities: number;
  liveSessions: number;
  rsvps: number;
};

export const fullScale: ScaleSize = {
  schools: 1000,
  members: 100_000,
  communities: 500,
  liveSessions: 4000,
  rsvps: 1_000_000,
};

/** Everybody of this world has it; they are `person-1@example.test` and on, and `staff@example.test`. */
const scalePassword = 'peersphere-demo';

const communitiesEach = 3;
const spreadDays = 90;
const hour = 3_600_000;
const day = 24 * hour;

const places = [
  { country: 'CN', city: 'Suzhou', timeZone: 'Asia/Shanghai' },
  { country: 'CN', city: 'Chengdu', timeZone: 'Asia/Shanghai' },
  { country: 'MY', city: 'Penang', timeZone: 'Asia/Kuala_Lumpur' },
  { country: 'VN', city: 'Da Nang', timeZone: 'Asia/Ho_Chi_Minh' },
  { country: 'NP', city: 'Pokhara', timeZone: 'Asia/Kathmandu' },
  { country: 'TH', city: 'Chiang Mai', timeZone: 'Asia/Bangkok' },
  { country: 'GB', city: 'Bristol', timeZone: 'Europe/London' },
  { country: 'AU', city: 'Newcastle', timeZone: 'Australia/Sydney' },
] as const;

/**
 * Fills an empty database with a large world for measuring: schools, members with about three communities each, live
 * sessions within 90 days of `now`, and answers to them. The same `now` and size make the same world. Inserts rows
 * directly and in bulk, so nothing is mailed or audited. Refuses a database that has users.
 *
 * Communities of content are among them, larger than the others and with more live sessions. The rest exists in the table
 * only: a server retires them when it starts, unless its CONTENT_DIR has their entries too.
 */
export async function seedScale(
  db: Db,
  now: Date,
  size: ScaleSize,
  say: (words: string) => void = () => {},
): Promise<string> {
  if (await db.read.$count(users)) throw new Error('This database has users already: it is left as it is.');
  const random = randomFrom(4);
  const slugs = await seedCommunities(db, now, size, say);
  const schoolIds = await seedSchools(db, now, size, say);
  await seedPeople(db, now, size, schoolIds, slugs, say);
  const members = await seedMemberships(db, now, size, slugs, random, say);
  const dates = await seedLiveSessions(db, now, size, slugs, random, say);
  await seedRsvps(db, now, size, dates, members, random, say);
  return `${count(size.members)} members, ${count(size.liveSessions)} live sessions and ${count(size.rsvps)} answers are there.`;
}

type Say = (words: string) => void;
type Random = () => number;

/** An id as `newId` makes them, but the same each time. */
function idAt<Prefix extends string>(prefix: Prefix, at: Date, place: number): Id<Prefix> {
  const time = at.getTime().toString(16).padStart(12, '0');
  return `${prefix}_${time}7000a${place.toString(16).padStart(15, '0')}` as Id<Prefix>;
}

const memberAt = (now: Date, place: number) =>
  idAt('usr', new Date(now.getTime() - 400 * day + place), place);

/** Slugs of all communities; those of content come first. */
async function seedCommunities(db: Db, now: Date, size: ScaleSize, say: Say): Promise<string[]> {
  await syncCommunitiesWithContent({ db, now }, env.shippedContentDir);
  const ofContent = (await db.read.select({ slug: communities.slug }).from(communities)).map(
    ({ slug }) => slug,
  );
  const rows = Array.from({ length: Math.max(0, size.communities - ofContent.length) }, (_, place) => ({
    slug: `circle-${place + 1}`,
    name: `Circle ${place + 1}`,
    membership: 'open',
    area: place % 2 ? 'teaching' : 'leading',
    createdAt: now,
    syncedAt: now,
  }));
  await insertAll(db, communities, rows.length, (at) => rows[at]!);
  say(`${count(size.communities)} communities, ${ofContent.length} of them from content.`);
  return [...ofContent.sort(), ...rows.map(({ slug }) => slug)].slice(0, size.communities);
}

async function seedSchools(db: Db, now: Date, size: ScaleSize, say: Say): Promise<Id<'sch'>[]> {
  const onDay = (days: number) => new Date(now.getTime() + days * day).toISOString().slice(0, 10);
  const ids = Array.from({ length: size.schools }, (_, place) => idAt('sch', now, place));
  await insertAll(db, schools, ids.length, (at) => ({
    id: ids[at]!,
    name: `International School ${at + 1}`,
    ...places[at % places.length]!,
    membershipStartsOn: onDay(-100),
    membershipEndsOn: onDay(265),
    createdAt: now,
    updatedAt: now,
  }));
  say(`${count(size.schools)} schools.`);
  return ids;
}

/** Members, a host for each community, and one of the staff. */
async function seedPeople(
  db: Db,
  now: Date,
  size: ScaleSize,
  schoolIds: readonly Id<'sch'>[],
  slugs: readonly string[],
  say: Say,
) {
  const passwordHash = await hashPassword(scalePassword);
  const common = {
    passwordHash,
    emailVerifiedAt: now,
    codeOfConductVersion: '2.0',
    codeOfConductAcceptedAt: now,
    createdAt: now,
  };
  await insertAll(db, users, size.members, (at) => {
    const { country, timeZone } = places[(at % schoolIds.length) % places.length]!;
    const name = `Person ${at + 1}`;
    return {
      ...common,
      id: memberAt(now, at),
      email: `person-${at + 1}@example.test`,
      name,
      country,
      timeZone,
    };
  });
  const staff = { id: idAt('usr', now, size.members), name: 'Ottilie Vanterpool', timeZone: 'Asia/Shanghai' };
  await insertAll(db, users, 1, () => ({ ...common, ...staff, email: 'staff@example.test' }));
  const grants = [
    ...Array.from({ length: size.members }, (_, at) => ({
      userId: memberAt(now, at),
      role: 'member' as const,
      scopeId: schoolIds[at % schoolIds.length]! as string,
    })),
    ...schoolIds.map((scopeId, at) => ({ userId: memberAt(now, at), role: 'sam' as const, scopeId })),
    ...slugs.map((scopeId, at) => ({ userId: memberAt(now, at), role: 'host' as const, scopeId })),
    { userId: staff.id, role: 'staff' as const, scopeId: '' },
  ];
  await insertAll(db, roleGrants, grants.length, (at) => ({
    ...grants[at]!,
    id: idAt('rol', now, at),
    createdAt: now,
  }));
  say(`${count(size.members)} members, each of a school.`);
}

/** Who has joined what, by the place of the community in `slugs`; half of all memberships are in communities of content. */
async function seedMemberships(
  db: Db,
  now: Date,
  size: ScaleSize,
  slugs: readonly string[],
  random: Random,
  say: Say,
): Promise<number[][]> {
  const members: number[][] = slugs.map(() => []);
  const rows: { member: number; community: number; state: 'joined' | 'requested' | 'left' }[] = [];
  for (let member = 0; member < size.members; member += 1) {
    const chosen = new Set<number>();
    while (chosen.size < Math.min(communitiesEach, slugs.length))
      chosen.add(communityBy(random, slugs.length));
    for (const community of chosen) {
      const fate = random();
      const state = fate < 0.96 ? 'joined' : fate < 0.98 ? 'requested' : 'left';
      if (state === 'joined') members[community]!.push(member);
      rows.push({ member, community, state });
    }
  }
  await insertAll(db, communityMembers, rows.length, (at) => {
    const { member, community, state } = rows[at]!;
    const since = new Date(now.getTime() - (member % 300) * day);
    return {
      userId: memberAt(now, member),
      communitySlug: slugs[community]!,
      state,
      since,
      createdAt: since,
    };
  });
  say(`${count(rows.length)} memberships of communities.`);
  return members;
}

/** The first seventh of the communities, which content has, is chosen half of the time. */
function communityBy(random: Random, length: number): number {
  const first = Math.ceil(length / 7);
  return random() < 0.5 ? Math.floor(random() * first) : Math.floor(random() * length);
}

type Planned = { id: Id<'ses'>; community: number; capacity: number | null };

async function seedLiveSessions(
  db: Db,
  now: Date,
  size: ScaleSize,
  slugs: readonly string[],
  random: Random,
  say: Say,
): Promise<Planned[]> {
  const planned = Array.from({ length: size.liveSessions }, (_, place) => {
    const { timeZone } = places[place % places.length]!;
    const days = Math.floor((random() * 2 - 1) * spreadDays);
    const startsAt = new Date(
      Math.floor(now.getTime() / hour) * hour + days * day + Math.floor(random() * 20) * hour,
    );
    const kind = random();
    return {
      id: idAt('ses', new Date(now.getTime() - 120 * day), place),
      community: place < slugs.length ? place : communityBy(random, slugs.length),
      second: random() < 0.08 ? communityBy(random, slugs.length) : null,
      capacity: random() < 0.3 ? 20 + Math.floor(random() * 200) : null,
      audience:
        kind < 0.94 ? ('communities' as const) : kind < 0.98 ? ('members' as const) : ('sams' as const),
      state: stateOf(startsAt, now, random()),
      ...{ timeZone, startsAt, endsAt: new Date(startsAt.getTime() + 1.5 * hour) },
    };
  });
  await insertAll(db, liveSessions, planned.length, (at) => {
    const { id, capacity, audience, state, timeZone, startsAt, endsAt } = planned[at]!;
    return {
      ...{ id, capacity, audience, state, timeZone, startsAt, endsAt },
      title: `What works in week ${at + 1}`,
      focus: 'One thing that everybody tried since we met, and what came of it.',
      details: 'Bring one example.\n\nWe begin in small rounds, and come together for the last half hour.',
      wallTime: wallTimeAt(startsAt, timeZone),
      outsideReason: 'The hosts agreed on this day.',
      meetingLink: `https://meet.example.test/room-${at + 1}`,
      nextPosition: 1,
      createdAt: new Date(now.getTime() - 120 * day),
      updatedAt: new Date(now.getTime() - (at % 100) * hour),
    };
  });
  const links = planned.flatMap(({ id, startsAt, community, second }) =>
    [...new Set([community, second ?? community])].map((place) => ({
      ...{ liveSessionId: id, startsAt },
      communitySlug: slugs[place]!,
    })),
  );
  await insertAll(db, liveSessionCommunities, links.length, (at) => links[at]!);
  await insertAll(db, liveSessionPeople, planned.length, (at) => ({
    liveSessionId: planned[at]!.id,
    userId: memberAt(now, planned[at]!.community % size.members),
    part: 'host' as const,
  }));
  say(`${count(planned.length)} live sessions, from ${spreadDays} days ago to ${spreadDays} days ahead.`);
  return planned;
}

function stateOf(startsAt: Date, now: Date, fate: number): LiveSessionState {
  if (fate < 0.04) return 'cancelled';
  if (startsAt < now) return fate < 0.6 ? 'recorded' : 'confirmed';
  if (fate < 0.08) return 'draft';
  return fate < 0.6 ? 'scheduled' : 'confirmed';
}

/** As many answers as asked for, about the same number for each live session, by members of its community. */
async function seedRsvps(
  db: Db,
  now: Date,
  size: ScaleSize,
  dates: readonly Planned[],
  members: readonly number[][],
  random: Random,
  say: Say,
) {
  const shares = sharesOf(
    size.rsvps,
    dates.map(({ community }) => members[community]!.length),
    random,
  );
  const at = new Date(now.getTime() - 10 * day);
  let done = 0;
  for (let from = 0; from < dates.length; from += sessionsATurn) {
    const rows = dates.slice(from, from + sessionsATurn).flatMap((date, place) => {
      const joined = members[date.community]!;
      const first = Math.floor(random() * joined.length);
      let [going, position] = [0, 0];
      return Array.from({ length: shares[from + place]! }, (_, turn) => {
        const fate = random();
        let answer: RsvpAnswer = fate < 0.7 ? 'going' : fate < 0.85 ? 'maybe' : 'cant';
        if (answer === 'going' && going === date.capacity) answer = 'waiting';
        if (answer === 'going') going += 1;
        if (answer === 'waiting') position += 1;
        return {
          liveSessionId: date.id,
          userId: memberAt(now, joined[(first + turn) % joined.length]!),
          answer,
          position: answer === 'waiting' ? position : null,
          createdAt: at,
          updatedAt: at,
        };
      });
    });
    await insertAll(db, rsvps, rows.length, (place) => rows[place]!);
    done += rows.length;
    say(`${count(done)} of ${count(size.rsvps)} answers.`);
  }
  const last = sql`SELECT max(${rsvps.position}) FROM ${rsvps} WHERE ${rsvps.liveSessionId} = ${liveSessions}.id`;
  await db.write((tx) => tx.update(liveSessions).set({ nextPosition: sql`1 + coalesce((${last}), 0)` }));
}

const sessionsATurn = 400;

/** `total` in parts of about the same size, none above its bound. Throws where the bounds do not hold so much. */
function sharesOf(total: number, bounds: readonly number[], random: Random): number[] {
  const usual = total / bounds.length;
  const shares = bounds.map((most) => Math.min(most, Math.floor(usual * (0.5 + random()))));
  let left = total - shares.reduce((sum, share) => sum + share, 0);
  while (left !== 0) {
    const before = left;
    for (const [at, most] of bounds.entries()) {
      if (left > 0 && shares[at]! < most) {
        shares[at]! += 1;
        left -= 1;
      } else if (left < 0 && shares[at]! > 0) {
        shares[at]! -= 1;
        left += 1;
      }
    }
    if (left === before) throw new Error('There are too few members for so many answers.');
  }
  return shares;
}

/** Inserts `length` rows, each statement as long as SQLite takes (32,766 values), many in a transaction. */
async function insertAll<Table extends SQLiteTable>(
  db: Db,
  table: Table,
  length: number,
  rowAt: (place: number) => Table['$inferInsert'],
) {
  const rowsAStatement = Math.floor(32_766 / Object.keys(getTableColumns(table)).length);
  const rowsAWrite = 50_000;
  for (let from = 0; from < length; from += rowsAWrite)
    await db.write((tx) => insertSome(tx, from, Math.min(length, from + rowsAWrite)));

  async function insertSome(tx: Tx, from: number, until: number) {
    for (let start = from; start < until; start += rowsAStatement) {
      const rows = Array.from({ length: Math.min(rowsAStatement, until - start) }, (_, at) =>
        rowAt(start + at),
      );
      await tx.insert(table).values(rows);
    }
  }
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const count = (number: number) => number.toLocaleString('en-GB');
