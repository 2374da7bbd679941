import { rm } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import type { Db } from '../../db/client.ts';
import { users } from '../../db/schema/accounts.ts';
import { importView } from '../../src/domains/attendance/import-queries.ts';
import { confirmImport, undoImport, uploadMeetingFile } from '../../src/domains/attendance/imports.ts';
import type { Id } from '../../src/platform/ids.ts';
import { zoomReport } from '../attendance.ts';
import { addLiveSession, addMembers } from '../live-sessions.ts';
import { type Bench, type Measure, progress } from './measure.ts';
import { addPeople, emptyFolder, inBatches, withDatabase } from './portal.ts';

const people = 1000;
const hour = 3_600_000;

/** What the desk costs whoever takes attendance: a report of 1,000 people, in a community of as many. */
export async function measureAttendance({ runs }: Bench): Promise<Measure[]> {
  progress(`Attendance: a community of ${people.toLocaleString('en-GB')} people…`);
  const folder = await emptyFolder('attendance');
  const measures = await withDatabase(folder, async (db) => {
    const now = new Date();
    const before = new Date(now.getTime() - 24 * hour);
    const ids = await addPeople(db, before, people);
    await inBatches(ids, (batch) => addMembers(db, before, 'libraries', batch));
    return measureImport(db, now, before, ids, runs(10));
  });
  await rm(folder, { recursive: true });
  return measures;
}

async function measureImport(db: Db, now: Date, before: Date, ids: readonly Id<'usr'>[], times: number) {
  const startsAt = new Date(now.getTime() - 3 * hour);
  const liveSessionId = await addLiveSession(db, before, 'libraries', { startsAt });
  const staff = { id: ids[0]!, grants: [{ role: 'staff' as const, scopeId: '' }] };
  const everybody = await db.read.select({ name: users.name, email: users.email }).from(users);
  const preview: number[] = [];
  const commit: number[] = [];
  for (let run = 0; run < times; run += 1) {
    // Nine in ten come with an address, the others with nothing but a name; each run is another file.
    const rows = everybody.map(({ name, email }, at) => ({
      ...{ name, email: at % 10 === 0 ? '' : email },
      minutes: 20 + ((at + run) % 70),
    }));
    const file = { name: 'report.csv', bytes: zoomReport(startsAt, rows) };
    const started = performance.now();
    const uploaded = await uploadMeetingFile({ db, now }, staff, liveSessionId, file);
    if ('refused' in uploaded) throw new Error(`The report was refused: ${JSON.stringify(uploaded.refused)}`);
    const view = await importView(db.read, now, staff, liveSessionId, uploaded.importId);
    preview.push(performance.now() - started);
    if (view?.rows.length !== people) throw new Error(`The preview has ${view?.rows.length} rows.`);
    const confirming = performance.now();
    const confirmed = await confirmImport({ db, now }, staff, uploaded.importId);
    commit.push(performance.now() - confirming);
    if ('refused' in confirmed) throw new Error(`Confirming was refused: ${confirmed.refused}.`);
    await undoImport({ db, now }, staff, uploaded.importId);
  }
  const target = { atMost: 500 };
  return [
    { name: 'attendance, 1,000 rows read and previewed', unit: 'ms', values: preview, target },
    { name: 'attendance, 1,000 rows confirmed', unit: 'ms', values: commit, target },
  ];
}
