import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eq, inArray } from 'drizzle-orm';
import { connect, type Db } from '../db/client.ts';
import { roleGrants, users } from '../db/schema/accounts.ts';
import { communities, communityMembers } from '../db/schema/communities.ts';
import { rsvps } from '../db/schema/live-sessions.ts';
import { outbox } from '../db/schema/mail.ts';
import { profileParts } from '../src/domains/accounts/model.ts';
import { contentFingerprint } from '../src/domains/content/fingerprint.ts';
import { fileAt, headOf } from '../src/domains/content/repository.ts';
import { publishingProgress } from '../src/domains/publishing/progress.ts';
import { isReleaseId } from '../src/domains/publishing/release-folders.ts';
import { keptReleasesIn, liveState } from '../src/domains/publishing/releases.ts';
import { type Id, newId } from '../src/platform/ids.ts';
import { addPeople, addressOf, benchPassword, cookieFrom, inBatches, postForm } from './bench/portal.ts';
import { endWaiting } from './crash.ts';
import { type FakeResend, type Faults, startFakeResend } from './fake-resend.ts';
import { addLiveSession, addMembers } from './live-sessions.ts';
import { type ProductionSite, password, startProductionSite } from './production.ts';
import { ask } from './whole-answer.ts';

/** What is killed: the process itself, and nothing that it has started. */
const victims = ['supervisor', 'worker', 'build', 'job runner'] as const;
type Victim = (typeof victims)[number];

export type FaultPlan = {
  /** Folder that is emptied, and the built site. */
  home: string;
  builtDir: string;
  kills: number;
  /** The same number kills the same in the same order, after the same pauses. */
  seed: number;
  /** Pauses between two kills and between two saves of the editor, from and to, in milliseconds. */
  pauseMs: [number, number];
  savesMs: [number, number];
  /** After so many kills nobody is killed until another release is live: else none might ever be. */
  releaseEvery: number;
  faults: Faults;
  /** Whether mails wait as long as they would: 90 seconds after a kill, half a minute after a failure. */
  isPatient: boolean;
  say?: (words: string) => void;
};

export type FaultReport = {
  killed: Record<Victim, number>;
  seconds: number;
  /** What people were told is done, and how often they had no answer and asked again. */
  writes: { signIns: number; answers: number; profiles: number; saves: number; unanswered: number };
  releases: number;
  reads: number;
  /** Reads that broke off because who answered them was killed. */
  cutOff: number;
  mails: number;
  /** From the kill of the supervisor until pages and forms are answered again, and from the last save until it was live, in ms. */
  awayMs: number[];
  /** Each of these has to be empty. Sentences. */
  wrongAnswers: string[];
  failedReads: string[];
  lostWrites: string[];
  damage: string[];
  contentDamage: string[];
  leftovers: string[];
  orphans: string[];
  undelivered: string[];
  deliveredTwice: string[];
};

const slug = 'school-librarians';
const entry = `communities/${slug}.mdoc`;
/** Pages that show the name of the community, and one that is made on demand. */
const marked = ['/', '/communities', `/communities/${slug}`, '/communities/area/teaching'];
const onDemand = '/sign-in';
const name = 'School Librarians';
const nameIn = (text: string) => new Set([...text.matchAll(/School Librarians (\d+)/g)].map(([, n]) => n));
const editor = 'ines@example.test';

/** All that happens in one run. */
type World = {
  site: ProductionSite;
  plan: FaultPlan;
  report: FaultReport;
  known: KnownPages;
  isOver: boolean;
  /** When something was last killed that answers requests, by `performance.now()`, and whether nobody can answer now. */
  hurtAt: number;
  isDown: boolean;
  /** When the last worker was killed before another had time to take the place of the one before. */
  noWorkerAt: number;
};

/**
 * Lets people write, an editor save and visitors read while processes of the site are killed, one after the other, and then looks
 * at what is left. The supervisor is started again at once, as systemd does; all else the site has to do by itself.
 */
