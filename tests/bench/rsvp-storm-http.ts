import path from 'node:path';
import { roleGrants } from '../../db/schema/accounts.ts';
import { communityMembers } from '../../db/schema/communities.ts';
import { loginCookieName, startLoginSession } from '../../src/domains/accounts/login-sessions.ts';
import type { Id } from '../../src/platform/ids.ts';
import { newId } from '../../src/platform/ids.ts';
import { addLiveSession, addMembers } from '../live-sessions.ts';
import { stormProblems, type Told } from '../rsvp-storm.ts';
import { type Bench, type Measure, progress } from './measure.ts';
import { addPeople, emptyFolder, inBatches, postForm, servePortal, withDatabase } from './portal.ts';

const people = 500;
const places = 30;
/** An entry of content, so that the servers leave it open. */
const slug = 'school-librarians';

/**
 * 500 people who press “going” at the same moment for 30 places, spread over two servers on one database; and the same again
 * while one of the servers is killed in the middle.
 */
export async function measureRsvpStorm({ build, runs }: Bench): Promise<Measure[]> {
  const dist = await build();
  const seconds: number[] = [];
  const wrong: string[] = [];
  const refused: string[] = [];
  const answered: number[] = [];
  for (let run = 1; run <= runs(3); run += 1) {
    progress(`RSVP storm ${run}: ${people} at once on two servers…`);
    const calm = await storm(dist, false);
    seconds.push(calm.seconds);
    wrong.push(...calm.problems);
    refused.push(...calm.refused);
    progress(`RSVP storm ${run}: the same, and one server is killed…`);
    const killed = await storm(dist, true);
    wrong.push(...killed.problems);
    refused.push(...killed.refused);
    answered.push(killed.told);
  }
  const none = (name: string, problems: string[]): Measure => ({
    name: `RSVP storm: ${name}`,
    unit: '',
    values: [problems.length],
    target: { atMost: 0 },
    ...(problems[0] && { note: problems.slice(0, 3).join('; ') }),
  });
  return [
    {
      name: `RSVP storm: ${people} for ${places} places on 2 processes, all answered`,
      unit: 's',
      values: seconds,
    },
    none('answers of 500 and above', refused),
    none('lost, out of order, above the capacity, or damaged', wrong),
    { name: 'RSVP storm: answered although a server was killed', unit: '', values: answered },
  ];
}

async function storm(dist: string, isKilled: boolean) {
  const folder = await emptyFolder('rsvp-storm');
  const now = new Date();
  const { liveSessionId, cookies, ids } = await withDatabase(folder, async (db) => {
    const ids = await addPeople(db, now, people);
    await inBatches(ids, (batch) =>
      db.write((tx) =>
        tx.insert(roleGrants).values(
          batch.map((userId) => ({
            id: newId('rol', now),
            userId,
            role: 'member' as const,
            createdAt: now,
          })),
        ),
      ),
    );
    await addMembers(db, now, slug);
    await inBatches(ids, (batch) =>
      db.write((tx) =>
        tx.insert(communityMembers).values(
          batch.map((userId) => ({
            ...{ userId, communitySlug: slug, state: 'joined' as const },
            ...{ since: now, createdAt: now },
          })),
        ),
      ),
    );
    const cookies = await Promise.all(
      ids.map(async (id) => {
        const set = await startLoginSession({ db, now }, id, 'Bench', undefined);
        return `login=${set.find(({ name }) => name === loginCookieName)!.value}`;
      }),
    );
    return { liveSessionId: await addLiveSession(db, now, slug, { capacity: places }), cookies, ids };
  });
  const servers = [await servePortal(dist, folder), await servePortal(dist, folder)];
  const told: Told[] = [];
  const refused: string[] = [];
  const started = performance.now();
  try {
    await Promise.all(
      ids.map(async (userId, place) => {
        const server = servers[place % 2]!;
        const url = `${server.url}/live-sessions/${liveSessionId}/rsvp`;
        const response = await postForm(url, { answer: 'going' }, { cookie: cookies[place]! }).catch(
          () => undefined,
        );
        if (!response) {
          if (!isKilled) refused.push('no answer');
          return;
        }
        if (response.status >= 500) refused.push(`status ${response.status}`);
        const answer = /done=rsvp-(\w+)/.exec(response.headers.get('location') ?? '')?.[1];
        if (answer) told.push({ userId, answer });
        else if (response.status < 500) refused.push(`status ${response.status} without an answer`);
        if (isKilled && told.length === people / 5) await servers[1]!.kill();
      }),
    );
  } finally {
    await Promise.all(servers.map((server) => server.stop().catch(() => {})));
  }
  const seconds = (performance.now() - started) / 1000;
  const problems = await withDatabase(folder, (db) =>
    stormProblems(db, path.join(folder, 'peersphere.db'), liveSessionId as Id<'ses'>, places, told),
  );
  if (!isKilled && told.length !== people) problems.push(`${told.length} of ${people} were answered`);
  return { seconds, problems, refused, told: told.length };
}
