import AxeBuilder from '@axe-core/playwright';
import { eq } from 'drizzle-orm';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { roleGrants } from '../../db/schema/accounts.ts';
import { liveSessions, rsvps } from '../../db/schema/live-sessions.ts';
import { uploadMeetingFile } from '../../src/domains/attendance/imports.ts';
import { confirmSheet, markByHand } from '../../src/domains/attendance/marks.ts';
import { giveCode } from '../../src/domains/attendance/records.ts';
import { answerSurvey } from '../../src/domains/communities/survey.ts';
import { rsvp } from '../../src/domains/live-sessions/rsvp.ts';
import { rsvpUrl } from '../../src/domains/live-sessions/rsvp-links.ts';
import type { Id } from '../../src/platform/ids.ts';
import { useSchool } from '../activation.ts';
import { zoomReport } from '../attendance.ts';
import { newPage, type PageOptions, useBrowser } from '../browser.ts';
import type { TestDatabase } from '../database.ts';
import { addLiveSession, addMembers } from '../live-sessions.ts';
import { makeUser, signInAs, siteDb, type TestUser, usePortal } from '../portal.ts';

useBrowser();
usePortal();

type Who = 'member' | 'host' | 'ta' | 'sam' | 'staff';

type PageType = {
  name: string;
  path: string;
  /** Who looks at it; somebody signed out where left out. */
  as?: Who;
  options?: PageOptions;
  prepare?: (page: Page) => Promise<void>;
};

const resultsFor = async (page: Page, words: string) => {
  await page.getByRole('searchbox').fill(words);
  await page.getByRole('status').filter({ hasText: /page/ }).waitFor();
};

const pageTypes: PageType[] = [
  { name: 'the home page', path: '/', prepare: (page) => listed(page) },
  { name: 'the communities', path: '/communities' },
  {
    name: 'the communities when none fits',
    path: '/communities?q=zzzz',
    prepare: (page) => page.getByText('Nothing fits all of these filters.').waitFor(),
  },
  { name: 'the page of an area', path: '/communities/area/pastoral' },
  { name: 'a community', path: '/communities/school-librarians' },
  { name: 'the handbooks', path: '/handbooks' },
  { name: 'a handbook', path: '/handbooks/members' },
  { name: 'a handbook page with a table and steps', path: '/handbooks/hosts/session-checklist' },
  { name: 'a handbook page with questions', path: '/handbooks/members/questions-and-answers' },
  { name: 'a handbook to print', path: '/handbooks/sams/print' },
  { name: 'the resources', path: '/resources' },
  { name: 'an article', path: '/resources/three-networks-every-educator-needs' },
  {
    name: 'a template',
    path: '/resources/support-group-invitation-text',
    prepare: (page) => page.getByRole('button', { name: 'Copy' }).first().waitFor(),
  },
  { name: 'a recording', path: '/resources/watch-a-live-session-take-shape' },
  { name: 'a members’ resource', path: '/resources/vendor-data-review-starter' },
  { name: 'the reading room of a members’ resource', path: '/resources/vendor-data-review-starter/read' },
  { name: 'how it works', path: '/how-it-works' },
  { name: 'membership', path: '/membership' },
  { name: 'contact', path: '/contact' },
  { name: 'privacy', path: '/privacy' },
  {
    name: 'search with results',
    path: '/search',
    prepare: (page) => resultsFor(page, 'time zones'),
  },
  {
    name: 'search without a result',
    path: '/search?q=zzzzqq',
    prepare: (page) => page.getByText('Nothing found').waitFor(),
  },
  {
    name: 'the search dialog',
    path: '/',
    prepare: async (page) => {
      await page.keyboard.press('/');
      await resultsFor(page, 'RSVP');
    },
  },
  { name: 'a page that is not there', path: '/no-such-page', options: { expected: /404/ } },
];

/** Paths of `world` that are known only once it is made. */
const liveSession = (name: string) => `/live-sessions/:${name}`;
const hub = '/communities/music-teachers/hub';
const listed = (page: Page) => page.locator('[data-live-sessions] .live-session').first().waitFor();