export async function liveThroughKills(plan: FaultPlan): Promise<FaultReport> {
  const { say = () => {} } = plan;
  const started = performance.now();
  const resend = await startFakeResend(plan.faults);
  const report = emptyReport();
  const site = await startProductionSite(plan.home, plan.builtDir, {
    TRUST_PROXY: '1', // so that many can sign in
    PREVIEW_CARDS: 'site',
    RESEND_API_KEY: 're_test',
    RESEND_BASE_URL: resend.url,
  });
  const world: World = {
    ...{ site, plan, report, known: knownPages(site.dataDir), isOver: false },
    ...{ hurtAt: -longAgo, isDown: false, noWorkerAt: -longAgo },
  };
  let watching: Promise<unknown> = Promise.resolve();
  const told = new Told();
  try {
    await site.addUser(editor, 'Ines Fairweather', 'editor');
    const people = await addEverybody(site.db, Math.max(40, plan.kills * 8));
    watching = Promise.all([
      read(world),
      read(world),
      write(world, told, people, 0),
      write(world, told, people, 1),
      edit(world, told),
      watchReleases(world),
    ]);
    const random = randomFrom(plan.seed);
    watching.catch(() => (world.isOver = true));
    for (let kill = 1; kill <= plan.kills && !world.isOver; kill += 1) {
      await sleep(between(random, plan.pauseMs));
      if (!isRunning(site.pid)) throw new Error('The supervisor has ended though nobody killed it.');
      const victim = victims[Math.floor(random() * victims.length)]!;
      const words = await strike(world, victim);
      if (kill % plan.releaseEvery === 0) await untilAnotherRelease(world);
      const problems = [
        ...world.known.torn,
        ...report.wrongAnswers,
        ...report.failedReads,
        ...report.orphans,
      ];
      const seconds = Math.round((performance.now() - started) / 1000);
      const worst = problems.length > 0 ? `; ${problems.length} problems: ${problems.at(-1)}` : '';
      say(`${kill} of ${plan.kills}, after ${seconds} s: ${words}${worst}`);
    }
    world.isOver = true;
    await watching;
    say('Waiting until what was saved last is live, and every mail has left…');
    if (!plan.isPatient) await world.site.restart(() => endWaiting(site.db));
    await untilLive(world, told);
    await untilSent(site.db, plan.isPatient);
    await inspect(world, told, people, resend);
  } catch (error) {
    throw new Error(`${(error as Error).message}\nThe site says:\n${site.said().slice(-4000)}`, {
      cause: error,
    });
  } finally {
    world.isOver = true;
    await Promise.allSettled([watching]);
    await site.stop();
    await resend.close();
  }
  await orphansAfter(report, site.dataDir, new Set(), 'stopping');
  report.orphans = [...new Set(report.orphans)];
  report.seconds = (performance.now() - started) / 1000;
  return report;
}

