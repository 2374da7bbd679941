import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { communities } from '../../db/schema/communities.ts';
import { invitations } from '../../db/schema/schools.ts';
import { seedScale } from '../../db/seed/scale.ts';
import { type Id, newId } from '../../src/platform/ids.ts';
import { inBatches, withDatabase } from './portal.ts';

const records = 1_000_000;
const membersEach = 500;
const size = { schools: 200, members: 200 * membersEach, communities: 100, liveSessions: 1000, rsvps: 0 };
const communitiesOfWide = 24;
const hour = 3_600_000;
const day = 24 * hour;

/** The season of content in which every round of this world lies. */
const seasonSlug = '2026-27';

/** The first school has members with about three communities each, and in the second everybody is in 24. */
export type SamWorld = { usual: Id<'sch'>; wide: Id<'sch'>; usualSam: Id<'usr'>; wideSam: Id<'usr'> };

/**
 * Folder of a database with a million records of attendance, 100,000 members and 200 schools of 500, half of the season over.
 * Seeded anew where tables or seeds are others, or a day has passed.
 */
export async function samWorldFolder(say: (words: string) => void): Promise<string> {
  const sources = ['db/seed/scale.ts', 'tests/bench/sam-world.ts'];
  const migrations = (await readdir('db/migrations')).filter((name) => name.endsWith('.sql'));
  const hash = createHash('sha256');
  for (const file of [...sources, ...migrations.map((name) => `db/migrations/${name}`)])
    hash.update(await readFile(file));
  const folder = path.resolve('.data/bench', `sam-${hash.digest('hex').slice(0, 12)}`);
  const done = path.join(folder, 'done');
  if (existsSync(done) && Date.now() - (await stat(done)).mtimeMs < 24 * hour) return folder;
  say('seeding 100,000 members and a million records of attendance…');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await withDatabase(folder, (db) => seed(db, new Date()));
  await writeFile(done, '');
  return folder;
}

/** Who and what of it a bench asks for. */
export async function findSamWorld(db: Db): Promise<SamWorld> {
  const rows = await db.read
    .select({ schoolId: sql<Id<'sch'>>`schools.id`, samId: sql<Id<'usr'>>`sam.user_id` })
    .from(sql`schools JOIN role_grants AS sam ON sam.role = 'sam' AND sam.scope_id = schools.id`)
    .where(sql`schools.name IN ('International School 1', 'International School 2')`)
    .orderBy(sql`schools.name`);
  const [usual, wide] = rows;
  if (!usual || !wide) throw new Error('The world has no schools.');
  return { usual: usual.schoolId, usualSam: usual.samId, wide: wide.schoolId, wideSam: wide.samId };
}

async function seed(db: Db, now: Date): Promise<void> {
  await seedScale(db, now, size);
  const { usual, wide } = await findSamWorld(db);
  const joined = now.getTime() - 300 * day;
  const today = now.toISOString().slice(0, 10);
  await db.write(async (tx) => {
    await tx.run(sql`UPDATE role_grants SET created_at = ${joined}`);
    await tx.run(sql`UPDATE community_members SET since = ${joined}`);
    await tx.run(sql`UPDATE users SET last_seen_on = ${today} WHERE rowid % 3 > 0`);
    await tx.run(sql`UPDATE users SET job_title = 'Teacher of subject ' || (rowid % 40)`);
    await tx.run(sql`DELETE FROM community_members WHERE user_id IN
      (SELECT user_id FROM role_grants WHERE role = 'member' AND scope_id = ${wide})`);
    await tx.run(sql`INSERT INTO community_members (user_id, community_slug, state, since, created_at)
      SELECT user_id, slug, 'joined', ${joined}, ${joined} FROM role_grants, (SELECT slug FROM ${communities}
        WHERE slug NOT LIKE 'circle-%' ORDER BY slug LIMIT ${communitiesOfWide})
      WHERE role = 'member' AND scope_id = ${wide}`);
    // The first two of each community that are over are rounds one and two, and the first two ahead three and four.
    await tx.run(sql`UPDATE live_sessions SET season_slug = ${seasonSlug}, round = placed.round FROM (
      SELECT live_session_id, row_number() OVER (PARTITION BY community_slug, starts_at > ${now.getTime()}
          ORDER BY starts_at) + 2 * (starts_at > ${now.getTime()}) AS round, starts_at > ${now.getTime()} AS is_ahead
        FROM live_session_communities) AS placed
      WHERE placed.live_session_id = live_sessions.id AND placed.round <= 2 + 2 * placed.is_ahead`);
  });
  await db.write(async (tx) => {
    await tx.run(sql`INSERT INTO attendance (live_session_id, user_id, mark, minutes, source, confirmed_at)
      SELECT live_session_id, user_id, CASE fate % 10 WHEN 0 THEN 'absent' WHEN 1 THEN 'absent' WHEN 2 THEN 'recording'
          WHEN 3 THEN 'excused' ELSE 'live' END, 60, 'import', ${now.getTime()}
        FROM (SELECT DISTINCT theirs.live_session_id, member.user_id,
            member.rowid * 7919 + held.rowid * 104729 AS fate
          FROM live_sessions AS held
          JOIN live_session_communities AS theirs ON theirs.live_session_id = held.id
          JOIN community_members AS member ON member.community_slug = theirs.community_slug AND member.state = 'joined'
          WHERE held.ends_at <= ${now.getTime()} AND held.state <> 'cancelled' AND fate % 100 < 75
          GROUP BY theirs.live_session_id, member.user_id)
      LIMIT ${records}`);
    await tx.run(sql`INSERT INTO attendance_sheets (live_session_id, confirmed_at, updated_at)
      SELECT DISTINCT live_session_id, ${now.getTime()}, ${now.getTime()} FROM attendance WHERE true`);
  });
  const invited = Array.from({ length: 60 }, (_, at) => ({
    ...{ id: newId('inv', now), schoolId: usual, email: `invited-${at}@example.test` },
    ...{ createdAt: now, lastSentAt: now },
  }));
  await inBatches(invited, (batch) => db.write((tx) => tx.insert(invitations).values(batch)));
  const [counted] = await db.read.select({ rows: sql<number>`count(*)` }).from(sql`attendance`);
  if (counted?.rows !== records) throw new Error(`The world has ${counted?.rows} records of attendance.`);
}