const portalPageTypes: PageType[] = [
  { name: 'a community with answers', path: '/communities/music-teachers', as: 'member', prepare: listed },
  { name: 'the public calendar', path: '/sessions' },
  { name: 'the public calendar without a date', path: '/sessions?community=no-such' },
  { name: 'all communities', path: '/me/communities', as: 'member' },
  { name: 'the calendar', path: '/me/calendar', as: 'member' },
  { name: 'the calendar of a month', path: '/me/calendar?view=month', as: 'member' },
  { name: 'the past in the calendar', path: '/me/calendar?view=past', as: 'member' },
  { name: 'the calendar of somebody in no community', path: '/me/calendar', as: 'staff' },
  { name: 'the address of a calendar', path: '/me/calendar/subscribe', as: 'member' },
  {
    name: 'a new address of a calendar',
    path: '/me/calendar/subscribe',
    as: 'member',
    prepare: (page) => page.getByRole('button', { name: /^(?:Make|Replace) the address$/ }).click(),
  },
  { name: 'a live session, signed out', path: liveSession('ahead') },
  { name: 'a live session to which one goes', path: liveSession('ahead'), as: 'member' },
  { name: 'a live session that one runs', path: liveSession('ahead'), as: 'host' },
  { name: 'a live session for which one waits', path: liveSession('full'), as: 'member' },
  { name: 'a cancelled live session', path: liveSession('cancelled'), as: 'member' },
  { name: 'a live session with a recording', path: liveSession('recorded'), as: 'member' },
  { name: 'the answer to a live session', path: `${liveSession('ahead')}/rsvp?answer=going`, as: 'host' },
  { name: 'an answer by mail', path: ':rsvp' },
  { name: 'an answer by a broken link', path: '/rsvp/nothing', options: { expected: /404/ } },
  { name: 'a hub', path: hub, as: 'member' },
  { name: 'the live sessions of a hub', path: `${hub}/live-sessions`, as: 'member' },
  { name: 'the resources of a hub', path: `${hub}/resources`, as: 'member' },
  { name: 'the members of a hub', path: `${hub}/members`, as: 'member' },
  { name: 'a welcome survey', path: `${hub}/survey`, as: 'member' },
  { name: 'responses to a welcome survey', path: `${hub}/survey/responses`, as: 'host' },
  { name: 'questions of a welcome survey', path: `${hub}/survey/questions`, as: 'host' },
  { name: 'a hub that is not open', path: '/communities/school-psychologists/hub', as: 'member' },
  { name: 'live sessions that one plans', path: '/host', as: 'host' },
  { name: 'a plan', path: '/host/live-sessions/new', as: 'host' },
  {
    name: 'a plan that was refused',
    path: '/host/live-sessions/new',
    as: 'host',
    options: { expected: /422/ },
    prepare: async (page) => {
      await page.locator('main form button').last().click();
      await page.getByRole('alert').waitFor();
    },
  },
  { name: 'the change of a plan', path: `/host${liveSession('ahead')}/edit`, as: 'host' },
  { name: 'live sessions for staff', path: '/staff/live-sessions', as: 'staff' },
];

/** Reads a file into the sheet that is no attendance report. */
async function readWrongFile(page: Page) {
  const buffer = Buffer.from('Product,Price\nBook,12\n');
  await page.locator('[name=file]').setInputFiles({ name: 'prices.csv', mimeType: 'text/csv', buffer });
  await page.getByRole('button', { name: 'Read the file' }).click();
  await page.getByRole('alert').waitFor();
}

const sheet = `${liveSession('recorded')}/attendance`;

const attendancePageTypes: PageType[] = [
  { name: 'the dashboard of a SAM', path: '/sam/:school', as: 'sam' },
  { name: 'the dashboard of a school that nobody has joined', path: '/sam/:empty', as: 'sam' },
  { name: 'Session Attendance', path: '/sam/:school/attendance', as: 'sam' },
  { name: 'the charts of a school', path: '/sam/:school/charts', as: 'sam' },
  { name: 'the charts of a school that nobody has joined', path: '/sam/:empty/charts', as: 'sam' },
  { name: 'nudges', path: '/sam/:school/nudges?kind=answer', as: 'sam' },
  { name: 'the removal of a member', path: '/sam/:school/remove/:user', as: 'sam' },
  { name: 'a launch kit', path: '/sam/:school/launch-kit', as: 'sam' },
  { name: 'the first five steps to print', path: '/sam/:school/launch-kit/guide', as: 'sam' },
  { name: 'a slide deck', path: '/sam/:school/launch-kit/deck', as: 'sam' },
  { name: 'the attendance desk', path: '/attendance', as: 'ta' },
  { name: 'the attendance of a live session', path: sheet, as: 'ta' },
  {
    name: 'a file that was refused',
    path: sheet,
    as: 'ta',
    options: { expected: /422/ },
    prepare: readWrongFile,
  },
  { name: 'a file with people who are nobody yet', path: `${sheet}/import/:file`, as: 'ta' },
  { name: 'a record of professional development', path: '/me/record', as: 'member' },
  { name: 'a record that somebody checks', path: '/record/:code' },
];