function emptyReport(): FaultReport {
  return {
    killed: { supervisor: 0, worker: 0, build: 0, 'job runner': 0 },
    seconds: 0,
    writes: { signIns: 0, answers: 0, profiles: 0, saves: 0, unanswered: 0 },
    ...{ releases: 0, reads: 0, cutOff: 0, mails: 0, awayMs: [] },
    ...{ wrongAnswers: [], failedReads: [], lostWrites: [], damage: [], contentDamage: [], leftovers: [] },
    ...{ orphans: [], undelivered: [], deliveredTwice: [] },
  };
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const between = (random: () => number, [least, most]: [number, number]) => least + random() * (most - least);

// Killing

type Process = { pid: number; does: string };

/** Processes of the site: those that were told its data directory, or work in it. */
async function processesOf(dataDir: string): Promise<Process[]> {
  const pids = (await readdir('/proc')).filter(
    (entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid,
  );
  const found = await Promise.all(
    pids.map(async (pid) => {
      const [line, variables] = await Promise.all([
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
        readFile(`/proc/${pid}/environ`, 'latin1').catch(() => ''),
      ]);
      const isOurs = variables.includes(`DATA_DIR=${dataDir}\0`) || line.includes(dataDir);
      return isOurs && line ? [{ pid: Number(pid), does: line.replaceAll('\0', ' ').trim() }] : [];
    }),
  );
  return found.flat();
}

const does: Record<Exclude<Victim, 'supervisor'>, RegExp> = {
  worker: /server\/worker\.ts/,
  build: /jobs\/(?:build|try)-release\.ts/,
  'job runner': /server\/job-runner\.ts/,
};

/** Kills one; waits for it to be there. Returns what was done, in words. */
async function strike(world: World, victim: Victim): Promise<string> {
  const { site, report } = world;
  if (victim === 'supervisor') {
    const before = await processesOf(site.dataDir);
    world.isDown = true;
    const began = performance.now();
    await site.restart();
    await untilAnswering(site.url);
    const ms = Math.round(performance.now() - began);
    world.isDown = false;
    world.hurtAt = performance.now();
    report.awayMs.push(ms);
    report.killed.supervisor += 1;
    await orphansAfter(report, site.dataDir, new Set(before.map(({ pid }) => pid)), 'a killed supervisor');
    return `supervisor; answering again after ${ms} ms`;
  }
  for (let turn = 0; turn < 600; turn += 1) {
    const there = (await processesOf(site.dataDir)).filter(({ does: line }) => does[victim].test(line));
    const chosen = there[Math.floor(Math.random() * there.length)];
    if (chosen) {
      if (victim === 'build') await sleep(Math.random() * 1500); // at any of its steps
      if (!killed(chosen.pid)) continue;
      if (victim === 'worker') {
        const now = performance.now();
        if (now < world.hurtAt + startMs) world.noWorkerAt = now;
        world.hurtAt = now;
      }
      report.killed[victim] += 1;
      return `${victim}${victim === 'build' ? ` (${/\w+-release/.exec(chosen.does)?.[0]})` : ''}`;
    }
    await sleep(50);
  }
  throw new Error(`There was no ${victim} for half a minute.`);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function killed(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false; // it has ended by itself
  }
}

/** Waits until pages and forms are answered, with a status of their own. */
async function untilAnswering(url: string) {
  const deadline = performance.now() + 60_000;
  for (const page of ['/', onDemand])
    for (;;) {
      const answer = await ask(url + page).catch(() => undefined);
      if (answer?.status === 200) break;
      if (performance.now() > deadline) throw new Error(`${page} is not answered after a minute.`);
      await sleep(25);
    }
}

/** Processes of the site that are still there ten seconds after they should have ended; of all, or of `once`. */
async function orphansAfter(
  report: FaultReport,
  dataDir: string,
  once: ReadonlySet<number>,
  what: string,
): Promise<void> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    const left = (await processesOf(dataDir)).filter(({ pid }) => once.size === 0 || once.has(pid));
    if (left.length === 0) return;
    if (performance.now() > deadline) {
      for (const { pid, does: line } of left)
        report.orphans.push(`${pid} after ${what}: ${line.slice(0, 200)}`);
      return;
    }
    await sleep(100);
  }
}

// Reading

type KnownPages = {
  /** Whether a kept release has, or had, this page with this text. */
  has(page: string, text: string): Promise<boolean>;
  look(): Promise<void>;
  /** What is wrong with releases that were seen: their pages are not of one content. */
  torn: string[];
  seen: Set<string>;
};

const printOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** The pages of every release that ever had its name, by what they say. */
function knownPages(dataDir: string): KnownPages {
  const releases = path.join(dataDir, 'releases');
  const seen = new Set<string>();
  const pages = new Map(marked.map((page) => [page, new Set<string>()]));
  const torn: string[] = [];

  async function look() {
    for (const id of (await readdir(releases).catch(() => [])).filter(isReleaseId)) {
      if (seen.has(id)) continue;
      const texts = await Promise.all(
        marked.map((page) =>
          readFile(path.join(releases, id, 'client', page, 'index.html'), 'utf8').catch(() => undefined),
        ),
      );
      if (texts.some((text) => text === undefined)) {
        const isThere = (await readdir(releases)).includes(id);
        if (isThere) torn.push(`${id} has not all of its pages.`);
        continue;
      }
      seen.add(id);
      const numbers = texts.map((text) => [...nameIn(text!)].sort().join(' and '));
      if (new Set(numbers).size > 1) torn.push(`The pages of ${id} say ${numbers.join(', ')}.`);
      for (const [place, page] of marked.entries()) pages.get(page)!.add(printOf(texts[place]!));
    }
  }

  return {
    torn,
    seen,
    look,
    async has(page, text) {
      const print = printOf(text);
      if (pages.get(page)!.has(print)) return true;
      await look();
      return pages.get(page)!.has(print);
    },
  };
}

