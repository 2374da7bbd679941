import { rm } from 'node:fs/promises';
import { loginSessions, roleGrants } from '../../db/schema/accounts.ts';
import { schools } from '../../db/schema/schools.ts';
import { findViewer } from '../../src/domains/accounts/login-sessions.ts';
import { newId } from '../../src/platform/ids.ts';
import { hashSecret, newSecret } from '../../src/platform/tokens.ts';
import { countQueries } from '../count-queries.ts';
import { type Bench, type Measure, progress, quantile } from './measure.ts';
import { addPeople, emptyFolder, inBatches, withDatabase } from './portal.ts';

const people = 100_000;
const schoolCount = 500;
const day = 24 * 3_600_000;

/** What being signed in costs a request: from the cookie to who it is, in a file database of 100,000 users. */
export async function measureViewer({ runs }: Bench): Promise<Measure[]> {
  progress(`Viewer: ${people.toLocaleString('en-GB')} users, each signed in…`);
  const folder = await emptyFolder('viewer');
  const measures = await withDatabase(folder, async (db) => {
    const now = new Date();
    const ids = await addPeople(db, now, people);
    const onDay = (ms: number) => new Date(now.getTime() + ms).toISOString().slice(0, 10);
    const schoolRows = Array.from({ length: schoolCount }, (_, place) => ({
      id: newId('sch', now),
      name: `School ${place}`,
      country: 'VN',
      city: 'Hanoi',
      timeZone: 'Asia/Ho_Chi_Minh',
      membershipStartsOn: onDay(-100 * day),
      membershipEndsOn: onDay(100 * day),
      createdAt: now,
      updatedAt: now,
    }));
    await db.write((tx) => tx.insert(schools).values(schoolRows));
    await inBatches(ids, async (batch, from) => {
      const rows = batch.map((userId, place) => ({
        id: newId('rol', now),
        userId,
        role: 'member' as const,
        scopeId: schoolRows[(from + place) % schoolCount]!.id,
        createdAt: now,
      }));
      await db.write((tx) => tx.insert(roleGrants).values(rows));
    });
    const cookies = ids.map(newSecret);
    await inBatches(cookies, async (batch, from) => {
      const rows = batch.map((secret, place) => ({
        idHash: hashSecret(secret),
        userId: ids[from + place]!,
        createdAt: now,
        expiresAt: new Date(now.getTime() + 14 * day),
        lastUsedAt: now,
        authenticatedAt: now,
        device: 'Chrome on Windows',
      }));
      await db.write((tx) => tx.insert(loginSessions).values(rows));
    });

    progress('Viewer: looking them up…');
    const { db: counted, count } = countQueries(db);
    const times: number[] = [];
    for (let turn = 0; turn < runs(5) * 2000; turn += 1) {
      const place = Math.floor(Math.random() * people);
      const started = performance.now();
      const found = await findViewer({ db: counted, now }, cookies[place]!);
      times.push(performance.now() - started);
      if (found?.viewer.id !== ids[place]) throw new Error(`Cookie ${place} led to somebody else.`);
    }
    const figures = `${times.length.toLocaleString('en-GB')} of ${people.toLocaleString('en-GB')} users`;
    return [
      { name: 'viewer: cookie to viewer', unit: 'ms', values: times, target: { atMost: 1 }, note: figures },
      { name: 'viewer: 95th percentile', unit: 'ms', values: [quantile(times, 0.95)] },
      {
        name: 'viewer: queries a request',
        unit: '',
        values: [(count.queries + count.writes) / times.length],
        target: { atMost: 1 },
      },
    ];
  });
  await rm(folder, { recursive: true }); // a hundred megabytes
  return measures;
}
