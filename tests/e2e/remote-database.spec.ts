import path from 'node:path';
import { expect, inject, onTestFinished, test } from 'vitest';
import { openDb } from '../../db/client.ts';
import { migrate } from '../../db/migrate.ts';
import { addPeople, benchPassword, cookieFrom, emptyFolder, postForm, servePortal } from '../bench/portal.ts';
import { startHranaServer } from '../hrana-server.ts';

/** Status, words and how long it took; redirects are not followed. */
async function look(url: string, cookie?: string) {
  const began = performance.now();
  const response = await fetch(url, { redirect: 'manual', headers: cookie ? { Cookie: cookie } : {} });
  const page = await response.text();
  return {
    status: response.status,
    retryAfter: response.headers.get('Retry-After'),
    page,
    ms: performance.now() - began,
  };
}

test('while the remote database is away for a while, static pages are served, the rest says so at once, and all is well afterwards', {
  timeout: 120_000,
}, async () => {
  const folder = await emptyFolder('remote-database');
  const primary = await startHranaServer(path.join(folder, 'primary.db'));
  onTestFinished(() => primary.stop());
  await migrate(primary.url);
  const db = await openDb(primary.url);
  await addPeople(db, new Date(), 1);
  await db.close();
  const site = await servePortal(inject('siteDir'), folder, { env: { DATABASE_URL: primary.url } });
  onTestFinished(() => site.stop());
  const signIn = () =>
    postForm(`${site.url}/sign-in`, { email: 'person-1@example.test', password: benchPassword, next: '' });
  let cookie: string | undefined;
  await expect
    .poll(
      async () => {
        cookie = cookieFrom(await signIn(), 'login');
        return cookie;
      },
      { timeout: 20_000 },
    )
    .toBeTruthy();
  expect((await look(`${site.url}/me`, cookie)).status).toBe(200);

  for (const [goAway, comeBack] of [
    [async () => primary.hang(), async () => primary.resume()],
    [() => primary.stop(), () => primary.start()],
  ] as const) {
    await goAway();
    const away = await look(`${site.url}/me`, cookie);
    expect(away).toMatchObject({ status: 503, retryAfter: '10' });
    expect(away.page).toContain('Please try again in a minute');
    expect(away.ms).toBeLessThan(2_000);
    const form = await signIn();
    expect(form.status).toBe(503);
    expect(form.headers.get('Retry-After')).toBeTruthy();
    expect(await form.text()).toContain('We cannot reach our database');
    expect((await look(`${site.url}/`, cookie)).status).toBe(200);
    expect((await look(`${site.url}/healthz`)).status).toBe(200);
    await comeBack();
    await expect
      .poll(async () => (await look(`${site.url}/me`, cookie)).status, { timeout: 20_000 })
      .toBe(200);
    await expect.poll(async () => (await signIn()).status, { timeout: 20_000 }).toBe(303);
  }
});