const people: Partial<Record<Who, TestUser>> = {};
const paths: Record<string, string> = {};

/** A member of one community who goes, waits and was, its host, staff, and twelve more who go. */
beforeAll(async () => {
  const [db, now, slug] = [await siteDb(), new Date(), 'music-teachers'];
  const [member, host] = [await makeUser([['member']]), await makeUser([['host', slug]])];
  Object.assign(people, { member, host, staff: await makeUser([['staff']]) });
  const others = await Promise.all(
    ['王小明', 'Ngozi Featheringstonehaugh-Okonkwo'].map((name) => makeUser([['member']], name)),
  );
  await addMembers(
    db,
    now,
    slug,
    [member, ...others].map(({ id }) => id),
  );
  const long =
    'Reading for pleasure in a multilingual school: what we tried, dropped and would never do again';
  const ids = {
    ahead: await addLiveSession(db, now, slug, { title: long, details: 'Bring one book.' }),
    full: await addLiveSession(db, now, slug, { title: '安静的角落 Quiet corners', capacity: 2 }),
    cancelled: await addLiveSession(db, now, slug, { state: 'cancelled', cancelReason: 'The host is ill.' }),
    recorded: await addLiveSession(db, now, slug, {
      state: 'recorded',
      startsAt: new Date(now.getTime() - 9 * 86_400_000),
      recordingUrl: 'https://video.example.test/1',
    }),
  };
  for (const who of [...others, member])
    for (const id of [ids.ahead, ids.full]) await rsvp({ db, now }, who, id, 'going');
  await db.write((tx) =>
    tx.insert(rsvps).values({
      ...{ liveSessionId: ids.recorded, userId: member.id, answer: 'going' },
      ...{ createdAt: now, updatedAt: now },
    }),
  );
  for (const [name, id] of Object.entries(ids)) paths[name] = id;
  await answerSurvey({ db, now }, member, slug, { experience: ['Two or three years'] });
  const [first] = others;
  const expiresAt = new Date(now.getTime() + 86_400_000);
  const link = { userId: first!.id, liveSessionId: ids.ahead, answer: 'maybe', expiresAt } as const;
  paths['rsvp'] = new URL(rsvpUrl(link)).pathname;
});

/** Their school with its SAM, the attendance of the live session that was recorded, and a file that waits. */
beforeAll(async () => {
  const [db, now] = [(await siteDb()) as TestDatabase, new Date()];
  const years = { membershipStartsOn: '2020-01-01', membershipEndsOn: '2040-12-31' };
  const [{ schoolId }, empty] = [
    await useSchool({ name: 'Persimmon Gate School', ...years }, db),
    await useSchool({ name: 'Quince Hill School', ...years }, db),
  ];
  const sam = await makeUser([
    ['member', schoolId],
    ['sam', schoolId],
    ['sam', empty.schoolId],
  ]);
  const ta = await makeUser([['ta']]);
  const colleagues = await Promise.all(
    ['周小燕', 'Aurelio Brightwater-Okonjo', 'Bea Sample'].map((name) =>
      makeUser([['member', schoolId]], name),
    ),
  );
  const earlier = new Date(now.getTime() - 60 * 86_400_000);
  const ids = colleagues.map(({ id }) => id);
  await addMembers(db, earlier, 'music-teachers', ids);
  await db.write((tx) =>
    tx.update(roleGrants).set({ createdAt: earlier }).where(eq(roleGrants.scopeId, schoolId)),
  );
  const recorded = paths['recorded'] as Id<'ses'>;
  const ofRound = { seasonSlug: '2026-27', round: 1 };
  await db.write((tx) => tx.update(liveSessions).set(ofRound).where(eq(liveSessions.id, recorded)));
  const taker = { ...ta, grants: [{ role: 'ta', scopeId: '' }] } as const;
  const member = people.member!;
  await markByHand({ db, now }, taker, recorded, [
    { userId: ids[0]!, mark: 'live', minutes: 88 },
    { userId: ids[1]!, mark: 'recording', minutes: null },
    { userId: member.id, mark: 'live', minutes: 90 },
  ]);
  await confirmSheet({ db, now }, taker, recorded);
  const bytes = zoomReport(new Date(now.getTime() - 9 * 86_400_000), [
    { name: 'Aurelio B.', minutes: 71 },
    { name: 'iPad of the library', minutes: 12 },
    { name: member.name, email: member.email, minutes: 80 },
  ]);
  const read = await uploadMeetingFile({ db, now }, taker, recorded, { name: 'participants.csv', bytes });
  const given = await giveCode({ db, now }, member, { title: 'Everything', fromAt: null, untilAt: null });
  if ('refused' in read || 'refused' in given) throw new Error('The attendance could not be prepared.');
  Object.assign(people, { sam, ta });
  const made = {
    school: schoolId,
    empty: empty.schoolId,
    user: ids[2]!,
    file: read.importId,
    code: given.code,
  };
  Object.assign(paths, made);
});