async function watchReleases(world: World) {
  while (!world.isOver) {
    await world.known.look();
    await sleep(100);
  }
}

/** Waits until a release goes live that was not there yet; that none does in three minutes is a fault. */
async function untilAnotherRelease({ site, known, report }: World) {
  const before = known.seen.size;
  const deadline = performance.now() + 180_000;
  while (known.seen.size === before || (await liveState(site.dataDir)).moving !== null) {
    if (performance.now() > deadline) {
      report.lostWrites.push('nothing that was saved became live in three minutes without a kill');
      return;
    }
    await sleep(50);
  }
}

/** Long enough for a request that was on its way to a process when that was killed. */
const cutOffMs = 1500;
/** Long enough for a worker to start on a busy machine. */
const startMs = 15_000;
const longAgo = 3_600_000;

/** A visitor who reads one page after the other, and looks whether each answer is that of one whole release. */
async function read(world: World) {
  const { site, report, known } = world;
  const pages = [...marked, onDemand];
  for (let turn = 0; !world.isOver; turn += 1) {
    const page = pages[turn % pages.length]!;
    const began = performance.now();
    try {
      const { status, body } = await ask(site.url + page);
      report.reads += 1;
      const isRight =
        status === 200 &&
        (page === onDemand ? body.trimEnd().endsWith('</html>') : await known.has(page, body));
      if (!isRight)
        report.wrongAnswers.push(`${page}: ${status}, ${body.length} bytes: ${body.slice(0, 80)}`);
    } catch (error) {
      const isExcused =
        world.isDown ||
        performance.now() < world.hurtAt + cutOffMs ||
        began < world.hurtAt + cutOffMs ||
        // With every worker dead at once, `node:cluster` closes the port until the first is back.
        began < world.noWorkerAt + startMs;
      if (isExcused) report.cutOff += 1;
      else report.failedReads.push(`${page}: ${(error as Error).message}`);
    }
    await sleep(40);
  }
}

// Writing

type Person = { id: Id<'usr'>; place: number; cookie?: string; liveSession: Id<'ses'> };

/** What people were told is done. */
class Told {
  answered = new Set<Person>();
  /** The number that a person’s profile was said to have, and those sent later that had no answer. */
  profiles = new Map<Person, { kept: number; maybe: Set<number> }>();
  /** Commits of the saves that were acknowledged, in their order, and the last number. */
  saves: { number: number; commit: string }[] = [];
}

async function addEverybody(db: Db, count: number): Promise<Person[]> {
  const now = new Date();
  const ids = await addPeople(db, now, count);
  await addMembers(db, now, slug);
  await inBatches(ids, (batch) =>
    db.write(async (tx) => {
      const created = { createdAt: now };
      await tx
        .insert(roleGrants)
        .values(
          batch.map((userId) => ({ id: newId('rol', now), userId, role: 'member' as const, ...created })),
        );
      await tx.insert(communityMembers).values(
        batch.map((userId) => ({
          ...{ userId, communitySlug: slug, state: 'joined' as const },
          ...{ since: now, ...created },
        })),
      );
    }),
  );
  const liveSession = await addLiveSession(db, now, slug);
  return ids.map((id, place) => ({ id, place, liveSession }));
}

