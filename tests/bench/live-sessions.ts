import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { and, count, desc, eq, gt, inArray, ne, sql } from 'drizzle-orm';
import type { Db } from '../../db/client.ts';
import { communities, communityMembers } from '../../db/schema/communities.ts';
import { liveSessionCommunities, liveSessions, rsvps } from '../../db/schema/live-sessions.ts';
import { loginCookieName, startLoginSession } from '../../src/domains/accounts/login-sessions.ts';
import { makeFeed } from '../../src/domains/live-sessions/feeds.ts';
import type { Id } from '../../src/platform/ids.ts';
import { runNode } from '../site.ts';
import { type Bench, type Measure, median, progress, quantile } from './measure.ts';
import { databaseUrl, emptyFolder, servePortal, withDatabase } from './portal.ts';

const feedLength = 200;
/** How far back a feed goes. */
const feedBackMs = 90 * 24 * 3_600_000;
const atOnce = 4;

/** What members wait for at 100,000 members, 4,000 live sessions and a million answers, and how many answers a second fit in. */
export async function measureLiveSessions({ build, runs }: Bench): Promise<Measure[]> {
  const dist = await build();
  const seeded = await scaleDatabase();
  const folder = await emptyFolder('live-sessions');
  await copyFile(seeded, path.join(folder, 'peersphere.db'));
  const now = new Date();
  const world = await withDatabase(folder, (db) => prepare(db, now));
  const measures: Measure[] = [];
  const contentDir = await contentWithAll(folder, world.slugs);
  const server = await servePortal(dist, folder, { env: { CONTENT_DIR: contentDir } });
  try {
    const { slug, cookie, feedPath } = world;
    const [ofCommunity, ofHome] = [
      await islandOf(server.url, `/communities/${slug}`),
      await islandOf(server.url, '/'),
    ];
    const asked: [name: string, path: string, headers: Record<string, string>, status: number][] = [
      ['island of a community, signed out', ofCommunity, {}, 200],
      ['island of a community, signed in', ofCommunity, { Cookie: cookie }, 200],
      ['island of the home page', ofHome, { Cookie: cookie }, 200],
      ['/me/calendar, agenda', '/me/calendar', { Cookie: cookie }, 200],
      ['/me/calendar, month', '/me/calendar?view=month', { Cookie: cookie }, 200],
      ['/sessions', '/sessions', {}, 200],
      ['hub', `/communities/${slug}/hub`, { Cookie: cookie }, 200],
    ];
    const times = runs(5) * 40;
    for (const [name, where, headers, status] of asked) {
      progress(`Live sessions: ${name}…`);
      const ask = () => timed(server.url + where, headers, status);
      for (let warm = 0; warm < 20; warm += 1) await ask();
      const alone: number[] = [];
      for (let turn = 0; turn < times; turn += 1) alone.push(await ask());
      const together = (
        await Promise.all(Array.from({ length: atOnce }, () => several(times / atOnce, ask)))
      ).flat();
      measures.push(
        {
          name: `live sessions: ${name}, 95th percentile`,
          unit: 'ms',
          values: [quantile(alone, 0.95)],
          target: { atMost: 25 },
          note: `median ${median(alone).toFixed(1)} ms; one after the other`,
        },
        {
          name: `live sessions: ${name}, ${atOnce} at once`,
          unit: 'ms',
          values: [quantile(together, 0.95)],
          note: `95th percentile; median ${median(together).toFixed(1)} ms`,
        },
      );
    }
    progress('Live sessions: a feed…');
    const first = await fetch(server.url + feedPath);
    const text = await first.text();
    const events = text.split('BEGIN:VEVENT').length - 1;
    if (events !== feedLength) throw new Error(`The feed holds ${events} live sessions.`);
    const etag = first.headers.get('etag')!;
    const full = await several(times, () => timed(server.url + feedPath, {}, 200));
    const unchanged = await several(times, () =>
      timed(server.url + feedPath, { 'If-None-Match': etag }, 304),
    );
    measures.push(
      { name: `live sessions: feed of ${feedLength}`, unit: 'ms', values: full, target: { atMost: 15 } },
      {
        name: 'live sessions: feed that has not changed',
        unit: 'ms',
        values: unchanged,
        target: { atMost: 2 },
      },
    );
  } finally {
    await server.stop();
  }
  const [rates, costs]: [number[], number[]] = [[], []];
  for (let run = 1; run <= runs(3); run += 1) {
    progress(`Live sessions: answers a second, ${run}…`);
    const told = await runNode(['tests/bench/rsvp-writes.ts', databaseUrl(folder), '5000', '64'], {
      DATA_DIR: folder,
      LOG_LEVEL: 'error',
    });
    const { answers, milliseconds, processor } = JSON.parse(told.slice(told.indexOf('{'))) as Record<
      string,
      number
    >;
    rates.push((1000 * answers!) / milliseconds!);
    costs.push(processor! / answers!);
  }
  measures.push(
    {
      name: 'live sessions: answers a second, one process, 64 at once',
      unit: '',
      values: rates,
      target: { atLeast: 1000 },
    },
    { name: 'live sessions: processor time of an answer', unit: 'ms', values: costs },
  );
  await rm(folder, { recursive: true, force: true }); // half a gigabyte
  return measures;
}