const narrow = { width: 320, height: 720 };
const wide = { width: 1280, height: 900 };

/** Opens a page type with everything on it unfolded, ready to look at. */
async function open({ path, as, options, prepare }: PageType, more: PageOptions) {
  const page = await newPage({ ...options, ...more });
  if (as) await signInAs(page, people[as]!);
  await page.goto(path.replace(/:(\w+)/g, (_, name: string) => paths[name]!));
  await prepare?.(page);
  await page.evaluate(() => {
    for (const details of document.querySelectorAll<HTMLDetailsElement>('main details')) details.open = true;
  });
  return page;
}

async function violations(page: Page) {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const found = await new AxeBuilder({ page }).withTags(tags).analyze();
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

/** What is wrong with the page as it stands, each with the rule that it breaks. */
async function problems(page: Page) {
  const { width } = page.viewportSize()!;
  const scrolled = await page.evaluate(() => document.documentElement.scrollWidth);
  return [
    ...(await violations(page)),
    ...(scrolled > width ? [`scrolls sideways: ${scrolled} px wide`] : []),
    ...(width === narrow.width ? await page.evaluate(smallTargets) : []).map(
      (target) => `smaller than 24 px: ${target}`,
    ),
  ];
}

const looks = [
  { colorScheme: 'light', viewport: wide },
  { colorScheme: 'dark', viewport: narrow },
] as const;

/** Resolves once the page was drawn: media queries learn of a new width with the next frame. Runs in the page. */
const settled = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

/** What is wrong with a page in each look, by its colours. It is opened once and changes its look as a device that is turned. */
async function problemsInEachLook(page: Page) {
  const found: Record<string, string[]> = {};
  for (const { colorScheme, viewport } of looks) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await page.evaluate(settled);
    found[colorScheme] = await problems(page);
  }
  return found;
}

test.each([...pageTypes, ...portalPageTypes, ...attendancePageTypes])(
  'nothing is wrong with $name, wide and light or narrow and dark',
  async (pageType) => {
    const page = await open(pageType, looks[0]);
    expect(await problemsInEachLook(page)).toEqual({ light: [], dark: [] });
  },
);

test.each(['light', 'dark'] as const)(
  'nothing is wrong with the open menu of a narrow page when it is %s',
  async (colorScheme) => {
    const page = await newPage({ colorScheme, viewport: narrow });
    await page.goto('/');
    await page.getByRole('banner').getByText('Menu').click();
    expect(await violations(page)).toEqual([]);
  },
);

/**
 * Targets below 24 by 24 CSS px (WCAG 2.2, 2.5.8). Measured by what a press would hit, so that a link that covers its
 * card counts as its card. Runs in the page.
 */
