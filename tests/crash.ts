import { setTimeout as sleep } from 'node:timers/promises';
import { and, eq, inArray, sql } from 'drizzle-orm';
import { connect, type Db } from '../db/client.ts';
import { roleGrants, users } from '../db/schema/accounts.ts';
import { outbox } from '../db/schema/mail.ts';
import { schools } from '../db/schema/schools.ts';
import { issueActivationLink } from '../src/domains/schools/activation-links.ts';
import { newId } from '../src/platform/ids.ts';
import {
  benchPassword,
  cookieFrom,
  databaseUrl,
  networkAddress,
  postForm,
  servePortal,
  withDatabase,
} from './bench/portal.ts';
import { type FakeResend, type Faults, startFakeResend } from './fake-resend.ts';
import type { RunningServer } from './site.ts';

export type CrashPlan = {
  /** Folder of a built site, and an empty one for what it keeps. */
  dist: string;
  folder: string;
  people: number;
  /** How many of them are on their way at the same time. */
  atOnce: number;
  kills: number;
  /** How long the server lives between two kills, from and to, in milliseconds. */
  livesMs: [number, number];
  faults: Faults;
  /**
   * Whether mails wait as long as they would: 90 seconds after a kill, half a minute after a failure. Otherwise the
   * database is told, while the server is down, that this time is over.
   */
  isPatient: boolean;
  say?: (words: string) => void;
};

export type CrashReport = {
  /** Activations that the site said had happened; and those that had, but whose answer the kill took away. */
  acknowledged: number;
  unanswered: number;
  kills: number;
  seconds: number;
  mails: number;
  calls: number;
  /** Each of these has to be empty. Sentences. */
  lostActivations: string[];
  damage: string[];
  undelivered: string[];
  deliveredTwice: string[];
};

type World = { url: () => string; resend: FakeResend; links: string[]; version: string };

const codesOf = (error: unknown) => (error as { cause?: { code?: string } }).cause?.code;

/**
 * Lets people activate while the server is killed and started again, then looks at what is left: whether everything that
 * the site said had happened is there, and whether each mail arrived, once.
 */
export async function activateThroughCrashes(plan: CrashPlan): Promise<CrashReport> {
  const started = performance.now();
  const { dist, folder, say = () => {} } = plan;
  const resend = await startFakeResend(plan.faults);
  const links = await withDatabase(folder, (db) => addSchools(db, Math.ceil(plan.people / 60)));
  const env = { RESEND_API_KEY: 're_test', RESEND_BASE_URL: resend.url };
  let server: RunningServer = await servePortal(dist, folder, { env });
  const port = Number(new URL(server.url).port);
  const world: World = {
    url: () => `http://127.0.0.1:${port}`,
    resend,
    links,
    version: await shownVersion(`${server.url}/activate/${links[0]}`),
  };
  const done = new Map<string, 'acknowledged' | 'unanswered'>();
  let kills = 0;

  async function restart() {
    await server.kill();
    kills += 1;
    if (!plan.isPatient) await withDatabase(folder, endWaiting);
    server = await servePortal(dist, folder, { port, env });
    say(`Killed ${kills} times; ${done.size} of ${plan.people} are in.`);
  }
  async function killNowAndThen(until: Promise<unknown>) {
    let isOver = false;
    void until.finally(() => (isOver = true)).catch(() => {});
    const [least, most] = plan.livesMs;
    while (kills < plan.kills) {
      await Promise.race([sleep(least + Math.random() * (most - least)), until.catch(() => {})]);
      if (isOver) return;
      await restart();
    }
  }

  try {
    const arriving = inParallel(plan.people, plan.atOnce, async (place) => {
      const [email, how] = await activate(world, place);
      done.set(email, how);
    });
    const killing = killNowAndThen(arriving);
    await arriving.finally(() => killing);
    say('All are in; waiting for the last mails…');
    if (!plan.isPatient) await restart(); // leases of the last life, and failures, are over
    await withDatabase(folder, (db) => untilSent(db, plan.isPatient));
  } finally {
    await server.stop();
    await resend.close();
  }
  const found = await withDatabase(folder, (db) => inspect(db, folder, done, resend));
  const count = (how: string) => [...done.values()].filter((each) => each === how).length;
  return {
    acknowledged: count('acknowledged'),
    unanswered: count('unanswered'),
    kills,
    seconds: (performance.now() - started) / 1000,
    mails: resend.delivered.size,
    calls: resend.calls.length,
    ...found,
  };
}

