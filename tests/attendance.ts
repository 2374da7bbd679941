import { readFileSync } from 'node:fs';
import { eq } from 'drizzle-orm';
import { users } from '../db/schema/accounts.ts';
import { attendance } from '../db/schema/attendance.ts';
import type { Grant } from '../src/domains/accounts/model.ts';
import type { Id } from '../src/platform/ids.ts';
import { addUser, type TestDatabase, useDatabase } from './database.ts';
import { addLiveSession, addMembers } from './live-sessions.ts';

/** An attendance file that is there to be read: `tests/fixtures/attendance/<name>`. */
export const attendanceFixture = (name: string) =>
  new Uint8Array(readFileSync(`tests/fixtures/attendance/${name}`));

/** A row of a report: minutes from `from`, minutes after the start. */
export type ReportRow = { name: string; email?: string; minutes: number; from?: number };

/** A report of Zoom as somebody downloads it, of a live session that starts then. */
export function zoomReport(startsAt: Date, rows: readonly ReportRow[]): Uint8Array {
  const at = (minutes: number) => new Date(startsAt.getTime() + minutes * 60_000).toISOString();
  const lines = rows.map(({ name, email = '', minutes, from = 0 }) =>
    [name, email, at(from), at(from + minutes), minutes, 'No'].join(','),
  );
  return new TextEncoder().encode(
    `Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest\n${lines.join('\n')}\n`,
  );
}

export type Taking = Awaited<ReturnType<typeof takingAttendance>>;

/**
 * A community with a live session that began at `startsAt` and lasted 90 minutes, and who has to do with it. `members` joined
 * the community long before, one for each name; `ta` takes attendance, `host` runs the community.
 */
export async function takingAttendance(names: readonly string[], startsAt: Date) {
  const db = await useDatabase();
  const before = new Date(startsAt.getTime() - 30 * 86_400_000);
  const person = async (name: string, role: Grant['role'], scopeId = '') => ({
    ...(await addUser(db, before, { name, roles: [[role, scopeId]] })),
    grants: [{ role, scopeId }],
  });
  const members = [];
  for (const name of names) members.push(await person(name, 'member'));
  await addMembers(
    db,
    before,
    'libraries',
    members.map(({ id }) => id),
  );
  const ta = await person('Tove TA', 'ta');
  const host = await person('Hana Host', 'host', 'libraries');
  const liveSessionId = await addLiveSession(db, before, 'libraries', { startsAt });
  return { db, members, ta, host, liveSessionId, startsAt, person };
}

/** Every mark of a live session in words, by the name of who has it: `live 74 import`. */
export async function marksIn(db: TestDatabase, liveSessionId: Id<'ses'>): Promise<Record<string, string>> {
  const rows = await db.read
    .select({
      name: users.name,
      mark: attendance.mark,
      minutes: attendance.minutes,
      source: attendance.source,
    })
    .from(attendance)
    .innerJoin(users, eq(users.id, attendance.userId))
    .where(eq(attendance.liveSessionId, liveSessionId))
    .orderBy(users.name);
  return Object.fromEntries(
    rows.map(({ name, mark, minutes, source }) => [
      name,
      [mark, minutes, source].filter((part) => part !== null).join(' '),
    ]),
  );
}