/** People who come one after the other: each signs in, says going, and changes their profile; then they all come again. */
async function write(world: World, told: Told, people: readonly Person[], lane: number) {
  const { writes, wrongAnswers } = world.report;
  const mine = people.filter(({ place }) => place % 2 === lane);
  for (let turn = 0; !world.isOver; turn += 1) {
    const person = mine[turn % mine.length]!;
    if (!person.cookie) {
      const fields = { email: addressOf(person.place), password: benchPassword, next: '' };
      const answer = await send(world, person, '/sign-in', fields);
      if (!answer) return;
      const cookie = cookieFrom(answer, 'login');
      if (answer.status !== 303 || !cookie) {
        wrongAnswers.push(`sign-in of ${person.place}: ${answer.status}`);
        continue;
      }
      person.cookie = cookie;
      writes.signIns += 1;
    }
    if (!told.answered.has(person)) {
      const answer = await send(world, person, `/live-sessions/${person.liveSession}/rsvp`, {
        answer: 'going',
      });
      if (!answer) return;
      if (isTo(answer, 'done=rsvp-going')) {
        told.answered.add(person);
        writes.answers += 1;
      } else
        wrongAnswers.push(`answer of ${person.place}: ${answer.status} ${answer.headers.get('location')}`);
    }
    const number = turn + 1;
    const profile = told.profiles.get(person) ?? { kept: 0, maybe: new Set() };
    told.profiles.set(person, profile);
    profile.maybe.add(number);
    const answer = await send(world, person, '/me/profile', profileOf(person, number));
    if (!answer) return;
    if (isTo(answer, 'done=profile')) {
      profile.kept = number;
      profile.maybe = new Set();
      writes.profiles += 1;
    } else
      wrongAnswers.push(`profile of ${person.place}: ${answer.status} ${answer.headers.get('location')}`);
    await sleep(100);
  }
}

const isTo = (answer: Response, end: string) =>
  answer.status === 303 && (answer.headers.get('location')?.endsWith(end) ?? false);

function profileOf({ place }: Person, number: number): Record<string, string> {
  const links = [1, 2, 3, 4, 5].flatMap((at) => [
    [`link${at}Label`, ''],
    [`link${at}Url`, ''],
  ]);
  return {
    name: `Person ${place + 1}`,
    jobTitle: `Writer ${number}`,
    ...{ subjects: '', workplace: '', about: '', country: '', timeZone: 'Asia/Shanghai' },
    ...Object.fromEntries(links),
    ...Object.fromEntries(audienceFields.map((field) => [field, 'members'])),
  };
}

const audienceFields = profileParts.map((part) => `${part}For`);

/** Sends a form until it is answered; undefined when all is over. A page that says “come again” is no answer. */
async function send(
  world: World,
  { place, cookie }: Person,
  address: string,
  fields: Record<string, string>,
): Promise<Response | undefined> {
  const sender = { address: `10.1.${place >> 8}.${place & 255}`, ...(cookie && { cookie }) };
  while (!world.isOver) {
    const answer = await postForm(world.site.url + address, fields, sender).catch(() => undefined);
    await answer?.arrayBuffer().catch(() => {}); // what counts is its head
    if (answer && answer.status !== 503) return answer;
    world.report.writes.unanswered += 1;
    await sleep(100);
  }
  return undefined;
}

/** An editor who gives the community another name again and again, in the CMS. */
async function edit(world: World, told: Told) {
  const { site, plan, report } = world;
  const shipped = (await fileAt(site.contentDir, 'main', entry))!.toString();
  const random = randomFrom(plan.seed + 1);
  let cookie = '';
  const headers = () => ({
    'Content-Type': 'application/json',
    'no-cors': '1',
    Origin: site.url,
    Cookie: cookie,
  });
  const trySave = async (number: number): Promise<string | undefined> => {
    const signal = AbortSignal.timeout(30_000);
    const tree = await fetch(`${site.url}/api/keystatic/tree`, {
      headers: headers(),
      redirect: 'manual',
      signal,
    });
    await tree.arrayBuffer();
    const version = tree.headers.get('content-version');
    if (tree.status !== 200 || !version) {
      const fields = { email: editor, password, next: '' };
      const signedIn = await postForm(`${site.url}/sign-in`, fields, { address: '10.9.9.9' });
      cookie = cookieFrom(signedIn, 'login') ?? '';
      return undefined;
    }
    const text = shipped.replace(/^name: .*$/m, `name: ${name} ${number}`);
    const answer = await fetch(`${site.url}/api/keystatic/update`, {
      method: 'POST',
      headers: { ...headers(), 'content-version': version },
      body: JSON.stringify({
        additions: [{ path: `content/${entry}`, contents: Buffer.from(text).toString('base64') }],
        deletions: [],
      }),
      signal,
    });
    const said = await answer.text();
    if (answer.status === 200) return answer.headers.get('content-version')?.split('@')[1];
    if (answer.status !== 503)
      report.wrongAnswers.push(`save ${number}: ${answer.status} ${said.slice(0, 100)}`);
    return undefined;
  };
  for (let number = 1; !world.isOver; number += 1) {
    let commit: string | undefined;
    while (!commit && !world.isOver) {
      commit = await trySave(number).catch(() => undefined);
      if (commit) continue;
      report.writes.unanswered += 1;
      await sleep(150);
    }
    if (!commit) return;
    told.saves.push({ number, commit });
    report.writes.saves += 1;
    await sleep(between(random, plan.savesMs));
  }
}

