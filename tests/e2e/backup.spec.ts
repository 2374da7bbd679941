import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, onTestFinished, test } from 'vitest';
import {
  addPeople,
  benchPassword,
  cookieFrom,
  emptyFolder,
  postForm,
  servePortal,
  withDatabase,
} from '../bench/portal.ts';
import { runNode } from '../site.ts';

test('a backup made while people sign in is restored into a folder that serves them', {
  timeout: 120_000,
}, async () => {
  const folder = await emptyFolder('backup');
  const dataDir = path.join(folder, 'data');
  await mkdir(dataDir, { recursive: true });
  await withDatabase(dataDir, (db) => addPeople(db, new Date(), 20));
  const site = await servePortal(inject('siteDir'), dataDir);
  const signIn = (url: string, person: number) =>
    postForm(`${url}/sign-in`, { email: `person-${person}@example.test`, password: benchPassword, next: '' });
  const cookies: (string | undefined)[] = [];
  let isOver = false;
  const writing = (async () => {
    for (let turn = 0; !isOver; turn += 1)
      cookies.push(cookieFrom(await signIn(site.url, 1 + (turn % 20)), 'login'));
  })();
  await expect.poll(() => cookies.length, { timeout: 30_000 }).toBeGreaterThan(5);
  const acknowledged = cookies.length;
  const variables = { DATA_DIR: dataDir, NODE_ENV: 'production' };
  const said = await runNode(['src/jobs/backup.ts', path.join(folder, 'backups')], variables);
  await sleep(100);
  isOver = true;
  await writing;
  await site.stop();

  const backup = /^backup (.+)$/m.exec(said)?.[1] ?? '';
  const target = path.join(folder, 'restored');
  expect(await runNode(['src/jobs/restore.ts', backup, target], variables)).toContain(`restored ${target}`);
  const restored = await servePortal(inject('siteDir'), target);
  onTestFinished(() => restored.stop());
  expect((await signIn(restored.url, 7)).status).toBe(303);
  for (const cookie of cookies.slice(0, acknowledged)) {
    const page = await fetch(`${restored.url}/me`, { headers: { Cookie: cookie ?? '' }, redirect: 'manual' });
    expect(page.status).toBe(200);
  }
});
