import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { describe, expect, inject, test } from 'vitest';
import { newPage, useBrowser } from '../browser.ts';
import { allResources, type Community, entriesIn, type Resource } from '../content.ts';
import { cookieOf, makeUser, password, usePortal } from '../portal.ts';

useBrowser();
usePortal();

const resources = allResources();
const communities = entriesIn<Community>('communities');
const membersOnly = entriesIn<Resource>('member-resources');
const locked = membersOnly.find(({ slug }) => slug === 'vendor-data-review-starter')!;

const titlesWhere = (fits: (resource: Resource) => boolean) =>
  resources
    .filter(fits)
    .map(({ title }) => title)
    .sort();
const shownTitles = async (page: Page) =>
  (await page.getByRole('heading', { level: 3 }).allTextContents()).map((title) => title.trim()).sort();
const chip = (page: Page, filter: 'Kind' | 'Topic' | 'Community', name: string) =>
  page.getByRole('list', { name: filter }).getByRole('link', { name, exact: true });
const words = (page: Page) => page.getByRole('searchbox', { name: 'Words' });

async function library(query = '') {
  const page = await newPage();
  await page.goto(`/resources${query}`);
  await words(page).waitFor();
  return page;
}

async function opened(slug: string, options = {}) {
  const page = await newPage(options);
  await page.goto(`/resources/${slug}`);
  return page;
}

describe('the library', () => {
  test('lists every resource, those for members too', async () => {
    const page = await library();
    expect(await shownTitles(page)).toEqual(titlesWhere(() => true));
  });

  test('narrows to a kind', async () => {
    const page = await library();
    await chip(page, 'Kind', 'Prompts').click();
    expect(await shownTitles(page)).toEqual(titlesWhere(({ kind }) => kind === 'prompt'));
  });

  test('narrows to a topic', async () => {
    const page = await library();
    await chip(page, 'Topic', 'Wellbeing').click();
    expect(await shownTitles(page)).toEqual(titlesWhere(({ topics }) => topics.includes('wellbeing')));
  });

  test('narrows to a community', async () => {
    const page = await library();
    await chip(page, 'Community', 'School Librarians').click();
    expect(await shownTitles(page)).toEqual(
      titlesWhere(({ community }) => community === 'school-librarians'),
    );
  });

  test('narrows to words as they are typed', async () => {
    const page = await library();
    await words(page).pressSequentially('first-meeting');
    const expected = titlesWhere(({ title, summary }) =>
      `${title} ${summary}`.toLowerCase().includes('first-meeting'),
    );
    expect(await shownTitles(page)).toEqual(expected);
  });

  test('narrows to a kind, a topic and words together', async () => {
    const page = await library();
    await chip(page, 'Kind', 'Templates').click();
    await chip(page, 'Topic', 'Support groups').click();
    await words(page).fill('agenda');
    const expected = titlesWhere(
      ({ kind, topics, title, summary }) =>
        kind === 'template' &&
        topics.includes('support-groups') &&
        `${title} ${summary}`.toLowerCase().includes('agenda'),
    );
    expect(await shownTitles(page)).toEqual(expected);
  });

  test('announces how many fit', async () => {
    const page = await library();
    await chip(page, 'Kind', 'Articles').click();
    const count = titlesWhere(({ kind }) => kind === 'article').length;
    expect((await page.getByRole('status').textContent())?.trim()).toBe(`${count} resources`);
  });

  test('announces a single one as one', async () => {
    const page = await library();
    await words(page).fill(locked.title);
    expect((await page.getByRole('status').textContent())?.trim()).toBe('1 resource');
  });

  test('says so when nothing fits', async () => {
    const page = await library();
    await words(page).fill('submarine captains');
    await page.getByText('Nothing fits all of these filters.').waitFor();
  });

  test('filters without loading a page', async () => {
    const page = await library();
    let loads = 0;
    page.on('domcontentloaded', () => loads++);
    await chip(page, 'Kind', 'Guides').click();
    await words(page).fill('host');
    await page.goBack();
    expect(loads).toBe(0);
  });

  test('keeps the choice in the address', async () => {
    const page = await library();
    await chip(page, 'Kind', 'Articles').click();
    await chip(page, 'Topic', 'Networks').click();
    await words(page).fill('alone & together');
    await expect
      .poll(() => Object.fromEntries(new URL(page.url()).searchParams))
      .toEqual({
        kind: 'article',
        topic: 'networks',
        q: 'alone & together',
      });
  });

  test('goes back one choice with the back button', async () => {
    const page = await library();
    await chip(page, 'Kind', 'Articles').click();
    await chip(page, 'Topic', 'Networks').click();
    await page.goBack();
    expect(await shownTitles(page)).toEqual(titlesWhere(({ kind }) => kind === 'article'));
  });

  test('opens narrowed from an address that was shared', async () => {
    const page = await library('?kind=template&topic=planning');
    expect(await shownTitles(page)).toEqual(
      titlesWhere(({ kind, topics }) => kind === 'template' && topics.includes('planning')),
    );
  });

  test('is filtered by keyboard', async () => {
    const page = await library();
    await chip(page, 'Topic', 'All').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    expect(await shownTitles(page)).toEqual(titlesWhere(({ topics }) => topics.includes('networks')));
  });
});