// What is left

async function untilLive({ site, known }: World, told: Told) {
  const last = told.saves.at(-1)?.number;
  const deadline = performance.now() + 180_000;
  for (;;) {
    const [answers, progress] = await Promise.all([
      Promise.all(marked.map((page) => ask(site.url + page).catch(() => undefined))),
      publishingProgress(site.dataDir),
    ]);
    const isLive = answers.every(
      (answer) => answer?.status === 200 && Number([...nameIn(answer.body)][0]) >= (last ?? 0),
    );
    if (isLive && progress?.state === 'resting') break;
    if (performance.now() > deadline)
      throw new Error(`Save ${last} is not live after three minutes: ${JSON.stringify(progress)}`);
    await sleep(250);
  }
  await known.look();
  await sleep(1500); // what is over is tidied up
}

async function untilSent(db: Db, isPatient: boolean) {
  const deadline = performance.now() + (isPatient ? 15 : 1) * 60_000;
  while ((await db.read.$count(outbox, inArray(outbox.state, ['waiting', 'sending']))) > 0) {
    if (performance.now() > deadline) {
      const left = await db.read
        .select()
        .from(outbox)
        .where(inArray(outbox.state, ['waiting', 'sending']));
      throw new Error(`Mails still wait: ${JSON.stringify(left[0])}`);
    }
    if (!isPatient) {
      const retryNow = { nextAttemptAt: new Date(0) };
      await db.write((tx) => tx.update(outbox).set(retryNow).where(eq(outbox.state, 'waiting')));
    }
    await sleep(250);
  }
}

async function inspect(
  { site, report, known }: World,
  told: Told,
  people: readonly Person[],
  resend: FakeResend,
) {
  const { db, dataDir, contentDir } = site;
  report.releases = known.seen.size;
  report.wrongAnswers.push(...known.torn);
  report.mails = resend.delivered.size;
  report.damage.push(...(await damageIn(`file:${path.join(dataDir, 'peersphere.db')}`)));
  report.lostWrites.push(...(await lostWrites(db, told, people)));
  report.contentDamage.push(...(await contentDamage(contentDir, told)));
  report.leftovers.push(...(await leftoversIn(dataDir)));

  const mails = await db.read
    .select({ id: outbox.id, to: outbox.to, kind: outbox.kind, state: outbox.state })
    .from(outbox);
  const confirmed = new Set(mails.filter(({ kind }) => kind === 'rsvp-confirmed').map(({ to }) => to));
  for (const { place } of told.answered)
    if (!confirmed.has(addressOf(place)))
      report.lostWrites.push(`${addressOf(place)} was sent no confirmation`);
  for (const { id, kind, state } of mails)
    if (state !== 'sent' || !resend.delivered.has(id)) report.undelivered.push(`${id} (${kind}) is ${state}`);
  const keysOf = new Map<string, Set<string>>();
  for (const { key, mail } of resend.calls) {
    const identity = JSON.stringify([mail.to, mail.subject, mail.text]);
    keysOf.set(identity, (keysOf.get(identity) ?? new Set()).add(key));
  }
  for (const [mail, keys] of keysOf) if (keys.size > 1) report.deliveredTwice.push(`with two keys: ${mail}`);
  for (const { key, outcome } of resend.calls)
    if (outcome === 'refused') report.deliveredTwice.push(`refused: ${key}`);
}