function smallTargets(): string[] {
  const half = 11.9;
  const scope = document.querySelector('dialog[open]') ?? document.body;
  return [...scope.querySelectorAll<HTMLElement>('a[href], button, input, select, summary')]
    .filter((target) => target.checkVisibility({ visibilityProperty: true }))
    .filter((target) => !target.matches('.skip')) // off the page until it has focus
    .filter((target) => innerWidth > 736 || !target.closest('.table thead')) // off a narrow one until then
    .filter((target) => !target.closest('[aria-hidden="true"]')) // off the page, for programs
    .filter((target) => !isInSentence(target))
    .filter((target) => !isHitAround(target))
    .map((target) => `${target.outerHTML.slice(0, 120)} ${JSON.stringify(target.getBoundingClientRect())}`);

  function isHitAround(target: HTMLElement) {
    target.scrollIntoView({ block: 'center', behavior: 'instant' });
    const hits = [target, ...((target as HTMLInputElement).labels ?? [])]; // a press on its label counts
    return hits.some((hit) => [...hit.getClientRects()].some((line) => isHitAroundMiddle(hits, line)));
  }

  function isHitAroundMiddle(hits: HTMLElement[], { left, right, top, bottom }: DOMRect) {
    const [x, y] = [(left + right) / 2, (top + bottom) / 2];
    const corners = [
      [x - half, y - half],
      [x + half, y - half],
      [x - half, y + half],
      [x + half, y + half],
    ] as const;
    return corners.every((corner) => hits.some((hit) => hit.contains(document.elementFromPoint(...corner))));
  }

  function isInSentence(target: HTMLElement) {
    if (getComputedStyle(target).display !== 'inline') return false;
    let block = target.parentElement!;
    while (getComputedStyle(block).display === 'inline') block = block.parentElement!;
    const around = [...block.childNodes]
      .filter((node) => !(node instanceof Element) || getComputedStyle(node).display === 'inline')
      .map((node) => node.textContent)
      .join('');
    return /\p{L}/u.test(around.replace(target.textContent, ''));
  }
}

describe('by keyboard', () => {
  test('the first stop leads past the header, into the content', async () => {
    const page = await newPage();
    await page.goto('/communities');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('MAIN');
  });

  test('the link past the header is seen when it has focus', async () => {
    const page = await newPage();
    await page.goto('/');
    await page.keyboard.press('Tab');
    const box = await page.getByRole('link', { name: 'Skip to the content' }).boundingBox();
    expect(box?.y).toBeGreaterThanOrEqual(0);
  });

  test.each([narrow, wide])('each stop on the home page shows its focus at $width px', async (viewport) => {
    const page = await newPage({ viewport });
    await page.goto('/');
    const stops = await page.evaluate(
      () =>
        [...document.querySelectorAll<HTMLElement>('a[href], button, input, select, summary')].filter(
          (stop) => stop.checkVisibility(),
        ).length,
    );
    const unseen: string[] = [];
    for (let stop = 0; stop < stops; stop++) {
      await page.keyboard.press('Tab');
      const plain = await page.evaluate(() => {
        const focused = document.activeElement as HTMLElement;
        const { outlineStyle, outlineWidth } = getComputedStyle(focused);
        const shows = outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
        return shows && focused !== document.body ? undefined : focused.outerHTML.slice(0, 120);
      });
      if (plain) unseen.push(plain);
    }
    expect(unseen).toEqual([]);
  });
});

describe('for somebody who asked for less motion', () => {
  const countAnimated = (page: Page) =>
    page.evaluate(
      () =>
        [...document.querySelectorAll('*')].filter((element) => {
          const { transitionDuration, animationDuration } = getComputedStyle(element);
          return [transitionDuration, animationDuration]
            .flatMap((durations) => durations.split(','))
            .some((duration) => Number.parseFloat(duration) > 0.001);
        }).length,
    );

  test('nothing on a page moves', async () => {
    const page = await newPage({ reducedMotion: 'reduce' });
    await page.goto('/');
    expect(await countAnimated(page)).toBe(0);
  });

  test.each([
    { reducedMotion: 'reduce', wish: 'cut', transition: false },
    { reducedMotion: 'no-preference', wish: 'fade for everybody else', transition: true },
  ] as const)('pages $wish', async ({ reducedMotion, transition }) => {
    const page = await newPage({ reducedMotion });
    await page.addInitScript(() => {
      window.addEventListener('pagereveal', (event) => {
        document.documentElement.dataset['transition'] = String(event.viewTransition !== null);
      });
    });
    await page.goto('/');
    await page.getByRole('link', { name: 'Find your community' }).first().click();
    await page.waitForURL('**/communities');
    await expect.poll(() => page.locator('html').getAttribute('data-transition')).toBe(String(transition));
  });
});