/** Schools with a link each: a link takes 200 forms an hour, and forms are sent again after a kill. */
async function addSchools(db: Db, count: number): Promise<string[]> {
  const now = new Date();
  const links: string[] = [];
  for (let place = 0; place < count; place += 1) {
    const schoolId = newId('sch', now);
    const link = await db.write(async (tx) => {
      await tx.insert(schools).values({
        id: schoolId,
        name: `School ${place + 1}`,
        country: 'VN',
        city: 'Hanoi',
        timeZone: 'Asia/Ho_Chi_Minh',
        membershipStartsOn: '2020-01-01',
        membershipEndsOn: '2099-12-31',
        createdAt: now,
        updatedAt: now,
      });
      return issueActivationLink(tx, now, schoolId, null);
    });
    links.push(link);
  }
  return links;
}

/** The version of the code of conduct that the form asks people to accept. */
async function shownVersion(url: string): Promise<string> {
  const page = await (await fetch(url)).text();
  return /name="codeOfConductVersion" value="([^"]*)"/.exec(page)?.[1] ?? '';
}

async function inParallel(count: number, atOnce: number, work: (place: number) => Promise<void>) {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      next += 1;
      await work(next - 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

/** From the form to the verified address, starting again as a person would; the address that got in at last, and how. */
async function activate(world: World, place: number): Promise<[string, 'acknowledged' | 'unanswered']> {
  for (let attempt = 0; ; attempt += 1) {
    const email = `person-${place + 1}-${attempt}@example.test`;
    const cookie = await signUp(world, place, email);
    if (!cookie) continue; // three forms without an answer: the fourth mail of an hour would wait
    return [email, await verify(world, place, email, cookie)];
  }
}

/** Sends the form until it is answered, three times at most; the cookie that the answer brought. */
async function signUp(world: World, place: number, email: string): Promise<string | undefined> {
  const fields = {
    name: `Person ${place + 1}`,
    email,
    jobTitle: 'Librarian',
    subjects: '',
    country: 'VN',
    timeZone: 'Asia/Ho_Chi_Minh',
    password: benchPassword,
    codeOfConductVersion: world.version,
    codeOfConduct: 'on',
  };
  const link = world.links[place % world.links.length];
  for (let turn = 0; turn < 3; turn += 1) {
    const response = await post(world, place, `/activate/${link}`, fields);
    if (!response) continue;
    const cookie = cookieFrom(response, 'sign-up');
    if (response.status === 303 && cookie) return cookie;
    throw new Error(`${email}: the form was answered with ${response.status}: ${await problemsOf(response)}`);
  }
  return undefined;
}

/** Follows the link of each mail that comes, until one of them lets the person in. */
async function verify(world: World, place: number, email: string, cookie: string) {
  const tried = new Set<string>();
  for (;;) {
    const mail = await world.resend.mailTo(email, ({ text }) => !tried.has(secretIn(text) ?? ''));
    const secret = secretIn(mail.text);
    if (!secret) throw new Error(`${email}: a mail without a link came: ${mail.subject}`);
    tried.add(secret);
    let isUnsure = false;
    for (;;) {
      const response = await post(world, place, `/verify/${secret}`, { form: 'confirm' }, cookie);
      if (response?.status === 303) return 'acknowledged';
      if (response && response.status !== 410)
        throw new Error(
          `${email}: the link was answered with ${response.status}: ${await problemsOf(response)}`,
        );
      if (response && !isUnsure) break; // a later form replaced it
      if (response) {
        if (await isIn(world, place, email)) return 'unanswered';
        break;
      }
      isUnsure = true;
    }
  }
}

const secretIn = (text: string) => /\/verify\/([\w-]{43})/.exec(text)?.[1];

/** Whether this person can sign in. */
async function isIn(world: World, place: number, email: string): Promise<boolean> {
  for (;;) {
    const response = await post(world, place, '/sign-in', { email, password: benchPassword, next: '' });
    if (response) return response.status === 303;
  }
}

/** The answer to a form; undefined when the connection broke. Where nobody listens, waits until somebody does. */
async function post(
  { url }: World,
  place: number,
  path: string,
  fields: Record<string, string>,
  cookie?: string,
): Promise<Response | undefined> {
  for (;;) {
    try {
      const sender = { address: networkAddress(place + 1), ...(cookie && { cookie }) };
      return await postForm(url() + path, fields, sender);
    } catch (error) {
      if (codesOf(error) !== 'ECONNREFUSED') return undefined;
      await sleep(100);
    }
  }
}

async function problemsOf(response: Response): Promise<string> {
  const page = await response.text();
  return (
    /class="problems"[\s\S]*?<\/div>/.exec(page)?.[0].replaceAll(/<[^>]+>|\s+/g, ' ') ?? page.slice(0, 200)
  );
}

/** What 90 seconds do to mails whose process died, and what their delays do to those that failed. */
export async function endWaiting(db: Db) {
  await db.write(async (tx) => {
    await tx
      .update(outbox)
      .set({ leasedUntil: new Date(0) })
      .where(eq(outbox.state, 'sending'));
    await tx
      .update(outbox)
      .set({ nextAttemptAt: new Date(0) })
      .where(eq(outbox.state, 'waiting'));
  });
}

/** Resolves once no mail waits or is under way. */
async function untilSent(db: Db, isPatient: boolean) {
  const deadline = performance.now() + 10 * 60_000;
  while ((await db.read.$count(outbox, inArray(outbox.state, ['waiting', 'sending']))) > 0) {
    if (performance.now() > deadline) throw new Error('Mails still wait after ten minutes.');
    if (!isPatient) {
      const retryNow = { nextAttemptAt: new Date(0) };
      await db.write((tx) => tx.update(outbox).set(retryNow).where(eq(outbox.state, 'waiting')));
    }
    await sleep(500);
  }
}

async function inspect(
  db: Db,
  folder: string,
  done: ReadonlyMap<string, 'acknowledged' | 'unanswered'>,
  { delivered, calls }: FakeResend,
) {
  const members = await db.read
    .select({ email: users.email })
    .from(users)
    .innerJoin(roleGrants, and(eq(roleGrants.userId, users.id), eq(roleGrants.role, 'member')));
  const there = new Set(members.map(({ email }) => email));
  const mails = await db.read
    .select({ id: sql<string>`${outbox.id}`, to: outbox.to, kind: outbox.kind, state: outbox.state })
    .from(outbox);
  const withHandbook = new Set(mails.filter(({ kind }) => kind === 'members-handbook').map(({ to }) => to));
  const lostActivations = [...done.keys()].flatMap((email) => {
    if (!there.has(email)) return [`${email} is no member`];
    return withHandbook.has(email) ? [] : [`${email} was sent no handbook`];
  });
  const undelivered = mails
    .filter(({ id, state }) => state !== 'sent' || !delivered.has(id))
    .map(({ id, kind, state }) => `${id} (${kind}) is ${state}`);

  const keysOf = new Map<string, Set<string>>();
  for (const { key, mail } of calls) {
    const identity = JSON.stringify([mail.to, mail.subject, mail.text]);
    keysOf.set(identity, (keysOf.get(identity) ?? new Set()).add(key));
  }
  const otherKeys = [...keysOf].filter(([, keys]) => keys.size > 1).map(([mail]) => `with two keys: ${mail}`);
  const refused = calls.filter(({ outcome }) => outcome === 'refused').map(({ key }) => `refused: ${key}`);
  return {
    lostActivations,
    undelivered,
    deliveredTwice: [...otherKeys, ...refused],
    damage: await damageIn(databaseUrl(folder)),
  };
}

/** What SQLite finds wrong with the file; empty when it is whole. */
async function damageIn(url: string): Promise<string[]> {
  const client = connect(url, {});
  try {
    const integrity = await client.execute('PRAGMA integrity_check');
    const orphans = await client.execute('PRAGMA foreign_key_check');
    return [
      ...integrity.rows.map((row) => String(row[0])).filter((line) => line !== 'ok'),
      ...orphans.rows.map((row) => `${row['table']}, row ${row['rowid']}`),
    ];
  } finally {
    client.close();
  }
}
