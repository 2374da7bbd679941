import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { rsvps } from '../../db/schema/live-sessions.ts';
import { newPage, useBrowser } from '../browser.ts';
import { addLiveSession, addMembers } from '../live-sessions.ts';
import { cookieOf, makeUser, siteDb, usePortal } from '../portal.ts';

useBrowser();
usePortal();

const siteUrl = () => inject('siteUrl');
const slug = 'outdoor-learning-leads';

/** Static pages with an island, what stands on them without it, and the link that leads to the same. */
const pages = [
  { at: `/communities/${slug}`, link: 'See the next dates of this community', heading: 'Pains and potions' },
  { at: '/', link: 'See what is coming in the calendar', heading: 'Live sessions that are coming' },
] as const;

const islands = '**/_server-islands/**';

/** A live session that is the next of all. */
async function addNext(title: string, minutes = 60) {
  const startsAt = new Date(Date.now() + minutes * 60_000);
  await addMembers(await siteDb(), new Date(), slug);
  return addLiveSession(await siteDb(), new Date(), slug, { title, startsAt });
}

/** The address from which a static page fetches its island. */
async function islandOf(at: string): Promise<URL> {
  const html = await (await fetch(siteUrl() + at)).text();
  const found = /["'](\/_server-islands\/[^"']+)["']/.exec(html)?.[1]?.replaceAll('&amp;', '&');
  if (!found) throw new Error(`${at} has no island.`);
  return new URL(found, siteUrl());
}

describe.each(pages)('on $at', ({ at, link, heading }) => {
  test('everything but the dates is there while the island is slow, and a link to them; then they come', async () => {
    const title = `Worth waiting for, on ${at}`;
    await addNext(title, 30);
    const page = await newPage();
    let answer = () => {};
    const held = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.route(islands, async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(at);
    await page.getByRole('heading', { name: heading }).waitFor();
    await page.getByRole('link', { name: link }).waitFor();
    expect(await page.getByText(title).count()).toBe(0);
    answer();
    await page.getByRole('link', { name: title, exact: true }).waitFor();
    expect(await page.getByRole('link', { name: link }).count()).toBe(0);
  });

  test.each(['500', 'garbage', 'cut off'])('the link stays when the island fails: %s', async (how) => {
    const page = await newPage({ expected: /status of 500|ERR_FAILED|Failed to fetch|Failed to load/ });
    await page.route(islands, (route) => {
      if (how === 'cut off') return route.abort();
      return how === '500'
        ? route.fulfill({ status: 500, contentType: 'text/html', body: '<h1>Oops</h1>' })
        : route.fulfill({ status: 200, contentType: 'application/octet-stream', body: '\u0000' });
    });
    const asked = page.waitForEvent('request', (request) => request.url().includes('/_server-islands/'));
    await page.goto(at);
    await asked;
    await page.getByRole('heading', { name: heading }).waitFor();
    expect(await page.getByText('Oops').count()).toBe(0);
    await page.getByRole('link', { name: link }).click();
    await page.getByRole('heading', { level: 1, name: 'Live sessions' }).waitFor();
  });

  test('without JavaScript the link leads to a page that shows the same', async () => {
    const title = `For readers without scripts, from ${at}`;
    await addNext(title, 45);
    const page = await newPage({ javaScriptEnabled: false });
    await page.goto(at);
    await page.getByRole('heading', { name: heading }).waitFor();
    await page.getByRole('link', { name: link }).click();
    await page.getByRole('link', { name: title, exact: true }).waitFor();
  });
});

describe('an island', () => {
  test('shows whoever asks their own answer, whatever address they took from whom, and no cache keeps it', async () => {
    const id = await addNext('Whose answer', 20);
    const [going, other] = [await makeUser([['member']]), await makeUser([['member']])];
    const [db, now] = [await siteDb(), new Date()];
    await addMembers(db, now, slug, [going.id, other.id]);
    const row = { liveSessionId: id, userId: going.id, createdAt: now, updatedAt: now };
    await db.write((tx) => tx.insert(rsvps).values({ ...row, answer: 'going' }));
    const url = await islandOf(`/communities/${slug}`);
    const seenBy = async (cookie?: string) => {
      const answer = await fetch(url, { headers: cookie ? { Cookie: cookie } : {} });
      expect([answer.status, answer.headers.get('Cache-Control')]).toEqual([200, 'private, no-store']);
      return answer.text();
    };
    expect(await seenBy(await cookieOf(going))).toContain('You are going');
    for (const cookie of [undefined, await cookieOf(other), 'login=made-up; signed-in=1']) {
      const html = await seenBy(cookie);
      expect(html).toContain('Whose answer');
      expect(html).not.toContain('You are going');
      expect(html).not.toContain(going.name);
      expect(html).not.toContain('meet.example.test');
    }
  });

  test('cannot be asked for anything else: changed, cut off and made-up requests are refused', async () => {
    const url = await islandOf(`/communities/${slug}`);
    const with_ = (changes: Record<string, string | null>, name = url.pathname) => {
      const changed = new URL(name, url);
      changed.search = url.search;
      for (const [key, value] of Object.entries(changes))
        if (value === null) changed.searchParams.delete(key);
        else changed.searchParams.set(key, value);
      return changed;
    };
    const props = url.searchParams.get('p')!;
    const asked = [
      with_({ p: `${props.slice(0, -6)}AAAAAA` }),
      with_({ p: 'garbage' }),
      with_({ p: '{"community":"x"}' }),
      with_({ p: 'é\u0000%' }),
      with_({ e: props }),
      with_({ p: url.searchParams.get('e')! }),
      with_({ s: props }),
      with_({ e: null }),
      with_({ p: null }),
      with_({ s: null }),
      with_({ e: '', p: '', s: '' }),
      with_({}, '/_server-islands/Nothing'),
      with_({}, '/_server-islands/__proto__'),
      with_({}, '/_server-islands/'),
      with_({ p: 'A'.repeat(5000) }),
    ];
    for (const one of asked) {
      const { status } = await fetch(one);
      expect(status >= 400 && status < 500, `${status} for ${one.pathname}${one.search.slice(0, 80)}`).toBe(
        true,
      );
    }
    const bodies = ['null', '[]', '5', '{}', '"x"', 'not json', '{"encryptedProps":null}', '{"slots":{}}'];
    for (const body of bodies)
      for (const headers of [{ Origin: siteUrl(), 'Content-Type': 'application/json' }, {}]) {
        const { status } = await fetch(url, { method: 'POST', headers, body });
        expect(status >= 400 && status < 500, `${status} for ${body}`).toBe(true);
      }
    for (const method of ['PUT', 'DELETE', 'PATCH'])
      expect((await fetch(url, { method, headers: { Origin: siteUrl() } })).status).toBe(405);
  });
});

test('no static page asks for more than three islands', () => {
  const client = path.join(inject('siteDir'), 'client');
  const counts = readdirSync(client, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.html'))
    .map((file) => {
      const html = readFileSync(path.join(client, file), 'utf8');
      return { file, count: html.match(/data-island-id=/g)?.length ?? 0 };
    });
  expect(counts.filter(({ count }) => count > 3)).toEqual([]);
  expect(counts.filter(({ count }) => count > 0).length).toBeGreaterThan(2);
});
