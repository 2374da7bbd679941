import { mkdir, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eq } from 'drizzle-orm';
import { type Db, openDb } from '../../db/client.ts';
import { auditEvents } from '../../db/schema/audit.ts';
import { recordAuditEvent } from '../../src/domains/audit/record.ts';
import { runNode } from '../site.ts';
import { type Bench, type Measure, progress, quantile } from './measure.ts';
import { databaseUrl, emptyFolder } from './portal.ts';
import { samWorldFolder } from './sam-world.ts';

const pictures = 2_000;
const pictureBytes = 40_000;
/** Writes a second that people do meanwhile: a busy staff meeting. */
const writesASecond = 100;
const action = 'bench.written';

/**
 * A backup of 100,000 members and a million records of attendance, and what is restored of it: alone, and while people write.
 * Backups run in a process of their own, as they do in production.
 */
export async function measureBackup({ runs }: Bench): Promise<Measure[]> {
  const world = await samWorldFolder(progress);
  const folder = await emptyFolder('backup');
  const [seed, live] = [path.join(folder, 'seed'), path.join(folder, 'live')];
  progress('copying the world…');
  const first = await backUp(world, seed);
  await restore(world, first, live);
  await addPictures(live);

  const quiet: number[] = [];
  const busy: number[] = [];
  const restored: number[] = [];
  const waits = { without: [] as number[], during: [] as number[] };
  let lost = 0;
  for (let turn = 0; turn < runs(3); turn += 1) {
    progress(`backup ${turn + 1}…`);
    quiet.push(await seconds(() => backUp(live, path.join(folder, `quiet-${turn}`))));
    const db = await openDb(databaseUrl(live));
    try {
      waits.without.push(...(await writeDuring(db, () => sleep(5_000))).waits);
      const before = await db.read.$count(auditEvents, eq(auditEvents.action, action));
      let made = '';
      const written = await writeDuring(db, async () => {
        busy.push(await seconds(async () => (made = await backUp(live, path.join(folder, `busy-${turn}`)))));
      });
      waits.during.push(...written.waits);
      const target = path.join(folder, `restored-${turn}`);
      restored.push(await seconds(() => restore(live, made, target)));
      lost += await lostIn(target, before);
    } finally {
      await db.close();
    }
  }
  const { size } = await stat(path.join(live, 'peersphere.db'));
  const note = `${(size / 1e6).toFixed(0)} MB, ${pictures} pictures`;
  const p99 = (all: number[]) => [quantile(all, 0.99)];
  return [
    { name: 'backup, nobody writes', unit: 's', values: quiet, note },
    { name: `backup, ${writesASecond} writes a second`, unit: 's', values: busy, target: { atMost: 120 } },
    { name: 'write p99 without a backup', unit: 'ms', values: p99(waits.without) },
    { name: 'write p99 during a backup', unit: 'ms', values: p99(waits.during), target: { atMost: 500 } },
    {
      name: 'restore',
      unit: 's',
      values: restored,
      target: { atMost: 15 * 60 },
      note: 'checked, erasures replayed',
    },
    { name: 'writes lost that were acknowledged before', unit: '', values: [lost], target: { atMost: 0 } },
  ];
}

const variables = (dataDir: string) => ({
  DATA_DIR: dataDir,
  DATABASE_URL: databaseUrl(dataDir),
  NODE_ENV: 'production',
});

async function backUp(dataDir: string, into: string): Promise<string> {
  const said = await runNode(['src/jobs/backup.ts', into], variables(dataDir));
  return /^backup (.+)$/m.exec(said)?.[1] ?? '';
}

const restore = (dataDir: string, backup: string, target: string) =>
  runNode(['src/jobs/restore.ts', backup, target], variables(dataDir));

async function addPictures(dataDir: string) {
  const folder = path.join(dataDir, 'uploads', 'pictures');
  await mkdir(folder, { recursive: true });
  for (let place = 0; place < pictures; place += 1)
    await writeFile(
      path.join(folder, `pic_${String(place).padStart(32, '0')}.webp`),
      Buffer.alloc(pictureBytes, place),
    );
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** Writes at an even pace until `work` is over, and returns how long each write waited, in milliseconds. */
async function writeDuring(db: Db, work: () => Promise<unknown>): Promise<{ waits: number[] }> {
  const waits: number[] = [];
  const writing: Promise<void>[] = [];
  let isOver = false;
  const working = work().finally(() => (isOver = true));
  while (!isOver) {
    writing.push(writeOne(db, waits));
    await sleep(1000 / writesASecond);
  }
  await Promise.all([working, ...writing]);
  return { waits };
}

async function writeOne(db: Db, waits: number[]) {
  const began = performance.now();
  const at = new Date();
  await db.write((tx) =>
    recordAuditEvent(tx, { at, actorId: null, action, subjectType: 'bench', subjectId: 'bench' }),
  );
  waits.push(performance.now() - began);
}

async function lostIn(dataDir: string, atLeast: number): Promise<number> {
  const db = await openDb(databaseUrl(dataDir));
  try {
    return Math.max(0, atLeast - (await db.read.$count(auditEvents, eq(auditEvents.action, action))));
  } finally {
    await db.close();
  }
}
