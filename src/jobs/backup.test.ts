import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import {
  appendFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { desc, eq, sql } from 'drizzle-orm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Db, openDb } from '#db/client.ts';
import { migrate } from '#db/migrate.ts';
import { erasures, users } from '#db/schema/accounts.ts';
import { auditEvents } from '#db/schema/audit.ts';
import { addUser } from '../../tests/database.ts';
import { startHranaServer } from '../../tests/hrana-server.ts';
import { eraseDueUser } from '../actions/personal-data.ts';
import { keepErasureLedger, ledgerFileOf, readErasureLedger } from '../domains/accounts/erasure-ledger.ts';
import { recordAuditEvent } from '../domains/audit/record.ts';
import { verifyAuditChain } from '../domains/audit/verify.ts';
import { openContentRepository } from '../domains/content/open-repository.ts';
import { headOf } from '../domains/content/repository.ts';
import { type BackupFile, manifestName, readManifest, sha256Of, sumsName } from './backup-files.ts';
import { type BackupPlan, type MadeBackup, makeBackup } from './make-backup.ts';
import { type RestorePlan, restoreBackup } from './restore-backup.ts';

const now = new Date('2026-11-22T06:54:51Z');
const day = 86_400_000;
const laterBy = (hours: number) => () => new Date(now.getTime() + hours * 3_600_000);

type Site = {
  folder: string;
  dataDir: string;
  db: Db;
  backUp(changes?: Partial<BackupPlan>): Promise<MadeBackup>;
};

let template: Promise<string> | undefined;

/** A data directory with a person, a picture, a mail, a planned change, and content with two saves and a branch; made once. */
function templateDir(): Promise<string> {
  template ??= (async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'peersphere-template-'));
    process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }));
    const contentDir = path.join(dataDir, 'content');
    await write(path.join(dataDir, 'uploads/pictures/pic_one.webp'), 'a picture');
    await write(path.join(dataDir, 'outbox/mail.json'), '{}');
    await write(path.join(dataDir, 'publishing/planned/chg_one.json'), '{}');
    await write(path.join(dataDir, 'app-secret'), 'a secret of this site');
    const shippedDir = path.join(dataDir, 'shipped');
    await write(path.join(shippedDir, 'people/mei.yaml'), 'name: Mei\n');
    await openContentRepository(contentDir, shippedDir, now);
    await runGit(contentDir, 'branch', 'planned/chg_one');
    await runGit(contentDir, 'update-ref', 'refs/kept/one', 'main');
    await write(path.join(contentDir, 'people/mei.yaml'), 'name: Mei Lin\n');
    await commit(contentDir, 'Second');
    const url = `file:${path.join(dataDir, 'peersphere.db')}`;
    await migrate(url);
    const db = await openDb(url);
    await addUser(db, now, { email: 'noor@example.test' });
    await db.close();
    return dataDir;
  })();
  return template;
}