describe('the library without JavaScript', () => {
  async function follow(filter: 'Kind' | 'Topic' | 'Community', name: string, path: string) {
    const page = await opened('', { javaScriptEnabled: false });
    await chip(page, filter, name).click();
    await page.waitForURL(`**/resources/${path}`);
    return shownTitles(page);
  }

  test.each([
    ['Articles', 'article'],
    ['Templates', 'template'],
    ['Slide decks', 'slide-deck'],
    ['Recordings', 'recording'],
    ['Prompts', 'prompt'],
    ['Guides', 'guide'],
  ])('leads to a page of the %s', async (name, kind) => {
    expect(await follow('Kind', name, `kind/${kind}`)).toEqual(titlesWhere((one) => one.kind === kind));
  });

  test.each([...new Set(resources.flatMap(({ topics }) => topics))])(
    'leads to a page of the resources on %s',
    async (topic) => {
      const name = topic.replace('-', ' ').replace(/^./, (first) => first.toUpperCase());
      expect(await follow('Topic', name, `topic/${topic}`)).toEqual(
        titlesWhere(({ topics }) => topics.includes(topic)),
      );
    },
  );

  test.each(communities.filter(({ slug }) => resources.some(({ community }) => community === slug)))(
    'leads to a page of the resources for $name',
    async ({ name, slug }) => {
      expect(await follow('Community', name, `community/${slug}`)).toEqual(
        titlesWhere(({ community }) => community === slug),
      );
    },
  );
});

describe('a members’ resource', () => {
  test('shows its title', async () => {
    const page = await opened(locked.slug);
    await page.getByRole('heading', { level: 1, name: locked.title }).waitFor();
  });

  test('shows its summary', async () => {
    const page = await opened(locked.slug);
    await page.getByRole('main').getByText(locked.summary).waitFor();
  });

  test('says that it is for members', async () => {
    const page = await opened(locked.slug);
    await page.getByRole('article').getByText('For members').waitFor();
  });

  test('carries a lock in the library', async () => {
    const page = await library();
    const card = page
      .getByRole('listitem')
      .filter({ has: page.getByRole('heading', { name: locked.title }) });
    await card.getByText('For members').waitFor();
  });

  test.each(membersOnly)('keeps the body of “$title” to itself', async ({ slug, body }) => {
    const answers = ['', '/read'].map((end) => fetch(`${inject('siteUrl')}/resources/${slug}${end}`));
    const html = (await Promise.all(answers.map(async (answer) => (await answer).text()))).join('\n');
    const shown = plainWords(html.replace(/<[^>]+>/g, ' ').replaceAll('&#39;', '’'));
    const sentences = body.split(/(?<=[.!?])\s+|\n+/).map(plainWords);
    const long = sentences.filter((sentence) => sentence.split(' ').length > 6);
    expect(long.length).toBeGreaterThan(5);
    expect(long.filter((sentence) => shown.includes(sentence))).toEqual([]);
  });

  test('keeps its reflection questions to itself', async () => {
    const page = await opened(locked.slug);
    expect(await page.getByText(locked.reflectionQuestions![0]!).count()).toBe(0);
  });

  test('leads a visitor through sign-in to the whole text', async () => {
    const member = await makeUser([['member']]);
    const page = await opened(locked.slug);
    await page.getByRole('link', { name: 'Read it as a member' }).click();
    await page.getByLabel('E-mail address').fill(member.email);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`**/resources/${locked.slug}/read`);
    await page.getByText(locked.reflectionQuestions![0]!).waitFor();
  });

  test('stays closed to somebody who is signed in and no member, and says what to do', async () => {
    const Cookie = await cookieOf(await makeUser());
    const answer = await fetch(`${inject('siteUrl')}/resources/${locked.slug}/read`, { headers: { Cookie } });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
    const html = await answer.text();
    expect(html).toContain('This one is for members');
    expect(html).not.toContain(locked.reflectionQuestions![0]!);
  });

  test.each(['no-such-resource', 'three-networks-every-educator-needs'])(
    'has no reading place when it is none: %s',
    async (slug) => {
      const Cookie = await cookieOf(await makeUser([['member']]));
      const { status } = await fetch(`${inject('siteUrl')}/resources/${slug}/read`, { headers: { Cookie } });
      expect(status).toBe(404);
    },
  );
});

const plainWords = (text: string) => text.replace(/[^\p{L}\p{N}]+/gu, ' ').trim();