const hour = 3_600_000;

/** The database of `npm run db:seed -- scale`: seeded anew where tables or seed are others, or a day has passed. */
async function scaleDatabase(): Promise<string> {
  const sources = [
    'db/seed/scale.ts',
    ...(await readdir('db/migrations'))
      .filter((name) => name.endsWith('.sql'))
      .map((name) => `db/migrations/${name}`),
  ];
  const hash = createHash('sha256');
  for (const file of sources) hash.update(await readFile(file));
  const folder = path.resolve('.data/bench', `scale-${hash.digest('hex').slice(0, 12)}`);
  const [file, done] = [path.join(folder, 'peersphere.db'), path.join(folder, 'done')];
  const isFresh = existsSync(done) && Date.now() - (await stat(done)).mtimeMs < 24 * hour;
  if (isFresh) return file;
  progress('Live sessions: seeding 100,000 members and a million answers…');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await runNode(['db/seed/demo.ts', 'scale'], { DATA_DIR: folder, LOG_LEVEL: 'error' });
  await writeFile(done, '');
  return file;
}

/**
 * Two members of the largest community of content: one as they are, signed in, and one who is in as many communities as
 * make a feed of 200 live sessions.
 */
async function prepare(db: Db, now: Date) {
  const ofContent = (await readdir('content/communities')).map((name) => name.replace(/\.mdoc$/, ''));
  const [largest] = await db.read
    .select({
      slug: communityMembers.communitySlug,
      viewerId: sql<Id<'usr'>>`min(${communityMembers.userId})`,
      subscriberId: sql<Id<'usr'>>`max(${communityMembers.userId})`,
    })
    .from(communityMembers)
    .where(and(inArray(communityMembers.communitySlug, ofContent), eq(communityMembers.state, 'joined')))
    .groupBy(communityMembers.communitySlug)
    .orderBy(desc(sql`count(*)`))
    .limit(1);
  if (!largest) throw new Error('The database has no members.');
  const { slug, viewerId, subscriberId: userId } = largest;
  const slugs = (await db.read.select({ slug: communities.slug }).from(communities)).map((one) => one.slug);
  const counted = await db.read
    .select({ slug: liveSessionCommunities.communitySlug, count: count() })
    .from(liveSessionCommunities)
    .innerJoin(liveSessions, eq(liveSessions.id, liveSessionCommunities.liveSessionId))
    .where(
      and(
        gt(liveSessionCommunities.startsAt, new Date(now.getTime() - feedBackMs)),
        ne(liveSessions.state, 'draft'),
        eq(liveSessions.audience, 'communities'),
      ),
    )
    .groupBy(liveSessionCommunities.communitySlug);
  let inFeed = 0;
  const theirs = counted.filter((one) => {
    const isNeeded = inFeed < feedLength;
    if (isNeeded) inFeed += one.count;
    return isNeeded;
  });
  await db.write(async (tx) => {
    await tx.delete(rsvps).where(eq(rsvps.userId, userId));
    await tx.delete(communityMembers).where(eq(communityMembers.userId, userId));
    const common = { userId, createdAt: now, state: 'joined' as const, since: now };
    await tx.insert(communityMembers).values(theirs.map((one) => ({ ...common, communitySlug: one.slug })));
  });
  const cookies = await startLoginSession({ db, now }, viewerId, 'Bench', undefined);
  const cookie = `login=${cookies.find(({ name }) => name === loginCookieName)!.value}`;
  const feedPath = new URL(await makeFeed({ db, now }, { id: userId }, 'all')).pathname;
  return { slug, slugs, cookie, feedPath };
}

/** A folder of content that has entries for all of these communities, so that the server retires none of them. */
async function contentWithAll(folder: string, slugs: readonly string[]): Promise<string> {
  const contentDir = path.join(folder, 'content');
  await cp('content', contentDir, { recursive: true });
  const ofContent = new Set(await readdir(path.join(contentDir, 'communities')));
  for (const slug of slugs.filter((one) => !ofContent.has(`${one}.mdoc`))) {
    const entry = `---\nname: ${slug}\narea: teaching\nmembership: open\n---\n`;
    await writeFile(path.join(contentDir, 'communities', `${slug}.mdoc`), entry);
  }
  return contentDir;
}

/** Path of the island that brings live sessions to a static page. */
async function islandOf(url: string, page: string): Promise<string> {
  const html = await (await fetch(url + page)).text();
  const found = /\/_server-islands\/NextLiveSessions\?[^"'\s)]+/.exec(html)?.[0];
  if (!found) throw new Error(`${page} has no island of live sessions.`);
  return found.replaceAll('&amp;', '&').replaceAll('\\u0026', '&');
}

/** Milliseconds until the whole answer is there. Throws when it has another status. */
async function timed(url: string, headers: Record<string, string>, status: number): Promise<number> {
  const started = performance.now();
  const response = await fetch(url, { headers, redirect: 'manual' });
  await response.arrayBuffer();
  if (response.status !== status) throw new Error(`${url} answered ${response.status}.`);
  return performance.now() - started;
}

async function several(times: number, ask: () => Promise<number>): Promise<number[]> {
  const taken: number[] = [];
  for (let turn = 0; turn < times; turn += 1) taken.push(await ask());
  return taken;
}