async function makeSite(): Promise<Site> {
  const folder = await mkdtemp(path.join(tmpdir(), 'peersphere-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const dataDir = path.join(folder, 'data');
  await cp(await templateDir(), dataDir, { recursive: true });
  const url = `file:${path.join(dataDir, 'peersphere.db')}`;
  const db = await openDb(url);
  onTestFinished(() => db.close());
  let seconds = 0;
  const plan = (changes: Partial<BackupPlan> = {}): BackupPlan => ({
    databaseUrl: url,
    dataDir,
    contentDir: path.join(dataDir, 'content'),
    folder: path.join(folder, 'backups'),
    keep: { hourly: 24, daily: 14, weekly: 8 },
    withSecrets: false,
    now: () => new Date(now.getTime() + 1000 * seconds++),
    ...changes,
  });
  return { folder, dataDir, db, backUp: (changes) => makeBackup(plan(changes)) };
}

async function write(file: string, words: string) {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, words);
}

const runGit = (folder: string, ...args: string[]) => promisify(execFile)('git', ['-C', folder, ...args]);
const commit = (folder: string, message: string) =>
  runGit(
    folder,
    '-c',
    'user.name=Mei',
    '-c',
    'user.email=mei@example.test',
    'commit',
    '--all',
    '--message',
    message,
  );

const restore = (site: Site, backup: string, changes: Partial<RestorePlan> = {}) =>
  restoreBackup({ backup, directory: path.join(site.folder, 'restored'), ledgers: [], now, ...changes });

async function openRestored(site: Site): Promise<Db> {
  const db = await openDb(`file:${path.join(site.folder, 'restored', 'peersphere.db')}`);
  onTestFinished(() => db.close());
  return db;
}

const read = (...parts: string[]) => readFile(path.join(...parts), 'utf8');

test('what a backup holds is all there again in the directory it is restored to', async () => {
  const site = await makeSite();
  const made = await site.backUp();
  expect(path.basename(made.folder)).toBe('2026-11-22T06-54-51Z');
  expect(made.warnings).toEqual([]);
  const restored = await restore(site, made.folder);
  expect(restored).toMatchObject({ erased: 0, erasedLater: 0, migrated: [], warnings: [] });
  const target = path.join(site.folder, 'restored');
  expect(await read(target, 'uploads/pictures/pic_one.webp')).toBe('a picture');
  expect(await read(target, 'outbox/mail.json')).toBe('{}');
  expect(await read(target, 'publishing/planned/chg_one.json')).toBe('{}');
  expect(await read(target, 'content/people/mei.yaml')).toBe('name: Mei Lin\n');
  expect((await runGit(path.join(target, 'content'), 'log', '--format=%s')).stdout).toBe(
    'Second\nThe content as it is shipped\n',
  );
  const refs = ['for-each-ref', '--format=%(refname) %(objectname)'];
  expect((await runGit(path.join(target, 'content'), ...refs)).stdout).toBe(
    (await runGit(path.join(site.dataDir, 'content'), ...refs)).stdout,
  );
  expect((await runGit(path.join(target, 'content'), 'status', '--porcelain')).stdout).toBe('');
  const db = await openRestored(site);
  expect(await db.read.select({ email: users.email }).from(users)).toEqual([{ email: 'noor@example.test' }]);
});

test('the restored content is taken up as it is: nothing is merged, nothing waits', async () => {
  const site = await makeSite();
  await restore(site, (await site.backUp()).folder);
  const contentDir = path.join(site.folder, 'restored', 'content');
  const before = await headOf(contentDir);
  const opened = await openContentRepository(contentDir, path.join(site.dataDir, 'shipped'), now);
  expect(opened).toMatchObject({ conflicts: [] });
  expect(await headOf(contentDir)).toBe(before);
  expect(await read(contentDir, 'people/mei.yaml')).toBe('name: Mei Lin\n');
});

test('backups and restores stand in the audit log, and the restored one goes on from where it was', async () => {
  const site = await makeSite();
  await site.db.write((tx) =>
    recordAuditEvent(tx, { at: now, actorId: null, action: 'x.done', subjectType: 'x', subjectId: 'x' }),
  );
  const made = await site.backUp();
  const last = await site.db.read.select().from(auditEvents).orderBy(desc(auditEvents.position)).limit(1);
  expect(last).toMatchObject([
    {
      action: 'backup.made',
      subjectId: '2026-11-22T06-54-51Z',
      detail: { files: made.files, bytes: made.bytes },
    },
  ]);
  await restore(site, made.folder);
  const db = await openRestored(site);
  const events = await db.read.select().from(auditEvents).orderBy(auditEvents.position);
  expect(events.map(({ action }) => action)).toEqual(['x.done', 'backup.restored']);
  expect(await verifyAuditChain(db)).toMatchObject({ intact: true, count: 2 });
});

test('secrets are left out unless they are asked for', async () => {
  const site = await makeSite();
  const without = await site.backUp();
  expect(await readdir(without.folder)).not.toContain('secrets');
  const withThem = await site.backUp({ withSecrets: true });
  expect(await read(withThem.folder, 'secrets/app-secret')).toBe('a secret of this site');
  await restore(site, withThem.folder);
  expect(await read(site.folder, 'restored/app-secret')).toBe('a secret of this site');
});

test('every write that was acknowledged before a backup began is in it, however much is written meanwhile', async () => {
  const site = await makeSite();
  let isOver = false;
  let acknowledged = 0;
  const writing = Promise.all(
    Array.from({ length: 8 }, async (_, lane) => {
      for (let turn = 0; !isOver; turn += 1) {
        const subjectId = `x_${lane}_${turn}`;
        await site.db.write((tx) =>
          recordAuditEvent(tx, { at: now, actorId: null, action: 'x.done', subjectType: 'x', subjectId }),
        );
        acknowledged += 1;
        await write(path.join(site.dataDir, `uploads/pictures/pic_${lane}_${turn % 20}.webp`), `${turn}`);
      }
    }),
  );
  await expect.poll(() => acknowledged, { timeout: 50_000 }).toBeGreaterThan(200);
  const before = acknowledged;
  const made = await site.backUp();
  isOver = true;
  await writing;
  await restore(site, made.folder);
  const db = await openRestored(site);
  expect(await db.read.$count(auditEvents, eq(auditEvents.action, 'x.done'))).toBeGreaterThanOrEqual(before);
  expect(await verifyAuditChain(db)).toMatchObject({ intact: true });
}, 60_000);

test('a backup of a remote primary is the same as one of a file', async () => {
  const site = await makeSite();
  const server = await startHranaServer(path.join(site.dataDir, 'peersphere.db'));
  onTestFinished(() => server.stop());
  await site.db.write((tx) =>
    recordAuditEvent(tx, { at: now, actorId: null, action: 'x.done', subjectType: 'x', subjectId: 'x' }),
  );
  const remote = await site.backUp({ databaseUrl: server.url });
  const { database, audit } = await readManifest(remote.folder);
  const local = await readManifest((await site.backUp({ now: laterBy(1) })).folder);
  expect(audit.count).toBe(1);
  expect({ ...database.rows, audit_events: 2 }).toEqual(local.database.rows); // the first backup is an event
  expect(database.migrations).toEqual(local.database.migrations);
  await restore(site, remote.folder);
  const db = await openRestored(site);
  const refused = db.write((tx) => tx.run(sql`UPDATE audit_events SET action = 'y.done'`));
  await expect(refused).rejects.toMatchObject({
    cause: { message: expect.stringContaining('never changed') },
  });
});

describe('erasures', () => {
  async function siteWithPeople() {
    const site = await makeSite();
    const [asked, erased, kept, staying] = await Promise.all(
      Array.from({ length: 4 }, () => addUser(site.db, now)),
    );
    const backup = (await site.backUp()).folder;
    return { site, backup, asked: asked!, erased: erased!, kept: kept!, staying: staying! };
  }
  const mark = (db: Db, id: (typeof users.$inferSelect)['id'], dueAt: Date | null) =>
    db.write((tx) => tx.update(users).set({ erasureDueAt: dueAt }).where(eq(users.id, id)));

  test('who was erased after the backup is erased again, who asked is due when they were promised', async () => {
    const { site, backup, asked, erased, staying } = await siteWithPeople();
    const dueAt = new Date(now.getTime() + 7 * day);
    await mark(site.db, asked.id, dueAt);
    await mark(site.db, erased.id, now);
    await keepErasureLedger({ db: site.db, now }, site.dataDir);
    await eraseDueUser({ db: site.db, now }, erased.id);
    await keepErasureLedger({ db: site.db, now }, site.dataDir);
    const restored = await restore(site, backup, { ledgers: [ledgerFileOf(site.dataDir)] });
    expect(restored).toMatchObject({ erased: 1, erasedLater: 1 });
    const db = await openRestored(site);
    const left = await db.read.select({ id: users.id, dueAt: users.erasureDueAt }).from(users);
    expect(left.find(({ id }) => id === erased.id)).toBeUndefined();
    expect(left.find(({ id }) => id === asked.id)?.dueAt).toEqual(dueAt);
    expect(left.find(({ id }) => id === staying.id)?.dueAt).toBeNull();
    expect(await db.read.$count(erasures)).toBe(1);
    expect(await read(site.folder, 'restored/erasures.jsonl')).toBe(
      await read(site.dataDir, 'erasures.jsonl'),
    );
  });

  test('who changed their mind stays', async () => {
    const { site, kept } = await siteWithPeople();
    await mark(site.db, kept.id, new Date(now.getTime() + 7 * day));
    const backup = (await site.backUp()).folder;
    await mark(site.db, kept.id, null);
    await site.db.write((tx) =>
      recordAuditEvent(tx, {
        at: new Date(now.getTime() + day),
        actorId: kept.id,
        action: 'user.erasure-cancelled',
        subjectType: 'user',
        subjectId: kept.id,
      }),
    );
    await keepErasureLedger({ db: site.db, now }, site.dataDir);
    const later = new Date(now.getTime() + 30 * day);
    const restored = await restore(site, backup, { ledgers: [ledgerFileOf(site.dataDir)], now: later });
    expect(restored).toMatchObject({ erased: 0, erasedLater: 0 });
    const db = await openRestored(site);
    const [found] = await db.read.select().from(users).where(eq(users.id, kept.id));
    expect(found?.erasureDueAt).toBeNull();
  });

  test('the list holds ids and moments only, and nothing is added twice', async () => {
    const { site, asked } = await siteWithPeople();
    await mark(site.db, asked.id, now);
    expect(await keepErasureLedger({ db: site.db, now }, site.dataDir)).toBe(1);
    expect(await keepErasureLedger({ db: site.db, now }, site.dataDir)).toBe(0);
    expect(await read(site.dataDir, 'erasures.jsonl')).toBe(
      `{"userId":"${asked.id}","is":"asked","dueAt":"${now.toISOString()}"}\n`,
    );
  });

  test('a database that never heard of a wish does not take it back', async () => {
    const { site, staying } = await siteWithPeople();
    await write(
      path.join(site.dataDir, 'erasures.jsonl'),
      `{"userId":"${staying.id}","is":"asked","dueAt":"${now.toISOString()}"}\n{"userId":"usr_cut off`,
    );
    expect(await keepErasureLedger({ db: site.db, now }, site.dataDir)).toBe(0);
  });

  test('a line that was cut off is left out, and what comes after it counts', async () => {
    const { site, asked, staying } = await siteWithPeople();
    const file = path.join(site.dataDir, 'erasures.jsonl');
    await write(file, `{"userId":"${staying.id}","is":"ask`);
    await mark(site.db, asked.id, now);
    expect(await keepErasureLedger({ db: site.db, now }, site.dataDir)).toBe(1);
    expect(await keepErasureLedger({ db: site.db, now }, site.dataDir)).toBe(0);
    expect(await readErasureLedger(file)).toEqual([
      { userId: asked.id, is: 'asked', dueAt: now.toISOString() },
    ]);
  });

  test('who changed their mind a second time stays as well', async () => {
    const { site, backup, kept } = await siteWithPeople();
    const asked = (days: number) =>
      `{"userId":"${kept.id}","is":"asked","dueAt":"${new Date(now.getTime() + days * day).toISOString()}"}\n`;
    const stays = `{"userId":"${kept.id}","is":"kept"}\n`;
    const ledger = path.join(site.folder, 'list');
    await writeFile(ledger, asked(7) + stays + asked(20) + stays);
    const later = new Date(now.getTime() + 30 * day);
    const restored = await restore(site, backup, { ledgers: [ledger], now: later });
    expect(restored).toMatchObject({ erased: 0, erasedLater: 0 });
  });

  test('who asked again is due when they were promised the last time', async () => {
    const { site, asked } = await siteWithPeople();
    await mark(site.db, asked.id, new Date(now.getTime() + day));
    const backup = (await site.backUp()).folder;
    const dueAt = new Date(now.getTime() + 7 * day);
    await mark(site.db, asked.id, dueAt);
    await keepErasureLedger({ db: site.db, now }, site.dataDir);
    await restore(site, backup, { ledgers: [ledgerFileOf(site.dataDir)] });
    const db = await openRestored(site);
    const [found] = await db.read.select().from(users).where(eq(users.id, asked.id));
    expect(found?.erasureDueAt).toEqual(dueAt);
  });

  test('a list that is none stops the restore', async () => {
    const { site, backup } = await siteWithPeople();
    const list = path.join(site.folder, 'list');
    await writeFile(list, 'noor@example.test\n');
    await expect(restore(site, backup, { ledgers: [list] })).rejects.toThrow(
      'this is no line of a list of erasures',
    );
    expect(await readdir(site.folder)).not.toContain('restored');
  });
});

describe('a backup that is not whole is refused in a sentence, and nothing is left behind:', () => {
  type Damage = [what: string, damage: (backup: string) => Promise<unknown>, sentence: RegExp];
  const inManifest = (change: (manifest: Record<string, unknown>) => void) => async (backup: string) => {
    const manifest = JSON.parse(await read(backup, manifestName));
    change(manifest);
    const text = JSON.stringify(manifest);
    await writeFile(path.join(backup, manifestName), text);
    await writeFile(path.join(backup, sumsName), `${sha256Of(text)}  ${manifestName}\n`);
  };
  const damages: Damage[] = [
    [
      'a byte of the database changed',
      (b) => flip(path.join(b, 'database.db')),
      /damaged: database.db was changed/,
    ],
    [
      'a database cut off',
      (b) => truncate(path.join(b, 'database.db'), 4096),
      /damaged: database.db has 4096 bytes/,
    ],
    ['no database', (b) => unlink(path.join(b, 'database.db')), /damaged: database.db is missing/],
    [
      'a picture changed',
      (b) => flip(path.join(b, 'uploads/pictures/pic_one.webp')),
      /pic_one.webp was changed/,
    ],
    ['content cut off', (b) => truncate(path.join(b, 'content.bundle'), 100), /content.bundle has 100 bytes/],
    [
      'a file that is not its own',
      (b) => writeFile(path.join(b, 'note.txt'), ''),
      /note.txt is not one of its files/,
    ],
    ['no manifest', (b) => unlink(path.join(b, manifestName)), /is no backup of PeerSphere/],
    [
      'a manifest cut off',
      (b) => truncate(path.join(b, manifestName), 200),
      /damaged: its manifest.json cannot/,
    ],
    ['a manifest changed', (b) => appendFile(path.join(b, manifestName), ' '), /manifest.json was changed/],
    [
      'a release in it',
      inManifest((m) =>
        (m['files'] as BackupFile[]).push({ path: 'releases/current', bytes: 0, sha256: sha256Of('') }),
      ),
      /one of something else/,
    ],
    ['a manifest of something else', inManifest((m) => (m['program'] = 'other')), /one of something else/],
    [
      'a path that leads out of it',
      inManifest((m) => ((m['files'] as BackupFile[])[0]!.path = '../../etc/passwd')),
      /one of something else/,
    ],
    ['a newer form', inManifest((m) => (m['format'] = 2)), /made by a newer version/],
    [
      'a database of a newer version',
      inManifest((m) =>
        (m['database'] as { migrations: unknown[] }).migrations.push({ name: '0099_later', hash: 'later' }),
      ),
      /newer version of PeerSphere: this one does not know a migration/,
    ],
    [
      'an audit log cut off at its end',
      inManifest((m) => (m['audit'] = { count: 7, lastHash: 'h' })),
      /the audit log does not end where it did/,
    ],
  ];

  test.for(damages)('%s', async ([, damage, sentence]) => {
    const site = await makeSite();
    const { folder } = await site.backUp();
    await damage(folder);
    await expect(restore(site, folder)).rejects.toThrow(sentence);
    expect((await readdir(site.folder)).filter((name) => name.startsWith('restored'))).toEqual([]);
  });

  async function flip(file: string) {
    const bytes = await readFile(file);
    bytes[bytes.length >> 1]! ^= 1;
    await rm(file); // it may be one with that of another backup
    await writeFile(file, bytes);
  }
});

test('nothing is restored into a directory that holds something', async () => {
  const site = await makeSite();
  const { folder } = await site.backUp();
  await expect(restore(site, folder, { directory: site.dataDir })).rejects.toThrow('is not empty');
  await mkdir(path.join(site.folder, 'restored'));
  await restore(site, folder);
});

test('a picture that did not change is one file with that of the backup before, and each backup is whole by itself', async () => {
  const site = await makeSite();
  const first = await site.backUp();
  const second = await site.backUp({ now: laterBy(1) });
  const inode = async (folder: string) =>
    (await stat(path.join(folder, 'uploads/pictures/pic_one.webp'))).ino;
  expect(await inode(second.folder)).toBe(await inode(first.folder));
  await rm(first.folder, { recursive: true });
  await restore(site, second.folder);
});

test('older backups go by what is kept, and only once the new one is whole', async () => {
  const site = await makeSite();
  const keep = { hourly: 2, daily: 0, weekly: 0 };
  const at = (hours: number) => ({ keep, now: laterBy(hours) });
  for (const hours of [0, 1]) await site.backUp(at(hours));
  await write(path.join(site.folder, 'backups', 'notes.txt'), 'of the operator');
  await rename(path.join(site.dataDir, 'peersphere.db'), path.join(site.folder, 'away.db'));
  await writeFile(
    path.join(site.dataDir, 'peersphere.db'),
    'no database at all, and long enough to look like one',
  );
  await expect(site.backUp(at(2))).rejects.toThrow();
  expect(await readdir(path.join(site.folder, 'backups'))).toEqual([
    '2026-11-22T06-54-51Z',
    '2026-11-22T07-54-51Z',
    'notes.txt',
  ]);
  await rename(path.join(site.folder, 'away.db'), path.join(site.dataDir, 'peersphere.db'));
  const made = await site.backUp(at(3));
  expect(made.removed).toEqual(['2026-11-22T06-54-51Z']);
});

const command = (name: string, args: string[], site: Pick<Site, 'dataDir'>, before = '') =>
  promisify(execFile)(
    '/bin/sh',
    [
      '-c',
      `${before} exec "$0" "$@"`,
      process.execPath,
      path.join(import.meta.dirname, `${name}.ts`),
      ...args,
    ],
    {
      env: {
        ...process.env,
        NODE_ENV: 'production',
        DATA_DIR: site.dataDir,
        DATABASE_URL: '',
        CONTENT_DIR: '',
      },
    },
  ).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );

test('the commands make and restore a backup, and say what to do next', async () => {
  const site = await makeSite();
  const made = await command('backup', [], site);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  expect(made.stdout).toContain('APP_SECRET is not in it');
  const folder = /^backup (.+)$/m.exec(made.stdout)![1]!;
  expect(path.dirname(folder)).toBe(path.join(site.dataDir, 'backups'));
  const target = path.join(site.folder, 'restored');
  const restored = await command('restore', [folder, target], site);
  expect(restored).toMatchObject({ code: 0, stderr: '' });
  expect(restored.stdout).toContain(`Set DATA_DIR=${target}`);
  const again = await command('restore', [folder, target], site);
  expect(again).toMatchObject({ code: 1, stdout: '' });
  expect(again.stderr).toContain('Nothing was restored:');
}, 120_000);

test.for([
  ['restore', []],
  ['restore', ['backup']],
  ['restore', ['backup', 'directory', 'more']],
  ['backup', ['--keep', '0,0,0']],
  ['backup', ['--unknown']],
  ['backup', ['one', 'two']],
] as const)('the command %s with %j says how it is used', async ([name, args]) => {
  const said = await command(name, [...args], { dataDir: tmpdir() });
  expect(said).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining(`Usage: npm run ${name} --`),
  });
});

test('on a disk that takes no more, no half backup stays and the command says so', async () => {
  const site = await makeSite();
  await write(path.join(site.dataDir, 'uploads/pictures/pic_large.webp'), 'x'.repeat(3_000_000));
  // A limit on the size of files stands for the disk: 1 MB, and no signal when it is reached.
  const made = await command('backup', [], site, "trap '' XFSZ; ulimit -f 2048;");
  expect(made).toMatchObject({ code: 1, stdout: '' });
  expect(made.stderr).toBe('No backup was made: The disk is full.\n');
  expect(await readdir(path.join(site.dataDir, 'backups'))).toEqual([]);
}, 60_000);

test('a backup whose process was killed is never seen as one', async () => {
  const site = await makeSite();
  await site.backUp();
  const [name] = await readdir(path.join(site.folder, 'backups'));
  await cp(path.join(site.folder, 'backups', name!), path.join(site.folder, 'backups', '.making-killed'), {
    recursive: true,
  });
  const later = () => new Date(Date.now() + 2 * day);
  const made = await site.backUp({ now: later });
  expect((await readdir(path.join(site.folder, 'backups'))).sort()).toEqual(
    [name, path.basename(made.folder)].sort(),
  );
});