async function lostWrites(db: Db, told: Told, people: readonly Person[]): Promise<string[]> {
  const going = new Set(
    (await db.read.select({ userId: rsvps.userId }).from(rsvps).where(eq(rsvps.answer, 'going'))).map(
      ({ userId }) => userId,
    ),
  );
  const titles = new Map(
    (await db.read.select({ id: users.id, jobTitle: users.jobTitle }).from(users)).map((user) => [
      user.id,
      user.jobTitle,
    ]),
  );
  const [community] = await db.read
    .select({ name: communities.name })
    .from(communities)
    .where(eq(communities.slug, slug));
  const last = told.saves.at(-1)?.number ?? 0;
  return [
    ...[...told.answered].filter(({ id }) => !going.has(id)).map(({ place }) => `the answer of ${place}`),
    ...people.flatMap((person) => {
      const profile = told.profiles.get(person);
      const title = titles.get(person.id) ?? '';
      const number = Number(/^Writer (\d+)$/.exec(title)?.[1] ?? 0);
      const isKept = !profile || number === profile.kept || profile.maybe.has(number);
      return isKept ? [] : [`the profile of ${person.place}: ${title} in place of Writer ${profile.kept}`];
    }),
    ...(Number(/\d+$/.exec(community?.name ?? '')?.[0] ?? 0) >= last
      ? []
      : [`the database knows the community as ${community?.name}, saved last was ${last}`]),
  ];
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

async function contentDamage(contentDir: string, told: Told): Promise<string[]> {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', contentDir, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim();
  const history = new Set(git('rev-list', 'main').split('\n'));
  const [head, last] = [await headOf(contentDir), told.saves.at(-1)];
  const number = Number([...nameIn((await fileAt(contentDir, 'main', entry))?.toString() ?? '')][0] ?? 0);
  return [
    ...told.saves.filter(({ commit }) => !history.has(commit)).map((save) => `save ${save.number} is lost`),
    // The answer to the very last save may have been cut off; then it is there, and one later than what was acknowledged.
    ...(last && head !== last.commit && number !== last.number + 1
      ? [`main is at save ${number}, acknowledged was ${last.number}`]
      : []),
    ...git('fsck', '--full', '--strict', '--no-dangling').split('\n').filter(Boolean),
    ...git('status', '--porcelain', '--untracked-files=no').split('\n').filter(Boolean),
  ];
}

/** What nobody needs any more, and kept releases that are not whole. */
async function leftoversIn(dataDir: string): Promise<string[]> {
  const [releases, publishing] = [path.join(dataDir, 'releases'), path.join(dataDir, 'publishing')];
  const found: string[] = [];
  for (const item of await readdir(releases))
    if (!isReleaseId(item) && item !== 'current' && item !== 'node_modules') found.push(`releases/${item}`);
  for (const item of await readdir(publishing, { recursive: true }))
    if (/\.tmp$/.test(item) || /^requests\/./.test(item)) found.push(`publishing/${item}`);
  for (const item of await readdir(path.join(dataDir, 'content', '.git')))
    if (/^scratch-|\.lock$/.test(item)) found.push(`content/.git/${item}`);
  const kept = await keptReleasesIn(dataDir);
  if (kept.length > 5) found.push(`${kept.length} releases`);
  for (const { id, content } of kept) {
    const folder = path.join(releases, id);
    if ((await contentFingerprint(path.join(folder, 'content'))) !== content)
      found.push(`${id} has other content`);
    const list = JSON.parse(await readFile(path.join(folder, 'files.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    const there = new Set(await readdir(folder, { recursive: true }));
    const missing = Object.keys(list).filter((file) => !there.has(file));
    if (missing.length > 0) found.push(`${id} has no ${missing[0]}, and ${missing.length - 1} more`);
  }
  const { live, moving } = await liveState(dataDir);
  const current = await readlink(path.join(releases, 'current'));
  if (moving || live?.release !== current) found.push(`state says ${live?.release}, current is ${current}`);
  return found;
}