describe('a template', () => {
  const withClipboard = { permissions: ['clipboard-read', 'clipboard-write'] };

  test('is copied with its button', async () => {
    const page = await opened('support-group-invitation-text', withClipboard);
    await page.getByRole('button', { name: 'Copy' }).first().click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    const template = /```text\n(.*?)\n```/s.exec(
      resources.find(({ slug }) => slug === 'support-group-invitation-text')!.body,
    );
    expect(copied).toBe(template?.[1]);
  });

  test('has a button for each text', async () => {
    const page = await opened('support-group-invitation-text');
    const { body } = resources.find(({ slug }) => slug === 'support-group-invitation-text')!;
    expect(await page.getByRole('button', { name: 'Copy' }).count()).toBe(body.match(/^```text/gm)?.length);
  });

  test('announces that it was copied', async () => {
    const page = await opened('support-group-invitation-text', withClipboard);
    const button = page.getByRole('button', { name: 'Copy' }).first();
    expect(await button.getAttribute('aria-live')).toBe('polite');
  });

  test('says what to do when the clipboard is closed', async () => {
    const page = await opened('support-group-invitation-text');
    await page.evaluate(() => {
      navigator.clipboard.writeText = () => Promise.reject(new Error('closed'));
    });
    await page.getByRole('button', { name: 'Copy' }).first().click();
    await page.getByRole('button', { name: 'Select and copy by hand' }).waitFor();
  });

  test('is downloaded by its link where it has a file', async () => {
    const page = await opened('support-group-notes-template');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page
        .getByRole('complementary')
        .getByRole('link', { name: /Support group meeting notes/ })
        .click(),
    ]);
    expect(download.suggestedFilename()).toBe('support-group-notes.pdf');
    expect((await readFile(await download.path())).subarray(0, 5).toString()).toBe('%PDF-');
  });
});

describe('an article', () => {
  const slug = 'three-networks-every-educator-needs';

  test('ends with its questions to think about', async () => {
    const page = await opened(slug);
    const questions = page.getByRole('region', { name: 'To think about' }).getByRole('listitem');
    const { reflectionQuestions } = resources.find((resource) => resource.slug === slug)!;
    expect(await questions.allTextContents()).toEqual(reflectionQuestions);
  });

  test('leads on to three others', async () => {
    const page = await opened(slug);
    const next = page.getByRole('region', { name: 'Read next' }).getByRole('heading', { level: 3 });
    expect(await next.count()).toBe(3);
  });

  test('does not lead to itself', async () => {
    const page = await opened(slug);
    const next = page.getByRole('region', { name: 'Read next' }).getByRole('link');
    const hrefs = await next.evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    expect(hrefs).not.toContain(`/resources/${slug}`);
  });
});

describe('a recording', () => {
  const recording = () => opened('watch-a-live-session-take-shape');
  const videoOf = (page: Page) => page.getByLabel('A live session takes shape');
  const sourcesOf = (page: Page) =>
    videoOf(page).evaluate((video: HTMLVideoElement) => ({
      film: video.src,
      captions: video.querySelector('track')?.src ?? '',
    }));

  test('plays', async () => {
    const page = await recording();
    await videoOf(page).evaluate((video: HTMLVideoElement) => video.play());
    await expect
      .poll(() => videoOf(page).evaluate((video: HTMLVideoElement) => video.currentTime))
      .toBeGreaterThan(0);
  });

  test('shows captions', async () => {
    const page = await recording();
    await expect
      .poll(() =>
        videoOf(page).evaluate((video: HTMLVideoElement) => {
          const [track] = video.textTracks;
          return track?.kind === 'captions' && track.mode === 'showing' && (track.cues?.length ?? 0);
        }),
      )
      .toBeGreaterThan(5);
  });

  test('comes with its film and captions', async () => {
    const { film, captions } = await sourcesOf(await recording());
    const answers = await Promise.all([film, captions].map((address) => fetch(address, { method: 'HEAD' })));
    expect(answers.map(({ status, headers }) => [status, headers.get('content-type')])).toEqual([
      [200, 'video/mp4'],
      [200, 'text/vtt; charset=utf-8'],
    ]);
  });

  test('sends the part of the film that is asked for', async () => {
    const { film } = await sourcesOf(await recording());
    const answer = await fetch(film, { headers: { Range: 'bytes=100-199' } });
    expect(answer.status).toBe(206);
    expect((await answer.arrayBuffer()).byteLength).toBe(100);
  });

  test('refuses a part beyond the end of the film', async () => {
    const { film } = await sourcesOf(await recording());
    const { status } = await fetch(film, { headers: { Range: 'bytes=99999999-' } });
    expect(status).toBe(416);
  });

  test('stands beside its transcript', async () => {
    const page = await recording();
    await page.getByRole('heading', { level: 2, name: 'Transcript' }).waitFor();
  });
});
